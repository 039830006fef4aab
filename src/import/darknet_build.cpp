#include "darknet_build.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "vpinfer/base/error.hpp"

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

void SectionBuild::store(int position, DarknetWeights weights) const {
  model.weights.emplace(position, std::move(weights));
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
