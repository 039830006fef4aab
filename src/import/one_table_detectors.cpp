#include "import/detector_kinds.hpp"

namespace vpinfer {
namespace {

class OneTableFinder {
 public:
  explicit OneTableFinder(const DetectorTables& tables) : tables_(tables) {}

  [[nodiscard]] std::optional<FoundDetector> find() const {
    for (const CandidateTable& table : tables_.all()) {
      for (const auto one : {&OneTableFinder::raw_offsets, &OneTableFinder::decoded,
                             &OneTableFinder::joined_distributions}) {
        if (auto found = (this->*one)(table)) return found;
      }
    }
    return std::nullopt;
  }

 private:
  /// Four numbers as a convolution gives them, then sigmoids: objectness from a convolution of its
  /// own, and the scores.
  [[nodiscard]] std::optional<FoundDetector> raw_offsets(const CandidateTable& table) const {
    const auto& runs = table.runs;
    const bool fits = runs.size() == 3 && runs[0].kind == ColumnKind::kRaw && runs[0].size() == 4 &&
                      tables_.is_from_channels(runs[0], 4) && is_objectness(runs[1]) &&
                      is_scores(runs[2]);
    if (!fits) return std::nullopt;
    const auto levels = tables_.levels(runs[0]);
    if (!levels || !have_anchors(*levels, 1)) return std::nullopt;
    Candidates head{
        {}, {{{0, runs[0].columns}, CandidateValues{0, runs[1].columns}, {0, runs[2].columns}}}};
    head.box = CandidateBox::kOffsets;
    head.point = 0;
    add_grids(head, *levels);
    return FoundDetector{kYolox, std::move(head), {&table}};
  }

  [[nodiscard]] bool is_objectness(const ColumnRun& run) const {
    return run.kind == ColumnKind::kSigmoid && run.size() == 1 && tables_.is_from_channels(run, 1);
  }

  [[nodiscard]] bool is_scores(const ColumnRun& run) const {
    return run.kind == ColumnKind::kSigmoid && tables_.is_from_channels(run, run.size());
  }

  /// Boxes over cells, computed by the graph, then objectness if at all, scores, and perhaps more.
  [[nodiscard]] std::optional<FoundDetector> decoded(const CandidateTable& table) const {
    const auto& runs = table.runs;
    const bool begins_with_boxes =
        runs.size() >= 2 && runs[0].kind == ColumnKind::kComputed && runs[0].size() == 4;
    if (!begins_with_boxes) return std::nullopt;
    CandidateGroup group{{0, runs[0].columns}, {}, {}};
    const std::size_t first = runs[1].kind == ColumnKind::kOne && runs[1].size() == 1 ? 2 : 1;
    if (first == runs.size()) return std::nullopt;
    const auto boxes = tables_.decoded_boxes(table);
    if (!boxes) return std::nullopt;
    const int anchors = boxes->cells.levels.front().anchors;
    const ColumnRun& next = runs[first];
    const bool has_more = runs.size() > first + 1;
    std::size_t after_scores = first + 1;
    const Training* training = first == 2 ? &kYolov6 : &kYolov8;
    if (is_objectness(next) && has_more && is_scores(runs[first + 1])) {
      group.objectness = {0, next.columns};
      group.scores = {0, runs[first + 1].columns};
      ++after_scores;
      training = boxes->cells.point == 0 ? &kYolox : &kYolov5;
    } else if (next.kind == ColumnKind::kSigmoid && next.size() > 1 &&
               (tables_.is_from_channels(next, anchors * (4 + next.size())) ||
                tables_.is_from_channels(next, anchors * table.cols()))) {
      group.objectness = {0, {next.columns.begin, next.columns.begin + 1}};
      group.scores = {0, {next.columns.begin + 1, next.columns.end}};
      training = &kYolov5;
    } else if (is_scores(next)) {
      group.scores = {0, next.columns};
    } else if (next.kind == ColumnKind::kProduct) {
      group.scores = {0, next.columns};
      training = boxes->cells.point == 0 ? &kYolox : &kYolov5;
    } else {
      return std::nullopt;
    }
    Candidates head{{}, {group}, boxes->box, boxes->unit};
    if (const auto values = tables_.values_per_point(table, after_scores)) {
      head.groups[0].points = {0, {runs[after_scores].columns.begin, table.cols()}};
      head.values_per_point = *values;
    }
    const bool has_one_more =
        after_scores + 1 == runs.size() && runs[after_scores].kind == ColumnKind::kRaw;
    if (has_one_more && tables_.has_prototypes(runs[after_scores].size())) {
      head.groups[0].coefficients = {0, runs[after_scores].columns};
    }
    return FoundDetector{*training, std::move(head), {&table}};
  }

  /// Scores and the logits of distributions over distances, from one convolution per level.
  [[nodiscard]] std::optional<FoundDetector> joined_distributions(
      const CandidateTable& table) const {
    const auto& runs = table.runs;
    const bool fits =
        runs.size() == 2 && runs[0].kind == ColumnKind::kSigmoid && is_distributions(runs[1]) &&
        tables_.is_from_channels(runs[0], table.cols()) && runs[0].sources == runs[1].sources;
    const auto levels = fits ? tables_.levels(runs[0]) : std::nullopt;
    if (!levels || !have_anchors(*levels, 1)) return std::nullopt;
    Candidates head{{}, {{{0, runs[1].columns}, {}, {0, runs[0].columns}}}};
    head.box = CandidateBox::kDistances;
    head.bins = runs[1].size() / 4;
    head.point = 0;
    add_grids(head, *levels);
    return FoundDetector{kNanoDetPlus, std::move(head), {&table}};
  }

  const DetectorTables& tables_;
};

}  // namespace

std::optional<FoundDetector> find_in_one_table(const DetectorTables& tables) {
  return OneTableFinder(tables).find();
}

}  // namespace vpinfer
