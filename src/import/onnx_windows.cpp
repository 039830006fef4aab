#include <algorithm>

#include "import/onnx_builder.hpp"

namespace vpinfer {
namespace {

/// The numbers of an attribute that has one per axis.
std::vector<std::int64_t> per_axis(const OnnxNodeReader& node, const std::string& name,
                                   std::size_t count, std::int64_t fallback) {
  std::vector<std::int64_t> list = node.integers(name, std::vector<std::int64_t>(count, fallback));
  if (list.size() != count) {
    node.refuse("its attribute '" + name + "' must hold " + std::to_string(count) + " numbers");
  }
  return list;
}

/// Padding so that the output has an element for every stride of the input.
void pad_same(Window& window, int size, bool more_after) {
  const int outputs = (size - 1) / window.stride + 1;
  const int total = std::max(0, (outputs - 1) * window.stride + window.reach() - size);
  window.pad_before = more_after ? total / 2 : total - total / 2;
  window.pad_after = total - window.pad_before;
}

/// Makes room for a last window that lies partly beyond the padding, if it begins in the input or
/// in the padding before it (the note on ceil_mode in ONNX's MaxPool, since operator set 22).
void round_up(Window& window, int size) {
  const std::int64_t padded = std::int64_t{size} + window.pad_before;
  const std::int64_t room = padded + window.pad_after - window.reach();
  const std::int64_t last = (room + window.stride - 1) / window.stride;  // the last window's number
  if (room <= -window.stride || last * window.stride >= padded) return;
  window.overhang = static_cast<int>(last * window.stride - room);
}

}  // namespace

Windows read_windows(const OnnxNodeReader& node, const Shape& shape,
                     std::vector<std::int64_t> kernel) {
  kernel = node.integers("kernel_shape", std::move(kernel));
  const std::size_t axes = kernel.size();
  if (axes != 2 && !(axes == 1 && shape.cols == 1)) {
    node.unsupported("a window of " + std::to_string(axes) + " axes on this input");
  }
  const std::vector<std::int64_t> strides = per_axis(node, "strides", axes, 1);
  const std::vector<std::int64_t> dilations = per_axis(node, "dilations", axes, 1);
  const std::vector<std::int64_t> pads = per_axis(node, "pads", 2 * axes, 0);
  const std::string automatic = node.text("auto_pad", "NOTSET");
  const auto window = [&](std::size_t axis) {
    const Window result{node.small(kernel[axis]), node.small(strides[axis]), node.small(pads[axis]),
                        node.small(pads[axis + axes]), node.small(dilations[axis])};
    const int largest = 65536;
    for (const int number : {result.size, result.stride, result.dilation}) {
      if (number < 1 || number > largest) {
        node.refuse("a kernel, stride or dilation of " + std::to_string(number) +
                    " is not possible");
      }
    }
    if ((result.size - std::int64_t{1}) * result.dilation >= largest) {
      node.refuse("a kernel of " + std::to_string(result.size) + " dilated by " +
                  std::to_string(result.dilation) + " is too large");
    }
    for (const int number : {result.pad_before, result.pad_after}) {
      if (number < 0) node.unsupported("negative padding");
      if (number > largest) node.refuse("padding of " + std::to_string(number) + " is too large");
    }
    return result;
  };
  Windows windows{window(0), axes == 2 ? window(1) : Window{}};
  if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
    pad_same(windows.rows, shape.rows, automatic == "SAME_UPPER");
    pad_same(windows.cols, shape.cols, automatic == "SAME_UPPER");
  } else if (automatic == "VALID") {
    windows.rows.pad_before = windows.rows.pad_after = 0;
    windows.cols.pad_before = windows.cols.pad_after = 0;
  } else if (automatic != "NOTSET") {
    node.unsupported("auto_pad " + automatic);
  }
  if (node.flag("ceil_mode")) {
    round_up(windows.rows, shape.rows);
    round_up(windows.cols, shape.cols);
  }
  return windows;
}

}  // namespace vpinfer
