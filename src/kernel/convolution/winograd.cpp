#include "kernel/convolution/winograd.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <numeric>

#include "base/float_buffer.hpp"
#include "kernel/convolution/chunks.hpp"
#include "kernel/convolution/panels.hpp"

namespace vpinfer {
namespace {

// The box is covered with tiles of m x m outputs, row by row, and worked on in chunks of them:
//
//     inputs of a chunk, transformed           weights of a panel
//     +--------------------------+             +----------------------+
//     | n * n elements of        |             | n * n elements of    |
//     |   tiles x channels       |      x      |   channels x filters |
//     +--------------------------+             +----------------------+
//       in a workspace, for all                  transformed anew for every chunk, which costs as
//       panels                                   much as some tiles but no memory
//
// Both are cut into blocks of channels.  Of a block's weights two rows of n elements are
// transformed and multiplied at a time, for which its taps are read n / 2 times: all elements would
// fill the second-level cache, two rows stay near the first.  Each element's products are added up
// over the blocks; then the sums of a tile become its outputs.
//
// Kept transformed, weights would take n * n / 9 times the memory and as much longer to read, for
// at most 13 % of a layer's time.
constexpr int kEnoughTiles = 24;  // for a thread to transform all weights for them alone
constexpr int kTaps = 9;
constexpr std::array<float, kWinogradBlockChannels> kZeros{};  // which the padding reads
constexpr int kLine = 16;                                      // floats of a cache line
constexpr int kMostElements = kMostWinogradInputs * kMostWinogradInputs;
constexpr int kMostTileOutputs = kMostWinogradOutputs * kMostWinogradOutputs;
// More than this bring nothing but memory.
constexpr int kChunkFloats = 1024 * 1024;

const WinogradTransforms& transforms_of(int outputs) {
  return outputs == 2 ? micro_kernel().winograd_2x2 : micro_kernel().winograd_4x4;
}

/// The distance between the elements of something, in floats: an odd number of cache lines, so that
/// they spread over all of the cache.
std::size_t apart(std::size_t floats) {
  return whole_lines(floats) | kLine;
}

int elements_of(int outputs) {
  return (outputs + 2) * (outputs + 2);
}

int blocks_of(int channels) {
  return divide_up(channels, kWinogradBlockChannels);
}

/// From one element of a block's transformed inputs to the next, in floats.
std::size_t inputs_apart(int tiles) {
  return apart(static_cast<std::size_t>(tiles * kWinogradBlockChannels));
}

Chunks chunks_of(int outputs, int channels, const Box& box, int threads) {
  const int tiles = divide_up(box.rows.size(), outputs) * divide_up(box.cols.size(), outputs);
  const int fitting =
      kChunkFloats / (elements_of(outputs) * blocks_of(channels) * kWinogradBlockChannels);
  return {tiles, std::clamp(fitting, kMostTilePixels, kWinogradChunkTiles), kEnoughTiles, threads};
}

/// Floats of workspace for a chunk: its transformed inputs.
std::size_t chunk_workspace(int outputs, int channels, const Chunks& chunks) {
  return static_cast<std::size_t>(blocks_of(channels) * elements_of(outputs)) *
         inputs_apart(chunks.room());
}

/// Computes a chunk of tiles, in a workspace.
class WinogradChunk {
 public:
  WinogradChunk(int outputs, const ConvolutionCall& call, Interval tiles,
                std::span<float> workspace)
      : transforms_(transforms_of(outputs)),
        call_(call),
        tiles_(tiles),
        readable_rows_(read_by(call.convolution.rows, call.box.rows, call.input_shape.rows)),
        readable_cols_(read_by(call.convolution.cols, call.box.cols, call.input_shape.cols)),
        transformed_(workspace) {}

  void compute(const Workers& workers) const {
    workers.share_out_evenly(tiles_.size(), [&](int tile) { transform_tile(tile); });
    const Interval panels = panels_of(call_);
    // Each part transforms all weights: no more than make the threads even.
    const int threads = workers.threads();
    const int parts = std::min(tiles_.size(), threads / std::gcd(panels.size(), threads));
    const auto compute = [&](int task, int) {
      compute_panel(panels.begin + task / parts, share(tiles_.size(), parts, task % parts));
    };
    workers.share_out(panels.size() * parts, std::ref(compute));
  }

