#include "net/layer.hpp"

#include <utility>

namespace vpinfer {
namespace {

struct OperationName {
  std::string_view operator()(const Input&) const { return "input"; }
  std::string_view operator()(const Constant&) const { return "constant"; }
  std::string_view operator()(const Convolution&) const { return "convolution"; }
  std::string_view operator()(const LocallyConnected&) const { return "local"; }
  std::string_view operator()(const MaxPool&) const { return "maxpool"; }
  std::string_view operator()(const AveragePool&) const { return "avgpool"; }
  std::string_view operator()(const Elementwise&) const { return "elementwise"; }
  std::string_view operator()(const Shortcut&) const { return "shortcut"; }
  std::string_view operator()(const Sum&) const { return "sum"; }
  std::string_view operator()(const Activate&) const { return "activation"; }
  std::string_view operator()(const PRelu&) const { return "prelu"; }
  std::string_view operator()(const Softmax&) const { return "softmax"; }
  std::string_view operator()(const Attention&) const { return "attention"; }
  std::string_view operator()(const Concat&) const { return "route"; }
  std::string_view operator()(const Slice&) const { return "slice"; }
  std::string_view operator()(const Pad&) const { return "pad"; }
  std::string_view operator()(const Resample&) const { return "resize"; }
  std::string_view operator()(const Flatten&) const { return "flatten"; }
  std::string_view operator()(const Reorg&) const { return "reorg"; }
  std::string_view operator()(const SpaceToDepth&) const { return "space-to-depth"; }
  std::string_view operator()(const DepthToSpace&) const { return "depth-to-space"; }
  std::string_view operator()(const ShuffleChannels&) const { return "shuffle"; }
  std::string_view operator()(const Island&) const { return "island"; }
  std::string_view operator()(const Region&) const { return "region"; }
  std::string_view operator()(const GridHead&) const { return "detection"; }
  std::string_view operator()(const NanoDet&) const { return "nanodet"; }
  std::string_view operator()(const Candidates&) const { return "candidates"; }
};

}  // namespace

std::string_view operation_name(const Operation& operation) {
  return std::visit(OperationName{}, operation);
}

bool is_head(const Operation& operation) {
  return std::holds_alternative<Region>(operation) || std::holds_alternative<GridHead>(operation) ||
         std::holds_alternative<NanoDet>(operation) ||
         std::holds_alternative<Candidates>(operation);
}

bool has_divisible_sums(const Operation& operation) {
  const auto* conv = std::get_if<Convolution>(&operation);
  return conv != nullptr && conv->groups == 1;
}

const Activation* activation_of(const Operation& operation) {
  return std::visit(
      [](const auto& any) -> const Activation* {
        if constexpr (requires { any.activation; }) return &any.activation;
        return nullptr;
      },
      operation);
}

Activation* activation_of(Operation& operation) {
  return const_cast<Activation*>(activation_of(std::as_const(operation)));
}

std::vector<Interval> sibling_groups(const std::vector<int>& parents) {
  std::vector<Interval> groups;
  for (int i = 0; i < static_cast<int>(parents.size()); ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (i == 0 || parents[at] != parents[at - 1]) groups.push_back({i, i});
    groups.back().end = i + 1;
  }
  return groups;
}

std::vector<Interval> softmax_groups(const Softmax& softmax, int channels) {
  if (!softmax.tree.empty()) return sibling_groups(softmax.tree);
  std::vector<Interval> groups;
  for (int i = 0; i < softmax.groups; ++i) groups.push_back(share(channels, softmax.groups, i));
  return groups;
}

}  // namespace vpinfer
