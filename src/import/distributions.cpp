#include "import/detector_kinds.hpp"

namespace vpinfer {
namespace {

class DistributionFinder {
 public:
  explicit DistributionFinder(const DetectorTables& tables) : tables_(tables) {}

  /// Per level one output of scores and one of distributions over distances.
  [[nodiscard]] std::optional<FoundDetector> pairs_of_distributions() const {
    Candidates head;
    std::vector<const CandidateTable*> used;
    for (const CandidateTable& scores : tables_.all()) {
      if (!scores.is_only(ColumnKind::kSigmoid)) continue;
      const ColumnRun& run = scores.runs.front();
      const CandidateTable* boxes = tables_.partner(scores, [&](const CandidateTable& other) {
        return other.runs.size() == 1 && is_distributions(other.runs.front());
      });
      const auto levels = boxes == nullptr ? std::nullopt : tables_.levels(run);
      if (!levels || levels->size() != 1 || !have_anchors(*levels, 1)) continue;
      const int bins = boxes->cols() / 4;
      if (head.groups.empty()) head.bins = bins;
      if (bins != head.bins) return std::nullopt;
      const int index = static_cast<int>(used.size());
      head.groups.push_back({{index, {0, boxes->cols()}}, {}, {index + 1, {0, scores.cols()}}});
      add_grids(head, *levels);
      used.insert(used.end(), {boxes, &scores});
    }
    if (head.groups.size() < 2 || used.size() != tables_.results()) return std::nullopt;
    head.box = CandidateBox::kDistances;
    const Training& training = head.groups.size() == 3 ? kNanoDet : kPicoDet;
    return FoundDetector{training, std::move(head), used};
  }

  /// Per level one output as its convolutions give it: 16 bins per side, then logits of scores.
  [[nodiscard]] std::optional<FoundDetector> raw_distributions() const {
    constexpr int kBins = 16;
    Candidates head;
    head.box = CandidateBox::kDistances;
    head.bins = kBins;
    head.scores = ScoreKind::kSigmoidLogits;
    std::vector<const CandidateTable*> used;
    for (const CandidateTable& table : tables_.all()) {
      const int classes = table.cols() - head.box_values();
      const auto& runs = table.runs;
      const bool fits = table.tensor.form.dims.size() == 4 && runs.size() == 2 && classes > 0 &&
                        runs[0].kind == ColumnKind::kRaw && runs[0].size() == head.box_values() &&
                        runs[1].kind == ColumnKind::kRaw &&
                        tables_.is_from_channels(runs[1], classes);
      const auto levels = fits ? tables_.levels(runs[0]) : std::nullopt;
      if (!levels || levels->size() != 1) return std::nullopt;
      const int index = static_cast<int>(used.size());
      head.groups.push_back({{index, runs[0].columns}, {}, {index, runs[1].columns}});
      if (head.score_count() != classes) return std::nullopt;
      add_grids(head, *levels);
      used.push_back(&table);
    }
    if (used.size() < 2 || used.size() != tables_.results()) return std::nullopt;
    return FoundDetector{kYolov8, std::move(head), used};
  }

 private:
  const DetectorTables& tables_;
};

}  // namespace

std::optional<FoundDetector> find_distributions(const DetectorTables& tables) {
  const DistributionFinder finder(tables);
  auto found = finder.pairs_of_distributions();
  return found ? std::move(found) : finder.raw_distributions();
}

}  // namespace vpinfer
