#pragma once

#include <optional>
#include <string>
#include <vector>

#include "import/onnx.hpp"
#include "net/candidates.hpp"

namespace vpinfer {

/// What the end of a graph shows to be a detector's.
struct Recognition {
  std::string kind;  ///< for people: which networks end so
  Candidates head;
  std::vector<int> inputs;           ///< of the head: positions of layers
  InputNormalisation normalisation;  ///< as networks of this kind are trained
  bool knows_input = true;           ///< whether that is certain, or the usual
  float threshold = 0.5F;
  std::vector<std::string> labels{};      ///< a name per class, or empty
  std::optional<Depiction> prototypes{};  ///< of masks, if the head has coefficients of such
};

/// Recognises the decoding of boxes by what the graph's end makes of chosen numbers, never by
/// names. Nothing if that is not certain.
[[nodiscard]] std::optional<Recognition> recognise_detector(const OnnxGraph& graph,
                                                            const OnnxModel& model);

/// The network up to the boxes among which a graph then chooses, and what they are.
struct ChosenRecognition {
  OnnxModel model;
  Recognition found;
};
/// Nothing if there is no such choice, by TopK or suppression, or if the boxes are not certain.
[[nodiscard]] std::optional<ChosenRecognition> recognise_before_choice(
    const OnnxGraph& graph, const OnnxImportOptions& options, const std::string& where);

/// Appends the head, and keeps what its masks are made of.  Throws BadInput, beginning with
/// `where`, if it does not fit.
void add_recognised(Network& network, const Recognition& found, const std::string& where);

}  // namespace vpinfer
