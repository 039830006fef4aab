#include "import/cfg_file.hpp"
#include "import/darknet.hpp"
#include "import/darknet_keys.hpp"
#include "import/darknet_layers.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

void read_net(DarknetModel& model, CfgSection& net) {
  if (!net.is_net()) {
    throw BadInput(net.where() + ": the first block of a Darknet .cfg file must be [net]");
  }
  const Shape shape{net.integer("height"), net.integer("width"), net.integer("channels", 3)};
  add_input(model.network, shape, net.where());
  const std::vector<float> inputs = net.numbers("inputs");
  if (!inputs.empty() && inputs.front() != static_cast<float>(shape.elements())) {
    throw BadInput(net.where() + ": inputs is not supported: the layers would read other than " +
                   to_string(shape) + " numbers; remove it");
  }
  // Whether pictures keep their aspect ratio; without the key Darknet does so, its forks do not.
  if (net.integer("letter_box", 1) == 0) model.resize = Resize::kStretch;
  model.warnings = net.unused(is_harmless_in_net);
}

}  // namespace

std::vector<DarknetLayerHelp> darknet_layers() {
  std::vector<DarknetLayerHelp> list;
  for (const DarknetLayerType& type : darknet_layer_table()) list.push_back({type.name, type.help});
  return list;
}

DarknetModel read_darknet_cfg(const std::filesystem::path& path) {
  std::vector<CfgSection> sections = read_cfg(path);
  DarknetModel model;
  model.network.name = path.stem().string();
  // Recurrent networks have a [net] of their own kind: say first what of them is not supported.
  for (auto section = sections.begin() + 1; section != sections.end(); ++section) {
    (void)find_layer_type(*section, darknet_layer_table());
  }
  read_net(model, sections.front());
  for (auto section = sections.begin() + 1; section != sections.end(); ++section) {
    add_layer_of({model, *section, model.network.size() - 1}, darknet_layer_table());
  }
  if (model.network.size() < 2) throw BadInput(path.string() + ": there is no layer after [net]");
  return model;
}

}  // namespace vpinfer
