#include "direct_convolution.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <new>

#include "panels.hpp"
#include "vpinfer/kernel/activation.hpp"

namespace vpinfer {
namespace {

// Blocking, from the outside inwards:
//
//     chunk of pixels            what stays in the cache while a panel is used again and again
//     +----------------------+
//     | tile  tile  tile ... |   x  panel of filters:  +-----------+
//     +----------------------+                         | block     |  taps x channels, of which a
//      each some pixels wide                           | block     |  block of about 96 KiB is read
//      and one panel deep                              | ...       |  for all tiles, then the next
//                                                      +-----------+
//
// A panel's outputs are summed up in place, block by block, and activated while they are in the
// cache.
constexpr int kChunkPixels = 480;
constexpr int kBlockFloats = 24 * 1024;

/// Pixels that the tiles of a chunk have room for.  Each has room for the largest tile of any
/// processor, and of any processor at least half as many pixels.
int tile_room(int pixels) {
  const int tiles = (std::min(pixels, kChunkPixels) + kMostTilePixels - 1) / kMostTilePixels;
  return 2 * tiles * kMostTilePixels;
}

/// Where the pixels of a chunk, cut into tiles, find their inputs and outputs: pointers in the
/// workspace, [tile][tap][pixel of the tile] and [tile][pixel of the tile].  Behind the pointers
/// lie zeros, which the padding reads.
class PixelTable {
 public:
  PixelTable(const Convolution& conv, const Shape& shape, const ConstTensorView& input,
             const TensorView& output, const Box& box, Interval channels,
             std::span<float> workspace)
      : conv_(conv),
        shape_(shape),
        input_(input),
        output_(output),
        box_(box),
        first_channel_(channels.begin) {
    const int pixels = box.rows.size() * box.cols.size();
    const auto room = static_cast<std::size_t>(tile_room(pixels));
    const auto taps = static_cast<std::size_t>(taps_of(conv));
    // Pointers begin their lives where floats were.
    inputs_ = new (workspace.data()) const float*[room * taps];
    outputs_ = new (workspace.data() + room * taps * kFloatsPerPointer) float*[room];
    zeros_ = workspace.subspan(room * (taps + 1) * kFloatsPerPointer,
                               static_cast<std::size_t>(channels.size()));
    std::fill(zeros_.begin(), zeros_.end(), 0.0F);
  }

  static constexpr std::size_t kFloatsPerPointer =
      (sizeof(const float*) + sizeof(float) - 1) / sizeof(float);

  /// Points to pixels [begin, end), counted row by row of the box.
  void fill(int begin, int end, int tile_pixels) {
    int row = box_.rows.begin + begin / box_.cols.size();
    int col = box_.cols.begin + begin % box_.cols.size();
    const float** inputs = inputs_;
    float** outputs = outputs_;
    for (int p = begin, within = 0; p < end; ++p, ++within) {
      if (within == tile_pixels) {
        within = 0;
        inputs += static_cast<std::ptrdiff_t>(taps_of(conv_)) * kMostTilePixels;
        outputs += kMostTilePixels;
      }
      outputs[within] = output_.at(row, col, box_.channels.begin);
      fill_taps(row, col, inputs + within);
      if (++col == box_.cols.end) {
        col = box_.cols.begin;
        ++row;
      }
    }
  }

  [[nodiscard]] const float* const* inputs(int tile, int tap) const {
    return inputs_ + static_cast<std::ptrdiff_t>(tile * taps_of(conv_) + tap) * kMostTilePixels;
  }
  [[nodiscard]] float* const* outputs(int tile) const {
    return outputs_ + static_cast<std::ptrdiff_t>(tile) * kMostTilePixels;
  }

 private:
  /// Points to what one output pixel reads; `inputs` is its place at the first tap.
  void fill_taps(int row, int col, const float** inputs) const {
    int r = row * conv_.rows.stride - conv_.rows.pad_before;
    for (int i = 0; i < conv_.rows.size; ++i, r += conv_.rows.dilation) {
      const bool row_inside = 0 <= r && r < shape_.rows;
      int c = col * conv_.cols.stride - conv_.cols.pad_before;
      for (int j = 0; j < conv_.cols.size; ++j, c += conv_.cols.dilation) {
        const bool inside = row_inside && 0 <= c && c < shape_.cols;
        *inputs = inside ? input_.at(r, c, first_channel_) : zeros_.data();
        inputs += kMostTilePixels;
      }
    }
  }

  const Convolution& conv_;
  const Shape& shape_;
  const ConstTensorView& input_;
  const TensorView& output_;
  const Box& box_;
  int first_channel_;
  const float** inputs_ = nullptr;
  float** outputs_ = nullptr;
  std::span<float> zeros_;
};

/// What all tasks of a chunk share.
struct Chunk {
  const Convolution& conv;
  const WeightSlice& slice;
  const Box& box;
  const ChannelSum& sum;
  const PixelTable& table;
  int pixels = 0;

