#include "import/heads.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "import/candidate_sections.hpp"
#include "import/darknet_layers.hpp"
#include "import/depiction_sections.hpp"
#include "import/probabilities.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

void add_nanodet(const SectionBuild& build) {
  CfgSection& section = build.section;
  build.append(
      NanoDet{section.integer("classes"), section.integer("bins"), section.integer("stride")});
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

/// A head that applies a sigmoid or softmax to probabilities would find nothing, or anything.
void check_logits(const SectionBuild& build, const Operation& head) {
  const auto* region = std::get_if<Region>(&head);
  if (region != nullptr && region->coding == BoxCoding::kSquare) {
    if (comes_from(build.model.network, build.previous, gives_sigmoids)) return;
    build.refuse("new_coords=1 takes sigmoids, but the graph has none that its input comes from");
  }
  if (std::holds_alternative<GridHead>(head) ||
      !comes_from(build.model.network, build.previous, gives_probabilities)) {
    return;
  }
  const bool may_take_sigmoids = build.section.type() == "yolo";
  build.refuse(
      "takes logits, but its input holds probabilities already, of a sigmoid or softmax in the "
      "graph; name a tensor before that with --outputs" +
      std::string(may_take_sigmoids ? ", or say new_coords=1 if all its values are sigmoids" : ""));
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

/// The cells of a head must lie over the picture as its boxes are counted.
void check_grid(const SectionBuild& build, const Layer& head) {
  const auto* nanodet = std::get_if<NanoDet>(&head.operation);
  if (nanodet == nullptr && !std::holds_alternative<Region>(head.operation)) return;
  const Shape& cells = head.output;
  const Shape& picture = build.model.network.input_shape();
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

NetworkOutput& find_output(Network& network, CfgSection& section, std::string_view key) {
  const std::string name = section.text(key).value_or("");
  std::string known;
  for (NetworkOutput& output : network.outputs) {
    if (output.name == name) return output;
    known += (known.empty() ? "" : ", ") + output.name;
  }
  throw BadInput(section.where() + ": the key '" + std::string(key) +
                 "' must name an output of the network: " + known);
}

}  // namespace

std::vector<HeadHelp> head_kinds() {
  std::vector<HeadHelp> kinds;
  for (const DarknetLayerType& type : table()) kinds.push_back({type.name, type.help});
  kinds.push_back(candidates_kind());
  const std::vector<HeadHelp> depictions = depiction_kinds();
  kinds.insert(kinds.end(), depictions.begin(), depictions.end());
  return kinds;
}

std::vector<std::string> add_heads(Network& network, const std::filesystem::path& path) {
  DarknetModel model;
  model.network = std::move(network);
  for (CfgSection& section : read_cfg(path)) {
    NetworkOutput& output = find_output(model.network, section, "input");
    const bool is_apart = section.type() == candidates_kind().name && section.text("scores");
    const NetworkOutput& scores = is_apart ? find_output(model.network, section, "scores") : output;
    if (add_candidates_of(model.network, section, output.position, scores.position) ||
        add_depiction_of(model.network, section, output.position)) {
      const std::vector<std::string> unused =
          section.unused([](std::string_view /*key*/) { return false; });
      model.warnings.insert(model.warnings.end(), unused.begin(), unused.end());
      continue;
    }
    const SectionBuild build{model, section, output.position};
    add_layer_of(build, table());
    const int added = model.network.size() - 1;
    const Layer& head = model.network.layer(added);
    check_logits(build, head.operation);
    check_grid(build, head);
    // A head gives boxes beside the tensor that it reads; anything else takes its place.
    if (!is_head(head.operation)) output.position = added;
  }
  network = std::move(model.network);
  return model.warnings;
}

}  // namespace vpinfer
