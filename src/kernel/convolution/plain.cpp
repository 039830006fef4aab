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

/// A call's part that lies within one group.
struct GroupCall {
  ConvolutionCall call;
  Interval channels;  ///< input channels that there are weights for, of this group

  /// Columns of the unrolled matrix.
  [[nodiscard]] int depth() const { return unrolled(call.convolution, channels.size()); }
  [[nodiscard]] const float* weights() const {
    return call.weights.floats().data() +
           static_cast<std::size_t>(call.box.channels.begin - call.weights.range.filters.begin) *
               static_cast<std::size_t>(depth());
  }
};

/// The columns of the unrolled matrix that a sum is over, in pieces of at most `depth`.
template <typename Visit>
void for_each_piece(const GroupCall& group, int depth, const Visit& visit) {
  const Interval& summed = group.call.sum.channels;
  const bool all_channels = summed == group.channels;
  const Interval part =
      all_channels ? Interval{0, group.depth()} : shift(summed, -group.channels.begin);
  const int taps = all_channels ? 1 : group.call.convolution.taps();
  for (int tap = 0; tap < taps; ++tap) {
    const Interval columns = shift(part, tap * group.channels.size());
    for (int begin = columns.begin; begin < columns.end; begin += depth) {
      visit(Interval{begin, std::min(columns.end, begin + depth)});
    }
  }
}

/// Pixels that lie at the same distance from each other in a call's output, and in its input if
/// they are read there as they lie.
struct Run {
  int row = 0;
  int col = 0;
  int pixels = 0;
};

/// Calls visit(run) for some pixels of a call's box, counted row by row.
template <typename Visit>
void for_each_run(const ConvolutionCall& call, Interval pixels, const Visit& visit) {
  const Box& box = call.box;
  const int cols = box.cols.size();
  const bool in_line = box.cols == call.output.box.cols &&
                       (!is_pointwise(call.convolution) || box.cols == call.input.box.cols);
  for (int at = pixels.begin; at < pixels.end;) {
    const int end = in_line ? pixels.end : std::min(pixels.end, (at / cols + 1) * cols);
    visit(Run{box.rows.begin + at / cols, box.cols.begin + at % cols, end - at});
    at = end;
  }
}

/// Adds up the products of a run with some columns of the weights.
void multiply(const GroupCall& group, const Run& run, const float* matrix,
              std::size_t matrix_stride, Interval columns, bool accumulate,
              const Workers& workers) {
  const Interval& all_filters = group.call.box.channels;
  const TensorView& output = group.call.output;
  const int depth = group.depth();
  const int parts = std::min(workers.threads(), all_filters.size());
  const auto multiply_part = [&](int part, int) {
    const Interval filters = share(all_filters.size(), parts, part);
    multiply(matrix, run.pixels, columns.size(), matrix_stride,
             group.weights() + static_cast<std::ptrdiff_t>(filters.begin) * depth + columns.begin,
             filters.size(), depth, accumulate,
             output.at(run.row, run.col, all_filters.begin + filters.begin), output.pixel_stride());
  };
  workers.share_out(parts, std::ref(multiply_part));
}

/// Straight from the input.
void convolve_pointwise(const GroupCall& group, const Run& run, const Workers& workers) {
  const ConstTensorView& input = group.call.input;
  const ChannelSum& sum = group.call.sum;
  multiply(group, run, input.at(run.row, run.col, sum.channels.begin), input.pixel_stride(),
           shift(sum.channels, -group.channels.begin), !sum.begins, workers);
}

/// By way of the workspace.
void convolve_unrolled(const GroupCall& group, const Run& run, float* workspace,
                       const Workers& workers) {
  const ConvolutionCall& call = group.call;
  const Im2col im2col(call.convolution, call.input_shape, call.input, group.channels);
  const Interval& all_cols = call.box.cols;
  const int cols = all_cols.size();
  const int first = run.col - all_cols.begin;
  const int parts = std::min(workers.threads(), run.pixels);
  bool accumulate = !call.sum.begins;
  for_each_piece(group, std::max(1, kWorkspaceFloats / run.pixels), [&](const Interval& columns) {
    const auto unroll_part = [&](int part, int) {
      // Counted from the first of the row that the run begins in.
      const Interval pixels = shift(share(run.pixels, parts, part), first);
      for (int row = pixels.begin / cols; row * cols < pixels.end; ++row) {
        const Interval of_row = intersect(pixels, {row * cols, (row + 1) * cols});
        im2col.unroll(
            run.row + row, shift(of_row, all_cols.begin - row * cols), columns,
            workspace + static_cast<std::ptrdiff_t>(of_row.begin - first) * columns.size());
      }
    };
    workers.share_out(parts, std::ref(unroll_part));
    multiply(group, run, workspace, static_cast<std::size_t>(columns.size()), columns, accumulate,
             workers);
    accumulate = true;
  });
}

void convolve_run(const GroupCall& group, const Run& run, float* workspace,
                  const Workers& workers) {
  const ConvolutionCall& call = group.call;
  if (is_pointwise(call.convolution)) {
    convolve_pointwise(group, run, workers);
  } else {
    convolve_unrolled(group, run, workspace, workers);
  }
  if (!call.sum.ends) return;
  add_bias_and_activate(call.output.at(run.row, run.col, call.box.channels.begin),
                        static_cast<std::size_t>(run.pixels), call.output.pixel_stride(),
                        call.weights.biases_of(call.box.channels), call.convolution.activation);
}

void convolve_group(const GroupCall& group, const Workers& workers) {
  const ConvolutionCall& call = group.call;
  const int channels = call.sum.channels.size();
  const Chunks blocks = blocks_of(call.convolution, channels, call.box, workers.threads());
  blocks.compute(call.workspace, block_workspace(call.convolution, channels, blocks), workers,
                 [&](Interval pixels, std::span<float> room, const Workers& workers_of_chunk) {
                   for_each_run(call, pixels, [&](const Run& run) {
                     convolve_run(group, run, room.data(), workers_of_chunk);
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

void convolve_plainly(const ConvolutionCall& call, const Workers& workers) {
  const Convolution& conv = call.convolution;
  if (is_depthwise(conv, call.input_shape.channels)) return convolve_depthwise(call, workers);
  const int filters_per_group = conv.filters / conv.groups;
  const int channels_per_group = call.input_shape.channels / conv.groups;
  const Interval& filters = call.box.channels;
  for (int i = filters.begin / filters_per_group; i * filters_per_group < filters.end; ++i) {
    GroupCall group{call, shift(call.weights.range.channels, i * channels_per_group)};
    group.call.box.channels =
        intersect(filters, {i * filters_per_group, (i + 1) * filters_per_group});
    if (conv.groups > 1) group.call.sum.channels = group.channels;
    convolve_group(group, workers);
  }
}

}  // namespace vpinfer
