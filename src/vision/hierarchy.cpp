#include "vision/hierarchy.hpp"

#include <algorithm>

#include "net/layer.hpp"

namespace vpinfer {

Hierarchy::Hierarchy(const std::vector<int>& parents)
    : parents_(parents), groups_(sibling_groups(parents)), children_(parents.size(), -1) {
  for (std::size_t group = 0; group < groups_.size(); ++group) {
    const int parent = parents_[static_cast<std::size_t>(groups_[group].begin)];
    if (parent >= 0) children_[static_cast<std::size_t>(parent)] = static_cast<int>(group);
  }
}

bool Hierarchy::is_leaf(int class_index) const {
  return children_[static_cast<std::size_t>(class_index)] < 0;
}

std::vector<float> Hierarchy::absolute_probabilities(std::span<const float> conditional) const {
  std::vector<float> absolute(conditional.begin(), conditional.end());
  for (std::size_t i = 0; i < absolute.size(); ++i) {
    if (parents_[i] >= 0) absolute[i] *= absolute[static_cast<std::size_t>(parents_[i])];
  }
  return absolute;
}

int Hierarchy::top_class(std::span<const float> absolute, float threshold) const {
  float product = 1;
  int reached = -1;
  int group = 0;
  while (group >= 0) {
    const Interval& siblings = groups_[static_cast<std::size_t>(group)];
    const auto first = absolute.begin() + siblings.begin;
    const auto best = std::max_element(first, absolute.begin() + siblings.end);
    product *= *best;
    if (reached >= 0 && !(product > threshold)) break;
    reached = static_cast<int>(best - absolute.begin());
    if (!(product > threshold)) break;
    group = children_[static_cast<std::size_t>(reached)];
  }
  return reached;
}

}  // namespace vpinfer
