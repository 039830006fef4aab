#include "vision/heads.hpp"

#include <cmath>
#include <string>
#include <utility>

#include "vision/candidates.hpp"
#include "vision/collector.hpp"
#include "vision/hierarchy.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

/// Above it, a class of a tree is certain enough to go on to its children; Darknet's default.
constexpr float kTreeThreshold = 0.5F;

/// Takes values from the front.
std::span<const float> take(std::span<const float>& values, std::size_t count) {
  const std::span<const float> first = values.first(count);
  values = values.subspan(count);
  return first;
}

/// What an anchor's first values say: x and y in cells, width and height in anchors.
struct CodedBox {
  float x = 0;
  float y = 0;
  float width = 0;
  float height = 0;
  float certainty = 1;  ///< of the box, with which its scores are multiplied
};

CodedBox coded_box(const Region& region, std::span<const float> values) {
  const BoxPlaces at = box_places(region.coding);
  const auto value = [&](int place) { return values[static_cast<std::size_t>(place)]; };
  const auto extent = [&](int place) {
    const float coded = value(place);
    return region.coding == BoxCoding::kSquare ? 4 * coded * coded : std::exp(coded);
  };
  CodedBox box{value(at.x), value(at.y), extent(at.width), extent(at.height)};
  if (at.uncertain) {
    box.certainty =
        1 - (value(at.x + 1) + value(at.y + 1) + value(at.width + 1) + value(at.height + 1)) / 4;
  }
  return box;
}

/// Calls visit(row, col) for each cell, row by row.
template <typename Visit>
void for_each_cell(int rows, int cols, const Visit& visit) {
  for (int row = 0; row < rows; ++row) {
    for (int col = 0; col < cols; ++col) visit(row, col);
  }
}

/// Decodes one head's output into a collector.
class Decoder {
 public:
  Decoder(std::span<const float> output, const Shape& shape, const Shape& input,
          Collector& collector)
      : output_(output), shape_(shape), input_(input), collector_(collector) {}

  void operator()(const Region& region) {
    const auto per_anchor = static_cast<std::size_t>(region.channels_per_anchor());
    check(shape_.elements() / cells(), region.anchors.size() * per_anchor);
    const auto rows = static_cast<float>(shape_.rows);
    const auto cols = static_cast<float>(shape_.cols);
    const Hierarchy hierarchy(region.tree);
    const auto objectness_at = static_cast<std::size_t>(box_places(region.coding).objectness);
    const float share_to_centre = region.point == BoxPoint::kTopLeft       ? 0.5F
                                  : region.point == BoxPoint::kBottomRight ? -0.5F
                                                                           : 0.0F;
    for_each_cell(shape_.rows, shape_.cols, [&](int row, int col) {
      for (const Anchor& anchor : region.anchors) {
        const std::span<const float> values = take(output_, per_anchor);
        const float objectness = values[objectness_at];
        if (!collector_.is_enough(objectness)) continue;
        const CodedBox coded = coded_box(region, values);
        const float width = coded.width * anchor.width / cols;
        const float height = coded.height * anchor.height / rows;
        collector_.at({(static_cast<float>(col) + coded.x) / cols + share_to_centre * width,
                       (static_cast<float>(row) + coded.y) / rows + share_to_centre * height, width,
                       height});
        const std::span<const float> scores = values.subspan(objectness_at + 1);
        if (region.tree.empty()) {
          collector_.add_classes(objectness * coded.certainty, scores);
        } else {
          add_from_tree(hierarchy, region.map, objectness * coded.certainty, scores);
        }
      }
    });
  }

  void operator()(const GridHead& head) {
    const auto classes = static_cast<std::size_t>(head.classes);
    const auto boxes = static_cast<std::size_t>(head.boxes);
    const auto all_cells = static_cast<std::size_t>(head.cells());
    check(output_.size(), all_cells * (classes + boxes * 5));
    std::span<const float> all_scores = take(output_, all_cells * classes);
    std::span<const float> all_objectness = take(output_, all_cells * boxes);
    const auto side = static_cast<float>(head.side);
    const auto extent = [&](float value) { return head.square_root ? value * value : value; };
    for_each_cell(head.side, head.side, [&](int row, int col) {
      const std::span<const float> scores = take(all_scores, classes);
      for (const float objectness : take(all_objectness, boxes)) {
        const std::span<const float> box = take(output_, 4);
        collector_.at({(static_cast<float>(col) + box[0]) / side,
                       (static_cast<float>(row) + box[1]) / side, extent(box[2]), extent(box[3])});
        collector_.add_classes(objectness, scores);
      }
    });
  }

