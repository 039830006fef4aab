#include "kernel/elementwise.hpp"

#include <algorithm>

#include "kernel/activation.hpp"
#include "kernel/workers.hpp"

namespace vpinfer {
namespace {

/// Calls compute(row, col) for the pixels of a box, then activates each row.
template <typename Compute>
void for_each_row(const TensorView& output, const Box& box, const Activation& activation,
                  const Workers& workers, const Compute& compute) {
  const auto compute_row = [&](int row) {
    for (int col = box.cols.begin; col < box.cols.end; ++col) {
      compute(row, col, output.at(row, col, box.channels.begin));
    }
    activate(output.at(row, box.cols.begin, box.channels.begin),
             static_cast<std::size_t>(box.cols.size()), output.pixel_stride(),
             static_cast<std::size_t>(box.channels.size()), activation);
  };
  workers.share_out_rows(box.rows, compute_row);
}

/// Calls `use` with the function of two numbers.
template <typename Use>
void with_function(Arithmetic function, const Use& use) {
  switch (function) {
    case Arithmetic::kAdd: return use([](float a, float b) { return a + b; });
    case Arithmetic::kSubtract: return use([](float a, float b) { return a - b; });
    case Arithmetic::kMultiply: return use([](float a, float b) { return a * b; });
    case Arithmetic::kDivide: return use([](float a, float b) { return a / b; });
    case Arithmetic::kMaximum: return use([](float a, float b) { return larger(a, b); });
    case Arithmetic::kMinimum: return use([](float a, float b) { return -larger(-a, -b); });
  }
}

/// An input that is repeated along the axes on which it has extent 1.
struct Broadcast {
  const Shape& shape;
  const ConstTensorView& view;

  [[nodiscard]] bool one_channel() const { return shape.channels == 1; }
  [[nodiscard]] const float* at(int row, int col, int channel) const {
    return view.at(shape.rows == 1 ? 0 : row, shape.cols == 1 ? 0 : col,
                   one_channel() ? 0 : channel);
  }
};

}  // namespace

void combine(const Elementwise& elementwise, const Shape& a_shape, const ConstTensorView& a,
             const Shape& b_shape, const ConstTensorView& b, const TensorView& output,
             const Box& box, const Workers& workers) {
  const Broadcast left{a_shape, a};
  const Broadcast right{b_shape, b};
  const int channels = box.channels.size();
  with_function(elementwise.function, [&](auto function) {
    for_each_row(output, box, elementwise.activation, workers,
                 [&](int row, int col, float* target) {
                   const float* x = left.at(row, col, box.channels.begin);
                   const float* y = right.at(row, col, box.channels.begin);
                   if (left.one_channel() == right.one_channel()) {
                     for (int i = 0; i < channels; ++i) target[i] = function(x[i], y[i]);
                   } else if (right.one_channel()) {
                     for (int i = 0; i < channels; ++i) target[i] = function(x[i], *y);
                   } else {
                     for (int i = 0; i < channels; ++i) target[i] = function(*x, y[i]);
                   }
                 });
  });
}

void add_shortcut(const Shortcut& shortcut, const ConstTensorView& input, const Shape& output_shape,
                  const Shape& from_shape, const ConstTensorView& from, const TensorView& output,
                  const Box& box, const Workers& workers) {
  const int shrink = std::max(1, from_shape.rows / output_shape.rows);
  const int grow = std::max(1, output_shape.rows / from_shape.rows);
  const int added = intersect(box.channels, Interval{0, from_shape.channels}).size();
  for_each_row(output, box, shortcut.activation, workers, [&](int row, int col, float* target) {
    const float* source = input.at(row, col, box.channels.begin);
    std::copy_n(source, box.channels.size(), target);
    const int from_row = row / grow * shrink;
    const int from_col = col / grow * shrink;
    const bool meets = row % grow == 0 && col % grow == 0 && from_row < from_shape.rows &&
                       from_col < from_shape.cols;
    if (!meets || added == 0) return;
    const float* other = from.at(from_row, from_col, box.channels.begin);
    for (int i = 0; i < added; ++i) {
      target[i] = shortcut.alpha * source[i] + shortcut.beta * other[i];
    }
  });
}

void add_up(const Sum& sum, std::span<const float> weights, int first_channel,
            std::span<const ConstTensorView> inputs, const TensorView& output, const Box& box,
            const Workers& workers) {
  const int begin = box.channels.begin;
  const auto stride = inputs.size();
  for_each_row(output, box, sum.activation, workers, [&](int row, int col, float* target) {
    std::fill_n(target, box.channels.size(), 0.0F);
    for (std::size_t input = 0; input < inputs.size(); ++input) {
      const int added = intersect(box.channels, inputs[input].box.channels).size();
      if (added == 0) continue;
      const float* source = inputs[input].at(row, col, begin);
      if (!sum.weighted) {
        for (int i = 0; i < added; ++i) target[i] += source[i];
        continue;
      }
      const float* weight =
          weights.data() + static_cast<std::size_t>(begin - first_channel) * stride + input;
      for (int i = 0; i < added; ++i, weight += stride) target[i] += *weight * source[i];
    }
  });
}

void activate_box(const Activation& activation, const ConstTensorView& input,
                  const TensorView& output, const Box& box, const Workers& workers) {
  for_each_row(output, box, activation, workers, [&](int row, int col, float* target) {
    std::copy_n(input.at(row, col, box.channels.begin), box.channels.size(), target);
  });
}

void prelu(std::span<const float> slopes, int first_channel, const ConstTensorView& input,
           const TensorView& output, const Box& box, const Workers& workers) {
  const float* slope = slopes.data() + (box.channels.begin - first_channel);
  for_each_row(output, box, Activation::kLinear, workers, [&](int row, int col, float* target) {
    const float* source = input.at(row, col, box.channels.begin);
    for (int i = 0; i < box.channels.size(); ++i) {
      target[i] = source[i] > 0 ? source[i] : slope[i] * source[i];
    }
  });
}

void write_constant(const Constant& constant, std::span<const float> values, int first_channel,
                    const TensorView& output, const Box& box) {
  const auto plane = static_cast<std::size_t>(constant.shape.rows * constant.shape.cols);
  for (int row = box.rows.begin; row < box.rows.end; ++row) {
    for (int col = box.cols.begin; col < box.cols.end; ++col) {
      float* target = output.at(row, col, box.channels.begin);
      auto source = static_cast<std::size_t>(row * constant.shape.cols + col) +
                    static_cast<std::size_t>(box.channels.begin - first_channel) * plane;
      for (int i = 0; i < box.channels.size(); ++i, source += plane) target[i] = values[source];
    }
  }
}

}  // namespace vpinfer
