#include "kernel/convolution/direct.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <new>

#include "base/float_buffer.hpp"
#include "kernel/convolution/chunks.hpp"
#include "kernel/convolution/panels.hpp"

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
constexpr int kEnoughPixels = 240;  // for a thread to read all weights for them alone
constexpr int kBlockFloats = 24 * 1024;

// Where there are few channels, a tap is little work beside finding it.  But in one row of the
// window the channels of all taps lie one after another: they count as one tap of more channels.
constexpr int kMostLineFloats = 64;

bool may_read_lines(const Convolution& conv, int input_channels) {
  return conv.cols.dilation == 1 && conv.cols.size * input_channels <= kMostLineFloats;
}

Chunks chunks_of(const Box& box, int threads) {
  return {box.rows.size() * box.cols.size(), kChunkPixels, kEnoughPixels, threads};
}

/// Pixels that the tiles of a chunk have room for.  Each has room for the largest tile of any
/// processor, and of any processor at least half as many pixels.
std::size_t tile_room(int pixels) {
  return static_cast<std::size_t>(2 * divide_up(pixels, kMostTilePixels) * kMostTilePixels);
}

/// What a pixel reads: `taps` times so many floats that lie one after another.
struct Reads {
  int taps = 0;
  int floats = 0;
};

/// Where the pixels of a chunk, cut into tiles, find their inputs and outputs: pointers in the
/// workspace, [tile][tap][pixel of the tile] and [tile][pixel of the tile].  Behind the pointers
/// lie zeros, which the padding reads, and copies of the lines that cross the picture's edge.
class PixelTable {
 public:
  PixelTable(const ConvolutionCall& call, Interval pixels, std::span<float> workspace)
      : conv_(call.convolution), call_(call), channels_(call.sum.channels), pixels_(pixels) {
    const bool lines = may_read_lines(conv_, channels_.size()) &&
                       channels_ == call.input.box.channels &&
                       channels_ == call.weights.range.channels;
    width_ = lines ? conv_.cols.size : 1;
    reads_ = lines ? Reads{conv_.rows.size, conv_.cols.size * channels_.size()}
                   : Reads{conv_.taps(), channels_.size()};
    const std::size_t room = tile_room(pixels.size());
    const auto taps = static_cast<std::size_t>(reads_.taps);
    // Pointers begin their lives where floats were.
    inputs_ = new (workspace.data()) const float*[room * taps];
    outputs_ = new (workspace.data() + room * taps * kFloatsPerPointer) float*[room];
    zeros_ = workspace.subspan(room * (taps + 1) * kFloatsPerPointer,
                               static_cast<std::size_t>(reads_.floats));
    edges_ = zeros_.data() + zeros_.size();
    std::fill(zeros_.begin(), zeros_.end(), 0.0F);
  }

  /// Floats of workspace for so many pixels.
  static std::size_t floats(const Convolution& conv, int channels, int pixels) {
    const std::size_t pointers = tile_room(pixels) * kFloatsPerPointer;
    const std::size_t by_tap =
        static_cast<std::size_t>(conv.taps() + 1) * pointers + static_cast<std::size_t>(channels);
    if (!may_read_lines(conv, channels)) return whole_lines(by_tap);
    const auto rows = static_cast<std::size_t>(conv.rows.size);
    const auto line = static_cast<std::size_t>(conv.cols.size * channels);
    const std::size_t by_line =
        (rows + 1) * pointers + (1 + rows * static_cast<std::size_t>(pixels)) * line;
    return whole_lines(std::max(by_tap, by_line));
  }

  /// Points to the pixels of a tile.
  void fill(int tile) const {
    const int pixels = pixels_of(tile);
    const int first = pixels_.begin + tile * micro_kernel().pixels;
    int row = call_.box.rows.begin + first / call_.box.cols.size();
    int col = call_.box.cols.begin + first % call_.box.cols.size();
    for (int p = 0; p < pixels;) {
      const Interval cols{col, std::min(call_.box.cols.end, col + pixels - p)};
      fill_run(row, cols, tile, p);
      p += cols.size();
      col = call_.box.cols.begin;
      ++row;
    }
  }