  void operator()(const NanoDet& head) {
    check(shape_.elements() / cells(), static_cast<std::size_t>(head.channels()));
    const auto stride = static_cast<float>(head.stride);
    const float per_row = stride / static_cast<float>(input_.rows);
    const float per_col = stride / static_cast<float>(input_.cols);
    for_each_cell(shape_.rows, shape_.cols, [&](int row, int col) {
      const std::span<const float> scores = take(output_, static_cast<std::size_t>(head.classes));
      const float left = take_mean(head.bins);
      const float top = take_mean(head.bins);
      const float right = take_mean(head.bins);
      const float bottom = take_mean(head.bins);
      collector_.at({(static_cast<float>(col) + 0.5F + (right - left) / 2) * per_col,
                     (static_cast<float>(row) + 0.5F + (bottom - top) / 2) * per_row,
                     (left + right) * per_col, (top + bottom) * per_row});
      collector_.add_classes(1, scores);
    });
  }

  void operator()(const Candidates& head) {
    check(output_.size(), shape_.elements());
    check(static_cast<std::size_t>(shape_.channels), static_cast<std::size_t>(head.channels()));
    collect_candidates(head, output_, collector_);
  }

  template <typename Other>
  void operator()(const Other&) {
    throw Bug("this layer is no head that can be decoded");
  }

 private:
  [[nodiscard]] std::size_t cells() const {
    return static_cast<std::size_t>(shape_.rows) * static_cast<std::size_t>(shape_.cols);
  }

  void check(std::size_t values, std::size_t wanted) const {
    if (output_.size() == shape_.elements() && values == wanted) return;
    throw Bug("a head's tensor of " + std::to_string(output_.size()) + " values and shape " +
              to_string(shape_) + " has " + std::to_string(values) + " values instead of " +
              std::to_string(wanted));
  }

  void add_from_tree(const Hierarchy& hierarchy, const std::vector<int>& map, float objectness,
                     std::span<const float> conditional) {
    const std::vector<float> absolute = hierarchy.absolute_probabilities(conditional);
    if (map.empty()) collector_.add(hierarchy.top_class(absolute, kTreeThreshold), objectness);
    for (std::size_t i = 0; i < map.size(); ++i) {
      collector_.add(static_cast<int>(i), objectness * absolute[static_cast<std::size_t>(map[i])]);
    }
  }

  /// The mean of the distribution that comes next.
  float take_mean(int bins) { return mean_of(take(output_, static_cast<std::size_t>(bins))); }

  std::span<const float> output_;
  const Shape& shape_;
  const Shape& input_;
  Collector& collector_;
};

struct ClassCount {
  int operator()(const Region& region) const {
    const bool mapped = !region.tree.empty() && !region.map.empty();
    return mapped ? static_cast<int>(region.map.size()) : region.classes;
  }
  int operator()(const GridHead& head) const { return head.classes; }
  int operator()(const NanoDet& head) const { return head.classes; }
  int operator()(const Candidates& head) const { return head.classes(); }
  template <typename Other>
  int operator()(const Other&) const {
    throw Bug("this layer is no head with classes");
  }
};

}  // namespace

int class_count(const Operation& head) {
  return std::visit(ClassCount{}, head);
}

OverlapRule overlap_rule(const Operation& head, float threshold, float rows, float cols) {
  const auto* candidates = std::get_if<Candidates>(&head);
  if (candidates != nullptr && !candidates->overlaps) return {1};  // no two boxes share more
  const auto* region = std::get_if<Region>(&head);
  if (region == nullptr || !region->distance_exponent) return {threshold};
  return {threshold, DistanceRule{*region->distance_exponent, rows, cols}};
}

std::vector<Detection> decode(const Operation& head, std::span<const float> output,
                              const Shape& shape, const PictureFrame& frame, float threshold) {
  Collector collector(frame, threshold);
  std::visit(Decoder(output, shape, frame.network_input(), collector), head);
  return std::move(collector).found();
}

}  // namespace vpinfer
