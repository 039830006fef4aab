#include "import/darknet_build.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

/// An activation by the name that Darknet's forks have for it.
struct ForksName {
  std::string_view name;
  Activation activation;
};

constexpr std::array<ForksName, 5> kForksNames{{{"relu6", {Activation::kClip, 0, 6}},
                                                {"silu", Activation::kSwish},
                                                {"revleaky", Activation::kLeaky},
                                                {"hard_mish", Activation::kHardMish},
                                                {"gelu", Activation::kGeluTanh}}};

}  // namespace

void SectionBuild::refuse(const std::string& why) const {
  throw BadInput(section.where() + ": " + why);
}

int SectionBuild::append_to(Operation operation, std::vector<int> inputs) const {
  return add_layer(model.network, std::move(operation), std::move(inputs), section.where(),
                   section.type());
}

int SectionBuild::append_channels(int position, int begin, int count) const {
  const Shape from = shape(position);
  return append_to(Slice{Cut{0, from.rows}, Cut{0, from.cols}, Cut{begin, count}}, {position});
}

void SectionBuild::append_blur(int position, int antialiasing, const Strides& strides) const {
  const bool is_mean = antialiasing == 2;
  const auto window = [&](int stride) {
    return is_mean ? Window{2, stride} : Window{3, stride, 1, 1};
  };
  const int channels = shape(position).channels;
  const int blur = append_to(
      Convolution{channels, channels, window(strides.rows), window(strides.cols)}, {position});
  const std::vector<float> binomial{0.0625F, 0.125F,  0.0625F, 0.125F, 0.25F,
                                    0.125F,  0.0625F, 0.125F,  0.0625F};
  store(blur, FixedWeights{is_mean ? std::vector<float>(4, 0.25F) : binomial});
}

void SectionBuild::store(int position, DarknetWeights weights) const {
  model.weights.emplace(position, std::move(weights));
}

Strides SectionBuild::strides() const {
  const int both = section.integer("stride", 1);
  const auto along = [&](std::string_view key) {
    const int stride = section.integer(key, 0);
    return stride < 1 ? both : stride;
  };
  return {along("stride_y"), along("stride_x")};
}

Activation SectionBuild::activation(const std::string& fallback) const {
  const std::string name = section.word("activation").value_or(fallback);
  const auto* const found =
      std::find_if(kForksNames.begin(), kForksNames.end(),
                   [&](const ForksName& entry) { return entry.name == name; });
  if (found != kForksNames.end()) return found->activation;
  if (name.starts_with("normalize_channels")) {
    refuse("activation=" + name +
           " is not supported: it divides each value by a sum over all channels");
  }
  if (const auto function = parse_activation(name)) return *function;
  refuse("unknown activation '" + name + "'");
}

int SectionBuild::source(int number) const {
  const int here = static_cast<int>(model.sections.size());
  const int index = number < 0 ? here + number : number;
  if (index < 0 || index >= here) {
    refuse("there is no layer " + std::to_string(number) + " before this one");
  }
  return model.sections[static_cast<std::size_t>(index)];
}

int SectionBuild::source_of_from() const {
  const std::vector<int> from = section.integers("from");
  if (from.size() != 1) refuse("the key 'from' must name one layer");
  return source(from.front());
}

}  // namespace vpinfer
