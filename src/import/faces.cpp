#include <algorithm>

#include "import/detector_kinds.hpp"

namespace vpinfer {
namespace {

constexpr int kPointValues = 10;
constexpr int kBlazeFaceValues = 16;  // a box and six points
/// RetinaFace's anchors in pixels, by level: squares.
constexpr std::array<std::array<float, 2>, 3> kRetinaFaceAnchors{{{16, 32}, {64, 128}, {256, 512}}};

class FaceFinder {
 public:
  explicit FaceFinder(const DetectorTables& tables) : tables_(tables) {}

  /// SCRFD has two anchors per cell, YuNet one, and its score is told by two numbers.
  [[nodiscard]] std::optional<FoundDetector> by_level() const {
    FoundDetector found{kScrfd, {}, {}};
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
    if (!has_anchors) found.training = kYuNet;
    const bool has_points = found.head.point_values() > 0;
    for (const CandidateGroup& group : found.head.groups) {
      if (group.points.has_value() != has_points) return std::nullopt;
    }
    return has_points || are_scrfd(found.head.grids) ? std::optional(found) : std::nullopt;
  }

  [[nodiscard]] std::optional<FoundDetector> on_anchors() const {
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
      FoundDetector found{kRetinaFace, {}, {&boxes, scores, points}};
      found.head.groups = {{{0, {0, 4}}, {}, {1, {0, 2}}, CandidateValues{2, {0, kPointValues}}}};
      found.head.background = Background::kFirst;
      found.head.box = CandidateBox::kOffsets;
      found.head.grids = grids;
      found.head.centre_gain = kSsdCentreGain;
      found.head.size_gain = kSsdSizeGain;
      return found;
    }
    return std::nullopt;
  }

  /// Boxes and six points in pixels beside logits, in tables of a level each or of both.
  [[nodiscard]] std::optional<FoundDetector> blaze_face() const {
    FoundDetector found{kBlazeFace, {}, {}};
    for (const CandidateTable& boxes : tables_.all()) {
      if (!is_raw(boxes, kBlazeFaceValues)) continue;
      const auto levels = tables_.levels(boxes.runs.front());
      const CandidateTable* scores =
          tables_.partner(boxes, [](const CandidateTable& other) { return is_raw(other, 1); });
      if (!levels || scores == nullptr) return std::nullopt;
      const auto next = static_cast<int>(found.tables.size());
      found.head.groups.push_back(
          {{next, {0, 4}}, {}, {next + 1, {0, 1}}, CandidateValues{next, {4, kBlazeFaceValues}}});
      found.tables.insert(found.tables.end(), {&boxes, scores});
      for (const CellLevel& level : *levels) {
        const float pixel = 1 / static_cast<float>(level.stride);
        const std::vector<Anchor> pixels(static_cast<std::size_t>(level.anchors), {pixel, pixel});
        found.head.grids.push_back({level.rows, level.cols, level.stride, pixels});
      }
    }
    if (found.tables.size() != tables_.results()) return std::nullopt;
    if (!are_blaze_face(found.head.grids, tables_.picture())) return std::nullopt;
    found.head.box = CandidateBox::kSizes;
    found.head.scores = ScoreKind::kSigmoidLogits;
    return found;
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
                               FoundDetector& found) const {
    const CandidateTable* points = points_of(boxes);
    const std::vector<const CandidateTable*> scores = scores_of(boxes);
    if (scores.size() != (level.anchors == 1 ? 2U : 1U)) return false;
    // Without points, that each level's distances are scaled tells a face detector.
    if (points == nullptr && (level.anchors == 1 || !is_scaled(boxes))) return false;
    const auto next = static_cast<int>(found.tables.size());
    CandidateGroup group{{next, {0, 4}}, {}, {next + 1, {0, 1}}};
    found.tables.insert(found.tables.end(), {&boxes, scores.front()});
    if (points != nullptr) {
      group.points = CandidateValues{next + 2, {0, kPointValues}};
      found.tables.push_back(points);
    }
    if (scores.size() == 2) {
      group.objectness = CandidateValues{next + 3, {0, 1}};
      found.tables.push_back(scores.back());
    }
    found.head.groups.push_back(group);
    const std::vector<Anchor> anchors(static_cast<std::size_t>(level.anchors), Anchor{1, 1});
    found.head.grids.push_back({level.rows, level.cols, level.stride, anchors});
    return true;
  }

  [[nodiscard]] bool is_scaled(const CandidateTable& boxes) const {
    const auto source = static_cast<std::size_t>(boxes.runs.front().sources.front());
    return tables_.tail().sources()[source].is_scaled;
  }

  [[nodiscard]] static bool are_scrfd(const std::vector<CandidateGrid>& grids) {
    if (grids.size() != 3) return false;
    for (std::size_t i = 0; i < grids.size(); ++i) {
      if (grids[i].stride != 8 << i) return false;
    }
    return true;
  }

  /// Two squares per cell of the finer level, six of the coarser one, over a square picture.
  [[nodiscard]] static bool are_blaze_face(const std::vector<CandidateGrid>& grids,
                                           const Shape& picture) {
    constexpr int kCells = 16;
    if (grids.size() != 2 || picture.rows != picture.cols) return false;
    return grids[0].anchors.size() == 2 && grids[1].anchors.size() == 6 &&
           grids[0].rows == kCells && grids[1].rows == kCells / 2 &&
           grids[0].stride * kCells == picture.rows;
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

std::optional<FoundDetector> find_faces(const DetectorTables& tables) {
  const FaceFinder finder(tables);
  auto found = finder.by_level();
  if (found && found->tables.size() == tables.results()) return found;
  found = finder.on_anchors();
  return found ? std::move(found) : finder.blaze_face();
}

}  // namespace vpinfer
