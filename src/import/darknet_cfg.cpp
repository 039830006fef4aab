#include <algorithm>
#include <array>

#include "cfg_file.hpp"
#include "vpinfer/base/error.hpp"
#include "vpinfer/import/darknet.hpp"

namespace vpinfer {
namespace {

/// What a parser of one layer type works on.
struct Build {
  DarknetModel& model;
  CfgSection& section;

  /// Appends a layer that reads the previous one.
  void append(Operation operation) const { append_to(std::move(operation), {previous()}); }

  void append_to(Operation operation, std::vector<int> inputs) const {
    add_layer(model.network, std::move(operation), std::move(inputs), section.where());
  }

  [[nodiscard]] int previous() const { return model.network.size() - 1; }

  [[noreturn]] void refuse(const std::string& why) const {
    throw BadInput(section.where() + ": " + why);
  }

  /// Keys that would change the result and that nobody uses in published networks.
  void must_be_off(std::initializer_list<std::string_view> keys) const {
    for (const std::string_view key : keys) {
      if (section.flag(key)) refuse(std::string(key) + "=1 is not supported; remove it");
    }
  }
};

Activation read_activation(const Build& build) {
  const std::string name = build.section.text("activation").value_or("logistic");
  if (const auto activation = parse_activation(name)) return *activation;
  build.refuse("unknown activation '" + name + "'");
}

void add_convolution(const Build& build) {
  CfgSection& section = build.section;
  build.must_be_off({"binary", "xnor", "flipped", "dot"});
  const int size = section.integer("size");
  const int stride = section.integer("stride", 1);
  const int given_padding = section.integer("padding", 0);
  const int padding = section.flag("pad") ? size / 2 : given_padding;
  const Window window{size, stride, padding, padding};
  build.append(Convolution{section.integer("filters"), section.integer("groups", 1), window, window,
                           read_activation(build)});
  if (section.flag("batch_normalize")) build.model.batch_normalised.insert(build.previous());
}

void add_max_pool(const Build& build) {
  const int stride = build.section.integer("stride", 1);
  const int size = build.section.integer("size", stride);
  const int padding = build.section.integer("padding", std::max(0, size - 1));
  // Darknet's padding is the sum of both sides; the smaller half comes first.
  const Window window{size, stride, padding / 2, padding - padding / 2};
  build.append(MaxPool{window, window});
}

void add_route(const Build& build) {
  std::vector<int> inputs;
  for (const int number : build.section.integers("layers")) {
    const int here = build.previous() + 1;
    const int position = number < 0 ? here + number : Network::position(number);
    if (position < 1 || position >= here) {
      build.refuse("there is no layer " + std::to_string(number) + " to route from");
    }
    inputs.push_back(position);
  }
  if (inputs.empty()) build.refuse("the key 'layers' is missing");
  build.append_to(Concat{}, std::move(inputs));
}

void add_reorg(const Build& build) {
  build.must_be_off({"flatten", "extra"});
  build.append(Reorg{build.section.integer("stride", 1), build.section.flag("reverse")});
}

void add_region(const Build& build) {
  CfgSection& section = build.section;
  build.must_be_off({"background"});
  for (const std::string_view key : {"tree", "map"}) {
    if (section.text(key)) build.refuse(std::string(key) + "= is not supported");
  }
  if (section.integer("coords", 4) != 4) build.refuse("coords must be 4");
  Region region{section.integer("classes", 20), section.flag("softmax"), {}};
  region.anchors.resize(static_cast<std::size_t>(section.integer("num", 1)), {0.5F, 0.5F});
  const std::vector<float> numbers = section.numbers("anchors");
  for (std::size_t i = 0; i + 1 < numbers.size() && i / 2 < region.anchors.size(); i += 2) {
    region.anchors[i / 2] = {numbers[i], numbers[i + 1]};
  }
  build.append(std::move(region));
}

struct LayerType {
  std::string_view name;
  void (*add)(const Build&);
};

constexpr std::array<LayerType, 7> kLayerTypes{{{"convolutional", add_convolution},
                                                {"conv", add_convolution},
                                                {"maxpool", add_max_pool},
                                                {"max", add_max_pool},
                                                {"route", add_route},
                                                {"reorg", add_reorg},
                                                {"region", add_region}}};

void read_net(DarknetModel& model, CfgSection& net) {
  if (net.type() != "net" && net.type() != "network") {
    throw BadInput(net.where() + ": the first block of a Darknet .cfg file must be [net]");
  }
  const Shape shape{net.integer("height"), net.integer("width"), net.integer("channels", 3)};
  add_input(model.network, shape, net.where());
}

void add_layer_of(DarknetModel& model, CfgSection& section) {
  const auto type = std::find_if(kLayerTypes.begin(), kLayerTypes.end(),
                                 [&](const LayerType& t) { return t.name == section.type(); });
  if (type == kLayerTypes.end()) {
    std::string known;
    for (const std::string_view name : darknet_layer_types()) {
      known += known.empty() ? "" : ", ";
      known += name;
    }
    throw BadInput(section.where() + ": this layer type is not supported; there are " + known);
  }
  type->add({model, section});
  const std::vector<std::string> unused = section.unused();
  model.warnings.insert(model.warnings.end(), unused.begin(), unused.end());
}

}  // namespace

std::vector<std::string_view> darknet_layer_types() {
  std::vector<std::string_view> names;
  for (const LayerType& type : kLayerTypes) names.push_back(type.name);
  return names;
}

DarknetModel read_darknet_cfg(const std::filesystem::path& path) {
  std::vector<CfgSection> sections = read_cfg(path);
  DarknetModel model;
  model.network.name = path.stem().string();
  read_net(model, sections.front());
  for (auto section = sections.begin() + 1; section != sections.end(); ++section) {
    add_layer_of(model, *section);
  }
  if (model.network.size() < 2) throw BadInput(path.string() + ": there is no layer after [net]");
  return model;
}

}  // namespace vpinfer
