#include "vpinfer/plan.hpp"

#include <algorithm>
#include <utility>

namespace vpinfer {

WireFormat Plan::coarsest_wire() const {
  WireFormat coarsest = WireFormat::kFloat;
  for (const LayerPlan& layer : layers) {
    coarsest = std::max(coarsest, layer.wire);
    if (layer.divides_sums()) coarsest = std::max(coarsest, layer.sums_wire);
  }
  return coarsest;
}

bool are_planned_alike(const Plan& a, const Plan& b, int position) {
  return a.layers.size() == b.layers.size() && a.layer(position) == b.layer(position);
}

Plan with_formats(Plan plan, const Formats& formats) {
  if (formats.wire) {
    for (LayerPlan& layer : plan.layers) {
      layer.wire = *formats.wire;
      layer.sums_wire = format_of_sums(*formats.wire);
    }
  }
  plan.conv = formats.conv.value_or(plan.conv);
  return plan;
}

Plan with_usual_formats(Plan plan) {
  return with_formats(std::move(plan), {WireFormat::kFloat, ConvolutionPath::kAuto});
}

}  // namespace vpinfer
