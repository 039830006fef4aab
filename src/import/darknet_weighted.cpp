// Darknet's layers with trained numbers.

#include "darknet_layers.hpp"

namespace vpinfer {
namespace {

/// The root of a chain of layers that share their weights, if it suits the one at `position`.
SharedWeights read_share(const SectionBuild& build, int position, int number) {
  int source = build.source(number);
  const auto stored = build.model.weights.find(source);
  if (stored != build.model.weights.end()) {
    if (const auto* shared = std::get_if<SharedWeights>(&stored->second)) source = shared->source;
  }
  const Network& network = build.model.network;
  const bool is_convolution =
      std::holds_alternative<Convolution>(network.layer(source).operation) &&
      build.model.weights.contains(source);
  if (!is_convolution || weight_shape(network, source) != weight_shape(network, position)) {
    build.refuse("share_index=" + std::to_string(number) +
                 " names a layer that is no convolution with as many weights");
  }
  return {source};
}

}  // namespace

Strides read_strides(const SectionBuild& build) {
  const int both = build.section.integer("stride", 1);
  const auto along = [&](std::string_view key) {
    const int stride = build.section.integer(key, 0);
    return stride < 1 ? both : stride;
  };
  return {along("stride_y"), along("stride_x")};
}

void append_blur(const SectionBuild& build, int kind, int position, int row_stride,
                 int col_stride) {
  const int size = kind == 2 ? 2 : 3;
  const int padding = kind == 2 ? 0 : 1;
  const int channels = build.shape(position).channels;
  const int blur =
      build.append_to(Convolution{channels, channels, Window{size, row_stride, padding, padding},
                                  Window{size, col_stride, padding, padding}},
                      {position});
  const std::vector<float> taps = kind == 2
                                      ? std::vector<float>(4, 0.25F)
                                      : std::vector<float>{0.0625F, 0.125F,  0.0625F, 0.125F, 0.25F,
                                                           0.125F,  0.0625F, 0.125F,  0.0625F};
  build.store(blur, FixedWeights{taps});
}

void add_convolution(const SectionBuild& build) {
  CfgSection& section = build.section;
  const int size = section.integer("size");
  const Strides strides = read_strides(build);
  const int given_padding = section.integer("padding", 0);
  const int padding = section.flag("pad") ? size / 2 : given_padding;
  const int given_dilation = section.integer("dilation", 1);
  const int dilation = size == 1 ? 1 : given_dilation;
  if (dilation != 1 && 2 * padding != size - 1) {
    build.refuse("dilation=" + std::to_string(dilation) +
                 " needs an odd size with pad=1: the forks of Darknet count its outputs as if it "
                 "were 1, which only then is right");
  }
  const int blur = section.integer("antialiasing", 0);
  const auto window = [&](int stride) {
    return Window{size, blur == 0 ? stride : 1, padding * dilation, padding * dilation, dilation};
  };
  const int position = build.append(
      Convolution{section.integer("filters"), section.integer("groups", 1), window(strides.rows),
                  window(strides.cols), build.activation("logistic")});
  const bool normalised = section.flag("batch_normalize") || section.flag("cbn");
  const std::vector<int> shared = section.integers("share_index");
  if (shared.empty()) {
    build.store(position, StoredConvolution{normalised});
  } else {
    build.store(position, read_share(build, position, shared.front()));
  }
  if (blur != 0) append_blur(build, blur, position, strides.rows, strides.cols);
}

/// A convolution whose windows are as large as its input.
void add_connected(const SectionBuild& build) {
  const Shape& in = build.input_shape();
  const int position = build.append(Convolution{build.section.integer("output"), 1, Window{in.rows},
                                                Window{in.cols}, build.activation("logistic")});
  build.store(position, StoredConnected{build.section.flag("batch_normalize")});
}

void add_local(const SectionBuild& build) {
  CfgSection& section = build.section;
  const int size = section.integer("size");
  const int padding = section.integer("pad", 0);
  if (padding > 1 || (padding == 1 && size != 3)) {
    build.refuse("pad=" + std::to_string(padding) + " with size=" + std::to_string(size) +
                 " is not supported, only pad=0, and pad=1 with size=3");
  }
  const Window window{size, section.integer("stride", 1), padding, padding};
  const int position = build.append(
      LocallyConnected{section.integer("filters"), window, window, build.activation("logistic")});
  build.store(position, StoredLocal{});
}

/// A convolution with a window of one pixel that takes each channel by itself.
void add_batch_norm(const SectionBuild& build) {
  const int channels = build.input_shape().channels;
  const int position = build.append(Convolution{channels, channels, {}, {}});
  build.store(position, StoredBatchNorm{});
}

void add_implicit(const SectionBuild& build) {
  const int filters = build.section.integer("filters", 128);
  const int atoms = build.section.integer("atoms", 1);
  build.store(build.append_to(Constant{{atoms, 1, filters}}, {}), StoredConstant{});
}

}  // namespace vpinfer
