#include "vpinfer/import/heads.hpp"

#include <algorithm>
#include <array>
#include <cmath>

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

/// Whether a layer, perhaps by way of copies and joins, gives what such an activation gives.
template <typename IsMeant>
bool comes_from(const Network& network, int position, const IsMeant& is_meant) {
  const Layer& layer = network.layer(position);
  if (std::holds_alternative<Concat>(layer.operation) ||
      std::holds_alternative<Slice>(layer.operation)) {
    return std::any_of(layer.inputs.begin(), layer.inputs.end(),
                       [&](int input) { return comes_from(network, input, is_meant); });
  }
  return is_meant(layer.operation);
}

bool gives_probabilities(const Operation& operation) {
  if (std::holds_alternative<Softmax>(operation)) return true;
  Operation copy = operation;
  const Activation* activation = activation_of(copy);
  return activation != nullptr && activation->function == Activation::kLogistic;
}

/// Whether so many rows and columns of cells can be all cells of one size in a picture.
bool is_grid_of(const Shape& cells, const Shape& picture) {
  // Extent e has as many cells of size s as e / s, rounded up or down.
  const auto least = [](int extent, int count) { return extent / (count + 1.0); };
  const auto most = [](int extent, int count) {
    return count == 1 ? extent : extent / (count - 1.0);
  };
  return std::max(least(picture.rows, cells.rows), least(picture.cols, cells.cols)) <
         std::min(most(picture.rows, cells.rows), most(picture.cols, cells.cols));
}

/// A head that cannot mean what its tensor holds would find nothing, or anything.
void check_fit(const SectionBuild& build, int position) {
  const Network& network = build.model.network;
  const Operation& head = network.layer(position).operation;
  const auto* region = std::get_if<Region>(&head);
  const auto* nanodet = std::get_if<NanoDet>(&head);
  const bool takes_logits = std::holds_alternative<Softmax>(head) || nanodet != nullptr ||
                            (region != nullptr && region->coding != BoxCoding::kSquare);
  if (takes_logits && comes_from(network, build.previous, gives_probabilities)) {
    build.refuse(
        "takes logits, but its input holds probabilities already, of a sigmoid or softmax in the "
        "graph; name a tensor before that with --outputs" +
        std::string(region != nullptr ? ", or say new_coords=1 if all its values are sigmoids"
                                      : ""));
  }
  if (region == nullptr && nanodet == nullptr) return;
  const Shape& cells = network.layer(position).output;
  const Shape& picture = network.input_shape();
  const auto fits = [&](int extent, int count) {
    return nanodet == nullptr ||
           std::abs(static_cast<double>(extent) / nanodet->stride - count) < 1;
  };
  if (!is_grid_of(cells, picture) || !fits(picture.rows, cells.rows) ||
      !fits(picture.cols, cells.cols)) {
    build.refuse("its input of " + to_string(cells) + " is no grid of " +
                 (nanodet == nullptr ? std::string("square")
                                     : std::to_string(nanodet->stride) + " pixels wide") +
                 " cells over a picture of " + to_string(picture));
  }
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
    const SectionBuild build{model, section, output.position};
    add_layer_of(build, table());
    check_fit(build, model.network.size() - 1);
    // A head gives boxes beside the tensor that it reads; anything else takes its place.
    const int added = model.network.size() - 1;
    if (!is_head(model.network.layer(added).operation)) output.position = added;
  }
  network = std::move(model.network);
  return model.warnings;
}

}  // namespace vpinfer
