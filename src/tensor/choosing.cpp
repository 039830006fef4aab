// Operators that choose elements by their values.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <utility>

#include "tensor/picking.hpp"

namespace vpinfer {
namespace {

OnnxTensor nonzero(const OnnxCall& call) {
  const OnnxDims& dims = call.input(0).dims;
  const OnnxDims strides = strides_of(dims);
  OnnxPlaces found;
  std::visit(
      [&](const auto& values) {
        for (std::size_t i = 0; i < values.size(); ++i) {
          if (values[i] != 0) found.push_back(static_cast<std::int64_t>(i));
        }
      },
      call.input(0).values);
  std::vector<std::int64_t> indices;
  for (std::size_t axis = 0; axis < dims.size(); ++axis) {
    for (const std::int64_t place : found) indices.push_back(place / strides[axis] % dims[axis]);
  }
  return {{static_cast<std::int64_t>(dims.size()), static_cast<std::int64_t>(found.size())},
          std::move(indices)};
}

/// How many of the largest or smallest are wanted, along which axis of what.
struct TopOrder {
  std::size_t axis = 0;
  std::int64_t count = 0;
  bool largest = true;
};

/// Where the first elements of each line along an axis lie, by value; of equal ones the first.
template <typename Number>
OnnxPlaces top_places(const std::vector<Number>& values, const OnnxDims& dims,
                      const TopOrder& order) {
  const std::int64_t extent = dims[order.axis];
  const std::int64_t inner = count_from(dims, order.axis + 1);
  const std::int64_t outer = count_before(dims, order.axis);
  OnnxPlaces places(static_cast<std::size_t>(outer * order.count * inner));
  OnnxPlaces line(static_cast<std::size_t>(extent));
  for (std::int64_t o = 0; o < outer; ++o) {
    for (std::int64_t i = 0; i < inner; ++i) {
      for (std::size_t k = 0; k < line.size(); ++k) {
        line[k] = (o * extent + static_cast<std::int64_t>(k)) * inner + i;
      }
      const auto precedes = [&](std::int64_t a, std::int64_t b) {
        const Number left = values[static_cast<std::size_t>(a)];
        const Number right = values[static_cast<std::size_t>(b)];
        if (left == right) return a < b;
        return order.largest ? left > right : left < right;
      };
      std::partial_sort(line.begin(), line.begin() + order.count, line.end(), precedes);
      for (std::int64_t k = 0; k < order.count; ++k) {
        places[static_cast<std::size_t>((o * order.count + k) * inner + i)] =
            line[static_cast<std::size_t>(k)];
      }
    }
  }
  return places;
}

std::vector<OnnxTensor> top_k(const OnnxCall& call) {
  const OnnxTensor& data = call.input(0);
  TopOrder order;
  order.axis = call.node.axis(call.node.integer("axis", -1), data.dims.size());
  order.count = call.node.opset() < 10 ? call.node.integer("k", 0) : call.integer(1);
  order.largest = call.node.flag("largest", true);
  OnnxDims dims = data.dims;
  if (order.count < 0 || order.count > dims[order.axis]) {
    call.node.refuse("there are no " + std::to_string(order.count) + " of " +
                     std::to_string(dims[order.axis]) + " elements");
  }
  if (data.is_float() && std::any_of(data.floats().begin(), data.floats().end(),
                                     [](float value) { return std::isnan(value); })) {
    call.node.refuse("a number among its input is none (NaN)");
  }
  const OnnxPlaces places = std::visit(
      [&](const auto& values) { return top_places(values, data.dims, order); }, data.values);
  dims[order.axis] = order.count;
  OnnxTensor indices{dims, places};
  const std::int64_t inner = count_from(data.dims, order.axis + 1);
  std::vector<std::int64_t> along = places;
  for (std::int64_t& place : along) place = place / inner % data.dims[order.axis];
  indices.values = std::move(along);
  return {reshaped(pick(call, data, {places}), dims), std::move(indices)};
}

/// Numbers of slices, all along an axis of a tensor, so that equal ones have the same.
struct Distinct {
  OnnxPlaces firsts;   ///< for each number, the first slice that has it
  OnnxPlaces numbers;  ///< for each slice
  OnnxPlaces counts;   ///< for each number
};

/// `dims` are those of the slices: before the axis, along it, behind it.
template <typename Number>
Distinct find_distinct(const std::vector<Number>& values, const std::array<std::int64_t, 3>& dims,
                       bool sorted) {
  const auto& [outer, extent, inner] = dims;
  const auto compare = [&, &slices = dims](std::int64_t a, std::int64_t b) {
    for (std::int64_t i = 0; i < slices[0] * slices[2]; ++i) {
      const std::int64_t base = i / slices[2] * slices[1] * slices[2] + i % slices[2];
      const Number left = values[static_cast<std::size_t>(base + a * slices[2])];
      const Number right = values[static_cast<std::size_t>(base + b * slices[2])];
      if (left != right) return left < right ? -1 : 1;
    }
    return 0;
  };
  OnnxPlaces order = spaced(extent, 1);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::int64_t a, std::int64_t b) { return compare(a, b) < 0; });
  Distinct distinct{{}, OnnxPlaces(order.size()), {}};
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i == 0 || compare(order[i - 1], order[i]) != 0) {
      distinct.firsts.push_back(order[i]);
      distinct.counts.push_back(0);
    }
    ++distinct.counts.back();
    distinct.numbers[static_cast<std::size_t>(order[i])] =
        static_cast<std::int64_t>(distinct.firsts.size()) - 1;
  }
  if (sorted) return distinct;
  const Distinct by_value = distinct;  // now by where each comes first
  OnnxPlaces ranking = spaced(static_cast<std::int64_t>(distinct.firsts.size()), 1);
  const auto first = [&](std::int64_t number) {
    return by_value.firsts[static_cast<std::size_t>(number)];
  };
  std::sort(ranking.begin(), ranking.end(),
            [&](std::int64_t a, std::int64_t b) { return first(a) < first(b); });
  OnnxPlaces renamed(ranking.size());
  for (std::size_t i = 0; i < ranking.size(); ++i) {
    const auto old = static_cast<std::size_t>(ranking[i]);
    renamed[old] = static_cast<std::int64_t>(i);
    distinct.firsts[i] = by_value.firsts[old];
    distinct.counts[i] = by_value.counts[old];
  }
  for (std::int64_t& number : distinct.numbers) number = renamed[static_cast<std::size_t>(number)];
  return distinct;
}