  [[nodiscard]] int tiles() const {
    return (pixels + micro_kernel().pixels - 1) / micro_kernel().pixels;
  }
  [[nodiscard]] int pixels_of(int tile) const {
    return std::min(micro_kernel().pixels, pixels - tile * micro_kernel().pixels);
  }
};

/// A block of one panel: of some taps the weights of some channels, counted from the first of the
/// sum.
struct PanelBlock {
  int panel = 0;
  Interval taps;
  Interval channels;
  bool accumulate = false;
};

/// A panel's filters that are wanted, counted from the first of the box.
Interval wanted_filters(const Chunk& chunk, int panel) {
  return intersect(filters_of(chunk.slice, chunk.box, panel), {0, chunk.box.channels.size()});
}

/// Filters that are not wanted have no place in the output: what a tile adds up to goes there by
/// way of a buffer.
void compute_partly(MicroTile micro, MicroKernel::Function compute, int pixels, Interval filters,
                    Interval wanted, bool accumulate, float* const* outputs) {
  std::array<float, kMostTilePixels * kMostPanelFilters> sums;
  std::array<float*, kMostTilePixels> rows{};
  for (std::size_t p = 0; p < rows.size(); ++p) rows[p] = &sums[p * kMostPanelFilters];
  micro.outputs = rows.data();
  micro.filter = 0;
  micro.accumulate = false;
  compute(micro);
  for (int p = 0; p < pixels; ++p) {
    const float* row = rows[static_cast<std::size_t>(p)];
    for (int f = wanted.begin; f < wanted.end; ++f) {
      float& output = outputs[p][f];
      output = (accumulate ? output : 0) + row[f - filters.begin];
    }
  }
}

void add_block(const Chunk& chunk, const PanelBlock& block, Interval tiles) {
  const MicroKernel& kernel = micro_kernel();
  const Interval filters = filters_of(chunk.slice, chunk.box, block.panel);
  const Interval wanted = wanted_filters(chunk, block.panel);
  std::array<float, kBlockFloats> room;
  const BlockOfPanel weights =
      block_of_panel(chunk.slice, taps_of(chunk.conv), block.panel, block.taps,
                     shift(block.channels, chunk.sum.channels.begin), room);
  MicroTile micro;
  micro.taps = block.taps.size();
  micro.channel = block.channels.begin;
  micro.channels = block.channels.size();
  micro.panel = weights.weights;
  micro.tap_stride = weights.tap_stride;
  micro.filter = filters.begin;
  micro.accumulate = block.accumulate;
  for (int tile = tiles.begin; tile < tiles.end; ++tile) {
    const int pixels = chunk.pixels_of(tile);
    const MicroKernel::Function compute = kernel.of_pixels[static_cast<std::size_t>(pixels - 1)];
    micro.pixels = chunk.table.inputs(tile, block.taps.begin);
    micro.outputs = chunk.table.outputs(tile);
    if (wanted == filters) {
      compute(micro);
    } else {
      compute_partly(micro, compute, pixels, filters, wanted, block.accumulate, micro.outputs);
    }
  }
}

void activate_panel(const Chunk& chunk, int panel, Interval tiles) {
  const Interval wanted = wanted_filters(chunk, panel);
  const auto biases = chunk.slice.biases_of(shift(wanted, chunk.box.channels.begin));
  for (int tile = tiles.begin; tile < tiles.end; ++tile) {
    for (int p = 0; p < chunk.pixels_of(tile); ++p) {
      add_bias_and_activate(chunk.table.outputs(tile)[p] + wanted.begin, 1, 0, biases,
                            chunk.conv.activation);
    }
  }
}

/// A panel for some tiles, block by block.
void compute_panel(const Chunk& chunk, int panel, Interval tiles) {
  const int filters = micro_kernel().filters;
  const int all_channels = chunk.sum.channels.size();
  const int channels = std::min(all_channels, kBlockFloats / filters);
  const int taps = std::max(1, kBlockFloats / filters / channels);
  bool accumulate = !chunk.sum.begins;
  for (int tap = 0; tap < taps_of(chunk.conv); tap += taps) {
    for (int channel = 0; channel < all_channels; channel += channels) {
      add_block(chunk,
                {panel,
                 {tap, std::min(tap + taps, taps_of(chunk.conv))},
                 {channel, std::min(channel + channels, all_channels)},
                 accumulate},
                tiles);
      accumulate = true;
    }
  }
  if (chunk.sum.ends) activate_panel(chunk, panel, tiles);
}

}  // namespace

std::size_t direct_workspace(const Convolution& conv, int input_channels, const Box& box) {
  if (box.empty()) return 0;
  const auto room = static_cast<std::size_t>(tile_room(box.rows.size() * box.cols.size()));
  return room * static_cast<std::size_t>(taps_of(conv) + 1) * PixelTable::kFloatsPerPointer +
         static_cast<std::size_t>(input_channels);
}

void convolve_directly(const Convolution& conv, const WeightSlice& slice, const Shape& input_shape,
                       const ConstTensorView& input, const TensorView& output, const Box& box,
                       const ChannelSum& sum, std::span<float> workspace,
                       const Progress& progress) {
  PixelTable table(conv, input_shape, input, output, box, sum.channels, workspace);
  const Interval panels = panels_of(slice, box);
  const int pixels = box.rows.size() * box.cols.size();
  for (int begin = 0; begin < pixels; begin += kChunkPixels) {
    const Interval part{begin, std::min(begin + kChunkPixels, pixels)};
    table.fill(part.begin, part.end, micro_kernel().pixels);
    const Chunk chunk{conv, slice, box, sum, table, part.size()};
    const int parts = parts_for_threads(panels.size(), chunk.tiles());
    const auto compute = [&](int task) {
      compute_panel(chunk, panels.begin + task / parts, share(chunk.tiles(), parts, task % parts));
    };
    share_out(panels.size() * parts, std::ref(compute), progress);
  }
}

}  // namespace vpinfer
