#include "vpinfer/box.hpp"

#include <algorithm>
#include <cstdint>

namespace vpinfer {

Interval intersect(Interval a, Interval b) {
  return {std::max(a.begin, b.begin), std::min(a.end, b.end)};
}

Interval hull(Interval a, Interval b) {
  if (a.empty()) return b;
  if (b.empty()) return a;
  return {std::min(a.begin, b.begin), std::max(a.end, b.end)};
}

Interval shift(Interval a, int by) {
  return {a.begin + by, a.end + by};
}

Interval share(int size, int parts, int index) {
  const auto cut = [&](int i) {
    return static_cast<int>(static_cast<std::int64_t>(size) * i / parts);
  };
  return {cut(index), cut(index + 1)};
}

Box shifted(Box box, Axis axis, int by) {
  along(box, axis) = shift(along(box, axis), by);
  return box;
}

Box whole(const Shape& shape) {
  return {{0, shape.rows}, {0, shape.cols}, {0, shape.channels}};
}

Box intersect(const Box& a, const Box& b) {
  return {intersect(a.rows, b.rows), intersect(a.cols, b.cols), intersect(a.channels, b.channels)};
}

Box hull(const Box& a, const Box& b) {
  if (a.empty()) return b;
  if (b.empty()) return a;
  return {hull(a.rows, b.rows), hull(a.cols, b.cols), hull(a.channels, b.channels)};
}

std::vector<Box> subtract(const Box& a, const Box& b) {
  if (a.empty()) return {};
  const Box common = intersect(a, b);
  if (common.empty()) return {a};
  std::vector<Box> rest;
  const auto keep = [&](const Box& piece) {
    if (!piece.empty()) rest.push_back(piece);
  };
  keep({{a.rows.begin, common.rows.begin}, a.cols, a.channels});
  keep({common.rows, {a.cols.begin, common.cols.begin}, a.channels});
  keep({common.rows, common.cols, {a.channels.begin, common.channels.begin}});
  keep({common.rows, common.cols, {common.channels.end, a.channels.end}});
  keep({common.rows, {common.cols.end, a.cols.end}, a.channels});
  keep({{common.rows.end, a.rows.end}, a.cols, a.channels});
  return rest;
}

std::vector<Box> subtract(std::span<const Box> from, const Box& b) {
  std::vector<Box> rest;
  for (const Box& box : from) {
    const std::vector<Box> pieces = subtract(box, b);
    rest.insert(rest.end(), pieces.begin(), pieces.end());
  }
  return rest;
}

std::vector<Box> uncovered(const Box& box, std::span<const Box> boxes) {
  if (box.empty()) return {};
  std::vector<Box> rest{box};
  for (const Box& covering : boxes) rest = subtract(rest, covering);
  return rest;
}

std::string to_string(const Box& box) {
  if (box.empty()) return "-";
  const auto text = [](Interval i) {
    return std::to_string(i.begin) + ":" + std::to_string(i.end);
  };
  return text(box.rows) + "x" + text(box.cols) + "x" + text(box.channels);
}

std::string to_string(const Shape& shape) {
  return std::to_string(shape.rows) + "x" + std::to_string(shape.cols) + "x" +
         std::to_string(shape.channels);
}

}  // namespace vpinfer
