#include "import/faces.hpp"

namespace vpinfer {
namespace {

constexpr int kPointValues = 10;
/// RetinaFace's anchors in pixels, by level: squares.
constexpr std::array<std::array<float, 2>, 3> kRetinaFaceAnchors{{{16, 32}, {64, 128}, {256, 512}}};

class FaceFinder {
 public:
  explicit FaceFinder(const DetectorTables& tables) : tables_(tables) {}

  /// SCRFD has two anchors per cell, YuNet one, and its score is told by two numbers.
  [[nodiscard]] std::optional<FoundFaces> by_level() const {
    FoundFaces found;
    int anchors = 0;
    for (const CandidateTable& boxes : tables_.all()) {
      const auto level = level_of(boxes);
      if (!level) continue;
      if (anchors == 0) anchors = level->anchors;
      if (level->anchors != anchors || !add_level(boxes, *level, found)) return std::nullopt;
    }
    if (anchors < 1 || anchors > 2 || found.head.groups.size() < 2) return std::nullopt;
    found.head.point = 0;
    const bool has_anchors = anchors == 2;
    found.head.box = has_anchors ? CandidateBox::kDistances : CandidateBox::kOffsets;
    if (!has_anchors) found.head.scores = ScoreKind::kSquares;
    found.training = has_anchors ? &kScrfd : &kYuNet;
    return found;
  }

  [[nodiscard]] std::optional<FoundFaces> on_anchors() const {
    for (const CandidateTable& boxes : tables_.all()) {
      if (!is_raw(boxes, 4)) continue;
      const auto levels = tables_.levels(boxes.runs.front());
      const CandidateTable* points = points_of(boxes);
      const CandidateTable* scores = tables_.partner(boxes, [](const CandidateTable& other) {
        return other.is_only(ColumnKind::kSoftmax) && other.cols() == 2;
      });
      if (!levels || points == nullptr || scores == nullptr) continue;
      const auto grids = retina_face_grids(*levels);
      if (grids.empty()) continue;
      FoundFaces found{&kRetinaFace, {}, {&boxes, scores, points}};
      found.head.groups = {{{0, {0, 4}}, {}, {1, {0, 2}}, CandidateValues{2, {0, kPointValues}}}};
      found.head.background = true;
      found.head.box = CandidateBox::kOffsets;
      found.head.grids = grids;
      found.head.centre_gain = kSsdCentreGain;
      found.head.size_gain = kSsdSizeGain;
      return found;
    }
    return std::nullopt;
  }

 private:
  [[nodiscard]] static bool is_raw(const CandidateTable& table, int cols) {
    return table.is_only(ColumnKind::kRaw) && table.cols() == cols;
  }

  [[nodiscard]] const CandidateTable* points_of(const CandidateTable& boxes) const {
    return tables_.partner(boxes,
                           [](const CandidateTable& other) { return is_raw(other, kPointValues); });
  }

  /// The cells of boxes that come from one convolution.
  [[nodiscard]] std::optional<CellLevel> level_of(const CandidateTable& boxes) const {
    if (!is_raw(boxes, 4)) return std::nullopt;
    const auto levels = tables_.levels(boxes.runs.front());
    if (!levels || levels->size() != 1) return std::nullopt;
    const CellLevel& level = levels->front();
    if (tables_.source_channels(boxes.runs.front()) != 4 * level.anchors) return std::nullopt;
    return level;
  }

  [[nodiscard]] std::vector<const CandidateTable*> scores_of(const CandidateTable& boxes) const {
    std::vector<const CandidateTable*> found;
    for (const CandidateTable& table : tables_.all()) {
      const bool fits =
          table.rows() == boxes.rows() && table.cols() == 1 && table.is_only(ColumnKind::kSigmoid);
      if (fits) found.push_back(&table);
    }
    return found;
  }

  [[nodiscard]] bool add_level(const CandidateTable& boxes, const CellLevel& level,
                               FoundFaces& found) const {
    const CandidateTable* points = points_of(boxes);
    const std::vector<const CandidateTable*> scores = scores_of(boxes);
    if (points == nullptr || scores.size() != (level.anchors == 1 ? 2U : 1U)) return false;
    const auto next = static_cast<int>(found.tables.size());
    CandidateGroup group{{next, {0, 4}}, {}, {next + 1, {0, 1}}};
    group.points = CandidateValues{next + 2, {0, kPointValues}};
    found.tables.insert(found.tables.end(), {&boxes, scores.front(), points});
    if (scores.size() == 2) {
      group.objectness = CandidateValues{next + 3, {0, 1}};
      found.tables.push_back(scores.back());
    }
    found.head.groups.push_back(group);
    const std::vector<Anchor> anchors(static_cast<std::size_t>(level.anchors), Anchor{1, 1});
    found.head.grids.push_back({level.rows, level.cols, level.stride, anchors});
    return true;
  }

  /// Empty if levels are not RetinaFace's.
  [[nodiscard]] static std::vector<CandidateGrid> retina_face_grids(
      const std::vector<CellLevel>& levels) {
    if (levels.size() != kRetinaFaceAnchors.size()) return {};
    std::vector<CandidateGrid> grids;
    for (std::size_t i = 0; i < levels.size(); ++i) {
      const CellLevel& level = levels[i];
      if (level.anchors != 2 || level.stride != 8 << i) return {};
      CandidateGrid grid{level.rows, level.cols, level.stride, {}};
      for (const float pixels : kRetinaFaceAnchors[i]) {
        const float size = pixels / static_cast<float>(level.stride);
        grid.anchors.push_back({size, size});
      }
      grids.push_back(std::move(grid));
    }
    return grids;
  }

  const DetectorTables& tables_;
};

}  // namespace

std::optional<FoundFaces> find_faces(const DetectorTables& tables, std::size_t results) {
  const FaceFinder finder(tables);
  auto found = finder.by_level();
  if (found && found->tables.size() == results) return found;
  return finder.on_anchors();
}

}  // namespace vpinfer
