// Darknet's layers with trained numbers.

#include "import/darknet_layers.hpp"

namespace vpinfer {
namespace {

/// The convolution whose numbers one at `position` shares, if they suit it.
SharedWeights read_share(const SectionBuild& build, int position, bool normalised) {
  const Network& network = build.model.network;
  const std::vector<int> numbers = build.section.integers("share_index");
  if (numbers.size() == 1) {
    int source = build.source(numbers.front());
    auto stored = build.model.weights.find(source);
    if (stored != build.model.weights.end()) {
      if (const auto* further = std::get_if<SharedWeights>(&stored->second)) {
        source = further->source;
        stored = build.model.weights.find(source);
      }
      const auto* convolution = std::get_if<StoredConvolution>(&stored->second);
      if (convolution != nullptr && convolution->batch_normalised == normalised &&
          weight_shape(network, source) == weight_shape(network, position)) {
        return {source};
      }
    }
  }
  build.refuse("share_index must name a convolution that stores as many numbers as this one needs");
}

}  // namespace

void add_convolution(const SectionBuild& build) {
  CfgSection& section = build.section;
  const int size = section.integer("size");
  const Strides strides = build.strides();
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
  if (section.text("share_index")) {
    build.store(position, read_share(build, position, normalised));
  } else {
    build.store(position, StoredConvolution{normalised});
  }
  if (blur != 0) build.append_blur(position, blur, strides);
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
