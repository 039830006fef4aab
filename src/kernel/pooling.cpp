#include "vpinfer/kernel/pooling.hpp"

#include <algorithm>
#include <limits>

#include "vpinfer/kernel/threads.hpp"

namespace vpinfer {
namespace {

/// The taps of a window that meet a stretch of its axis, as input positions begin + i * dilation.
struct Reach {
  int begin = 0;
  int count = 0;
};

Reach clip(const Window& window, int output, Interval bounds) {
  Reach reach;
  const int first = output * window.stride - window.pad_before;
  for (int tap = 0; tap < window.size; ++tap) {
    const int at = first + tap * window.dilation;
    if (!bounds.contains({at, at + 1})) continue;
    if (reach.count == 0) reach.begin = at;
    ++reach.count;
  }
  return reach;
}

/// Calls combine(target, source) with the channels of an output pixel and of each input pixel in
/// its window; `target` starts as `initial`, and finish(target, inputs) ends a pixel.
template <typename Pool, typename Combine, typename Finish>
void pool_windows(const Pool& pool, const Shape& shape, const ConstTensorView& input,
                  const TensorView& output, const Box& box, const Progress& progress, float initial,
                  const Combine& combine, const Finish& finish) {
  const auto pool_row = [&](int row) {
    const Reach rows = clip(pool.rows, row, {0, shape.rows});
    for (int col = box.cols.begin; col < box.cols.end; ++col) {
      const Reach cols = clip(pool.cols, col, {0, shape.cols});
      float* target = output.at(row, col, box.channels.begin);
      std::fill_n(target, box.channels.size(), initial);
      for (int r = 0; r < rows.count; ++r) {
        for (int c = 0; c < cols.count; ++c) {
          combine(target, input.at(rows.begin + r * pool.rows.dilation,
                                   cols.begin + c * pool.cols.dilation, box.channels.begin));
        }
      }
      finish(target, rows.count * cols.count);
    }
  };
  share_out_rows(box.rows, pool_row, progress);
}

}  // namespace

void max_pool(const MaxPool& pool, const Shape& input_shape, const ConstTensorView& input,
              const TensorView& output, const Box& box, const Progress& progress) {
  const int channels = box.channels.size();
  pool_windows(
      pool, input_shape, input, output, box, progress, std::numeric_limits<float>::lowest(),
      [=](float* target, const float* source) {
        for (int i = 0; i < channels; ++i) target[i] = std::max(target[i], source[i]);
      },
      [](float*, int) {});
}

void average_pool(const AveragePool& pool, const Shape& input_shape, const ConstTensorView& input,
                  const TensorView& output, const Box& box, const Progress& progress) {
  const int channels = box.channels.size();
  const int all = pool.rows.size * pool.cols.size;  // a window lies within the padding
  pool_windows(
      pool, input_shape, input, output, box, progress, 0.0F,
      [=](float* target, const float* source) {
        for (int i = 0; i < channels; ++i) target[i] += source[i];
      },
      [=](float* target, int inputs) {
        const int count = pool.counts_padding ? all : inputs;
        const float factor = count == 0 ? 0 : 1 / static_cast<float>(count);
        for (int i = 0; i < channels; ++i) target[i] *= factor;
      });
}

}  // namespace vpinfer
