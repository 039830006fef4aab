#include "kernel/convolution/plain.hpp"

#include <cblas.h>

#include <algorithm>
#include <functional>

#include "kernel/activation.hpp"
#include "kernel/convolution/chunks.hpp"
#include "kernel/convolution/depthwise.hpp"
#include "kernel/convolution/im2col.hpp"

namespace vpinfer {
namespace {

/// One output pixel's receptive field, unrolled, is a row of K = rows * cols * channels floats.
/// A block is some pixels' rows times `depth` of those K columns:
///
///        K ->                                     weights, transposed
///      +-------+-------+---+        pixels        +---------+
///      | block |       |   |  } x filters  =  ... | filters | } depth
///      +-------+-------+---+                      +---------+
///
/// BLAS copies the weights once for every block of pixels, so a block takes many pixels and cuts K
/// where it must, adding up the products.  More than kMostPixels bring nothing but memory.
constexpr int kWorkspaceFloats = 256 * 1024;
constexpr int kFewestPixels = 512;
constexpr int kMostPixels = 2048;

int unrolled(const Convolution& conv, int group_channels) {
  return conv.taps() * group_channels;
}

/// A 1x1 convolution without stride or padding reads its input pixels as they lie.
bool is_pointwise(const Convolution& conv) {
  return conv.rows == Window{} && conv.cols == Window{};
}

/// The pixels of a box in blocks.
Chunks blocks_of(const Convolution& conv, int group_channels, const Box& box, int threads) {
  const int enough = kWorkspaceFloats / unrolled(conv, group_channels);
  return {box.rows.size() * box.cols.size(), std::clamp(enough, kFewestPixels, kMostPixels),
          kFewestPixels / 2, threads};
}

/// Floats of workspace for a block.
std::size_t block_workspace(const Convolution& conv, int group_channels, const Chunks& blocks) {
  if (is_pointwise(conv)) return 0;
  const auto depth = static_cast<std::size_t>(unrolled(conv, group_channels));
  return std::min(static_cast<std::size_t>(blocks.room()) * depth,
                  static_cast<std::size_t>(kWorkspaceFloats));
}

/// product[pixels][filters] (+)= matrix[pixels][depth] * weights[filters][depth] transposed.  One
/// pixel is a matrix-vector product, which reads the weights once where sgemm would copy them
/// first.
void multiply(const float* matrix, int pixels, int depth, std::size_t matrix_stride,
              const float* weights, int filters, int weights_stride, bool accumulate,
              float* product, std::size_t product_stride) {
  if (pixels == 1) {
    cblas_sgemv(CblasRowMajor, CblasNoTrans, filters, depth, 1.0F, weights, weights_stride, matrix,
                1, accumulate ? 1.0F : 0.0F, product, 1);
    return;
  }
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, pixels, filters, depth, 1.0F, matrix,
              static_cast<int>(matrix_stride), weights, weights_stride, accumulate ? 1.0F : 0.0F,
              product, static_cast<int>(product_stride));
}

/// What one group of one call works on.
struct Job {
  const Convolution& conv;
  const WeightSlice& slice;
  const Shape& input_shape;
  const ConstTensorView& input;
  const TensorView& output;
  Box box;            ///< outputs of this group
  Interval channels;  ///< input channels that the slice has weights for, of this group
  ChannelSum sum;     ///< some or all of them

