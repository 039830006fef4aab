#pragma once

#include <optional>
#include <string>
#include <vector>

#include "net/network.hpp"

namespace vpinfer {

/// A layer whose tensor is a probability for each class of the whole picture.
struct Classifier {
  int position = 0;
  std::vector<int> tree;  ///< if not empty, of the classes: see Softmax
};

/// What a network's result tells about a picture: boxes if there is a head, else what its
/// depictions show, else classes if the result is a softmax, else nothing.
struct Interpretation {
  std::vector<int> heads;  ///< positions, in increasing order; decoded and suppressed together
  /// Of the masks of what heads find, if they give coefficients.
  std::optional<Depiction> prototypes;
  bool has_depictions = false;           ///< only without heads
  std::optional<Classifier> classifier;  ///< only without either
  int classes = 0;  ///< to name; of a detector that only tells objects from background, 0

  [[nodiscard]] bool detects() const { return !heads.empty(); }
  [[nodiscard]] bool gives_tensors_only() const {
    return heads.empty() && !has_depictions && !classifier;
  }
};

/// Looks at a network's heads and outputs.  A classifier is a network with one output, a softmax
/// over a whole picture or over a single pixel, or a copy of one.  Throws BadInput, beginning with
/// `where`, if heads or maps of classes differ in their number of classes, if there are both heads
/// and depictions, or coefficients of masks without as many prototypes, or these without the
/// former.
[[nodiscard]] Interpretation interpret(const Network& network, const std::string& where);

}  // namespace vpinfer
