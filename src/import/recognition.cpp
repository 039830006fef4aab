#include "import/recognition.hpp"

#include "import/depiction_recognition.hpp"
#include "import/detector_kinds.hpp"
#include "import/known_labels.hpp"
#include "import/onnx_choice.hpp"
#include "import/onnx_metadata.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

std::vector<std::string> labels_for(const FoundDetector& detector, const OnnxGraph& graph) {
  std::vector<std::string> labels = labels_of(graph.metadata);
  if (static_cast<int>(labels.size()) != detector.head.classes()) {
    labels = known_labels(detector.head.classes());
  }
  const std::string_view only_class = detector.training.only_class;
  if (labels.empty() && !only_class.empty()) labels = {std::string(only_class)};
  return labels;
}

Recognition recognition(const FoundDetector& detector, const OnnxGraph& graph,
                        const OnnxModel& model) {
  const Training& training = detector.training;
  Recognition found{std::string(training.kind),
                    detector.head,
                    {},
                    training.input,
                    training.is_certain,
                    training.threshold,
                    labels_for(detector, graph)};
  for (const CandidateTable* table : detector.tables) {
    found.head.tensors.push_back(table->tensor);
    found.inputs.push_back(model.results[static_cast<std::size_t>(table->result)].position);
  }
  const int coefficients = detector.head.mask_coefficients();
  if (coefficients > 0) found.prototypes = recognise_prototypes(model, coefficients);
  return found;
}

/// Tries one family of detectors after another.
std::optional<Recognition> find_detector(const OnnxGraph& graph, const OnnxModel& model) {
  const DetectorTables tables(graph, model);
  for (const auto find : {find_faces, find_in_one_table, find_boxes_and_scores, find_distributions,
                          find_peaks, find_queries}) {
    if (const auto detector = find(tables)) return recognition(*detector, graph, model);
  }
  return std::nullopt;
}

/// The network cut before a choice, if it gives boxes there.
std::optional<ChosenRecognition> recognise_before(const OnnxGraph& graph, const OnnxChoice& choice,
                                                  const OnnxImportOptions& options,
                                                  const std::string& where) {
  OnnxImportOptions cut = options;
  cut.outputs = choice.tensors;
  try {
    OnnxModel model = translate_onnx(graph, cut, where);
    auto found = recognise_detector(graph, model);
    if (!found) return std::nullopt;
    // What decodes boxes in the graph only to choose the best few is trained to give one per
    // object.
    const bool is_unknown = found->kind == kUnknown.kind;
    if (!choice.suppresses && is_unknown) {
      found->head.overlaps = false;
      found->kind = kYolov10.kind;
    }
    if (choice.suppresses && found->head.overlaps) {
      model.warnings.emplace_back(
          "the graph suppresses boxes itself; it is cut before that, and 'run' does it: see --nms");
    }
    return ChosenRecognition{std::move(model), std::move(*found)};
  } catch (const BadInput&) {
    return std::nullopt;
  }
}

}  // namespace

std::optional<Recognition> recognise_detector(const OnnxGraph& graph, const OnnxModel& model) {
  const int channels = model.network.input_shape().channels;
  if (channels != 1 && channels != 3) return std::nullopt;
  try {
    return find_detector(graph, model);
  } catch (const BadInput&) {
    return std::nullopt;  // what cannot be computed is not certain
  }
}

std::optional<ChosenRecognition> recognise_before_choice(const OnnxGraph& graph,
                                                         const OnnxImportOptions& options,
                                                         const std::string& where) {
  if (!options.outputs.empty()) return std::nullopt;
  for (const OnnxChoice& choice : find_choices(graph)) {
    if (auto found = recognise_before(graph, choice, options, where)) return found;
  }
  return std::nullopt;
}

void add_recognised(Network& network, const Recognition& found, const std::string& where) {
  add_layer(network, found.head, found.inputs, where, "boxes");
  network.normalisation = found.normalisation;
  network.threshold = found.threshold;
  network.labels = found.labels;
  if (found.prototypes) add_depiction(network, *found.prototypes, where);
}

}  // namespace vpinfer
