#include "tensor/sliding.hpp"

#include <algorithm>
#include <cstddef>

namespace vpinfer {
namespace {

constexpr std::int64_t kLargestWindow = 65536;

/// Padding so that there is a place for every stride of the input.
void pad_for_same(SlidingWindow& window, std::int64_t extent, bool more_after) {
  const std::int64_t places = (extent - 1) / window.stride + 1;
  const std::int64_t total =
      std::max(std::int64_t{0}, (places - 1) * window.stride + window.reach() - extent);
  window.before = more_after ? total / 2 : total - total / 2;
  window.after = total - window.before;
}

/// Of windows that reach beyond the padding, as ceil_mode wants one, the last must begin in the
/// input or in the padding before it (the note on ceil_mode in ONNX's MaxPool, since operator set
/// 22).
void place_along(const OnnxCall& call, SlidingWindow& window, std::int64_t extent) {
  const std::int64_t room = extent + window.before + window.after - window.reach();
  std::int64_t last = room < 0 ? -1 : room / window.stride;
  if (call.node.flag("ceil_mode") && room > -window.stride) {
    const std::int64_t beyond = (room + window.stride - 1) / window.stride;
    if (beyond * window.stride < extent + window.before) last = beyond;
  }
  if (last < 0) {
    call.node.refuse("a window that reaches " + std::to_string(window.reach()) +
                     " elements is larger than its input of " + std::to_string(extent));
  }
  window.places = last + 1;
}

}  // namespace

std::int64_t SlidingWindow::first(std::int64_t tap) const {
  return std::max(std::int64_t{0}, (before - tap * dilation + stride - 1) / stride);
}

std::int64_t SlidingWindow::end(std::int64_t tap, std::int64_t extent) const {
  const std::int64_t room = extent - 1 + before - tap * dilation;
  return room < 0 ? 0 : std::min(places, room / stride + 1);
}

Planes read_planes(const OnnxCall& call, const OnnxDims& dims) {
  if (dims.size() < 2 || dims.size() > 2 + kSlidingAxes) {
    call.node.unsupported("an input of " + to_string(dims));
  }
  Planes planes{dims[0], dims[1], dims.size() - 2};
  std::copy(dims.begin() + 2, dims.end(),
            planes.extents.end() - static_cast<std::ptrdiff_t>(planes.axes));
  return planes;
}

OnnxDims dims_of(const Planes& planes, std::int64_t channels, const PlaneExtents& extents) {
  OnnxDims dims{planes.batch, channels};
  dims.insert(dims.end(), extents.end() - static_cast<std::ptrdiff_t>(planes.axes), extents.end());
  return dims;
}

PlaneExtents per_axis(const OnnxNodeReader& node, const std::string& name, std::size_t axes,
                      std::int64_t fallback) {
  const OnnxDims list = node.integers(name, OnnxDims(axes, fallback));
  if (list.size() != axes) {
    node.refuse("its attribute '" + name + "' must hold " + std::to_string(axes) + " numbers");
  }
  PlaneExtents extents;
  extents.fill(fallback);
  std::copy(list.begin(), list.end(), extents.end() - static_cast<std::ptrdiff_t>(axes));
  return extents;
}

SlidingWindows read_sliding(const OnnxCall& call, std::size_t axes, const OnnxDims& kernel) {
  const OnnxDims sizes = call.node.integers("kernel_shape", kernel);
  const OnnxDims pads = call.node.integers("pads", OnnxDims(2 * axes, 0));
  const PlaneExtents strides = per_axis(call.node, "strides", axes, 1);
  const PlaneExtents dilations = per_axis(call.node, "dilations", axes, 1);
  if (axes == 0 || sizes.size() != axes || pads.size() != 2 * axes) {
    call.node.refuse("its kernel and pads must suit " + std::to_string(axes) + " axes");
  }
  SlidingWindows windows;
  const std::size_t skipped = kSlidingAxes - axes;
  for (std::size_t i = 0; i < axes; ++i) {
    SlidingWindow& window = windows[skipped + i];
    window = {sizes[i], strides[skipped + i], dilations[skipped + i], pads[i], pads[i + axes], 1};
    for (const std::int64_t number : {window.size, window.stride, window.dilation}) {
      if (number < 1 || number > kLargestWindow) {
        call.node.refuse("a kernel, stride or dilation of " + std::to_string(number) +
                         " is not possible");
      }
    }
    for (const std::int64_t number : {window.before, window.after}) {
      if (number < 0) call.node.unsupported("negative padding");
      if (number > kLargestWindow) {
        call.node.refuse("padding of " + std::to_string(number) + " is too large");
      }
    }
  }
  return windows;
}

SlidingWindows read_sliding_over(const OnnxCall& call, const Planes& planes,
                                 const OnnxDims& kernel) {
  SlidingWindows windows = read_sliding(call, planes.axes, kernel);
  const std::string automatic = call.node.text("auto_pad", "NOTSET");
  const bool same = automatic == "SAME_UPPER" || automatic == "SAME_LOWER";
  if (!same && automatic != "VALID" && automatic != "NOTSET") {
    call.node.unsupported("auto_pad " + automatic);
  }
  for (std::size_t axis = kSlidingAxes - planes.axes; axis < kSlidingAxes; ++axis) {
    SlidingWindow& window = windows[axis];
    if (same) pad_for_same(window, planes.extents[axis], automatic == "SAME_UPPER");
    if (automatic == "VALID") window.before = window.after = 0;
    place_along(call, window, planes.extents[axis]);
  }
  return windows;
}

PlaneExtents count_places(const SlidingWindows& windows) {
  return {windows[0].places, windows[1].places, windows[2].places};
}

}  // namespace vpinfer
