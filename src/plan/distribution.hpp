#pragma once

#include <cstddef>
#include <optional>

#include "kernel/weight_slice.hpp"
#include "net/network.hpp"
#include "vpinfer/memory.hpp"
#include "vpinfer/plan.hpp"

namespace vpinfer {

/// How a part of a layer's weights lies in memory; that of a convolution depends on the path.
[[nodiscard]] WeightStorage weight_storage(const Network& network, ConvolutionPath path,
                                           int position, const WeightRange& range);

/// A part of a layer's weights as it is stored, with the biases of its filters.
struct StoredWeights {
  WeightRange range;  ///< empty if none
  WeightShape shape;  ///< of the range
  WeightStorage storage;
  std::size_t weight_bytes = 0;
  std::size_t bias_bytes = 0;
};

[[nodiscard]] StoredWeights stored_weights(const Network& network, ConvolutionPath path,
                                           int position, const WeightRange& range);

/// A network under a plan: who owns, computes, reads and stores what.  Both must outlive it.
class Distribution {
 public:
  Distribution(const Network& network, const Plan& plan) : network_(network), plan_(plan) {}

  [[nodiscard]] const Network& network() const { return network_; }
  [[nodiscard]] const Plan& plan() const { return plan_; }
  [[nodiscard]] int ranks() const { return plan_.ranks; }

  [[nodiscard]] const Box& owned(int position, int rank) const {
    return plan_.owned(position, rank);
  }
  /// The input channels over which a rank sums; nothing if all ranks sum over all.
  [[nodiscard]] std::optional<Interval> summed(int position, int rank) const;
  /// The box of a layer's output that a rank computes: what it owns, or where sums are divided, of
  /// what it has partial sums.
  [[nodiscard]] const Box& computed(int position, int rank) const;
  /// What a rank reads of input `index` of a layer to compute its box.
  [[nodiscard]] Box read(int position, std::size_t index, int rank) const;

  /// The weights of a layer that a rank needs for what it computes and ends, hence stores; empty if
  /// none.
  [[nodiscard]] WeightRange weights(int position, int rank) const;
  /// The same, as they lie in its memory.
  [[nodiscard]] StoredWeights stored(int position, int rank) const;
  /// What a rank stores of all layers, each beginning with a cache line.
  [[nodiscard]] WeightBytes weight_bytes(int rank) const;

 private:
  const Network& network_;
  const Plan& plan_;
};

}  // namespace vpinfer
