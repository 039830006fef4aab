#include "plan/stages.hpp"

#include <algorithm>
#include <limits>

#include "plan/cost.hpp"
#include "plan/program.hpp"

namespace vpinfer {
namespace {

/// What one layer adds to its stage.
struct Burden {
  double work = 0;
  std::size_t weights_bytes = 0;      ///< kept for the whole run
  std::size_t activations_bytes = 0;  ///< of its inputs and output
};

Burden burden_of(const Network& network, ConvolutionPath path, int position) {
  const Layer& layer = network.layer(position);
  Burden burden;
  burden.work = work(network, path, position, whole(layer.output));
  const WeightShape shape = weight_shape(network, position);
  const WeightForm form = weight_form(network, path, position, shape.range());
  burden.weights_bytes =
      sizeof(float) * (stored_floats(form, shape) + static_cast<std::size_t>(shape.filters));
  burden.activations_bytes = sizeof(float) * layer.output.elements();
  for (const int input : layer.inputs) {
    burden.activations_bytes += sizeof(float) * network.layer(input).output.elements();
  }
  return burden;
}

/// Cuts a network's layers, in their order, into stages.
class StageCutter {
 public:
  StageCutter(const Network& network, const Plan& undivided) : ranks_(undivided.ranks) {
    for (int i = 0; i < network.size(); ++i) {
      burdens_.push_back(burden_of(network, undivided.conv, i));
    }
  }

  /// The stages with the least work in the fullest of them.  None if no stages within the memory
  /// hold all layers.
  [[nodiscard]] std::optional<Divisions> balanced(std::size_t memory_bytes) const {
    double enough = 0;
    double largest = 0;
    for (const Burden& burden : burdens_) {
      enough += burden.work;
      largest = std::max(largest, burden.work);
    }
    std::optional<Divisions> best = filled(enough, memory_bytes);
    if (!best) return std::nullopt;
    double too_little = std::max(largest, enough / ranks_) * (1 - 1e-9);
    while (enough - too_little > 1e-6 * enough) {
      const double middle = (enough + too_little) / 2;
      if (auto divisions = filled(middle, memory_bytes)) {
        best = std::move(divisions);
        enough = middle;
      } else {
        too_little = middle;
      }
    }
    return best;
  }

 private:
  /// Fills one stage after another up to some work and memory.  None if that takes more ranks.
  [[nodiscard]] std::optional<Divisions> filled(double work, std::size_t memory_bytes) const {
    Divisions divisions;
    Burden stage;
    int rank = 0;
    for (const Burden& layer : burdens_) {
      Burden next{stage.work + layer.work, stage.weights_bytes + layer.weights_bytes,
                  std::max(stage.activations_bytes, layer.activations_bytes)};
      const auto fits = [&](const Burden& burden) {
        return burden.work <= work &&
               burden.weights_bytes + burden.activations_bytes <= memory_bytes;
      };
      if (!fits(next)) {
        if (!fits(layer) || ++rank == ranks_) return std::nullopt;
        next = layer;
      }
      stage = next;
      divisions.push_back({Division::Kind::kOneRank, rank});
    }
    return divisions;
  }

  int ranks_;
  std::vector<Burden> burdens_;  // by position
};

}  // namespace

Plan plan_stages(const Demand& demand, const Plan& undivided, const PlanningOptions& options) {
  const Network& network = demand.network();
  const Demand layer_demand(network, {});
  const Repeated repeated = cheaper_repeated(network);
  const auto plan = [&](const Divisions& divisions) {
    return with_layouts(undivided, layer_demand, divisions, repeated);
  };
  const auto fullest = [&](const Plan& candidate) {
    return fullest_bytes(
        predict_memory(network, candidate, demand.delivery(), options.concurrency));
  };
  const StageCutter cutter(network, undivided);
  std::size_t stage_bytes = std::numeric_limits<std::size_t>::max();
  Plan best = plan(*cutter.balanced(stage_bytes));
  if (!options.memory_limit_bytes) return best;
  // A stage's bytes are an estimate: what the plan really takes too much is taken off.
  stage_bytes = *options.memory_limit_bytes;
  while (fullest(best) > *options.memory_limit_bytes) {
    const std::optional<Divisions> divisions = cutter.balanced(stage_bytes);
    if (!divisions) return best;
    best = plan(*divisions);
    const std::size_t excess =
        std::max(fullest(best), *options.memory_limit_bytes) - *options.memory_limit_bytes;
    if (excess >= stage_bytes) return best;
    stage_bytes -= excess;
  }
  return best;
}

}  // namespace vpinfer