std::vector<OnnxTensor> unique(const OnnxCall& call) {
  OnnxTensor data = call.input(0);
  if (!call.node.has_attribute("axis")) data.dims = {count_elements(data.dims)};
  const std::size_t axis = call.node.axis(call.node.integer("axis", 0), data.dims.size());
  const std::array<std::int64_t, 3> slices{count_before(data.dims, axis), data.dims[axis],
                                           count_from(data.dims, axis + 1)};
  const Distinct distinct = std::visit(
      [&](const auto& values) {
        return find_distinct(values, slices, call.node.flag("sorted", true));
      },
      data.values);
  std::vector<OnnxPlaces> places = places_of(data.dims);
  places[axis] = distinct.firsts;
  for (std::int64_t& place : places[axis]) place *= slices[2];
  const auto list = [](const OnnxPlaces& numbers) {
    return OnnxTensor{{static_cast<std::int64_t>(numbers.size())}, numbers};
  };
  return {pick(call, data, std::move(places)), list(distinct.firsts), list(distinct.numbers),
          list(distinct.counts)};
}

/// A box by its ends along both axes.
struct Corners {
  std::array<float, 2> low{};
  std::array<float, 2> high{};

  [[nodiscard]] float area() const { return (high[0] - low[0]) * (high[1] - low[1]); }
};

Corners read_corners(const float* box, bool from_centre) {
  if (from_centre) {
    return {{box[0] - box[2] / 2, box[1] - box[3] / 2}, {box[0] + box[2] / 2, box[1] + box[3] / 2}};
  }
  return {{std::min(box[0], box[2]), std::min(box[1], box[3])},
          {std::max(box[0], box[2]), std::max(box[1], box[3])}};
}