  [[nodiscard]] int tiles() const { return divide_up(pixels_.size(), micro_kernel().pixels); }
  [[nodiscard]] int pixels_of(int tile) const {
    return std::min(micro_kernel().pixels, pixels_.size() - tile * micro_kernel().pixels);
  }
  [[nodiscard]] const Reads& reads() const { return reads_; }
  [[nodiscard]] const float* const* inputs(int tile, int tap) const {
    return inputs_ + static_cast<std::ptrdiff_t>(tile * reads_.taps + tap) * kMostTilePixels;
  }
  [[nodiscard]] float* const* outputs(int tile) const {
    return outputs_ + static_cast<std::ptrdiff_t>(tile) * kMostTilePixels;
  }

 private:
  static constexpr std::size_t kFloatsPerPointer =
      (sizeof(const float*) + sizeof(float) - 1) / sizeof(float);

  /// Points to the pixels `cols` of a row of the output, those of a tile from its p-th on.
  void fill_run(int row, Interval cols, int tile, int p) const {
    float** outputs = outputs_ + static_cast<std::ptrdiff_t>(tile * kMostTilePixels + p);
    float* output = call_.output.at(row, cols.begin, call_.box.channels.begin);
    for (int i = 0; i < cols.size(); ++i) {
      outputs[i] = output + static_cast<std::size_t>(i) * call_.output.pixel_stride();
    }
    const float** inputs =
        inputs_ + static_cast<std::ptrdiff_t>(tile * reads_.taps * kMostTilePixels + p);
    float* edges =
        edges_ + edge_size() * static_cast<std::size_t>(tile * micro_kernel().pixels + p);
    const int taps_of_row = reads_.taps / conv_.rows.size;
    int r = row * conv_.rows.stride - conv_.rows.pad_before;
    for (int i = 0; i < conv_.rows.size; ++i, r += conv_.rows.dilation) {
      float* edges_of_row = edges + static_cast<std::size_t>(i) * zeros_.size();
      int c = cols.begin * conv_.cols.stride - conv_.cols.pad_before;
      for (int j = 0; j < taps_of_row; ++j, c += conv_.cols.dilation) {
        if (r < 0 || r >= call_.input_shape.rows) {
          std::fill_n(inputs, cols.size(), zeros_.data());
        } else {
          fill_tap(r, c, cols.size(), inputs, edges_of_row);
        }
        inputs += kMostTilePixels;
      }
    }
  }

  /// Points to what one tap of so many pixels reads, all in row r, the first of them at column c.
  void fill_tap(int r, int c, int pixels, const float** inputs, float* edges) const {
    const int stride = conv_.cols.stride;
    const int begin = std::min(pixels, divide_up(std::max(0, -c), stride));
    const int end = std::clamp(
        divide_up(std::max(0, call_.input_shape.cols - width_ - c + 1), stride), begin, pixels);
    for (int p = 0; p < begin; ++p) inputs[p] = edge(r, c + p * stride, edges, p);
    if (begin < end) {
      const float* first = call_.input.at(r, c + begin * stride, channels_.begin);
      const std::size_t step = static_cast<std::size_t>(stride) * call_.input.pixel_stride();
      for (int p = begin; p < end; ++p) {
        inputs[p] = first + static_cast<std::size_t>(p - begin) * step;
      }
    }
    for (int p = end; p < pixels; ++p) inputs[p] = edge(r, c + p * stride, edges, p);
  }

  /// A tap that crosses an edge of the picture or lies outside: zeros, or a copy with some.
  const float* edge(int r, int c, float* edges, int p) const {
    const Interval inside = intersect(Interval{c, c + width_}, Interval{0, call_.input_shape.cols});
    if (inside.empty()) return zeros_.data();
    const int channels = channels_.size();
    float* copy = edges + edge_size() * static_cast<std::size_t>(p);
    std::copy(zeros_.begin(), zeros_.end(), copy);
    std::copy_n(call_.input.at(r, inside.begin, channels_.begin), inside.size() * channels,
                copy + (inside.begin - c) * channels);
    return copy;
  }

  /// Floats of the copies that a pixel may need.
  [[nodiscard]] std::size_t edge_size() const {
    return static_cast<std::size_t>(conv_.rows.size) * zeros_.size();
  }

  const Convolution& conv_;
  const ConvolutionCall& call_;
  Interval channels_;  // that are summed over
  int width_ = 1;      // of a tap: of one pixel or a row of the window
  Interval pixels_;    // of the box, row by row
  Reads reads_;
  const float** inputs_ = nullptr;
  float** outputs_ = nullptr;
  std::span<float> zeros_;
  float* edges_ = nullptr;
};

/// What all tasks of a chunk share.
struct Chunk {
  const ConvolutionCall& call;
  const PixelTable& table;

