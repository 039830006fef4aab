#include <algorithm>

#include "import/detector_kinds.hpp"

namespace vpinfer {
namespace {

/// UltraFace's anchors in pixels, by level: squares.
const std::vector<std::vector<float>> kUltraFaceAnchors{
    {10, 16, 24}, {32, 48}, {64, 96}, {128, 192, 256}};

bool has_scores_only(const CandidateTable& table) {
  return table.runs.size() == 1 && table.runs.front().kind != ColumnKind::kRaw &&
         table.runs.front().kind != ColumnKind::kOne &&
         table.runs.front().kind != ColumnKind::kComputed;
}

bool are_ultra_face(const Candidates& head, const std::vector<CellLevel>& levels) {
  if (head.background == Background::kNone || head.classes() != 1 ||
      levels.size() != kUltraFaceAnchors.size()) {
    return false;
  }
  for (std::size_t i = 0; i < levels.size(); ++i) {
    if (levels[i].stride != 8 << i) return false;
    if (levels[i].anchors != static_cast<int>(kUltraFaceAnchors[i].size())) return false;
  }
  return true;
}

class BoxesAndScores {
 public:
  explicit BoxesAndScores(const DetectorTables& tables) : tables_(tables) {}

  [[nodiscard]] std::optional<FoundDetector> find() const {
    if (tables_.tail().has_operator("ReduceMax")) return std::nullopt;  // scores of which class?
    for (const CandidateTable& scores : tables_.all()) {
      if (!has_scores_only(scores)) continue;
      const CandidateTable* boxes = tables_.partner(scores, [](const CandidateTable& other) {
        return other.cols() == 4 &&
               (other.is_only(ColumnKind::kComputed) || other.is_only(ColumnKind::kRaw));
      });
      if (boxes == nullptr) continue;
      const CandidateGroup group{{0, {0, 4}}, {}, {1, {0, scores.cols()}}};
      Candidates head{{}, {group}};
      // Where both are over the same cells, the first share of a softmax is the background's.
      if (scores.is_only(ColumnKind::kSoftmax)) head.background = Background::kFirst;
      const auto training = boxes->is_only(ColumnKind::kRaw)
                                ? set_anchors(head, *boxes)
                                : set_decoded(head, *boxes, scores.runs.front().kind);
      if (!training) continue;
      const CandidateTable* coefficients = coefficients_of(scores);
      if (coefficients == nullptr) {
        return FoundDetector{*training, std::move(head), {boxes, &scores}};
      }
      head.groups[0].coefficients = {2, {0, coefficients->cols()}};
      return FoundDetector{*training, std::move(head), {boxes, &scores, coefficients}};
    }
    return std::nullopt;
  }

 private:
  /// Of masks, as convolutions give them, if another output can be their prototypes; else null.
  [[nodiscard]] const CandidateTable* coefficients_of(const CandidateTable& scores) const {
    return tables_.partner(scores, [&](const CandidateTable& other) {
      return other.is_only(ColumnKind::kRaw) && other.cols() != 4 &&
             tables_.has_prototypes(other.cols());
    });
  }

  /// The only network whose anchors are told by how many there are per cell.
  [[nodiscard]] std::optional<Training> set_anchors(Candidates& head,
                                                    const CandidateTable& boxes) const {
    const auto levels = tables_.levels(boxes.runs.front());
    if (!levels || !are_ultra_face(head, *levels)) return std::nullopt;
    add_grids(head, *levels);
    for (std::size_t i = 0; i < levels->size(); ++i) {
      CandidateGrid& grid = head.grids[i];
      grid.anchors.clear();
      for (const float pixels : kUltraFaceAnchors[i]) {
        const float cells = pixels / static_cast<float>(grid.stride);
        grid.anchors.push_back({cells, cells});
      }
    }
    head.box = CandidateBox::kOffsets;
    head.spread = true;
    head.centre_gain = kSsdCentreGain;
    head.size_gain = kSsdSizeGain;
    return kUltraFace;
  }

  [[nodiscard]] std::optional<Training> set_decoded(Candidates& head, const CandidateTable& boxes,
                                                    ColumnKind scores) const {
    const auto decoded = tables_.decoded_boxes(boxes);
    if (!decoded) return std::nullopt;
    const std::vector<CellLevel>& levels = decoded->cells.levels;
    head.box = decoded->box;
    head.unit = decoded->unit;
    const bool shares = head.unit == BoxUnit::kShares;
    if (scores == ColumnKind::kProduct) return decoded->cells.point == 0 ? kYolox : kYolov5;
    if (scores == ColumnKind::kSigmoid) return kUnknown;
    if (shares && are_ultra_face(head, levels)) return kUltraFace;
    const bool has_priors = std::any_of(levels.begin(), levels.end(),
                                        [](const CellLevel& level) { return level.anchors > 1; });
    if (!has_priors || head.classes() < 1) return std::nullopt;
    return shares ? kSsd : kTorchvisionSsd;
  }

  const DetectorTables& tables_;
};

}  // namespace

std::optional<FoundDetector> find_boxes_and_scores(const DetectorTables& tables) {
  return BoxesAndScores(tables).find();
}

}  // namespace vpinfer
