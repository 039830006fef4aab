#include "vision/collector.hpp"

#include <cmath>

namespace vpinfer {
namespace {

bool is_finite(const CentredBox& box) {
  return std::isfinite(box.x) && std::isfinite(box.y) && std::isfinite(box.width) &&
         std::isfinite(box.height);
}

}  // namespace

void Collector::at(const CentredBox& box) {
  place_.reset();
  if (!is_finite(box)) return;
  const Detection place = frame_.detection(box);
  if (place.width > 0 && place.height > 0) place_ = place;
}

void Collector::add_keypoint(const Keypoint& point) {
  if (place_) place_->keypoints.push_back(frame_.keypoint(point));
}

void Collector::set_coefficients(std::span<const float> coefficients) {
  if (!place_) return;
  place_->coefficients =
      std::make_shared<const std::vector<float>>(coefficients.begin(), coefficients.end());
}

void Collector::add(int class_index, float score) {
  if (!place_ || !is_enough(score) || !std::isfinite(score)) return;
  place_->class_index = class_index;
  place_->score = score;
  found_.push_back(*place_);
}

void Collector::add_classes(float objectness, std::span<const float> probabilities) {
  if (probabilities.empty()) add(0, objectness);
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    add(static_cast<int>(i), objectness * probabilities[i]);
  }
}

}  // namespace vpinfer
