#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "vision/mask.hpp"

namespace vpinfer {

/// A point of an object, such as a joint or an eye, in pixels of the original picture.
struct Keypoint {
  float x = 0;
  float y = 0;
  float score = 1;  ///< how sure the network is that it can be seen; 1 if it does not tell
  bool operator==(const Keypoint&) const = default;
};

/// An object that a network has seen.  The box is in pixels of the original picture, clipped to it.
struct Detection {
  float left = 0;
  float top = 0;
  float width = 0;
  float height = 0;
  int class_index = 0;
  float score = 0;  ///< how sure the network is of box and class, in [0, 1] if it was trained so
  std::vector<Keypoint> keypoints{};  ///< perhaps outside the picture
  /// Of prototypes, until the mask is made of them; the same for all classes of a box.
  std::shared_ptr<const std::vector<float>> coefficients{};
  Mask mask{};  ///< within the box; empty if the network gives none
  bool operator==(const Detection&) const = default;
};

/// How much two boxes have in common, from 0 to 1.
[[nodiscard]] float intersection_over_union(const Detection& a, const Detection& b);

/// No number of it is infinite or NaN.
[[nodiscard]] bool is_finite(const Detection& detection);

/// More than so many candidates in one picture are noise; the best of them are looked at.
inline constexpr std::size_t kMostCandidates = 30000;

/// The intersection over union counts less (d / c) ^ exponent, where d is the squared distance of
/// two boxes' centres and c that of opposite corners of the box around both, in widths and heights
/// of the picture (Zheng et al., Distance-IoU Loss, 2020; Darknet's forks).
struct DistanceRule {
  float exponent = 0.6F;
  float rows = 1;  ///< of the picture, in pixels, as cols
  float cols = 1;
};

/// When a box hides another.
struct OverlapRule {
  float threshold = 0.45F;  ///< the least intersection over union
  std::optional<DistanceRule> distance{};
};

/// Greedy, class by class, on the best kMostCandidates: a box goes if a better one hides it.  The
/// best score comes first; the order of the input has no influence.  Detections that are not finite
/// are dropped.
[[nodiscard]] std::vector<Detection> non_maximum_suppression(std::vector<Detection> detections,
                                                             const OverlapRule& rule);

/// The names to show for a network's classes: its labels; without any, `object` for a network that
/// only tells objects from background, else none.
[[nodiscard]] std::vector<std::string> display_labels(const std::vector<std::string>& labels,
                                                      int classes);

/// The label of a class, or for example `class 7` if it has none.
[[nodiscard]] std::string class_name(const std::vector<std::string>& labels, int class_index);

}  // namespace vpinfer
