#include "kernel/resample.hpp"

#include <algorithm>

namespace vpinfer {

void resample(const Resample& resample, const Shape& input_shape, const ConstTensorView& input,
              const TensorView& output, const Box& box, const Workers& workers) {
  const int channels = box.channels.size();
  const int first = box.channels.begin;
  for (int row = box.rows.begin; row < box.rows.end; ++row) {
    const Taps rows = sample(resample.rows, resample.interpolation, row, input_shape.rows);
    for (int col = box.cols.begin; col < box.cols.end; ++col) {
      const Taps cols = sample(resample.cols, resample.interpolation, col, input_shape.cols);
      // Weights of the four corners; a corner that is not read repeats one that is.
      const float high_low = rows.weight * (1 - cols.weight) * resample.gain;
      const float high_high = rows.weight * cols.weight * resample.gain;
      const float low_low = (1 - rows.weight) * (1 - cols.weight) * resample.gain;
      const float low_high = (1 - rows.weight) * cols.weight * resample.gain;
      const float* a = input.at(rows.low, cols.low, first);
      const float* b = input.at(rows.low, cols.high, first);
      const float* c = input.at(rows.high, cols.low, first);
      const float* d = input.at(rows.high, cols.high, first);
      float* target = output.at(row, col, first);
      if (resample.fills_outside && !(lies_inside(resample.rows, row, input_shape.rows) &&
                                      lies_inside(resample.cols, col, input_shape.cols))) {
        std::fill_n(target, channels, resample.fill);
        continue;
      }
      if (rows.low == rows.high && cols.low == cols.high) {
        for (int i = 0; i < channels; ++i) target[i] = resample.gain * a[i];
        continue;
      }
      for (int i = 0; i < channels; ++i) {
        target[i] = low_low * a[i] + low_high * b[i] + high_low * c[i] + high_high * d[i];
      }
    }
    workers.progress();
  }
}

}  // namespace vpinfer
