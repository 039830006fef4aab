#include "kernel/convolution/pooled.hpp"

#include <algorithm>

#include "base/float_buffer.hpp"
#include "kernel/convolution/chunks.hpp"
#include "kernel/convolution/winograd.hpp"
#include "kernel/pooling.hpp"

namespace vpinfer {
namespace {

/// A strip to a chunk.
Chunks strips_of(const Box& box, int strip_rows, int threads) {
  return {divide_up(box.rows.size(), strip_rows), 1, 1, threads};
}

/// Floats of workspace for a strip and for computing it.
std::size_t strip_workspace(const PooledConvolution& both, ConvolutionAlgorithm algorithm,
                            int input_channels, const Box& strip, const Chunks& strips) {
  return whole_lines(strip.elements()) +
         whole_lines(convolution_workspace(both.convolution, algorithm, input_channels, strip,
                                           strips.threads_of_chunk()));
}

}  // namespace

Box PooledConvolution::convolved(const Box& pooled) const {
  return {read_by(pool.rows, pooled.rows, between.rows),
          read_by(pool.cols, pooled.cols, between.cols), pooled.channels};
}

Box PooledConvolution::largest_strip(const Box& pooled, int strip_rows) const {
  Box strip = convolved(pooled);
  const int rows = (strip_rows - 1) * pool.rows.stride + pool.rows.reach();
  strip.rows.end = std::min(strip.rows.begin + rows, strip.rows.end);
  return strip;
}

std::optional<int> usual_strip_rows(const PooledConvolution& both, const Box& box, int threads) {
  constexpr int kTile = 4;
  constexpr int kStripsOfThread = 4;
  const Window& window = both.pool.rows;
  const Box convolved = both.convolved(box);
  if (convolved.empty() || window.reach() > window.stride) return std::nullopt;
  // As much as Winograd's F(4x4) transforms the weights for at a time, in whole tiles.
  const int rows = divide_up(kWinogradChunkTiles * kTile, convolved.cols.size()) * kTile;
  if (convolved.rows.size() < kStripsOfThread * threads * rows) return std::nullopt;
  return std::max(1, rows / window.stride);
}

std::size_t pooled_workspace(const PooledConvolution& both, ConvolutionAlgorithm algorithm,
                             int input_channels, const Box& box, int strip_rows, int threads) {
  const Chunks strips = strips_of(box, strip_rows, threads);
  return static_cast<std::size_t>(strips.workspaces()) *
         strip_workspace(both, algorithm, input_channels, both.largest_strip(box, strip_rows),
                         strips);
}

void convolve_and_pool(const PooledConvolution& both, int strip_rows, const ConvolutionCall& call,
                       const Workers& workers) {
  const Chunks strips = strips_of(call.box, strip_rows, workers.threads());
  const Box largest = both.largest_strip(call.box, strip_rows);
  const std::size_t floats =
      strip_workspace(both, call.algorithm, call.input_shape.channels, largest, strips);
  strips.compute(
      call.workspace, floats, workers,
      [&](Interval strip_number, std::span<float> room, const Workers& workers_of_chunk) {
        if (strip_number.empty()) return;
        Box pooled = call.box;
        pooled.rows.begin += strip_number.begin * strip_rows;
        pooled.rows.end = std::min(pooled.rows.begin + strip_rows, call.box.rows.end);
        ConvolutionCall of_strip = call;
        of_strip.box = both.convolved(pooled);
        of_strip.output = {room.data(), of_strip.box};
        of_strip.workspace = room.subspan(whole_lines(largest.elements()));
        convolve(of_strip, workers_of_chunk);
        max_pool(both.pool, both.between, of_strip.output, call.output, pooled, workers_of_chunk);
      });
}

}  // namespace vpinfer
