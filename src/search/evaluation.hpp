#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "program/memory.hpp"
#include "search/choice.hpp"
#include "vpinfer/cluster.hpp"

namespace vpinfer {

/// What the messages of one exchange take; nothing if nothing moves.
struct Travel {
  double wire_seconds = 0;  ///< until the slowest link has brought everything
  /// By rank: what its processor is busy with, that is calls, packing and unpacking.  Empty if
  /// nothing moves.
  std::vector<double> processor_seconds{};
  double most_processor_seconds = 0;  ///< of these
};

/// What one layer takes under some plan.
struct LayerCost {
  std::vector<double> compute_seconds;  ///< by rank
  Travel output;                        ///< to its readers
  Travel sums;                          ///< partial ones, if they are divided
};

/// A plan and what it takes on a cluster.
struct Evaluation {
  Plan plan;
  Exchanges exchanges;
  std::size_t moved_bytes = 0;          ///< by all ranks for a frame
  double latency_seconds = 0;           ///< of a frame alone
  std::vector<double> layer_seconds{};  ///< of it, by position: to bring what a
                                        ///< layer is the first to read, to compute it and, of a
                                        ///< result, to deliver it
  double period_seconds = 0;  ///< between the frames of a stream, with enough of them under way
  std::vector<RankMemory> memory{};  ///< of every rank; empty until it is added

  // What evaluating a similar plan need not do again.
  Choice choice{};                                        ///< empty if the plan was not made of one
  std::vector<std::shared_ptr<const LayerCost>> costs{};  ///< by position
  Outlines outlines{};
};

/// Judges plans of one network on one cluster.  Both must outlive it.
class Evaluator {
 public:
  Evaluator(const Network& network, const Cluster& cluster, const Concurrency& concurrency);

  [[nodiscard]] const Network& network() const { return results_.network(); }
  [[nodiscard]] const Cluster& cluster() const { return cluster_; }

  /// Everything but memory.  What is as in a similar plan is taken from there.
  [[nodiscard]] Evaluation evaluate(Plan plan, const Evaluation& similar = {}) const;
  [[nodiscard]] Evaluation evaluate(const Choice& choice, Strategy strategy,
                                    const Evaluation& similar = {}) const;

  /// Adds the memory of every rank; leaves it empty and returns false if some rank takes more than
  /// `most_bytes`.  The rank that is the fullest under a similar plan is looked at first: most
  /// plans that take too much do so there.
  bool add_memory(Evaluation& evaluation, std::size_t most_bytes,
                  const Evaluation& similar = {}) const;

 private:
  const Cluster& cluster_;
  Concurrency concurrency_;
  Demand readers_;  // of layers alone
  Demand results_;  // of the results too
};

}  // namespace vpinfer
