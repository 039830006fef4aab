#pragma once

#include <compare>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace vpinfer {

/// Half-open interval [begin, end) of rows, columns, channels or filters.  Empty if end <= begin.
struct Interval {
  int begin = 0;
  int end = 0;

  [[nodiscard]] int size() const { return end > begin ? end - begin : 0; }
  [[nodiscard]] bool empty() const { return end <= begin; }
  [[nodiscard]] bool contains(Interval inner) const {
    return inner.empty() || (begin <= inner.begin && inner.end <= end);
  }
  auto operator<=>(const Interval&) const = default;
};

[[nodiscard]] Interval intersect(Interval a, Interval b);
/// The smallest interval that holds both.
[[nodiscard]] Interval hull(Interval a, Interval b);
[[nodiscard]] Interval shift(Interval a, int by);
/// In how many parts of at most `most` something is cut.
[[nodiscard]] constexpr int divide_up(int size, int most) {
  return (size + most - 1) / most;
}
/// Share `index` of `parts` nearly equal, contiguous shares of [0, size); shares may be empty.
[[nodiscard]] Interval share(int size, int parts, int index);

/// Extent of a layer's output: rows x cols x channels, stored row-major in that order (NHWC).
struct Shape {
  int rows = 0;
  int cols = 0;
  int channels = 0;

  [[nodiscard]] std::size_t elements() const {
    return static_cast<std::size_t>(rows) * static_cast<std::size_t>(cols) *
           static_cast<std::size_t>(channels);
  }
  bool operator==(const Shape&) const = default;
};

/// A part of a layer's output: the product of three half-open intervals.
///
///      cols ->
///     +---------------+      channels go into the page
///  r  |   +-----+     |
///  o  |   | box |     |
///  w  |   +-----+     |
///  s  +---------------+ whole(shape)
struct Box {
  Interval rows;
  Interval cols;
  Interval channels;

  [[nodiscard]] bool empty() const { return rows.empty() || cols.empty() || channels.empty(); }
  [[nodiscard]] Shape shape() const { return {rows.size(), cols.size(), channels.size()}; }
  [[nodiscard]] std::size_t elements() const { return shape().elements(); }
  [[nodiscard]] bool contains(const Box& inner) const {
    return inner.empty() || (rows.contains(inner.rows) && cols.contains(inner.cols) &&
                             channels.contains(inner.channels));
  }
  auto operator<=>(const Box&) const = default;
};

/// The axes of a box, in the order in which they are stored.
enum class Axis { kRows, kCols, kChannels };

[[nodiscard]] inline Interval& along(Box& box, Axis axis) {
  return axis == Axis::kRows ? box.rows : axis == Axis::kCols ? box.cols : box.channels;
}
[[nodiscard]] inline const Interval& along(const Box& box, Axis axis) {
  return axis == Axis::kRows ? box.rows : axis == Axis::kCols ? box.cols : box.channels;
}
[[nodiscard]] inline int& along(Shape& shape, Axis axis) {
  return axis == Axis::kRows ? shape.rows : axis == Axis::kCols ? shape.cols : shape.channels;
}
[[nodiscard]] inline int along(const Shape& shape, Axis axis) {
  return axis == Axis::kRows ? shape.rows : axis == Axis::kCols ? shape.cols : shape.channels;
}

/// A box moved along one axis.
[[nodiscard]] Box shifted(Box box, Axis axis, int by);

/// The box that covers a whole output.
[[nodiscard]] Box whole(const Shape& shape);
[[nodiscard]] Box intersect(const Box& a, const Box& b);
/// The smallest box that holds both; an empty box adds nothing.
[[nodiscard]] Box hull(const Box& a, const Box& b);
/// `a` without `b`, as at most six disjoint boxes, rows cut first so that pieces stay long in
/// memory.
[[nodiscard]] std::vector<Box> subtract(const Box& a, const Box& b);
/// Every box of `from` without `b`.
[[nodiscard]] std::vector<Box> subtract(std::span<const Box> from, const Box& b);
/// What none of some boxes holds of `box`, as disjoint boxes.
[[nodiscard]] std::vector<Box> uncovered(const Box& box, std::span<const Box> boxes);

/// For example `0:52x0:416x0:32`, rows x cols x channels; `-` for an empty box.
[[nodiscard]] std::string to_string(const Box& box);
/// For example `416x416x3`.
[[nodiscard]] std::string to_string(const Shape& shape);

}  // namespace vpinfer