 private:
  [[nodiscard]] int tile_cols() const {
    return divide_up(call_.box.cols.size(), transforms_.outputs);
  }
  [[nodiscard]] int blocks() const { return blocks_of(call_.sum.channels.size()); }
  [[nodiscard]] int elements() const { return transforms_.inputs * transforms_.inputs; }

  /// The outputs of a tile, counted from the first of the chunk; those of the last tiles may lie
  /// beyond the box.
  [[nodiscard]] Box outputs_of(int tile) const {
    const int m = transforms_.outputs;
    const int row = call_.box.rows.begin + (tiles_.begin + tile) / tile_cols() * m;
    const int col = call_.box.cols.begin + (tiles_.begin + tile) % tile_cols() * m;
    return {{row, row + m}, {col, col + m}, call_.box.channels};
  }

  /// Some of the channels that are summed over, counted from the first of them.
  [[nodiscard]] Interval channels_of(int block) const {
    return intersect(Interval{block * kWinogradBlockChannels, (block + 1) * kWinogradBlockChannels},
                     Interval{0, call_.sum.channels.size()});
  }

  /// Where transformed inputs lie: [block][element][tile][channel].
  [[nodiscard]] float* transformed_at(int block, int element, int tile) const {
    return transformed_.data() +
           static_cast<std::size_t>(block * elements() + element) * inputs_apart(tiles_.size()) +
           static_cast<std::size_t>(tile * kWinogradBlockChannels);
  }

  void transform_tile(int tile) const {
    const Box outputs = outputs_of(tile);
    std::array<const float*, kMostElements> pixels{};
    const float** next = pixels.data();
    const int first_row = outputs.rows.begin - call_.convolution.rows.pad_before;
    const int first_col = outputs.cols.begin - call_.convolution.cols.pad_before;
    for (int row = first_row; row < first_row + transforms_.inputs; ++row) {
      const bool row_inside = readable_rows_.contains({row, row + 1});
      for (int col = first_col; col < first_col + transforms_.inputs; ++col) {
        const bool inside = row_inside && readable_cols_.contains({col, col + 1});
        *next++ = inside ? call_.input.at(row, col, call_.sum.channels.begin) : nullptr;
      }
    }
    for (int block = 0; block < blocks(); ++block) {
      const Interval channels = channels_of(block);
      std::array<const float*, kMostElements> inputs{};
      std::transform(pixels.begin(), pixels.end(), inputs.begin(), [&](const float* pixel) {
        return pixel != nullptr ? pixel + channels.begin : kZeros.data();
      });
      transforms_.transform_inputs(inputs.data(), channels.size(), transformed_at(block, 0, tile),
                                   inputs_apart(tiles_.size()));
    }
  }

  /// Sums of a panel's filters for some tiles: [element][tile][filter].
  void compute_panel(int panel, Interval tiles) const {
    const int filters = micro_kernel().filters;
    const int pair_elements = 2 * transforms_.inputs;
    constexpr std::size_t kTapFloats = kWinogradBlockChannels * kMostPanelFilters;
    std::array<float, kTaps * kTapFloats> room;
    alignas(64) std::array<float, 2 * kMostWinogradInputs*(kTapFloats + kLine)> weights;
    alignas(64) std::array<float, kMostElements*(kWinogradChunkTiles * kMostPanelFilters + kLine)>
        sums;
    ElementProducts products;
    products.elements = pair_elements;
    products.input_stride = inputs_apart(tiles_.size());
    products.weights = weights.data();
    products.weight_stride = apart(static_cast<std::size_t>(kWinogradBlockChannels * filters));
    products.sum_stride = apart(static_cast<std::size_t>(tiles.size() * filters));
    for (int block = 0; block < blocks(); ++block) {
      const Interval channels = channels_of(block);
      const BlockOfPanel taps = block_of_panel(
          call_.weights, {kTaps, call_.weights.range.channels.size()}, panel, {0, kTaps},
          shift(channels, call_.sum.channels.begin - call_.weights.range.channels.begin), room);
      products.channels = channels.size();
      products.accumulate = block > 0;
      for (int pair = 0; pair < transforms_.inputs / 2; ++pair) {
        transforms_.transform_weights[static_cast<std::size_t>(pair)](
            taps.weights, taps.tap_stride, channels.size(), weights.data(), products.weight_stride);
        products.inputs = transformed_at(block, pair * pair_elements, tiles.begin);
        products.sums =
            sums.data() + static_cast<std::size_t>(pair * pair_elements) * products.sum_stride;
        multiply(products, tiles.size());
      }
    }
    const PanelWriter writer(call_, panel);
    for (int tile = tiles.begin; tile < tiles.end; ++tile) {
      write_tile(writer, tile, sums.data() + (tile - tiles.begin) * filters, products.sum_stride);
    }
  }

