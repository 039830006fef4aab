#include "search/wire_choice.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "search/evaluation.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

/// What travelling in a format adds to values, in parts of their root mean square, squared.  As
/// measured of all layers of trained networks: halves 0.0002, bytes 0.005 to 0.0065.
double noise_power(WireFormat format) {
  switch (format) {
    case WireFormat::kFloat: return 0;
    case WireFormat::kHalf: return 2e-4 * 2e-4;
    case WireFormat::kInt8: return 6e-3 * 6e-3;
  }
  throw Bug("an unknown wire format");
}

double seconds(const Travel& travel) {
  return travel.wire_seconds + travel.most_processor_seconds;
}

/// An output that would take less time in bytes.
struct Saving {
  int position = 0;
  double seconds = 0;
};

class WireChoice {
 public:
  WireChoice(const Network& network, const Cluster& cluster, Plan plan)
      : network_(network),
        is_result_(static_cast<std::size_t>(network.size()), false),
        plan_(std::move(plan)) {
    for (const int position : result_layers(network)) {
      is_result_[static_cast<std::size_t>(position)] = true;
    }
    const Evaluator evaluator(network, cluster, {});
    floats_ = evaluator.evaluate(with_formats(plan_, {.wire = WireFormat::kFloat}));
    halves_ = evaluator.evaluate(with_formats(plan_, {.wire = WireFormat::kHalf}));
    bytes_ = evaluator.evaluate(with_formats(plan_, {.wire = WireFormat::kInt8}));
  }

  [[nodiscard]] Plan plan() {
    for (int i = 0; i < network_.size(); ++i) {
      layer(i).wire = faster(cost(floats_, i).output, cost(halves_, i).output);
      layer(i).sums_wire = faster(cost(floats_, i).sums, cost(halves_, i).sums);
    }
    for (const Saving& saving : savings()) {
      const WireFormat exact = std::exchange(layer(saving.position).wire, WireFormat::kInt8);
      if (most_noise_power() > kMostRoundingNoise * kMostRoundingNoise) {
        layer(saving.position).wire = exact;
      }
    }
    return plan_;
  }

 private:
  [[nodiscard]] LayerPlan& layer(int position) {
    return plan_.layers[static_cast<std::size_t>(position)];
  }
  [[nodiscard]] static const LayerCost& cost(const Evaluation& evaluation, int position) {
    return *evaluation.costs[static_cast<std::size_t>(position)];
  }

  [[nodiscard]] static WireFormat faster(const Travel& floats, const Travel& halves) {
    return seconds(halves) < seconds(floats) ? WireFormat::kHalf : WireFormat::kFloat;
  }

  /// The largest first.
  [[nodiscard]] std::vector<Saving> savings() const {
    std::vector<Saving> all;
    for (int i = 0; i < network_.size(); ++i) {
      if (is_result_[static_cast<std::size_t>(i)]) continue;
      const double exact =
          std::min(seconds(cost(floats_, i).output), seconds(cost(halves_, i).output));
      const double saved = exact - seconds(cost(bytes_, i).output);
      if (saved > 0) all.push_back({i, saved});
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const Saving& a, const Saving& b) { return a.seconds > b.seconds; });
    return all;
  }

  /// Of all layers: of the deepest path to each.
  [[nodiscard]] double most_noise_power() const {
    std::vector<double> powers;
    for (int i = 0; i < network_.size(); ++i) {
      double power = 0;
      for (const int input : network_.layer(i).inputs) {
        power = std::max(power, powers[static_cast<std::size_t>(input)]);
      }
      const LayerPlan& layer = plan_.layer(i);
      if (layer.divides_sums()) power += noise_power(layer.sums_wire);
      if (!floats_.exchanges.output(i)->empty()) power += noise_power(layer.wire);
      powers.push_back(power);
    }
    return *std::max_element(powers.begin(), powers.end());
  }

  const Network& network_;
  std::vector<bool> is_result_;  // by position
  Plan plan_;
  Evaluation floats_;
  Evaluation halves_;
  Evaluation bytes_;
};

}  // namespace

Plan with_fastest_wires(const Network& network, const Cluster& cluster, Plan plan) {
  return WireChoice(network, cluster, std::move(plan)).plan();
}

Plan in_formats_of(const PlanningOptions& options, Plan plan, const Network& network,
                   const Cluster& cluster) {
  plan = with_formats(std::move(plan), options.formats);
  return options.chooses_wire ? with_fastest_wires(network, cluster, std::move(plan)) : plan;
}

PlanningOptions with_wire_to_search_for(PlanningOptions options) {
  if (options.chooses_wire) options.formats.wire = WireFormat::kInt8;
  return options;
}

}  // namespace vpinfer
