#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "net/tensor_form.hpp"
#include "vpinfer/box.hpp"

namespace vpinfer {

// Detectors that give a row of numbers for each candidate, with boxes decoded in the graph or
// nearly so: where these numbers stand and what they mean, as data.

/// An anchor's width and height, in cells.
struct Anchor {
  float width = 0;
  float height = 0;
  bool operator==(const Anchor&) const = default;
};

/// One input of the layer.  A candidate's values stand along one axis of it; the places along all
/// others, row-major, are the candidates.
struct CandidateTensor {
  TensorForm form;
  int axis = 2;
  bool operator==(const CandidateTensor&) const = default;

  [[nodiscard]] std::int64_t candidates() const;
  [[nodiscard]] int values() const;
  /// How many elements further a candidate's next value stands.
  [[nodiscard]] std::int64_t inner() const;
};

/// Some of the values of each candidate of an input.
struct CandidateValues {
  int input = 0;
  Interval values;
  bool operator==(const CandidateValues&) const = default;
};

/// As many candidates as its inputs hold, and where stands what is known of each.
struct CandidateGroup {
  CandidateValues box;
  std::optional<CandidateValues> objectness{};  ///< with which the scores are multiplied
  CandidateValues scores;
  std::optional<CandidateValues> points{};  ///< a body's joints, or a face's five
  /// With which MaskPrototypes are multiplied and added up.
  std::optional<CandidateValues> coefficients{};
  std::optional<CandidateValues> size{};  ///< of the box, where it stands apart from the centre
  bool operator==(const CandidateGroup&) const = default;
};

/// Cells over the picture, row by row, with as many candidates each as there are anchors.
struct CandidateGrid {
  int rows = 0;
  int cols = 0;
  int stride = 8;  ///< pixels of the network's input per cell
  std::vector<Anchor> anchors{{1, 1}};

  [[nodiscard]] std::int64_t candidates() const {
    return std::int64_t{rows} * cols * static_cast<std::int64_t>(anchors.size());
  }
  bool operator==(const CandidateGrid&) const = default;
};

/// What the four numbers of a box are.
enum class CandidateBox {
  kCentre,     ///< x and y of the centre, width, height
  kCorners,    ///< left, top, right, bottom
  kOffsets,    ///< from the cell's point and its anchor: centre in anchors, logarithms of the size
               ///< (YOLOX, Ge et al., 2021; SSD, Liu et al., 2016)
  kSizes,      ///< likewise, but the size itself in anchors (CenterNet, Zhou et al., 2019;
               ///< BlazeFace, Bazarevsky et al., 2019)
  kDistances,  ///< from the cell's point to left, top, right, bottom, in cells (Generalized Focal
               ///< Loss, Li et al., 2020; YOLOv8)
};

/// In what decoded boxes are told.
enum class BoxUnit { kPixels, kShares };  // of the network's input

/// Which of a candidate's scores is that of no object.
enum class Background { kNone, kFirst, kLast };

/// What scores are until the layer makes probabilities of them.
enum class ScoreKind {
  kProbabilities,
  kSigmoidLogits,
  kSoftmaxLogits,
  kSquares,  ///< probabilities, the roots of which count (YuNet, Wu et al., 2023)
};

/// A head that reads its inputs as candidates: its output has one per row, in the order of groups,
/// as [candidates][1][box, objectness, scores, points, coefficients], where scores are
/// probabilities and distributions have become shares.
struct Candidates {
  std::vector<CandidateTensor> tensors;  ///< the layer's inputs
  std::vector<CandidateGroup> groups;
  CandidateBox box = CandidateBox::kCentre;
  BoxUnit unit = BoxUnit::kPixels;
  ScoreKind scores = ScoreKind::kProbabilities;
  Background background = Background::kNone;
  /// How many values tell one number of a box: 1, or logits of a distribution over 0, 1, 2, ...
  int bins = 1;
  std::vector<CandidateGrid> grids{};  ///< of all candidates in their order; for boxes by cells
  float point = 0.5F;                  ///< where in its cell a point lies, from its top left
  /// Whether the cells' points are spread evenly over the input (SSD), or lie a stride apart, which
  /// differs where the input is no multiple of the stride.
  bool spread = false;
  float centre_gain = 1;  ///< of offsets, SSD's variances
  float size_gain = 1;
  /// How many values tell a point: x and y, perhaps how surely it is seen. Its place is told as a
  /// box's: in the box's unit or, by cells, from the cell's point in anchors by the centre's gain.
  int values_per_point = 2;
  /// Whether several boxes of an object have to hide each other.
  bool overlaps = true;

  [[nodiscard]] bool is_by_cells() const {
    return box == CandidateBox::kOffsets || box == CandidateBox::kSizes ||
           box == CandidateBox::kDistances;
  }
  [[nodiscard]] int box_values() const { return 4 * bins; }
  [[nodiscard]] bool has_objectness() const {
    return !groups.empty() && groups.front().objectness.has_value();
  }
  [[nodiscard]] int score_count() const {
    return groups.empty() ? 0 : groups.front().scores.values.size();
  }
  /// How many values the points of a candidate have; 0 without any.
  [[nodiscard]] int point_values() const {
    return groups.empty() || !groups.front().points ? 0 : groups.front().points->values.size();
  }
  /// How many coefficients of masks a candidate has; 0 without any.
  [[nodiscard]] int mask_coefficients() const {
    return groups.empty() || !groups.front().coefficients
               ? 0
               : groups.front().coefficients->values.size();
  }
  [[nodiscard]] int classes() const {
    return score_count() - (background == Background::kNone ? 0 : 1);
  }
  /// Of the output.
  [[nodiscard]] int channels() const {
    return box_values() + (has_objectness() ? 1 : 0) + score_count() + point_values() +
           mask_coefficients();
  }
  bool operator==(const Candidates&) const = default;
};

/// The output's shape for inputs of these shapes.  Throws BadInput, beginning with `where`, if the
/// parts do not fit together.
[[nodiscard]] Shape shape_of_candidates(const Candidates& head, const std::vector<Shape>& inputs,
                                        const std::string& where);

}  // namespace vpinfer