  /// Multiplies all tiles, as many at a time as the registers hold sums of.
  static void multiply(ElementProducts products, int tiles) {
    const MicroKernel& kernel = micro_kernel();
    const int groups = divide_up(tiles, kernel.pixels);
    for (int group = 0; group < groups; ++group) {
      const int size = share(tiles, groups, group).size();
      kernel.multiply_elements[static_cast<std::size_t>(size - 1)](products);
      products.inputs += size * kWinogradBlockChannels;
      products.sums += size * kernel.filters;
    }
  }

  void write_tile(const PanelWriter& writer, int tile, const float* sums,
                  std::size_t element_stride) const {
    const Box outputs = outputs_of(tile);
    std::array<float*, kMostTileOutputs> pixels{};
    std::size_t count = 0;
    for (int row = outputs.rows.begin; row < outputs.rows.end; ++row) {
      for (int col = outputs.cols.begin; col < outputs.cols.end; ++col) {
        const bool wanted = row < call_.box.rows.end && col < call_.box.cols.end;
        pixels[count++] = wanted ? call_.output.at(row, col, call_.box.channels.begin) : nullptr;
      }
    }
    writer.write({pixels.data(), count}, !call_.sum.begins, call_.sum.ends,
                 [&](const PanelOutputs& panel_outputs) {
                   transforms_.transform_sums(sums, element_stride, panel_outputs);
                 });
  }

  const WinogradTransforms& transforms_;
  const ConvolutionCall& call_;
  Interval tiles_;  // of the box
  // What the box reads.  A tile that reaches beyond it must take zeros from there: there may be
  // anything, which has not arrived yet.
  Interval readable_rows_;
  Interval readable_cols_;
  std::span<float> transformed_;
};

}  // namespace

double winograd_multiply_adds(int outputs, int channels, const Box& box) {
  // Reading and transforming an element of the weights takes as long as multiplying it for some
  // tiles; an element of a tile's inputs or sums, as for some filters or channels.  Measured.
  constexpr double kTilesPerWeights = 5;
  constexpr double kFiltersPerInput = 8;
  constexpr double kChannelsPerSum = 12;
  const double filters = box.channels.size();
  const Chunks chunks = chunks_of(outputs, channels, box, 1);
  return elements_of(outputs) *
         (chunks.count() * kTilesPerWeights * channels * filters +
          chunks.units() *
              (channels * filters + kFiltersPerInput * channels + kChannelsPerSum * filters));
}

std::size_t winograd_workspace(int outputs, int channels, const Box& box, int threads) {
  if (box.empty()) return 0;
  const Chunks chunks = chunks_of(outputs, channels, box, threads);
  return static_cast<std::size_t>(chunks.workspaces()) * chunk_workspace(outputs, channels, chunks);
}

void convolve_winograd(int outputs, const ConvolutionCall& call, const Workers& workers) {
  const int channels = call.sum.channels.size();
  const Chunks chunks = chunks_of(outputs, channels, call.box, workers.threads());
  chunks.compute(call.workspace, chunk_workspace(outputs, channels, chunks), workers,
                 [&](Interval tiles, std::span<float> room, const Workers& workers_of_chunk) {
                   WinogradChunk(outputs, call, tiles, room).compute(workers_of_chunk);
                 });
}

}  // namespace vpinfer
