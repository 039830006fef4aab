#pragma once

#include <span>
#include <vector>

#include "vpinfer/box.hpp"

namespace vpinfer {

/// Classes in a tree, from general to special (YOLO9000, Redmon and Farhadi, 2017): what a network
/// gives for each is its probability among its siblings, given that its parent is right.
class Hierarchy {
 public:
  /// `parents` has the parent of each class, which comes before it, or -1; siblings are neighbours.
  explicit Hierarchy(const std::vector<int>& parents);

  [[nodiscard]] bool is_leaf(int class_index) const;

  /// The probability of each class, given nothing: the product along its way to the root.
  [[nodiscard]] std::vector<float> absolute_probabilities(std::span<const float> conditional) const;

  /// The most special class that is certain enough, as Darknet's hierarchy_top_prediction finds it:
  /// down from the root to the best child, as long as the product of the absolute probabilities of
  /// all classes on the way stays above the threshold.  (The last of them alone would be the
  /// probability sought; Darknet stops earlier, and so do we.)  Never stops above the first group.
  [[nodiscard]] int top_class(std::span<const float> absolute, float threshold) const;

 private:
  std::vector<int> parents_;
  std::vector<Interval> groups_;  ///< of siblings
  std::vector<int> children_;     ///< the group below each class, or -1
};

}  // namespace vpinfer
