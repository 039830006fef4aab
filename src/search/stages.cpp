#include "search/stages.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "search/work.hpp"

namespace vpinfer {
namespace {

/// What one layer adds to its stage.
struct Burden {
  Work work{};
  std::size_t weights_bytes = 0;      ///< kept for the whole run
  std::size_t activations_bytes = 0;  ///< of its inputs and output
};

Burden burden_of(const Network& network, ConvolutionPath path, int position) {
  const Layer& layer = network.layer(position);
  Burden burden;
  burden.work = work_of(network, path, position, whole(layer.output));
  const StoredWeights stored =
      stored_weights(network, path, position, weight_shape(network, position).range());
  burden.weights_bytes = stored.weight_bytes + stored.bias_bytes;
  burden.activations_bytes = sizeof(float) * layer.output.elements();
  for (const int input : layer.inputs) {
    burden.activations_bytes += sizeof(float) * network.layer(input).output.elements();
  }
  return burden;
}

/// Cuts a network's layers, in their order, into stages.
class StageCutter {
 public:
  StageCutter(const Network& network, ConvolutionPath path, const Cluster& cluster)
      : cluster_(cluster) {
    for (int i = 0; i < network.size(); ++i) burdens_.push_back(burden_of(network, path, i));
  }

  /// The stages of which the slowest takes least time.  None if no stages within the memory hold
  /// all layers.
  [[nodiscard]] std::optional<Digits> balanced(std::size_t memory_bytes) const {
    Work all;
    for (const Burden& burden : burdens_) all += burden.work;
    double enough = 0;
    for (const Host& host : cluster_.hosts) enough = std::max(enough, all.seconds(host.speed));
    enough *= 1 + 1e-9;  // whatever is rounded on the way
    std::optional<Digits> best = filled(enough, memory_bytes);
    if (!best) return std::nullopt;
    double too_little = 0;
    while (enough - too_little > 1e-6 * enough) {
      const double middle = (enough + too_little) / 2;
      if (auto ranks = filled(middle, memory_bytes)) {
        best = std::move(ranks);
        enough = middle;
      } else {
        too_little = middle;
      }
    }
    return best;
  }

 private:
  /// Fills one stage after another up to some time and memory.  None if that takes more ranks.
  [[nodiscard]] std::optional<Digits> filled(double seconds, std::size_t memory_bytes) const {
    Digits ranks;
    Burden stage;
    int rank = 0;
    for (const Burden& layer : burdens_) {
      Burden next{stage.work, stage.weights_bytes + layer.weights_bytes,
                  std::max(stage.activations_bytes, layer.activations_bytes)};
      next.work += layer.work;
      while (next.work.seconds(cluster_.host(rank).speed) > seconds ||
             next.weights_bytes + next.activations_bytes > memory_bytes) {
        if (++rank == cluster_.ranks()) return std::nullopt;
        next = layer;
      }
      stage = next;
      ranks.push_back(rank);
    }
    return ranks;
  }

  const Cluster& cluster_;
  std::vector<Burden> burdens_;  // by position
};

}  // namespace

Stages::Stages(const Evaluator& evaluator, Choice usual,
               std::optional<std::size_t> memory_limit_bytes)
    : usual_(std::move(usual)),
      start_(within(evaluator,
                    memory_limit_bytes.value_or(std::numeric_limits<std::size_t>::max()))) {}

Choice Stages::choice(const Digits& digits) const {
  Choice choice = usual_;
  choice.divisions.clear();
  for (const int rank : digits) choice.divisions.push_back(on_rank(rank));
  return choice;
}

/// A stage's bytes are an estimate: what the plan really takes too much is taken off.
Digits Stages::within(const Evaluator& evaluator, std::size_t limit_bytes) const {
  constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();
  const StageCutter cutter(evaluator.network(), usual_.conv, evaluator.cluster());
  Digits best = *cutter.balanced(kAll);
  if (limit_bytes == kAll) return best;
  const auto excess = [&] {
    Evaluation evaluation = evaluator.evaluate(choice(best), Strategy::kSequential);
    evaluator.add_memory(evaluation, kAll);
    return std::max(fullest(evaluation.memory).bytes, limit_bytes) - limit_bytes;
  };
  std::size_t stage_bytes = limit_bytes;
  for (std::size_t too_much = excess(); too_much > 0;) {
    const std::optional<Digits> ranks = cutter.balanced(stage_bytes);
    if (!ranks) return best;
    best = *ranks;
    too_much = excess();
    if (too_much >= stage_bytes) return best;
    stage_bytes -= too_much;
  }
  return best;
}

}  // namespace vpinfer
