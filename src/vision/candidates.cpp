#include "vision/candidates.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace vpinfer {
namespace {

/// Where a candidate's point lies and how large its anchor is, in pixels of the network's input.
struct CandidatePoint {
  float x = 0;
  float y = 0;
  float stride = 1;
  Anchor anchor;
};

float share(int whole, int parts) {
  return static_cast<float>(whole) / static_cast<float>(parts);
}

/// Calls visit(point) for each candidate of a head: without grids, for points that mean nothing.
template <typename Visit>
void for_each_candidate(const Candidates& head, std::size_t count, const Shape& input,
                        const Visit& visit) {
  if (!head.is_by_cells()) {
    for (std::size_t i = 0; i < count; ++i) visit(CandidatePoint{});
    return;
  }
  for (const CandidateGrid& grid : head.grids) {
    const auto stride = static_cast<float>(grid.stride);
    const float height = head.spread ? share(input.rows, grid.rows) : stride;
    const float width = head.spread ? share(input.cols, grid.cols) : stride;
    for (int row = 0; row < grid.rows; ++row) {
      for (int col = 0; col < grid.cols; ++col) {
        for (const Anchor& anchor : grid.anchors) {
          visit(CandidatePoint{(static_cast<float>(col) + head.point) * width,
                               (static_cast<float>(row) + head.point) * height,
                               stride,
                               {anchor.width * stride, anchor.height * stride}});
        }
      }
    }
  }
}

CentredBox between_corners(float left, float top, float right, float bottom) {
  return {(left + right) / 2, (top + bottom) / 2, right - left, bottom - top};
}

/// A candidate's box in the head's unit.
CentredBox decoded(const Candidates& head, const CandidatePoint& point,
                   std::span<const float> coded) {
  const auto bins = static_cast<std::size_t>(head.bins);
  std::array<float, 4> v{};
  for (std::size_t i = 0; i < v.size(); ++i) {
    v[i] = bins == 1 ? coded[i] : mean_of(coded.subspan(i * bins, bins));
  }
  switch (head.box) {
    case CandidateBox::kCentre: return {v[0], v[1], v[2], v[3]};
    case CandidateBox::kCorners: return between_corners(v[0], v[1], v[2], v[3]);
    case CandidateBox::kOffsets:
      return {point.x + v[0] * head.centre_gain * point.anchor.width,
              point.y + v[1] * head.centre_gain * point.anchor.height,
              point.anchor.width * std::exp(v[2] * head.size_gain),
              point.anchor.height * std::exp(v[3] * head.size_gain)};
    case CandidateBox::kSizes:
      return {point.x + v[0] * head.centre_gain * point.anchor.width,
              point.y + v[1] * head.centre_gain * point.anchor.height,
              v[2] * head.size_gain * point.anchor.width,
              v[3] * head.size_gain * point.anchor.height};
    case CandidateBox::kDistances:
      return between_corners(point.x - v[0] * point.stride, point.y - v[1] * point.stride,
                             point.x + v[2] * point.stride, point.y + v[3] * point.stride);
  }
  return {};
}

/// A box in shares of the network's input.
CentredBox in_shares(const Candidates& head, const CentredBox& box, const Shape& input) {
  if (head.unit == BoxUnit::kShares) return box;
  const auto rows = static_cast<float>(input.rows);
  const auto cols = static_cast<float>(input.cols);
  return {box.x / cols, box.y / rows, box.width / cols, box.height / rows};
}

/// Adds the points of a candidate to its box.
void add_keypoints(const Candidates& head, const CandidatePoint& point,
                   std::span<const float> values, Collector& collector) {
  const Shape& input = collector.network_input();
  const auto step = static_cast<std::size_t>(head.values_per_point);
  for (; values.size() >= step; values = values.subspan(step)) {
    CentredBox place{values[0], values[1]};
    if (head.is_by_cells()) {
      place = {point.x + values[0] * head.centre_gain * point.anchor.width,
               point.y + values[1] * head.centre_gain * point.anchor.height};
    }
    place = in_shares(head, place, input);
    collector.add_keypoint({place.x, place.y, step == 3 ? values[2] : 1});
  }
}

}  // namespace

float mean_of(std::span<const float> distribution) {
  float mean = 0;
  float value = 0;
  for (const float probability : distribution) mean += probability * value++;
  return mean;
}

void collect_candidates(const Candidates& head, std::span<const float> output,
                        Collector& collector) {
  const auto channels = static_cast<std::size_t>(head.channels());
  const auto classes = static_cast<std::size_t>(head.classes());
  const auto score_count = static_cast<std::size_t>(head.score_count());
  const std::size_t first_class = head.background == Background::kFirst ? 1 : 0;
  const std::size_t count = output.size() / channels;
  const Shape& input = collector.network_input();
  for_each_candidate(head, count, input, [&](const CandidatePoint& point) {
    const std::span<const float> values = output.first(channels);
    output = output.subspan(channels);
    const float objectness =
        head.has_objectness() ? values[static_cast<std::size_t>(head.box_values())] : 1;
    const auto points = static_cast<std::size_t>(head.point_values());
    const auto coefficients = static_cast<std::size_t>(head.mask_coefficients());
    const std::span<const float> scores =
        values.last(score_count + points + coefficients).subspan(first_class, classes);
    const float best = *std::max_element(scores.begin(), scores.end());
    if (!collector.is_enough(objectness * best)) return;
    collector.at(in_shares(head, decoded(head, point, values), collector.network_input()));
    add_keypoints(head, point, values.last(points + coefficients).first(points), collector);
    if (coefficients > 0) collector.set_coefficients(values.last(coefficients));
    collector.add_classes(objectness, scores);
  });
}

}  // namespace vpinfer
