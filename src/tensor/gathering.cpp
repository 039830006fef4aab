// Operators that look elements up, or store some, at places that other inputs tell.

#include <algorithm>
#include <cstddef>
#include <utility>

#include "tensor/picking.hpp"

namespace vpinfer {
namespace {

/// An index into an axis, counted from its front.
std::int64_t from_front(const OnnxCall& call, std::int64_t index, std::int64_t extent) {
  if (index < -extent || index >= extent) {
    call.node.refuse("there is no element " + std::to_string(index) + " along an axis of " +
                     std::to_string(extent));
  }
  return index < 0 ? index + extent : index;
}

OnnxTensor gather(const OnnxCall& call) {
  const OnnxTensor& data = call.input(0);
  const OnnxDims& of_indices = call.input(1).dims;
  const std::size_t axis = call.node.axis(call.node.integer("axis", 0), data.dims.size());
  std::vector<OnnxPlaces> places = places_of(data.dims);
  const std::int64_t stride = strides_of(data.dims)[axis];
  places[axis].clear();
  for (const std::int64_t index : call.integers(1)) {
    places[axis].push_back(from_front(call, index, data.dims[axis]) * stride);
  }
  OnnxDims dims = data.dims;
  const auto at = dims.erase(dims.begin() + static_cast<std::ptrdiff_t>(axis));
  dims.insert(at, of_indices.begin(), of_indices.end());
  return reshaped(pick(call, data, std::move(places)), std::move(dims));
}

OnnxTensor compress(const OnnxCall& call) {
  const bool flat = !call.node.has_attribute("axis");
  OnnxTensor data = call.input(0);
  if (flat) data.dims = {count_elements(data.dims)};
  const std::size_t axis = call.node.axis(call.node.integer("axis", 0), data.dims.size());
  std::vector<OnnxPlaces> places = places_of(data.dims);
  const OnnxPlaces all = std::exchange(places[axis], {});
  const std::vector<std::int64_t>& kept = call.integers(1);
  for (std::size_t i = 0; i < std::min(kept.size(), all.size()); ++i) {
    if (kept[i] != 0) places[axis].push_back(all[i]);
  }
  return pick(call, data, std::move(places));
}

/// For each element of `indices`, row-major, the place in a flattened tensor of `dims` where its
/// index takes the place of its own along an axis.
OnnxPlaces places_along(const OnnxCall& call, const OnnxDims& dims, std::size_t axis) {
  const OnnxDims& within = call.input(1).dims;
  bool fits = within.size() == dims.size();
  for (std::size_t i = 0; fits && i < dims.size(); ++i) fits = i == axis || within[i] <= dims[i];
  if (!fits) {
    call.node.refuse("cannot look up " + to_string(within) + " in " + to_string(dims));
  }
  const OnnxDims strides = strides_of(dims);
  OnnxPlaces places;
  places.reserve(call.integers(1).size());
  OnnxDims at(dims.size(), 0);
  std::int64_t base = 0;  // without what `axis` adds
  for (const std::int64_t index : call.integers(1)) {
    places.push_back(base + from_front(call, index, dims[axis]) * strides[axis]);
    for (std::size_t i = dims.size(); i-- > 0;) {
      const std::int64_t stride = i == axis ? 0 : strides[i];
      base += stride;
      if (++at[i] < within[i]) break;
      base -= stride * within[i];
      at[i] = 0;
    }
  }
  return places;
}

OnnxTensor gather_elements(const OnnxCall& call) {
  const OnnxTensor& data = call.input(0);
  const std::size_t axis = call.node.axis(call.node.integer("axis", 0), data.dims.size());
  return reshaped(pick(call, data, {places_along(call, data.dims, axis)}), call.input(1).dims);
}

/// What the last axis of indices selects: blocks of a flattened tensor, and where each begins.
struct Blocks {
  OnnxPlaces begins;
  std::int64_t size = 1;
  OnnxDims outer;  ///< how the blocks are arranged
  OnnxDims inner;  ///< extents of one
};

/// `batch_axes` are alike in both, and not among those that indices tell of.
Blocks blocks_of(const OnnxCall& call, const OnnxDims& dims, std::size_t batch_axes) {
  const OnnxDims& of_indices = call.input(1).dims;
  const std::int64_t depth = of_indices.empty() ? 0 : of_indices.back();
  const auto told = batch_axes + static_cast<std::size_t>(depth);
  if (of_indices.size() <= batch_axes || depth < 0 || told > dims.size() ||
      !std::equal(dims.begin(), dims.begin() + static_cast<std::ptrdiff_t>(batch_axes),
                  of_indices.begin())) {
    call.node.refuse("indices of " + to_string(of_indices) + " do not fit " + to_string(dims));
  }
  Blocks blocks;
  blocks.outer.assign(of_indices.begin(), of_indices.end() - 1);
  blocks.inner.assign(dims.begin() + static_cast<std::ptrdiff_t>(told), dims.end());
  blocks.size = count_elements(blocks.inner);
  const OnnxDims strides = strides_of(dims);
  const std::int64_t count = count_elements(blocks.outer);
  const std::int64_t per_batch = count / std::max<std::int64_t>(1, count_before(dims, batch_axes));
  const std::vector<std::int64_t>& indices = call.integers(1);
  for (std::int64_t i = 0; i < count; ++i) {
    std::int64_t begin = i / per_batch * count_from(dims, batch_axes);
    for (std::int64_t k = 0; k < depth; ++k) {
      const std::size_t axis = batch_axes + static_cast<std::size_t>(k);
      const std::int64_t index = indices[static_cast<std::size_t>(i * depth + k)];
      begin += from_front(call, index, dims[axis]) * strides[axis];
    }
    blocks.begins.push_back(begin);
  }
  return blocks;
}

OnnxTensor gather_nd(const OnnxCall& call) {
  const OnnxTensor& data = call.input(0);
  const std::int64_t batch_axes = call.node.integer("batch_dims", 0);
  if (batch_axes < 0) call.node.refuse("its batch_dims must not be negative");
  Blocks blocks = blocks_of(call, data.dims, static_cast<std::size_t>(batch_axes));
  OnnxDims dims = blocks.outer;
  dims.insert(dims.end(), blocks.inner.begin(), blocks.inner.end());
  return reshaped(pick(call, data, {std::move(blocks.begins), spaced(blocks.size, 1)}),
                  std::move(dims));
}

template <typename Number>
void combine_into(const OnnxCall& call, const std::string& reduction, Number& stored,
                  Number update) {
  if (reduction == "none") {
    stored = update;
  } else if (reduction == "add") {
    stored += update;
  } else if (reduction == "mul") {
    stored *= update;
  } else if (reduction == "min") {
    stored = std::min(stored, update);
  } else if (reduction == "max") {
    stored = std::max(stored, update);
  } else {
    call.node.unsupported("reduction " + reduction);
  }
}

/// The first input with the blocks of the third stored at the places where they begin.
OnnxTensor scattered(const OnnxCall& call, const OnnxPlaces& begins, std::int64_t size) {
  const std::string reduction = call.node.text("reduction", "none");
  OnnxTensor result = call.input(0);
  const OnnxTensor& updates = call.input(2);
  if (updates.is_float() != result.is_float() ||
      count_elements(updates.dims) != static_cast<std::int64_t>(begins.size()) * size) {
    call.node.refuse("its updates of " + to_string(updates.dims) + " do not fit its indices");
  }
  std::visit(
      [&]<typename Number>(std::vector<Number>& values) {
        auto update = std::get<std::vector<Number>>(updates.values).begin();
        for (const std::int64_t begin : begins) {
          for (std::int64_t i = 0; i < size; ++i) {
            combine_into(call, reduction, values[static_cast<std::size_t>(begin + i)], *update++);
          }
        }
      },
      result.values);
  return result;
}

OnnxTensor scatter_elements(const OnnxCall& call) {
  const OnnxDims& dims = call.input(0).dims;
  const std::size_t axis = call.node.axis(call.node.integer("axis", 0), dims.size());
  return scattered(call, places_along(call, dims, axis), 1);
}

OnnxTensor scatter_nd(const OnnxCall& call) {
  const Blocks blocks = blocks_of(call, call.input(0).dims, 0);
  return scattered(call, blocks.begins, blocks.size);
}

}  // namespace

std::vector<OnnxComputation> gathering_operators() {
  return {{"Gather", one<gather>},
          {"GatherElements", one<gather_elements>},
          {"GatherND", one<gather_nd>},
          {"Compress", one<compress>, 1U << 1U},
          {"Scatter", one<scatter_elements>},
          {"ScatterElements", one<scatter_elements>},
          {"ScatterND", one<scatter_nd>}};
}

}  // namespace vpinfer
