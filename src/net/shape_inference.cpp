#include "net/shape_inference.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "net/heads.hpp"
#include "tensor/node_reader.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

/// No tensor of a model that fits a small machine is larger; keeps index arithmetic in range.
constexpr std::int64_t kMostElements = std::numeric_limits<std::int32_t>::max();
constexpr int kLargestReorg = 1024;
constexpr int kLargestWindow = 65536;

/// Infers the output shape of one operation from the shapes of its inputs.
class ShapeOf {
 public:
  ShapeOf(const std::vector<Shape>& inputs, const std::string& where)
      : inputs_(inputs), where_(where) {}

  Shape operator()(const Input&) const { refuse("only the first layer can be the input"); }

  Shape operator()(const Constant& constant) const {
    if (!inputs_.empty()) refuse("a constant takes no input");
    return constant.shape;
  }

  Shape operator()(const Convolution& conv) const {
    const Shape& in = only_input();
    check_filters(conv.filters);
    if (conv.groups < 1 || in.channels % conv.groups != 0 || conv.filters % conv.groups != 0) {
      refuse("groups=" + std::to_string(conv.groups) + " must divide the " +
             std::to_string(in.channels) + " input channels and the " +
             std::to_string(conv.filters) + " filters");
    }
    check_filter_size(conv.rows, conv.cols, in.channels);
    return {slide(conv.rows, in.rows, "rows"), slide(conv.cols, in.cols, "columns"), conv.filters};
  }

  Shape operator()(const LocallyConnected& local) const {
    const Shape& in = only_input();
    check_filters(local.filters);
    check_filter_size(local.rows, local.cols, in.channels);
    const Shape out{slide(local.rows, in.rows, "rows"), slide(local.cols, in.cols, "columns"),
                    local.filters};
    if (local.rows.dilation != 1 || local.cols.dilation != 1) {
      refuse("a locally connected layer cannot be dilated");
    }
    const std::int64_t per_pixel =
        std::int64_t{local.rows.size} * local.cols.size * in.channels + 1;
    if (std::int64_t{out.rows} * out.cols > kMostElements / per_pixel) {
      refuse("its filters are too large");
    }
    return out;
  }

  Shape operator()(const MaxPool& pool) const { return pooled(pool.rows, pool.cols); }
  Shape operator()(const AveragePool& pool) const { return pooled(pool.rows, pool.cols); }

  Shape operator()(const Elementwise&) const {
    check_inputs(2);
    const auto extent = [&](int Shape::*axis) {
      const int a = inputs_[0].*axis;
      const int b = inputs_[1].*axis;
      if (a != b && a != 1 && b != 1) {
        refuse("cannot combine " + to_string(inputs_[0]) + " and " + to_string(inputs_[1]));
      }
      return std::max(a, b);
    };
    return {extent(&Shape::rows), extent(&Shape::cols), extent(&Shape::channels)};
  }

  Shape operator()(const Shortcut&) const {
    check_inputs(2);
    const Shape& in = inputs_[0];
    const Shape& from = inputs_[1];
    const int shrink_rows = std::max(1, from.rows / in.rows);
    const int shrink_cols = std::max(1, from.cols / in.cols);
    const int grow_rows = std::max(1, in.rows / from.rows);
    const int grow_cols = std::max(1, in.cols / from.cols);
    if (shrink_rows != shrink_cols || grow_rows != grow_cols) {
      refuse("cannot add " + to_string(from) + " to " + to_string(in) +
             ": rows and columns differ by different factors");
    }
    return in;
  }

  Shape operator()(const Sum&) const {
    const Shape& in = inputs_.front();
    for (const Shape& other : inputs_) {
      if (other.rows != in.rows || other.cols != in.cols) {
        refuse("cannot add " + to_string(other) + " to " + to_string(in) +
               ": rows or columns differ");
      }
    }
    return in;
  }

  Shape operator()(const Activate&) const { return only_input(); }
  Shape operator()(const PRelu&) const { return only_input(); }

