#include "vision/detection.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

namespace vpinfer {
namespace {

/// Best score first; the other members make the order total.
bool is_better_box(const Detection& a, const Detection& b) {
  return std::tuple(-a.score, a.class_index, a.left, a.top, a.width, a.height) <
         std::tuple(-b.score, b.class_index, b.left, b.top, b.width, b.height);
}

bool are_finite(const std::vector<float>& numbers) {
  return std::all_of(numbers.begin(), numbers.end(),
                     [](float number) { return std::isfinite(number); });
}

bool is_finite_point(const Keypoint& point) {
  return std::isfinite(point.x) && std::isfinite(point.y) && std::isfinite(point.score);
}

float overlap(float begin_a, float size_a, float begin_b, float size_b) {
  return std::min(begin_a + size_a, begin_b + size_b) - std::max(begin_a, begin_b);
}

float squared(float value) {
  return value * value;
}

/// Of one axis of two boxes.
float hull_size(float begin_a, float size_a, float begin_b, float size_b) {
  return std::max(begin_a + size_a, begin_b + size_b) - std::min(begin_a, begin_b);
}

/// How far the centres lie apart, as a share of the diagonal of the box around both, squared.
float distance_share(const Detection& a, const Detection& b, const DistanceRule& rule) {
  const float diagonal = squared(hull_size(a.left, a.width, b.left, b.width) / rule.cols) +
                         squared(hull_size(a.top, a.height, b.top, b.height) / rule.rows);
  if (diagonal == 0) return 0;
  const float apart = squared((a.left + a.width / 2 - b.left - b.width / 2) / rule.cols) +
                      squared((a.top + a.height / 2 - b.top - b.height / 2) / rule.rows);
  return apart / diagonal;
}

bool hides(const Detection& better, const Detection& other, const OverlapRule& rule) {
  float shared = intersection_over_union(better, other);
  if (rule.distance) {
    shared -= std::pow(distance_share(better, other, *rule.distance), rule.distance->exponent);
  }
  return shared > rule.threshold;
}

}  // namespace

float intersection_over_union(const Detection& a, const Detection& b) {
  const float width = overlap(a.left, a.width, b.left, b.width);
  const float height = overlap(a.top, a.height, b.top, b.height);
  if (width <= 0 || height <= 0) return 0;
  const float intersection = width * height;
  return intersection / (a.width * a.height + b.width * b.height - intersection);
}

bool is_finite(const Detection& detection) {
  return std::isfinite(detection.left) && std::isfinite(detection.top) &&
         std::isfinite(detection.width) && std::isfinite(detection.height) &&
         std::isfinite(detection.score) &&
         std::all_of(detection.keypoints.begin(), detection.keypoints.end(), is_finite_point) &&
         (!detection.coefficients || are_finite(*detection.coefficients));
}

std::vector<Detection> non_maximum_suppression(std::vector<Detection> detections,
                                               const OverlapRule& rule) {
  std::erase_if(detections, [](const Detection& detection) { return !is_finite(detection); });
  const std::size_t count = std::min(detections.size(), kMostCandidates);
  const auto worst = detections.begin() + static_cast<std::ptrdiff_t>(count);
  std::partial_sort(detections.begin(), worst, detections.end(), is_better_box);
  detections.erase(worst, detections.end());
  std::vector<Detection> kept;
  std::map<int, std::vector<Detection>> kept_of_class;
  for (const Detection& candidate : detections) {
    std::vector<Detection>& rivals = kept_of_class[candidate.class_index];
    const bool is_hidden = std::any_of(rivals.begin(), rivals.end(), [&](const Detection& better) {
      return hides(better, candidate, rule);
    });
    if (is_hidden) continue;
    rivals.push_back(candidate);
    kept.push_back(candidate);
  }
  return kept;
}

std::vector<std::string> display_labels(const std::vector<std::string>& labels, int classes) {
  if (labels.empty() && classes == 0) return {"object"};
  return labels;
}

std::string class_name(const std::vector<std::string>& labels, int class_index) {
  const auto position = static_cast<std::size_t>(class_index);
  if (class_index >= 0 && position < labels.size()) return labels[position];
  return "class " + std::to_string(class_index);
}

}  // namespace vpinfer