  [[nodiscard]] PanelShape panel_shape() const {
    const int taps = table.reads().taps;
    return {taps, call.convolution.taps() / taps * call.weights.range.channels.size()};
  }
  /// Of the sum, among the floats of a tap that the slice has weights for.
  [[nodiscard]] int first_float() const {
    return call.sum.channels.begin - call.weights.range.channels.begin;
  }
};

/// A block of one panel: the weights of some taps and some of the floats that are read of each.
struct PanelBlock {
  int panel = 0;
  Interval taps;
  Interval floats;
  bool accumulate = false;
  bool ends = false;
};

void add_block(const Chunk& chunk, const PanelBlock& block, const PanelWriter& writer,
               Interval tiles) {
  const MicroKernel& kernel = micro_kernel();
  std::array<float, kBlockFloats> room;
  const BlockOfPanel weights =
      block_of_panel(chunk.call.weights, chunk.panel_shape(), block.panel, block.taps,
                     shift(block.floats, chunk.first_float()), room);
  MicroTile micro;
  micro.taps = block.taps.size();
  micro.channel = block.floats.begin;
  micro.channels = block.floats.size();
  micro.panel = weights.weights;
  micro.tap_stride = weights.tap_stride;
  for (int tile = tiles.begin; tile < tiles.end; ++tile) {
    const auto pixels = static_cast<std::size_t>(chunk.table.pixels_of(tile));
    micro.pixels = chunk.table.inputs(tile, block.taps.begin);
    writer.write({chunk.table.outputs(tile), pixels}, block.accumulate, block.ends,
                 [&](const PanelOutputs& outputs) {
                   micro.outputs = outputs;
                   kernel.compute_tile[pixels - 1](micro);
                 });
  }
}

/// A panel for some tiles, block by block.
void compute_panel(const Chunk& chunk, int panel, Interval tiles) {
  const int filters = micro_kernel().filters;
  const Reads& reads = chunk.table.reads();
  const int floats = std::min(reads.floats, kBlockFloats / filters);
  const int taps = std::max(1, kBlockFloats / filters / floats);
  const PanelWriter writer(chunk.call, panel);
  bool begins = chunk.call.sum.begins;
  for (int tap = 0; tap < reads.taps; tap += taps) {
    for (int at = 0; at < reads.floats; at += floats) {
      const bool last = tap + taps >= reads.taps && at + floats >= reads.floats;
      add_block(chunk,
                {panel,
                 {tap, std::min(tap + taps, reads.taps)},
                 {at, std::min(at + floats, reads.floats)},
                 !begins,
                 last && chunk.call.sum.ends},
                writer, tiles);
      begins = false;
    }
  }
}

/// Into how many parts `tiles` tiles are cut, each with every panel, so that all threads find work.
int parts_for_threads(int threads, int panels, int tiles) {
  constexpr int kTasksPerThread = 4;
  if (threads == 1) return 1;
  return std::clamp(divide_up(kTasksPerThread * threads, panels), 1, tiles);
}

}  // namespace

std::size_t direct_workspace(const Convolution& conv, int input_channels, const Box& box,
                             int threads) {
  if (box.empty()) return 0;
  const Chunks chunks = chunks_of(box, threads);
  return static_cast<std::size_t>(chunks.workspaces()) *
         PixelTable::floats(conv, input_channels, chunks.room());
}

void convolve_directly(const ConvolutionCall& call, const Workers& workers) {
  const Interval panels = panels_of(call);
  const Chunks chunks = chunks_of(call.box, workers.threads());
  const std::size_t floats =
      PixelTable::floats(call.convolution, call.sum.channels.size(), chunks.room());
  chunks.compute(call.workspace, floats, workers,
                 [&](Interval pixels, std::span<float> room, const Workers& workers_of_chunk) {
                   const PixelTable table(call, pixels, room);
                   workers_of_chunk.share_out_evenly(table.tiles(),
                                                     [&](int tile) { table.fill(tile); });
                   const Chunk chunk{call, table};
                   const int parts =
                       parts_for_threads(workers_of_chunk.threads(), panels.size(), table.tiles());
                   const auto compute = [&](int task, int) {
                     compute_panel(chunk, panels.begin + task / parts,
                                   share(table.tiles(), parts, task % parts));
                   };
                   workers_of_chunk.share_out(panels.size() * parts, std::ref(compute));
                 });
}

}  // namespace vpinfer
