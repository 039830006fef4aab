#include "vpinfer/kernel/pooling.hpp"

#include <algorithm>
#include <limits>

namespace vpinfer {
namespace {

Interval clipped_window(const Window& window, int output, int input_size) {
  const int begin = output * window.stride - window.pad_before;
  return intersect(Interval{begin, begin + window.size}, Interval{0, input_size});
}

}  // namespace

void max_pool(const MaxPool& pool, const Shape& input_shape, const ConstTensorView& input,
              const TensorView& output, const Box& box, const Progress& progress) {
  const int channels = box.channels.size();
  for (int row = box.rows.begin; row < box.rows.end; ++row) {
    const Interval rows = clipped_window(pool.rows, row, input_shape.rows);
    for (int col = box.cols.begin; col < box.cols.end; ++col) {
      const Interval cols = clipped_window(pool.cols, col, input_shape.cols);
      float* target = output.at(row, col, box.channels.begin);
      std::fill_n(target, channels, -std::numeric_limits<float>::max());
      for (int r = rows.begin; r < rows.end; ++r) {
        for (int c = cols.begin; c < cols.end; ++c) {
          const float* source = input.at(r, c, box.channels.begin);
          for (int i = 0; i < channels; ++i) target[i] = std::max(target[i], source[i]);
        }
      }
    }
    progress();
  }
}

}  // namespace vpinfer
