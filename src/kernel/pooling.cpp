#include "kernel/pooling.hpp"

#include <algorithm>
#include <limits>

#include "kernel/workers.hpp"

namespace vpinfer {
namespace {

/// Calls combine(target, source) with the channels of an output pixel and of each input pixel in
/// its window; `target` starts as `initial`, and finish(target, row, col, inputs) ends a pixel.
template <typename Pool, typename Combine, typename Finish>
void pool_windows(const Pool& pool, const Shape& shape, const ConstTensorView& input,
                  const TensorView& output, const Box& box, const Workers& workers, float initial,
                  const Combine& combine, const Finish& finish) {
  const auto pool_row = [&](int row) {
    const WindowTaps rows = taps_within(pool.rows, row, {0, shape.rows});
    for (int col = box.cols.begin; col < box.cols.end; ++col) {
      const WindowTaps cols = taps_within(pool.cols, col, {0, shape.cols});
      float* target = output.at(row, col, box.channels.begin);
      std::fill_n(target, box.channels.size(), initial);
      for (int r = 0; r < rows.count; ++r) {
        for (int c = 0; c < cols.count; ++c) {
          combine(target, input.at(rows.begin + r * pool.rows.dilation,
                                   cols.begin + c * pool.cols.dilation, box.channels.begin));
        }
      }
      finish(target, row, col, rows.count * cols.count);
    }
  };
  workers.share_out_rows(box.rows, pool_row);
}

}  // namespace

void max_pool(const MaxPool& pool, const Shape& input_shape, const ConstTensorView& input,
              const TensorView& output, const Box& box, const Workers& workers) {
  const int channels = box.channels.size();
  pool_windows(
      pool, input_shape, input, output, box, workers, -std::numeric_limits<float>::infinity(),
      [=](float* target, const float* source) {
        for (int i = 0; i < channels; ++i) target[i] = larger(target[i], source[i]);
      },
      [](float*, int, int, int) {});
}

void average_pool(const AveragePool& pool, const Shape& input_shape, const ConstTensorView& input,
                  const TensorView& output, const Box& box, const Workers& workers) {
  const int channels = box.channels.size();
  const auto padded = [](const Window& window, int size, int index) {
    return taps_within(window, index, {-window.pad_before, size + window.pad_after}).count;
  };
  pool_windows(
      pool, input_shape, input, output, box, workers, 0.0F,
      [=](float* target, const float* source) {
        for (int i = 0; i < channels; ++i) target[i] += source[i];
      },
      [&](float* target, int row, int col, int inputs) {
        const int count = pool.counts_padding ? padded(pool.rows, input_shape.rows, row) *
                                                    padded(pool.cols, input_shape.cols, col)
                                              : inputs;
        const float factor = 1 / static_cast<float>(count);  // every window meets the input
        for (int i = 0; i < channels; ++i) target[i] *= factor;
      });
}

}  // namespace vpinfer