  [[nodiscard]] const float* weights() const {
    return slice.weights.data() +
           static_cast<std::size_t>(box.channels.begin - slice.range.filters.begin) *
               static_cast<std::size_t>(unrolled(conv, channels.size()));
  }
  [[nodiscard]] std::span<const float> biases() const { return slice.biases_of(box.channels); }
};

/// The columns of the unrolled matrix that a sum is over, in pieces of at most `depth`.
template <typename Visit>
void for_each_piece(const Job& job, int depth, const Visit& visit) {
  const int all = unrolled(job.conv, job.channels.size());
  const bool all_channels = job.sum.channels == job.channels;
  const Interval part =
      all_channels ? Interval{0, all} : shift(job.sum.channels, -job.channels.begin);
  const int taps = all_channels ? 1 : job.conv.taps();
  for (int tap = 0; tap < taps; ++tap) {
    const Interval columns = shift(part, tap * job.channels.size());
    for (int begin = columns.begin; begin < columns.end; begin += depth) {
      visit(Interval{begin, std::min(columns.end, begin + depth)});
    }
  }
}

/// Pixels of a job that lie at the same distance from each other in its output, and in its input if
/// they are read there as they lie.
struct Run {
  int row = 0;
  int col = 0;
  int pixels = 0;
};

/// Calls visit(run) for some pixels of a job, counted row by row.
template <typename Visit>
void for_each_run(const Job& job, Interval pixels, const Visit& visit) {
  const int cols = job.box.cols.size();
  const bool in_line = job.box.cols == job.output.box.cols &&
                       (!is_pointwise(job.conv) || job.box.cols == job.input.box.cols);
  for (int at = pixels.begin; at < pixels.end;) {
    const int end = in_line ? pixels.end : std::min(pixels.end, (at / cols + 1) * cols);
    visit(Run{job.box.rows.begin + at / cols, job.box.cols.begin + at % cols, end - at});
    at = end;
  }
}

/// Adds up the products of a run with some columns of the weights.
void multiply(const Job& job, const Run& run, const float* matrix, std::size_t matrix_stride,
              Interval columns, bool accumulate, const Progress& progress) {
  const int depth = unrolled(job.conv, job.channels.size());
  const int parts = std::min(kernel_threads(), job.box.channels.size());
  const auto multiply_part = [&](int part, int) {
    const Interval filters = share(job.box.channels.size(), parts, part);
    multiply(matrix, run.pixels, columns.size(), matrix_stride,
             job.weights() + static_cast<std::ptrdiff_t>(filters.begin) * depth + columns.begin,
             filters.size(), depth, accumulate,
             job.output.at(run.row, run.col, job.box.channels.begin + filters.begin),
             job.output.pixel_stride());
  };
  share_out(parts, std::ref(multiply_part), progress);
}

/// Straight from the input.
void convolve_pointwise(const Job& job, const Run& run, const Progress& progress) {
  const Interval& summed = job.sum.channels;
  multiply(job, run, job.input.at(run.row, run.col, summed.begin), job.input.pixel_stride(),
           shift(summed, -job.channels.begin), !job.sum.begins, progress);
}

/// By way of the workspace.
void convolve_unrolled(const Job& job, const Run& run, float* workspace, const Progress& progress) {
  const Im2col im2col(job.conv, job.input_shape, job.input, job.channels);
  const int cols = job.box.cols.size();
  const int first = run.col - job.box.cols.begin;
  const int parts = std::min(kernel_threads(), run.pixels);
  bool accumulate = !job.sum.begins;
  for_each_piece(job, std::max(1, kWorkspaceFloats / run.pixels), [&](const Interval& columns) {
    const auto unroll_part = [&](int part, int) {
      // Counted from the first of the row that the run begins in.
      const Interval pixels = shift(share(run.pixels, parts, part), first);
      for (int row = pixels.begin / cols; row * cols < pixels.end; ++row) {
        const Interval of_row = intersect(pixels, {row * cols, (row + 1) * cols});
        im2col.unroll(
            run.row + row, shift(of_row, job.box.cols.begin - row * cols), columns,
            workspace + static_cast<std::ptrdiff_t>(of_row.begin - first) * columns.size());
      }
    };
    share_out(parts, std::ref(unroll_part), progress);
    multiply(job, run, workspace, static_cast<std::size_t>(columns.size()), columns, accumulate,
             progress);
    accumulate = true;
  });
}

void convolve_group(const Job& job, std::span<float> workspace, const Progress& progress) {
  const int channels = job.sum.channels.size();
  const Chunks blocks = blocks_of(job.conv, channels, job.box, kernel_threads());
  blocks.compute(workspace, block_workspace(job.conv, channels, blocks), progress,
                 [&](Interval pixels, std::span<float> room, const Progress& progress_of_thread) {
                   for_each_run(job, pixels, [&](const Run& run) {
                     if (is_pointwise(job.conv)) {
                       convolve_pointwise(job, run, progress_of_thread);
                     } else {
                       convolve_unrolled(job, run, room.data(), progress_of_thread);
                     }
                     if (!job.sum.ends) return;
                     add_bias_and_activate(job.output.at(run.row, run.col, job.box.channels.begin),
                                           static_cast<std::size_t>(run.pixels),
                                           job.output.pixel_stride(), job.biases(),
                                           job.conv.activation);
                   });
                 });
}

}  // namespace

std::size_t plain_workspace(const Convolution& conv, int input_channels, const Box& box,
                            int threads) {
  if (box.empty()) return 0;
  if (is_depthwise(conv, input_channels)) {
    return static_cast<std::size_t>(box.channels.size() * conv.taps());
  }
  const int channels = input_channels / conv.groups;
  const Chunks blocks = blocks_of(conv, channels, box, threads);
  return static_cast<std::size_t>(blocks.workspaces()) * block_workspace(conv, channels, blocks);
}

void convolve_plainly(const Convolution& conv, const WeightSlice& slice, const Shape& input_shape,
                      const ConstTensorView& input, const TensorView& output, const Box& box,
                      const ChannelSum& sum, std::span<float> workspace, const Progress& progress) {
  if (is_depthwise(conv, input_shape.channels)) {
    convolve_depthwise(conv, slice, input_shape, input, output, box, workspace, progress);
    return;
  }
  const int filters_per_group = conv.filters / conv.groups;
  const int channels_per_group = input_shape.channels / conv.groups;
  for (int group = box.channels.begin / filters_per_group;
       group * filters_per_group < box.channels.end; ++group) {
    Job job{conv, slice, input_shape, input, output, box, {}, sum};
    job.box.channels =
        intersect(box.channels, {group * filters_per_group, (group + 1) * filters_per_group});
    job.channels = shift(slice.range.channels, group * channels_per_group);
    if (conv.groups > 1) job.sum.channels = job.channels;
    convolve_group(job, workspace, progress);
  }
}

}  // namespace vpinfer
