#include <algorithm>
#include <cmath>

#include "import/detector_kinds.hpp"
#include "import/query_heads.hpp"

namespace vpinfer {
namespace {

constexpr int kLeastQueries = 10;
/// Far enough for a sigmoid of it, and of all that is added to it, to be 0 or 1.
constexpr float kFar = 60;
/// COCO's classes by their own numbers, with gaps.
constexpr int kCocoNumbers = 91;

class QueryFinder {
 public:
  explicit QueryFinder(const DetectorTables& tables)
      : tables_(tables),
        low_(tables.tail().compute(numbers(-kFar))),
        high_(tables.tail().compute(numbers(kFar))) {}

  [[nodiscard]] std::optional<FoundDetector> find() const {
    for (const CandidateTable& table : tables_.all()) {
      if (auto found = joined(table)) return found;
      if (auto found = apart(table)) return found;
    }
    return std::nullopt;
  }

 private:
  [[nodiscard]] std::vector<float> numbers(float number) const {
    return std::vector<float>(tables_.tail().sources().size(), number);
  }

  /// Refined boxes, then scores, as Ultralytics exports RT-DETR.
  [[nodiscard]] std::optional<FoundDetector> joined(const CandidateTable& table) const {
    const auto& runs = table.runs;
    const bool fits = runs.size() == 2 && runs[0].kind == ColumnKind::kComputed &&
                      runs[0].size() == 4 && runs[1].kind == ColumnKind::kSigmoid &&
                      table.rows() >= kLeastQueries;
    if (!fits || !follows_attention(tables_.tail().graph(), tables_.result_name(table))) {
      return std::nullopt;
    }
    Candidates head{{}, {{{0, runs[0].columns}, {}, {0, runs[1].columns}}}};
    if (!set_boxes(head, table)) return std::nullopt;
    return FoundDetector{kRtDetr, std::move(head), {&table}};
  }

  [[nodiscard]] std::optional<FoundDetector> apart(const CandidateTable& scores) const {
    if (scores.runs.size() != 1 || scores.rows() < kLeastQueries) return std::nullopt;
    const CandidateTable* boxes = tables_.partner(scores, [](const CandidateTable& other) {
      return other.cols() == 4 &&
             (other.is_only(ColumnKind::kComputed) || other.is_only(ColumnKind::kSigmoid));
    });
    if (boxes == nullptr) return std::nullopt;
    const OnnxGraph& graph = tables_.tail().graph();
    if (!follows_attention(graph, tables_.result_name(*boxes)) ||
        !follows_attention(graph, tables_.result_name(scores))) {
      return std::nullopt;
    }
    Candidates head{{}, {{{0, {0, 4}}, {}, {1, {0, scores.cols()}}}}};
    if (!set_boxes(head, *boxes)) return std::nullopt;
    const bool refined = boxes->is_only(ColumnKind::kComputed);
    const auto training = refined ? set_refined(head, scores) : set_direct(head, *boxes, scores);
    if (!training) return std::nullopt;
    return FoundDetector{*training, std::move(head), {boxes, &scores}};
  }

  /// Boxes that are made of others by layers (Deformable DETR, Zhu et al., 2021, and those after
  /// it) have a sigmoid per class.
  [[nodiscard]] std::optional<Training> set_refined(Candidates& head,
                                                    const CandidateTable& scores) const {
    if (scores.is_only(ColumnKind::kRaw)) {
      if (!is_linear(scores)) return std::nullopt;
      head.scores = ScoreKind::kSigmoidLogits;
    } else if (!scores.is_only(ColumnKind::kSigmoid)) {
      return std::nullopt;
    }
    if (head.classes() == kCocoNumbers) return kDeformableDetr;
    Training training = kRtDetr;
    training.is_certain = false;
    return training;
  }

  /// DETR's boxes come from three layers, its scores with no object as the last from one, both of
  /// the same queries.  One class might be LETR's, whose four numbers are the ends of a line.
  [[nodiscard]] std::optional<Training> set_direct(Candidates& head, const CandidateTable& boxes,
                                                   const CandidateTable& scores) const {
    const ColumnKind kind = scores.runs.front().kind;
    if (kind == ColumnKind::kRaw) {
      if (!is_linear(scores)) return std::nullopt;
      head.scores = ScoreKind::kSoftmaxLogits;
    }
    if (kind == ColumnKind::kRaw || kind == ColumnKind::kSoftmax) {
      head.background = Background::kLast;
    } else if (kind != ColumnKind::kSoftmaxPart) {
      return std::nullopt;
    }
    const bool share_queries = have_heads_of_queries(
        tables_.tail().graph(), tables_.result_name(boxes), tables_.result_name(scores));
    return share_queries && head.classes() > 1 ? std::optional(kDetr) : std::nullopt;
  }

  /// Whether scores are all that one linear layer gives.
  [[nodiscard]] bool is_linear(const CandidateTable& scores) const {
    const auto source = static_cast<std::size_t>(scores.runs.front().sources.front());
    return tables_.tail().sources()[source].dims.back() == scores.cols();
  }

  /// Each number of a box is a sigmoid, or made of such: all 0 for the least, 1 for the greatest of
  /// centre and size, where corners are from a half to one and a half.
  [[nodiscard]] bool set_boxes(Candidates& head, const CandidateTable& table) const {
    const std::array<float, 4> centre{1, 1, 1, 1};
    const std::array<float, 4> corners{0.5F, 0.5F, 1.5F, 1.5F};
    const auto cols = static_cast<float>(tables_.picture().cols);
    const auto rows = static_cast<float>(tables_.picture().rows);
    if (!are(low_, table, {0, 0, 0, 0}, 1, 1)) return false;
    head.overlaps = false;
    head.unit = are(high_, table, centre, 1, 1) || are(high_, table, corners, 1, 1)
                    ? BoxUnit::kShares
                    : BoxUnit::kPixels;
    const bool pixels = head.unit == BoxUnit::kPixels;
    const float width = pixels ? cols : 1;
    const float height = pixels ? rows : 1;
    const bool has_centre = are(high_, table, centre, width, height);
    head.box = has_centre ? CandidateBox::kCentre : CandidateBox::kCorners;
    return has_centre || are(high_, table, corners, width, height);
  }

  [[nodiscard]] static bool are(const std::vector<OnnxTensor>& outputs, const CandidateTable& table,
                                const std::array<float, 4>& wanted, float width, float height) {
    for (std::int64_t i = 0; i < table.rows(); ++i) {
      for (int k = 0; k < 4; ++k) {
        const float unit = k % 2 == 0 ? width : height;
        const float value = value_of(outputs, table, i, k) / unit;
        if (!(std::abs(value - wanted[static_cast<std::size_t>(k)]) < 1e-3F)) return false;
      }
    }
    return true;
  }

  const DetectorTables& tables_;
  std::vector<OnnxTensor> low_;
  std::vector<OnnxTensor> high_;
};

}  // namespace

std::optional<FoundDetector> find_queries(const DetectorTables& tables) {
  const bool has_attention =
      std::any_of(tables.all().begin(), tables.all().end(), [&](const CandidateTable& table) {
        return follows_attention(tables.tail().graph(), tables.result_name(table));
      });
  if (!has_attention) return std::nullopt;
  return QueryFinder(tables).find();
}

}  // namespace vpinfer
