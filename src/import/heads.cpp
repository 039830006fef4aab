#include "vpinfer/import/heads.hpp"

#include <algorithm>
#include <array>

#include "darknet_layers.hpp"
#include "vpinfer/base/error.hpp"

namespace vpinfer {
namespace {

void add_nanodet(const SectionBuild& build) {
  CfgSection& section = build.section;
  add_layer(build.model.network,
            NanoDet{section.integer("classes"), section.integer("bins"), section.integer("stride")},
            {build.previous}, section.where(), section.type());
}

/// Darknet's own heads, and others.
const std::vector<DarknetLayerType>& table() {
  static const std::vector<DarknetLayerType> all = [] {
    constexpr std::array<std::string_view, 5> kDarknets{"region", "yolo", "gaussian_yolo",
                                                        "detection", "softmax"};
    std::vector<DarknetLayerType> list{{"nanodet", add_nanodet, "classes, bins, stride"}};
    for (const DarknetLayerType& type : darknet_layer_table()) {
      if (std::find(kDarknets.begin(), kDarknets.end(), type.name) != kDarknets.end()) {
        list.push_back(type);
      }
    }
    return list;
  }();
  return all;
}

NetworkOutput& find_output(Network& network, CfgSection& section) {
  const std::string name = section.text("input").value_or("");
  std::string known;
  for (NetworkOutput& output : network.outputs) {
    if (output.name == name) return output;
    known += (known.empty() ? "" : ", ") + output.name;
  }
  throw BadInput(section.where() +
                 ": the key 'input' must name an output of the network: " + known);
}

}  // namespace

std::vector<HeadHelp> head_kinds() {
  std::vector<HeadHelp> kinds;
  for (const DarknetLayerType& type : table()) kinds.push_back({type.name, type.help});
  return kinds;
}

std::vector<std::string> add_heads(Network& network, const std::filesystem::path& path) {
  DarknetModel model;
  model.network = std::move(network);
  for (CfgSection& section : read_cfg(path)) {
    NetworkOutput& output = find_output(model.network, section);
    add_layer_of({model, section, output.position}, table());
    // A head gives boxes beside the tensor that it reads; anything else takes its place.
    const int added = model.network.size() - 1;
    if (!is_head(model.network.layer(added).operation)) output.position = added;
  }
  network = std::move(model.network);
  return model.warnings;
}

}  // namespace vpinfer
