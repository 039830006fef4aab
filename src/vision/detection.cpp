#include "vpinfer/vision/detection.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "vpinfer/base/error.hpp"
#include "vpinfer/vision/input_tensor.hpp"

namespace vpinfer {
namespace {

/// A box by its centre and extent.
struct CentredBox {
  float x = 0;
  float y = 0;
  float width = 0;
  float height = 0;
};

bool is_finite(const CentredBox& box) {
  return std::isfinite(box.x) && std::isfinite(box.y) && std::isfinite(box.width) &&
         std::isfinite(box.height);
}

/// Undoes the letterbox along one axis, as Darknet does: centre and extent are shares of the
/// network's input, the result is in pixels of the picture.
class AxisToPicture {
 public:
  AxisToPicture(int input, int placed, int picture)
      : offset_(static_cast<float>(input - placed) / 2 / static_cast<float>(input)),
        share_(static_cast<float>(placed) / static_cast<float>(input)),
        picture_(static_cast<float>(picture)) {}

  [[nodiscard]] float centre(float value) const { return (value - offset_) / share_ * picture_; }
  [[nodiscard]] float extent(float value) const { return value / share_ * picture_; }
  [[nodiscard]] float clip(float value) const { return std::clamp(value, 0.0F, picture_); }

 private:
  float offset_;
  float share_;
  float picture_;
};

/// From boxes in shares of the network's input to detections in pixels of the picture.
class PictureFrame {
 public:
  PictureFrame(const Placement& placement, const Shape& input, int picture_rows, int picture_cols)
      : rows_(input.rows, placement.rows.size(), picture_rows),
        cols_(input.cols, placement.cols.size(), picture_cols) {}

  /// Class and score are left to the caller.
  [[nodiscard]] Detection detection(const CentredBox& box) const {
    const float half_width = cols_.extent(box.width) / 2;
    const float half_height = rows_.extent(box.height) / 2;
    const float left = cols_.clip(cols_.centre(box.x) - half_width);
    const float right = cols_.clip(cols_.centre(box.x) + half_width);
    const float top = rows_.clip(rows_.centre(box.y) - half_height);
    const float bottom = rows_.clip(rows_.centre(box.y) + half_height);
    return {left, top, right - left, bottom - top};
  }

 private:
  AxisToPicture rows_;
  AxisToPicture cols_;
};

/// Appends a detection for each class of one anchor whose score is above the threshold.
void append_classes(Detection detection, std::span<const float> class_scores, float objectness,
                    float threshold, std::vector<Detection>& detections) {
  const auto append = [&](int class_index, float score) {
    detection.class_index = class_index;
    detection.score = score;
    if (score > threshold && std::isfinite(score)) detections.push_back(detection);
  };
  if (class_scores.empty()) append(0, objectness);
  for (std::size_t i = 0; i < class_scores.size(); ++i) {
    append(static_cast<int>(i), objectness * class_scores[i]);
  }
}

/// Best score first; the other members make the order total.
bool is_better(const Detection& a, const Detection& b) {
  return std::tuple(-a.score, a.class_index, a.left, a.top, a.width, a.height) <
         std::tuple(-b.score, b.class_index, b.left, b.top, b.width, b.height);
}

float overlap(float begin_a, float size_a, float begin_b, float size_b) {
  return std::min(begin_a + size_a, begin_b + size_b) - std::max(begin_a, begin_b);
}

float intersection_over_union(const Detection& a, const Detection& b) {
  const float width = overlap(a.left, a.width, b.left, b.width);
  const float height = overlap(a.top, a.height, b.top, b.height);
  if (width <= 0 || height <= 0) return 0;
  const float intersection = width * height;
  return intersection / (a.width * a.height + b.width * b.height - intersection);
}

}  // namespace

bool is_finite(const Detection& detection) {
  return std::isfinite(detection.left) && std::isfinite(detection.top) &&
         std::isfinite(detection.width) && std::isfinite(detection.height) &&
         std::isfinite(detection.score);
}

std::vector<Detection> decode_region(const Region& region, std::span<const float> output,
                                     const Shape& shape, const Shape& network_input, Resize resize,
                                     int picture_rows, int picture_cols, float threshold) {
  const auto stride = static_cast<std::size_t>(region.channels_per_anchor());
  if (output.size() != shape.elements() ||
      static_cast<std::size_t>(shape.channels) != region.anchors.size() * stride) {
    throw Bug("a region tensor of " + std::to_string(output.size()) + " values does not fit " +
              to_string(shape) + " with " + std::to_string(region.anchors.size()) + " anchors");
  }
  const PictureFrame frame(place_picture(resize, picture_rows, picture_cols, network_input),
                           network_input, picture_rows, picture_cols);
  const auto rows = static_cast<float>(shape.rows);
  const auto cols = static_cast<float>(shape.cols);
  std::vector<Detection> detections;
  for (int row = 0; row < shape.rows; ++row) {
    for (int col = 0; col < shape.cols; ++col) {
      for (const Anchor& anchor : region.anchors) {
        const std::span<const float> values = output.first(stride);
        output = output.subspan(stride);
        const float objectness = values[4];
        if (!(objectness > threshold)) continue;  // also drops NaN
        const CentredBox box{(static_cast<float>(col) + values[0]) / cols,
                             (static_cast<float>(row) + values[1]) / rows,
                             std::exp(values[2]) * anchor.width / cols,
                             std::exp(values[3]) * anchor.height / rows};
        if (!is_finite(box)) continue;
        const Detection detection = frame.detection(box);
        if (detection.width <= 0 || detection.height <= 0) continue;
        append_classes(detection, values.subspan(5), objectness, threshold, detections);
      }
    }
  }
  return detections;
}

std::vector<Detection> non_maximum_suppression(std::vector<Detection> detections,
                                               float iou_threshold) {
  std::erase_if(detections, [](const Detection& detection) { return !is_finite(detection); });
  std::sort(detections.begin(), detections.end(), is_better);
  std::vector<Detection> kept;
  for (const Detection& candidate : detections) {
    const bool is_hidden = std::any_of(kept.begin(), kept.end(), [&](const Detection& better) {
      return better.class_index == candidate.class_index &&
             intersection_over_union(better, candidate) > iou_threshold;
    });
    if (!is_hidden) kept.push_back(candidate);
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
