#include "kernel/softmax.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace vpinfer {
namespace {

/// Calls visit(values) with the channels of each pixel of a box.
template <typename Visit>
void for_each_pixel(const ConstTensorView& view, const Box& box, const Visit& visit) {
  for (int row = box.rows.begin; row < box.rows.end; ++row) {
    for (int col = box.cols.begin; col < box.cols.end; ++col) {
      visit(std::span(view.at(row, col, box.channels.begin),
                      static_cast<std::size_t>(box.channels.size())));
    }
  }
}

/// Writes `part` of the output, normalised over `group` of the input.
void normalise(float temperature, const ConstTensorView& input, const Box& group,
               const TensorView& output, const Box& part) {
  float largest = -std::numeric_limits<float>::infinity();
  for_each_pixel(input, group, [&](std::span<const float> values) {
    for (const float value : values) largest = std::max(largest, value);
  });
  float sum = 0;
  for_each_pixel(input, group, [&](std::span<const float> values) {
    for (const float value : values) sum += std::exp((value - largest) / temperature);
  });
  for (int row = part.rows.begin; row < part.rows.end; ++row) {
    for (int col = part.cols.begin; col < part.cols.end; ++col) {
      const float* source = input.at(row, col, part.channels.begin);
      float* target = output.at(row, col, part.channels.begin);
      for (int i = 0; i < part.channels.size(); ++i) {
        target[i] = std::exp((source[i] - largest) / temperature) / sum;
      }
    }
  }
}

}  // namespace

void softmax(std::span<float> scores) {
  if (scores.empty()) return;
  const float largest = *std::max_element(scores.begin(), scores.end());
  float sum = 0;
  for (float& score : scores) {
    score = std::exp(score - largest);
    sum += score;
  }
  for (float& score : scores) score /= sum;
}

void softmax_box(const Softmax& softmax, const Shape& input_shape, const ConstTensorView& input,
                 const TensorView& output, const Box& box) {
  const Box all = whole(input_shape);
  for (const Interval& channels : softmax_groups(softmax, input_shape.channels)) {
    const Interval touched = intersect(channels, box.channels);
    if (touched.empty()) continue;
    // Rows and columns that are normalised on their own are taken one by one.
    const int row_step = softmax.over_rows ? box.rows.size() : 1;
    const int col_step = softmax.over_cols ? box.cols.size() : 1;
    for (int row = box.rows.begin; row < box.rows.end; row += row_step) {
      for (int col = box.cols.begin; col < box.cols.end; col += col_step) {
        const Interval rows{row, row + row_step};
        const Interval cols{col, col + col_step};
        normalise(
            softmax.temperature, input,
            {softmax.over_rows ? all.rows : rows, softmax.over_cols ? all.cols : cols, channels},
            output, {rows, cols, touched});
      }
    }
  }
}

}  // namespace vpinfer
