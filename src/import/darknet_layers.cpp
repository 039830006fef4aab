#include "darknet_layers.hpp"

#include <algorithm>
#include <array>

#include "class_tree.hpp"
#include "vpinfer/base/error.hpp"

namespace vpinfer {
namespace {

[[noreturn]] void refuse(const SectionBuild& build, const std::string& why) {
  throw BadInput(build.section.where() + ": " + why);
}

/// Appends a layer that reads these.
void append_to(const SectionBuild& build, Operation operation, std::vector<int> inputs) {
  add_layer(build.model.network, std::move(operation), std::move(inputs), build.section.where(),
            build.section.type());
}

/// Appends a layer that reads the previous one.
void append(const SectionBuild& build, Operation operation) {
  append_to(build, std::move(operation), {build.previous});
}

/// The layer that was appended last.
int last(const SectionBuild& build) {
  return build.model.network.size() - 1;
}

const Shape& input_shape(const SectionBuild& build) {
  return build.model.network.layer(build.previous).output;
}

/// Keys that would change the result and that nobody uses in published networks.
void must_be_off(const SectionBuild& build, std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    if (build.section.flag(key)) {
      refuse(build, std::string(key) + "=1 is not supported; remove it");
    }
  }
}

Activation read_activation(const SectionBuild& build, const std::string& fallback) {
  const std::string name = build.section.text("activation").value_or(fallback);
  if (const auto function = parse_activation(name)) return *function;
  refuse(build, "unknown activation '" + name + "'");
}

/// The position of an earlier layer, by its number or counted back from here.
int read_source(const SectionBuild& build, int number) {
  const int here = build.model.network.size();
  const int position = number < 0 ? here + number : Network::position(number);
  if (position < 1 || position >= here) {
    refuse(build, "there is no layer " + std::to_string(number) + " before this one");
  }
  return position;
}

void add_convolution(const SectionBuild& build) {
  CfgSection& section = build.section;
  must_be_off(build, {"binary", "xnor", "flipped", "dot"});
  const int size = section.integer("size");
  const int stride = section.integer("stride", 1);
  const int given_padding = section.integer("padding", 0);
  const int padding = section.flag("pad") ? size / 2 : given_padding;
  const Window window{size, stride, padding, padding};
  append(build, Convolution{section.integer("filters"), section.integer("groups", 1), window,
                            window, read_activation(build, "logistic")});
  if (section.flag("batch_normalize")) build.model.batch_normalised.insert(last(build));
}

/// A convolution whose windows are as large as its input.
void add_connected(const SectionBuild& build) {
  const Shape& in = input_shape(build);
  append(build, Convolution{build.section.integer("output"), 1, Window{in.rows}, Window{in.cols},
                            read_activation(build, "logistic")});
  build.model.connected.insert(last(build));
  if (build.section.flag("batch_normalize")) build.model.batch_normalised.insert(last(build));
}

void add_local(const SectionBuild& build) {
  CfgSection& section = build.section;
  const int size = section.integer("size");
  const int padding = section.integer("pad", 0);
  if (padding > 1 || (padding == 1 && size != 3)) {
    refuse(build, "pad=" + std::to_string(padding) + " with size=" + std::to_string(size) +
                      " is not supported, only pad=0, and pad=1 with size=3");
  }
  const Window window{size, section.integer("stride", 1), padding, padding};
  append(build, LocallyConnected{section.integer("filters"), window, window,
                                 read_activation(build, "logistic")});
}

void add_max_pool(const SectionBuild& build) {
  const int stride = build.section.integer("stride", 1);
  const int size = build.section.integer("size", stride);
  const int padding = build.section.integer("padding", std::max(0, size - 1));
  // Darknet's padding is the sum of both sides; the smaller half comes first.
  const Window window{size, stride, padding / 2, padding - padding / 2};
  append(build, MaxPool{window, window});
}

void add_average_pool(const SectionBuild& build) {
  const Shape& in = input_shape(build);
  append(build, AveragePool{Window{in.rows}, Window{in.cols}});
}

void add_route(const SectionBuild& build) {
  std::vector<int> inputs;
  for (const int number : build.section.integers("layers")) {
    inputs.push_back(read_source(build, number));
  }
  if (inputs.empty()) refuse(build, "the key 'layers' is missing");
  append_to(build, Concat{}, std::move(inputs));
}

void add_shortcut(const SectionBuild& build) {
  const std::vector<int> from = build.section.integers("from");
  if (from.size() != 1) refuse(build, "the key 'from' must name one layer");
  append_to(build,
            Shortcut{build.section.number("alpha", 1), build.section.number("beta", 1),
                     read_activation(build, "linear")},
            {build.previous, read_source(build, from.front())});
}

void add_upsample(const SectionBuild& build) {
  const int stride = build.section.integer("stride", 2);
  if (stride < 1) refuse(build, "stride must be at least 1");
  const Shape& in = input_shape(build);
  const auto enlarged = [&](int extent) {
    if (extent > 65536 / stride) refuse(build, "its output would be too large");
    return Sampling{extent * stride, static_cast<double>(stride), 0, 0};
  };
  append(build, Resample{enlarged(in.rows), enlarged(in.cols), Interpolation::kNearestFloor,
                         build.section.number("scale", 1)});
}

void add_reorg(const SectionBuild& build) {
  must_be_off(build, {"flatten"});
  if (const int extra = build.section.integer("extra", 0); extra > 0) {
    (void)build.section.integer("stride", 1);  // Darknet does not look at it either
    append(build, Flatten{extra});
    return;
  }
  append(build, Reorg{build.section.integer("stride", 1), build.section.flag("reverse")});
}

/// The centre of the picture, with values from [0, 1] moved to [-1, 1].
void add_crop(const SectionBuild& build) {
  const Shape& in = input_shape(build);
  const auto centre = [](int size, int wanted) { return Cut{(size - wanted) / 2, wanted}; };
  const bool adjust = !build.section.flag("noadjust");
  append(build, Slice{centre(in.rows, build.section.integer("crop_height", 1)),
                      centre(in.cols, build.section.integer("crop_width", 1)), Cut{0, in.channels},
                      adjust ? 2.0F : 1.0F, adjust ? -1.0F : 0.0F});
}

void add_softmax(const SectionBuild& build) {
  Softmax softmax;
  softmax.groups = build.section.integer("groups", 1);
  softmax.temperature = build.section.number("temperature", 1);
  if (const auto path = build.section.file("tree")) {
    softmax.tree = read_class_tree(*path);
    softmax.groups = 1;
  }
  append(build, std::move(softmax));
}

/// What only matters for training passes its input on.
void add_identity(const SectionBuild& build) {
  append(build, Concat{});
}

/// Pairs of numbers; those that are missing are a half, as in Darknet.
std::vector<Anchor> read_anchors(const SectionBuild& build) {
  std::vector<Anchor> anchors(static_cast<std::size_t>(build.section.integer("num", 1)),
                              {0.5F, 0.5F});
  const std::vector<float> numbers = build.section.numbers("anchors");
  for (std::size_t i = 0; i + 1 < numbers.size() && i / 2 < anchors.size(); i += 2) {
    anchors[i / 2] = {numbers[i], numbers[i + 1]};
  }
  return anchors;
}

void add_region(const SectionBuild& build) {
  CfgSection& section = build.section;
  must_be_off(build, {"background"});
  if (section.integer("coords", 4) != 4) refuse(build, "coords must be 4");
  Region region{
      section.integer("classes", 20), section.flag("softmax"), read_anchors(build), {}, {}};
  if (const auto path = section.file("tree")) region.tree = read_class_tree(*path);
  if (const auto path = section.file("map")) region.map = read_class_map(*path);
  append(build, std::move(region));
}

/// YOLOv3's head is v2's without a softmax, with anchors in pixels, of which each scale takes some.
void add_yolo(const SectionBuild& build) {
  const std::vector<Anchor> anchors = read_anchors(build);
  std::vector<int> mask = build.section.integers("mask");
  if (mask.empty()) {
    for (int i = 0; i < static_cast<int>(anchors.size()); ++i) mask.push_back(i);
  }
  const Shape& in = input_shape(build);
  const Shape& picture = build.model.network.input_shape();
  Region region{build.section.integer("classes", 20), false, {}, {}, {}};
  for (const int i : mask) {
    if (i < 0 || i >= static_cast<int>(anchors.size())) {
      refuse(build,
             "mask names anchor " + std::to_string(i) + " of " + std::to_string(anchors.size()));
    }
    const Anchor& pixels = anchors[static_cast<std::size_t>(i)];
    region.anchors.push_back(
        {pixels.width * static_cast<float>(in.cols) / static_cast<float>(picture.cols),
         pixels.height * static_cast<float>(in.rows) / static_cast<float>(picture.rows)});
  }
  append(build, std::move(region));
}

void add_detection(const SectionBuild& build) {
  CfgSection& section = build.section;
  if (section.integer("coords", 1) != 4) refuse(build, "coords must be 4");
  append(build,
         GridHead{section.integer("side", 7), section.integer("num", 1),
                  section.integer("classes", 1), section.flag("softmax"), section.flag("sqrt")});
}

constexpr std::array<DarknetLayerType, 21> kLayerTypes{{
    {"convolutional", add_convolution,
     "filters, size, stride, pad or padding, groups, batch_normalize, activation"},
    {"conv", add_convolution, "the same"},
    {"connected", add_connected, "output, batch_normalize, activation"},
    {"conn", add_connected, "the same"},
    {"local", add_local, "filters, size, stride, pad, activation"},
    {"maxpool", add_max_pool, "size, stride, padding"},
    {"max", add_max_pool, "the same"},
    {"avgpool", add_average_pool, "over the whole picture"},
    {"avg", add_average_pool, "the same"},
    {"route", add_route, "layers"},
    {"shortcut", add_shortcut, "from, alpha, beta, activation; sizes and channels may differ"},
    {"upsample", add_upsample, "stride, scale"},
    {"reorg", add_reorg, "stride, reverse, extra"},
    {"crop", add_crop, "crop_height, crop_width, noadjust; the centre"},
    {"softmax", add_softmax, "groups, temperature, tree"},
    {"soft", add_softmax, "the same"},
    {"dropout", add_identity, "does nothing"},
    {"cost", add_identity, "does nothing"},
    {"region", add_region, "classes, num, anchors, softmax, tree, map"},
    {"yolo", add_yolo, "classes, num, anchors, mask"},
    {"detection", add_detection, "classes, side, num, coords=4, softmax, sqrt"},
}};

}  // namespace

std::span<const DarknetLayerType> darknet_layer_table() {
  return kLayerTypes;
}

const DarknetLayerType& find_layer_type(const CfgSection& section,
                                        std::span<const DarknetLayerType> known) {
  std::string names;
  for (const DarknetLayerType& type : known) {
    if (type.name == section.type()) return type;
    names += names.empty() ? "" : ", ";
    names += type.name;
  }
  throw BadInput(section.where() + ": this layer type is not supported; there are " + names);
}

void add_layer_of(const SectionBuild& build, std::span<const DarknetLayerType> known) {
  find_layer_type(build.section, known).add(build);
  const std::vector<std::string> unused = build.section.unused();
  build.model.warnings.insert(build.model.warnings.end(), unused.begin(), unused.end());
}

}  // namespace vpinfer