  Shape operator()(const Softmax& softmax) const {
    const Shape& in = only_input();
    if (!(softmax.temperature > 0)) refuse("the temperature must be above 0");
    if (softmax.tree.empty()) {
      if (softmax.groups < 1 || in.channels % softmax.groups != 0) {
        refuse("groups=" + std::to_string(softmax.groups) + " must divide the " +
               std::to_string(in.channels) + " input channels");
      }
      return in;
    }
    check_tree(softmax.tree, where_);
    if (static_cast<int>(softmax.tree.size()) != in.channels || softmax.groups != 1) {
      refuse("a tree of " + std::to_string(softmax.tree.size()) + " classes does not suit " +
             std::to_string(in.channels) + " channels");
    }
    return in;
  }

  Shape operator()(const Attention& attention) const {
    if (inputs_.size() != 3) refuse("takes exactly three inputs");
    check_heads(attention.heads, attention.queries, inputs_[0]);
    check_heads(attention.heads, attention.keys, inputs_[1]);
    check_heads(attention.heads, attention.values, inputs_[2]);
    const bool same_pixels =
        inputs_[1].rows == inputs_[2].rows && inputs_[1].cols == inputs_[2].cols;
    if (attention.queries.size != attention.keys.size || !same_pixels) {
      refuse("its queries, keys and values do not suit each other");
    }
    if (!std::isfinite(attention.scale)) refuse("its scale must be a number");
    return {inputs_[0].rows, inputs_[0].cols, attention.heads * attention.values.size};
  }

  Shape operator()(const Concat& concat) const {
    Shape out = inputs_.front();
    std::int64_t total = 0;
    for (const Shape& in : inputs_) {
      Shape expected = in;
      along(expected, concat.axis) = along(out, concat.axis);
      if (expected != out) {
        refuse("cannot join " + to_string(inputs_.front()) + " and " + to_string(in) +
               ": their other extents differ");
      }
      total += along(in, concat.axis);
    }
    if (total > kMostElements) refuse("it would be too large");
    along(out, concat.axis) = static_cast<int>(total);
    return out;
  }

  Shape operator()(const Slice& slice) const {
    const Shape& in = only_input();
    return {cut(slice.rows, in.rows, "rows"), cut(slice.cols, in.cols, "columns"),
            cut(slice.channels, in.channels, "channels")};
  }

  Shape operator()(const Pad& pad) const {
    const Shape& in = only_input();
    return {extend(pad.rows, pad.mode, in.rows, "rows"),
            extend(pad.cols, pad.mode, in.cols, "columns"),
            extend(pad.channels, pad.mode, in.channels, "channels")};
  }

  Shape operator()(const Resample& resample) const {
    const Shape& in = only_input();
    for (const Sampling& axis : {resample.rows, resample.cols}) {
      const bool finite = std::isfinite(axis.scale) && std::isfinite(axis.output_offset) &&
                          std::isfinite(axis.input_offset) && std::isfinite(axis.multiplier);
      if (!finite || axis.scale <= 0 || axis.multiplier <= 0) {
        refuse("its scale must be a number above 0");
      }
    }
    return {resample.rows.size, resample.cols.size, in.channels};
  }

  Shape operator()(const Flatten& flatten) const {
    const Shape& in = only_input();
    const auto elements = static_cast<std::int64_t>(in.elements());
    if (flatten.extra < 0 || elements + flatten.extra > kMostElements) {
      refuse("it would have too many channels");
    }
    return {1, 1, static_cast<int>(elements) + flatten.extra};
  }

  Shape operator()(const Reorg& reorg) const {
    const Shape& in = only_input();
    const int s = reorg.stride;
    check_block(s);
    if (in.channels % (s * s) != 0) refuse_reorg(in, "channels", s * s);
    if (reorg.reverse) return {in.rows * s, in.cols * s, in.channels / (s * s)};
    if (in.rows % s != 0) refuse_reorg(in, "rows", s);
    if (in.cols % s != 0) refuse_reorg(in, "columns", s);
    return {in.rows / s, in.cols / s, in.channels * s * s};
  }

