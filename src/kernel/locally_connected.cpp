#include "kernel/locally_connected.hpp"

#include <cblas.h>

#include <algorithm>

#include "kernel/activation.hpp"

namespace vpinfer {
namespace {

/// The window at (first_row, first_col), unrolled, then a 1.
void unroll(const LocallyConnected& local, const Shape& shape, const ConstTensorView& input,
            int first_row, int first_col, float* target) {
  for (int r = first_row; r < first_row + local.rows.size; ++r) {
    for (int c = first_col; c < first_col + local.cols.size; ++c, target += shape.channels) {
      if (r < 0 || r >= shape.rows || c < 0 || c >= shape.cols) {
        std::fill_n(target, shape.channels, 0.0F);
      } else {
        std::copy_n(input.at(r, c, 0), shape.channels, target);
      }
    }
  }
  *target = 1;
}

}  // namespace

std::size_t locally_connected_workspace(const LocallyConnected& local, int input_channels) {
  return static_cast<std::size_t>(local.rows.size * local.cols.size * input_channels + 1);
}

void connect_locally(const LocallyConnected& local, const WeightSlice& slice,
                     const Shape& input_shape, const Shape& output_shape,
                     const ConstTensorView& input, const TensorView& output, const Box& box,
                     std::span<float> workspace, const Workers& workers) {
  const std::size_t per_pixel = locally_connected_workspace(local, input_shape.channels);
  const std::size_t per_filter =
      static_cast<std::size_t>(output_shape.rows * output_shape.cols) * per_pixel;
  const float* of_first_filter =
      slice.floats().data() +
      static_cast<std::size_t>(box.channels.begin - slice.range.filters.begin) * per_filter;
  for (int row = box.rows.begin; row < box.rows.end; ++row) {
    for (int col = box.cols.begin; col < box.cols.end; ++col) {
      unroll(local, input_shape, input, row * local.rows.stride - local.rows.pad_before,
             col * local.cols.stride - local.cols.pad_before, workspace.data());
      // The pixel's weights of all filters are a matrix whose rows lie `per_filter` apart.
      const auto pixel = static_cast<std::size_t>(row * output_shape.cols + col);
      cblas_sgemv(CblasRowMajor, CblasNoTrans, box.channels.size(), static_cast<int>(per_pixel),
                  1.0F, of_first_filter + pixel * per_pixel, static_cast<int>(per_filter),
                  workspace.data(), 1, 0.0F, output.at(row, col, box.channels.begin), 1);
    }
    activate(output.at(row, box.cols.begin, box.channels.begin),
             static_cast<std::size_t>(box.cols.size()), output.pixel_stride(),
             static_cast<std::size_t>(box.channels.size()), local.activation);
    workers.progress();
  }
}

}  // namespace vpinfer
