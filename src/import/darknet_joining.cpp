// Darknet's layers that read several.

#include "import/darknet_layers.hpp"

namespace vpinfer {
namespace {

/// Part `group` of so many of a layer's channels.
int append_group(const SectionBuild& build, int position, int groups, int group) {
  const int channels = build.shape(position).channels;
  if (groups < 1 || group >= groups || channels % groups != 0) {
    build.refuse("groups=" + std::to_string(groups) + " and group_id=" + std::to_string(group) +
                 " do not divide " + std::to_string(channels) + " channels");
  }
  const int count = channels / groups;
  return build.append_channels(position, group * count, count);
}

/// The layers that a key names, one or many.
std::vector<int> read_sources(const SectionBuild& build, std::string_view key) {
  std::vector<int> sources;
  for (const int number : build.section.integers(key)) sources.push_back(build.source(number));
  if (sources.empty()) build.refuse("the key '" + std::string(key) + "' is missing");
  return sources;
}

/// How the weights of a shortcut are stored; nothing if it has none.
std::optional<StoredSumWeights> read_weights_of_sum(const SectionBuild& build) {
  const std::string type =
      build.section.one_of("weights_type", {"none", "per_feature", "per_layer", "per_channel"});
  const std::string norm =
      build.section.one_of("weights_normalization", {"none", "relu", "avg_relu", "softmax"});
  if (type == "none") return std::nullopt;
  return StoredSumWeights{type == "per_channel", norm == "none"      ? SumNormalisation::kNone
                                                 : norm == "softmax" ? SumNormalisation::kSoftmax
                                                                     : SumNormalisation::kRelu};
}

/// Multiplies what the layer `from` gives by the previous one, of which an extent may be 1.
void append_product(const SectionBuild& build) {
  build.append_to(Elementwise{Arithmetic::kMultiply, build.activation("linear")},
                  {build.source_of_from(), build.previous});
}

}  // namespace

void add_route(const SectionBuild& build) {
  std::vector<int> inputs = read_sources(build, "layers");
  const int groups = build.section.integer("groups", 1);
  const int group = build.section.integer("group_id", 0);
  if (groups != 1 || group != 0) {
    for (int& input : inputs) input = append_group(build, input, groups, group);
    if (inputs.size() == 1) return;
  }
  build.append_to(Concat{}, std::move(inputs));
}

void add_shortcut(const SectionBuild& build) {
  CfgSection& section = build.section;
  std::vector<int> inputs = read_sources(build, "from");
  inputs.insert(inputs.begin(), build.previous);
  const std::optional<StoredSumWeights> weights = read_weights_of_sum(build);
  const float alpha = section.number("alpha", 1);
  const float beta = section.number("beta", 1);
  const Activation activation = build.activation("linear");
  if (inputs.size() == 2 && !weights) {
    build.append_to(Shortcut{alpha, beta, activation}, std::move(inputs));
    return;
  }
  if (alpha != 1 || beta != 1) {
    build.refuse("alpha and beta are for a shortcut of one layer without weights");
  }
  const int position = build.append_to(Sum{weights.has_value(), activation}, std::move(inputs));
  if (weights) build.store(position, *weights);
}

void add_scale_channels(const SectionBuild& build) {
  const Shape& by = build.input_shape();
  const Shape& from = build.shape(build.source_of_from());
  const bool per_pixel = build.section.flag("scale_wh");
  const Shape wanted = per_pixel ? Shape{from.rows, from.cols, 1} : Shape{1, 1, from.channels};
  if (by != wanted) {
    build.refuse("multiplies " + to_string(from) + " by " + to_string(wanted) +
                 ", but its input is " + to_string(by));
  }
  append_product(build);
}

void add_attention(const SectionBuild& build) {
  const Shape& by = build.input_shape();
  const Shape& from = build.shape(build.source_of_from());
  if (by != from) build.refuse("cannot multiply " + to_string(from) + " by " + to_string(by));
  append_product(build);
}

/// YOLOR's: the previous layer and the trained numbers of `from`.
void add_shift_channels(const SectionBuild& build) {
  build.append_to(Elementwise{Arithmetic::kAdd}, {build.previous, build.source_of_from()});
}

void add_control_channels(const SectionBuild& build) {
  build.append_to(Elementwise{Arithmetic::kMultiply}, {build.previous, build.source_of_from()});
}

}  // namespace vpinfer