  Shape operator()(const SpaceToDepth& move) const {
    const Shape& in = only_input();
    check_block(move.rows);
    check_block(move.cols);
    if (in.rows % move.rows != 0) refuse_reorg(in, "rows", move.rows);
    if (in.cols % move.cols != 0) refuse_reorg(in, "columns", move.cols);
    return {in.rows / move.rows, in.cols / move.cols, in.channels * (move.rows * move.cols)};
  }

  Shape operator()(const DepthToSpace& move) const {
    const Shape& in = only_input();
    check_block(move.rows);
    check_block(move.cols);
    const int pixels = move.rows * move.cols;
    if (in.channels % pixels != 0) refuse_reorg(in, "channels", pixels);
    return {in.rows * move.rows, in.cols * move.cols, in.channels / pixels};
  }

  Shape operator()(const ShuffleChannels& shuffle) const {
    const Shape& in = only_input();
    if (shuffle.groups < 1 || in.channels % shuffle.groups != 0) {
      refuse_reorg(in, "channels", shuffle.groups);
    }
    return in;
  }

  Shape operator()(const Island& island) const {
    for (const IslandArgument& argument : island.arguments) {
      if (!argument.input) continue;
      const auto input = static_cast<std::size_t>(*argument.input);
      if (*argument.input < 0 || input >= inputs_.size() ||
          count_elements(argument.form.dims) !=
              static_cast<std::int64_t>(inputs_[input].elements())) {
        refuse("a tensor of " + to_string(argument.form.dims) + " is none of its inputs");
      }
    }
    return box_of(island.form.dims);
  }

  Shape operator()(const Region& head) const { return head_shape(head); }
  Shape operator()(const GridHead& head) const { return head_shape(head); }
  Shape operator()(const NanoDet& head) const { return head_shape(head); }

