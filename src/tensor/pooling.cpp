// Operators that make one element of each window.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

#include "tensor/picking.hpp"
#include "tensor/sliding.hpp"

namespace vpinfer {
namespace {

/// What windows slide over, and where.
struct Pool {
  Planes planes;
  SlidingWindows windows;

  [[nodiscard]] std::int64_t places() const {
    return windows[0].places * windows[1].places * windows[2].places;
  }
  [[nodiscard]] std::int64_t count() const { return planes.batch * planes.channels; }
};

/// Windows by a node's attributes, or one that covers a plane.
Pool read_pool(const OnnxCall& call, bool global) {
  Pool pool{read_planes(call, call.input(0).dims), {}};
  if (global) {
    for (std::size_t axis = 0; axis < kSlidingAxes; ++axis) {
      pool.windows[axis].size = pool.planes.extents[axis];
    }
  } else {
    pool.windows = read_sliding_over(call, pool.planes, {});
  }
  return pool;
}

/// Calls visit(place, element) for all that the windows read of each plane, tap by
/// tap; both are flattened indices of whole tensors.
template <typename Visit>
void for_each_read(const Pool& pool, const Visit& visit) {
  for (std::int64_t plane = 0; plane < pool.count(); ++plane) {
    const std::int64_t places = plane * pool.places();
    const std::int64_t elements = plane * pool.planes.size();
    for_each_tap(pool.windows, [&](const PlaneExtents& tap, std::int64_t) {
      for_each_tap_row(pool.windows, pool.planes.extents, tap, [&](const TapRow& row) {
        for (std::int64_t i = 0; i < row.count; ++i) {
          visit(static_cast<std::size_t>(places + row.place + i),
                static_cast<std::size_t>(elements + row.element + i * row.stride));
        }
      });
    });
  }
}

OnnxDims pooled_dims(const OnnxCall& call, const Pool& pool) {
  OnnxDims dims = dims_of(pool.planes, pool.planes.channels, count_places(pool.windows));
  check_size(call, dims);
  return dims;
}

/// Where a tensor's element lies if the last axis of its planes is the slowest.
std::int64_t column_major(const Planes& planes, std::int64_t element) {
  const std::int64_t within = element % planes.size();
  const auto& [depth, rows, cols] = planes.extents;
  const std::int64_t z = within / (rows * cols);
  const std::int64_t y = within / cols % rows;
  const std::int64_t x = within % cols;
  return element - within + z + depth * (y + rows * x);
}

std::vector<OnnxTensor> max_pool_of(const OnnxCall& call, bool global) {
  const Pool pool = read_pool(call, global);
  const OnnxTensor& data = call.input(0);
  OnnxTensor result{pooled_dims(call, pool), {}, data.type};
  const auto count = static_cast<std::size_t>(count_elements(result.dims));
  std::vector<std::int64_t> sources(count, 0);
  std::visit(
      [&]<typename Number>(const std::vector<Number>& values) {
        std::vector<Number> most(count, std::numeric_limits<Number>::lowest());
        for_each_read(pool, [&](std::size_t place, std::size_t element) {
          if (!(values[element] > most[place])) return;
          most[place] = values[element];
          sources[place] = static_cast<std::int64_t>(element);
        });
        result.values = std::move(most);
      },
      data.values);
  if (call.node.integer("storage_order", 0) != 0) {
    for (std::int64_t& source : sources) source = column_major(pool.planes, source);
  }
  const OnnxDims dims = result.dims;
  return {std::move(result), {dims, std::move(sources)}};
}

std::vector<OnnxTensor> max_pool(const OnnxCall& call) {
  return max_pool_of(call, false);
}

OnnxTensor global_max_pool(const OnnxCall& call) {
  return max_pool_of(call, true).front();
}

/// For each place along an axis, how many taps lie within the input, or within its padding, too.
std::vector<float> count_taps(const SlidingWindow& window, std::int64_t extent, bool padding) {
  const std::int64_t begin = padding ? -window.before : 0;
  const std::int64_t end = padding ? extent + window.after : extent;
  std::vector<float> counts;
  for (std::int64_t place = 0; place < window.places; ++place) {
    counts.push_back(0);
    for (std::int64_t tap = 0; tap < window.size; ++tap) {
      const std::int64_t at = window.at(place, tap);
      if (at >= begin && at < end) ++counts.back();
    }
  }
  return counts;
}

OnnxTensor average_pool_of(const OnnxCall& call, bool global) {
  const Pool pool = read_pool(call, global);
  const std::vector<float>& values = call.floats(0);
  OnnxDims dims = pooled_dims(call, pool);
  std::vector<float> sums(static_cast<std::size_t>(count_elements(dims)));
  for_each_read(pool,
                [&](std::size_t place, std::size_t element) { sums[place] += values[element]; });
  const bool padding = call.node.flag("count_include_pad");
  std::array<std::vector<float>, kSlidingAxes> counts;
  for (std::size_t axis = 0; axis < kSlidingAxes; ++axis) {
    counts[axis] = count_taps(pool.windows[axis], pool.planes.extents[axis], padding);
  }
  auto sum = sums.begin();
  for (std::int64_t plane = 0; plane < pool.count(); ++plane) {
    for (const float deep : counts[0]) {
      for (const float high : counts[1]) {
        for (const float wide : counts[2]) *sum++ /= std::max(1.0F, deep * high * wide);
      }
    }
  }
  return {std::move(dims), std::move(sums)};
}

OnnxTensor average_pool(const OnnxCall& call) {
  return average_pool_of(call, false);
}

OnnxTensor global_average_pool(const OnnxCall& call) {
  return average_pool_of(call, true);
}

OnnxTensor lp_pool_of(const OnnxCall& call, bool global) {
  const Pool pool = read_pool(call, global);
  const std::vector<float>& values = call.floats(0);
  const auto power = static_cast<float>(call.node.integer("p", 2));
  if (power < 1) call.node.refuse("its p must be 1 or more");
  OnnxDims dims = pooled_dims(call, pool);
  std::vector<float> sums(static_cast<std::size_t>(count_elements(dims)));
  for_each_read(pool, [&](std::size_t place, std::size_t element) {
    sums[place] += std::pow(std::abs(values[element]), power);
  });
  for (float& sum : sums) sum = std::pow(sum, 1 / power);
  return {std::move(dims), std::move(sums)};
}

OnnxTensor lp_pool(const OnnxCall& call) {
  return lp_pool_of(call, false);
}

OnnxTensor global_lp_pool(const OnnxCall& call) {
  return lp_pool_of(call, true);
}

/// The extents of what a MaxPool with these windows was made of, as far as they tell.
OnnxDims unpooled_dims(const OnnxCall& call, const Planes& planes) {
  const SlidingWindows windows = read_sliding(call, planes.axes, {});
  PlaneExtents extents = planes.extents;
  for (std::size_t axis = kSlidingAxes - planes.axes; axis < kSlidingAxes; ++axis) {
    const SlidingWindow& window = windows[axis];
    extents[axis] =
        (extents[axis] - 1) * window.stride + window.reach() - window.before - window.after;
  }
  return dims_of(planes, planes.channels, extents);
}

/// An index counts in the extents that the windows tell; a larger result has zeros behind them.
OnnxTensor max_unpool(const OnnxCall& call) {
  const std::vector<float>& values = call.floats(0);
  const std::vector<std::int64_t>& indices = call.integers(1);
  const OnnxDims told = unpooled_dims(call, read_planes(call, call.input(0).dims));
  const OnnxDims dims = call.has(2) ? call.integers(2) : told;
  check_size(call, told);
  check_size(call, dims);
  if (call.input(1).dims != call.input(0).dims || dims.size() != told.size()) {
    call.node.refuse("its inputs do not match");
  }
  std::vector<float> flat(static_cast<std::size_t>(count_elements(told)));
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (indices[i] < 0 || indices[i] >= static_cast<std::int64_t>(flat.size())) {
      call.node.refuse("there is no element " + std::to_string(indices[i]) + " in " +
                       to_string(told));
    }
    flat[static_cast<std::size_t>(indices[i])] = values[i];
  }
  std::vector<OnnxPlaces> places = places_of(told);
  for (std::size_t axis = 0; axis < places.size(); ++axis) {
    places[axis].resize(static_cast<std::size_t>(dims[axis]), kFilled);
  }
  return pick(call, {told, std::move(flat)}, std::move(places));
}

}  // namespace

std::vector<OnnxComputation> pooling_operators() {
  return {{"MaxPool", max_pool},
          {"GlobalMaxPool", one<global_max_pool>},
          {"AveragePool", one<average_pool>},
          {"GlobalAveragePool", one<global_average_pool>},
          {"LpPool", one<lp_pool>},
          {"GlobalLpPool", one<global_lp_pool>},
          {"MaxUnpool", one<max_unpool>, 1U << 2U}};
}

}  // namespace vpinfer
