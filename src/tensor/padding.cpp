// Operators that add elements around a tensor, or leave them out there.

#include <algorithm>
#include <cstddef>
#include <utility>

#include "tensor/picking.hpp"

namespace vpinfer {
namespace {

/// How many elements an axis gets before and after its own; it loses as many where negative.
struct Margin {
  std::int64_t before = 0;
  std::int64_t after = 0;
};

/// The element that stands at a place before, in or behind `size` elements that are padded.
std::int64_t source_of_padding(const std::string& mode, std::int64_t at, std::int64_t size) {
  if (at >= 0 && at < size) return at;
  if (mode == "edge") return std::clamp(at, std::int64_t{0}, size - 1);
  const auto modulo = [](std::int64_t a, std::int64_t b) { return (a % b + b) % b; };
  if (mode == "wrap") return modulo(at, size);
  if (mode == "reflect") {
    const std::int64_t period = std::max<std::int64_t>(1, 2 * (size - 1));
    const std::int64_t turned = modulo(at, period);
    return std::min(turned, period - turned);
  }
  return kFilled;
}

/// The places of an axis with a margin: first it loses, then it gets elements.
OnnxPlaces padded_places(const OnnxCall& call, const OnnxPlaces& own, const Margin& margin,
                         const std::string& mode) {
  const auto extent = static_cast<std::int64_t>(own.size());
  if (margin.before < -extent || margin.after < -extent) {
    call.node.refuse("cannot take more from an axis than its " + std::to_string(extent) +
                     " elements");
  }
  const std::int64_t begin = std::max(std::int64_t{0}, -margin.before);
  const std::int64_t size = extent - begin - std::max(std::int64_t{0}, -margin.after);
  const std::int64_t before = std::max(std::int64_t{0}, margin.before);
  const std::int64_t after = std::max(std::int64_t{0}, margin.after);
  check_size(call, {before});
  check_size(call, {after});
  if (size < 0 || (size == 0 && mode != "constant" && before + after > 0)) {
    call.node.refuse("cannot pad " + std::to_string(extent) + " elements by " +
                     std::to_string(margin.before) + " and " + std::to_string(margin.after));
  }
  OnnxPlaces places;
  for (std::int64_t at = -before; at < size + after; ++at) {
    const std::int64_t source = source_of_padding(mode, at, size);
    places.push_back(source == kFilled ? kFilled : own[static_cast<std::size_t>(begin + source)]);
  }
  return places;
}

/// The margin of every axis of a tensor; `axes` are those that `pads` tells of, none all.
std::vector<Margin> margins(const OnnxCall& call, const OnnxDims& pads, const OnnxDims& axes) {
  const std::size_t rank = call.input(0).dims.size();
  const std::size_t count = axes.empty() ? rank : axes.size();
  if (pads.size() != 2 * count) {
    call.node.refuse("its pads must be " + std::to_string(2 * count) + " numbers");
  }
  std::vector<Margin> result(rank);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t axis = axes.empty() ? i : call.node.axis(axes[i], rank);
    result[axis] = {pads[i], pads[i + count]};
  }
  return result;
}

OnnxTensor with_margins(const OnnxCall& call, const std::vector<Margin>& margins,
                        const std::string& mode, double filling) {
  std::vector<OnnxPlaces> places = places_of(call.input(0).dims);
  for (std::size_t axis = 0; axis < places.size(); ++axis) {
    places[axis] = padded_places(call, places[axis], margins[axis], mode);
  }
  return pick(call, call.input(0), std::move(places), filling);
}

/// The number that stands in a padding.
double filling_of(const OnnxCall& call) {
  if (call.node.opset() < 11) return static_cast<double>(call.node.number("value", 0));
  if (!call.has(2) || count_elements(call.input(2).dims) == 0) return 0;
  return std::visit([](const auto& values) { return static_cast<double>(values.front()); },
                    call.input(2).values);
}

OnnxTensor pad(const OnnxCall& call) {
  const std::string mode = call.node.text("mode", "constant");
  if (mode != "constant" && mode != "edge" && mode != "reflect" && mode != "wrap") {
    call.node.unsupported("mode " + mode);
  }
  const OnnxDims pads = call.node.opset() < 11 ? call.node.integers("pads", {}) : call.integers(1);
  const OnnxDims axes = call.has(3) ? call.integers(3) : OnnxDims{};
  return with_margins(call, margins(call, pads, axes), mode, filling_of(call));
}

OnnxTensor center_crop_pad(const OnnxCall& call) {
  const OnnxDims& dims = call.input(0).dims;
  const OnnxDims& wanted = call.integers(1);
  const OnnxDims axes = call.node.integers("axes", {});
  if (wanted.size() != (axes.empty() ? dims.size() : axes.size())) {
    call.node.refuse("needs an extent for each axis that it changes");
  }
  std::vector<Margin> around(dims.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const std::size_t axis = axes.empty() ? i : call.node.axis(axes[i], dims.size());
    const std::int64_t more = wanted[i] - dims[axis];
    around[axis] = {more / 2, more - more / 2};
  }
  return with_margins(call, around, "constant", 0);
}

}  // namespace

std::vector<OnnxComputation> padding_operators() {
  return {{"Pad", one<pad>, 1U << 1U | 1U << 3U},
          {"CenterCropPad", one<center_crop_pad>, 1U << 1U}};
}

}  // namespace vpinfer