  Shape operator()(const Candidates& head) const {
    return shape_of_candidates(head, inputs_, where_);
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const { throw BadInput(where_ + ": " + why); }

  /// A head only takes its input for something else.
  template <typename Head>
  Shape head_shape(const Head& head) const {
    check_head(head, only_input(), where_);
    return inputs_.front();
  }

  [[noreturn]] void refuse_reorg(const Shape& in, const std::string& axis, int divisor) const {
    refuse("the " + axis + " of its input " + to_string(in) + " must be a multiple of " +
           std::to_string(divisor));
  }

  void check_inputs(std::size_t count) const {
    if (inputs_.size() == count) return;
    refuse("takes exactly " + std::string(count == 1 ? "one input" : "two inputs"));
  }

  const Shape& only_input() const {
    check_inputs(1);
    return inputs_.front();
  }

  void check_filters(int filters) const {
    if (filters < 1) refuse("filters must be at least 1");
  }

  void check_filter_size(const Window& rows, const Window& cols, int channels) const {
    if (std::int64_t{rows.size} * cols.size > kMostElements / channels) {
      refuse("its filters are too large");
    }
  }

  void check_heads(int heads, const HeadChannels& channels, const Shape& in) const {
    const bool sound =
        heads >= 1 && heads <= kMostElements && channels.begin >= 0 && channels.stride >= 0 &&
        channels.size >= 1 &&
        channels.begin + (heads - std::int64_t{1}) * channels.stride + channels.size <= in.channels;
    if (!sound || std::int64_t{heads} * channels.size > kMostElements) {
      refuse(std::to_string(heads) + " heads of " + std::to_string(channels.size) +
             " channels do not fit an input of " + to_string(in));
    }
  }

  void check_block(int stride) const {
    if (stride < 1 || stride > kLargestReorg) {
      refuse("stride must be from 1 to " + std::to_string(kLargestReorg));
    }
  }

  int cut(const Cut& axis, int size, const std::string& name) const {
    const std::int64_t last = axis.begin + (axis.size - std::int64_t{1}) * axis.step;
    const bool inside = axis.size >= 1 && axis.step != 0 && axis.begin >= 0 && axis.begin < size &&
                        last >= 0 && last < size;
    if (!inside) {
      refuse("cannot take " + std::to_string(axis.size) + " " + name + " from " +
             std::to_string(axis.begin) + " in steps of " + std::to_string(axis.step) + " out of " +
             std::to_string(size));
    }
    return axis.size;
  }

  int extend(const Padding& padding, PadMode mode, int size, const std::string& name) const {
    const int most = std::max(padding.before, padding.after);
    if (padding.before < 0 || padding.after < 0 || most > kLargestWindow ||
        (mode == PadMode::kReflect && most >= size)) {
      refuse("cannot add " + std::to_string(padding.before) + " and " +
             std::to_string(padding.after) + " to " + std::to_string(size) + " " + name);
    }
    if (size > kMostElements - 2 * kLargestWindow) refuse("its output would be too large");
    return size + padding.before + padding.after;
  }

  int slide(const Window& window, int size, const std::string& axis) const {
    if (window.size < 1 || window.stride < 1 || window.dilation < 1) {
      refuse("size, stride and dilation must be at least 1");
    }
    for (const int extent :
         {window.size, window.pad_before, window.pad_after, window.dilation, window.overhang}) {
      if (extent > kLargestWindow) {
        refuse("a window or padding of " + std::to_string(extent) + " is too large");
      }
    }
    const std::int64_t reach = (window.size - std::int64_t{1}) * window.dilation + 1;
    const std::int64_t room =
        std::int64_t{size} + window.pad_before + window.pad_after + window.overhang - reach;
    if (window.pad_before < 0 || window.pad_after < 0 || window.overhang < 0 || room < 0) {
      refuse("a window of " + std::to_string(reach) + " does not fit " + std::to_string(size) +
             " " + axis);
    }
    const std::int64_t steps = room / window.stride + 1;
    if (steps > kMostElements) refuse("its output would be too large");
    return static_cast<int>(steps);
  }

  Shape pooled(const Window& rows, const Window& cols) const {
    const Shape& in = only_input();
    const Shape out{slide(rows, in.rows, "rows"), slide(cols, in.cols, "columns"), in.channels};
    check_pooling(rows, in.rows, out.rows, "rows");
    check_pooling(cols, in.cols, out.cols, "columns");
    return out;
  }

  /// There is no maximum and no mean of padding alone.
  void check_pooling(const Window& window, int size, int outputs, const std::string& axis) const {
    const auto check = [&](int output) {
      if (taps_within(window, output, {0, size}).count > 0) return;
      refuse("window " + std::to_string(output) + " of its " + axis + " lies in the padding alone");
    };
    const auto begin = [&](int output) {
      return std::int64_t{output} * window.stride - window.pad_before;
    };
    for (int i = 0; i < outputs && begin(i) < 0; ++i) check(i);
    for (int i = outputs - 1; i >= 0 && begin(i) + window.reach() > size; --i) check(i);
  }

  const std::vector<Shape>& inputs_;
  const std::string& where_;
};

}  // namespace

void check_extent(const Shape& shape, const std::string& where) {
  if (shape.rows < 1 || shape.cols < 1 || shape.channels < 1) {
    throw BadInput(where + ": an extent of " + to_string(shape) + " is empty");
  }
  if (std::int64_t{shape.rows} * shape.cols > kMostElements / shape.channels) {
    throw BadInput(where + ": an extent of " + to_string(shape) + " is too large");
  }
}

Shape infer_shape(const Operation& operation, const std::vector<Shape>& inputs,
                  const std::string& where) {
  const Shape output = std::visit(ShapeOf(inputs, where), operation);
  check_extent(output, where);
  return output;
}

}  // namespace vpinfer