/// The area of what two boxes share, by that of what they cover together.
float overlap_of(const Corners& a, const Corners& b) {
  float shared = 1;
  for (std::size_t axis = 0; axis < 2; ++axis) {
    const float side = std::min(a.high[axis], b.high[axis]) - std::max(a.low[axis], b.low[axis]);
    if (side <= 0) return 0;
    shared *= side;
  }
  const float together = a.area() + b.area() - shared;
  return together > 0 ? shared / together : 0;
}

/// What decides which boxes stay.
struct Suppression {
  std::int64_t most = 0;  ///< boxes of each class
  float overlap = 0;
  float score = -std::numeric_limits<float>::infinity();
};

Suppression read_suppression(const OnnxCall& call) {
  const auto threshold = [&](std::size_t input, float fallback) {
    if (!call.has(input)) return fallback;
    if (call.floats(input).size() != 1) call.node.refuse("its thresholds must be one number each");
    return call.floats(input).front();
  };
  Suppression result;
  result.most = call.has(2) ? call.integer(2) : 0;
  result.overlap = threshold(3, 0);
  result.score = threshold(4, result.score);
  return result;
}

/// The boxes of one class that stay, best first.
OnnxPlaces surviving(const std::vector<Corners>& boxes, const float* scores,
                     const Suppression& suppression) {
  OnnxPlaces order;
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    if (scores[i] > suppression.score) order.push_back(static_cast<std::int64_t>(i));
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](std::int64_t a, std::int64_t b) { return scores[a] > scores[b]; });
  OnnxPlaces kept;
  for (const std::int64_t candidate : order) {
    if (static_cast<std::int64_t>(kept.size()) >= suppression.most) break;
    const Corners& box = boxes[static_cast<std::size_t>(candidate)];
    const bool stays = std::none_of(kept.begin(), kept.end(), [&](std::int64_t other) {
      return overlap_of(box, boxes[static_cast<std::size_t>(other)]) > suppression.overlap;
    });
    if (stays) kept.push_back(candidate);
  }
  return kept;
}

OnnxTensor non_max_suppression(const OnnxCall& call) {
  const OnnxTensor& boxes = call.input(0);
  const OnnxTensor& scores = call.input(1);
  const bool fits = boxes.is_float() && scores.is_float() && boxes.dims.size() == 3 &&
                    scores.dims.size() == 3 && boxes.dims[0] == scores.dims[0] &&
                    boxes.dims[1] == scores.dims[2] && boxes.dims[2] == 4;
  if (!fits) {
    call.node.refuse("boxes of " + to_string(boxes.dims) + " and scores of " +
                     to_string(scores.dims) + " do not match");
  }
  const Suppression suppression = read_suppression(call);
  const std::int64_t count = boxes.dims[1];
  std::vector<std::int64_t> selected;
  for (std::int64_t batch = 0; batch < boxes.dims[0]; ++batch) {
    std::vector<Corners> corners;
    for (std::int64_t i = 0; i < count; ++i) {
      corners.push_back(read_corners(boxes.floats().data() + (batch * count + i) * 4,
                                     call.node.flag("center_point_box")));
    }
    for (std::int64_t cls = 0; cls < scores.dims[1]; ++cls) {
      const float* of_class = scores.floats().data() + (batch * scores.dims[1] + cls) * count;
      for (const std::int64_t box : surviving(corners, of_class, suppression)) {
        selected.insert(selected.end(), {batch, cls, box});
      }
    }
  }
  const auto rows = static_cast<std::int64_t>(selected.size() / 3);
  return {{rows, 3}, std::move(selected)};
}

}  // namespace

std::vector<OnnxComputation> choosing_operators() {
  return {{"NonZero", one<nonzero>, kEveryInput},
          {"Unique", unique, kEveryInput},
          {"TopK", top_k, 1U << 1U},
          {"NonMaxSuppression", one<non_max_suppression>, kEveryInput}};
}

}  // namespace vpinfer
