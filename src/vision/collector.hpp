#pragma once

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "vision/detection.hpp"
#include "vision/picture_frame.hpp"

namespace vpinfer {

/// Collects what is certain enough and can be seen.
class Collector {
 public:
  Collector(const PictureFrame& frame, float threshold) : frame_(frame), threshold_(threshold) {}

  [[nodiscard]] bool is_enough(float score) const { return score > threshold_; }  // also drops NaN

  /// The boxes that follow lie here, until the next call.
  void at(const CentredBox& box);

  /// A point of the boxes that lie here, in shares of the network's input.
  void add_keypoint(const Keypoint& point);

  /// What the masks of the boxes that lie here are made of.
  void set_coefficients(std::span<const float> coefficients);

  void add(int class_index, float score);

  /// One per class; without classes the box itself.
  void add_classes(float objectness, std::span<const float> probabilities);

  [[nodiscard]] const Shape& network_input() const { return frame_.network_input(); }
  [[nodiscard]] std::vector<Detection> found() && { return std::move(found_); }

 private:
  const PictureFrame& frame_;
  float threshold_;
  std::optional<Detection> place_;
  std::vector<Detection> found_;
};

}  // namespace vpinfer
