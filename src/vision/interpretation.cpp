#include "vision/interpretation.hpp"

#include <algorithm>

#include "vision/heads.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

/// The layer that computes what a layer gives, which may be a copy: Darknet's cost and dropout.
int origin_of(const Network& network, int position) {
  while (std::holds_alternative<Concat>(network.layer(position).operation) &&
         network.layer(position).inputs.size() == 1) {
    position = network.layer(position).inputs.front();
  }
  return position;
}

std::optional<Classifier> find_classifier(const Network& network) {
  if (network.outputs.size() > 1) return std::nullopt;
  const int result =
      network.outputs.empty() ? network.size() - 1 : network.outputs.front().position;
  const Layer& layer = network.layer(origin_of(network, result));
  const auto* softmax = std::get_if<Softmax>(&layer.operation);
  if (softmax == nullptr || softmax->groups != 1) return std::nullopt;
  const bool one_pixel = layer.output.rows == 1 && layer.output.cols == 1;
  const bool whole_picture = softmax->over_rows && softmax->over_cols && softmax->tree.empty();
  if (!one_pixel && !whole_picture) return std::nullopt;
  return Classifier{result, softmax->tree};
}

/// The classes of the maps of classes among the depictions.
int map_classes(const std::vector<Depiction>& depictions, const std::string& where) {
  int classes = 0;
  for (const Depiction& depiction : depictions) {
    const auto* map = std::get_if<ClassMap>(&depiction.content);
    if (map == nullptr) continue;
    if (classes != 0 && map->classes != classes) {
      throw BadInput(where + ": one map tells " + std::to_string(classes) +
                     " classes apart, another " + std::to_string(map->classes) +
                     "; all must have the same");
    }
    classes = map->classes;
  }
  return classes;
}

/// How many coefficients of masks heads give, all that give some as many.
int mask_coefficients(const Network& network, const std::vector<int>& heads,
                      const std::string& where) {
  int coefficients = 0;
  for (const int position : heads) {
    const auto* head = std::get_if<Candidates>(&network.layer(position).operation);
    if (head == nullptr || head->mask_coefficients() == 0) continue;
    if (coefficients != 0 && head->mask_coefficients() != coefficients) {
      throw BadInput(where + ": one head gives " + std::to_string(coefficients) +
                     " coefficients of masks, another " +
                     std::to_string(head->mask_coefficients()) + "; all must give as many");
    }
    coefficients = head->mask_coefficients();
  }
  return coefficients;
}

/// What the masks of a network's objects are made of, the only such depiction.
std::optional<Depiction> find_prototypes(const Network& network, const std::vector<int>& heads,
                                         const std::string& where) {
  std::optional<Depiction> found;
  for (const Depiction& depiction : network.depictions) {
    if (!std::holds_alternative<MaskPrototypes>(depiction.content)) continue;
    if (found) throw BadInput(where + ": prototypes of masks are there twice");
    found = depiction;
  }
  const int coefficients = mask_coefficients(network, heads, where);
  const int prototypes = found ? found->map.channels : 0;
  if (coefficients != prototypes) {
    throw BadInput(where + ": its heads give " + std::to_string(coefficients) +
                   " coefficients of masks for " + std::to_string(prototypes) +
                   " prototypes; import the model again");
  }
  return found;
}

}  // namespace

Interpretation interpret(const Network& network, const std::string& where) {
  Interpretation meaning;
  for (int i = 0; i < network.size(); ++i) {
    if (!is_head(network.layer(i).operation)) continue;
    const int classes = class_count(network.layer(i).operation);
    if (meaning.detects() && classes != meaning.classes) {
      throw BadInput(where + ": " + Network::label(meaning.heads.back()) + " tells " +
                     std::to_string(meaning.classes) + " classes apart, " + Network::label(i) +
                     " " + std::to_string(classes) + "; all heads must have the same");
    }
    meaning.classes = classes;
    meaning.heads.push_back(i);
  }
  meaning.prototypes = find_prototypes(network, meaning.heads, where);
  if (meaning.detects()) {
    const auto other = std::find_if(network.depictions.begin(), network.depictions.end(),
                                    [&](const Depiction& d) { return d != meaning.prototypes; });
    if (other == network.depictions.end()) return meaning;
    throw BadInput(where + ": boxes are found in its outputs, and " +
                   Network::label(other->position) +
                   " depicts something else; only one of both can be shown, leave the other out");
  }
  meaning.has_depictions = !network.depictions.empty();
  if (meaning.has_depictions) {
    meaning.classes = map_classes(network.depictions, where);
    return meaning;
  }
  meaning.classifier = find_classifier(network);
  if (meaning.classifier) {
    meaning.classes =
        static_cast<int>(network.layer(meaning.classifier->position).output.elements());
  }
  return meaning;
}

}  // namespace vpinfer
