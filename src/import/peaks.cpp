#include <algorithm>
#include <array>
#include <string_view>

#include "import/detector_kinds.hpp"

namespace vpinfer {
namespace {

template <std::size_t kCount>
bool contains_one_of(const std::string& name, const std::array<std::string_view, kCount>& parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [&](std::string_view part) { return name.find(part) != std::string::npos; });
}

/// Which of two maps that look alike is which, by what their exporter calls them.
bool is_size(const std::string& name) {
  return contains_one_of(name, std::array<std::string_view, 2>{"wh", "size"});
}
bool is_offset(const std::string& name) {
  return contains_one_of(name, std::array<std::string_view, 2>{"reg", "off"});
}

class PeakFinder {
 public:
  explicit PeakFinder(const DetectorTables& tables) : tables_(tables) {}

  [[nodiscard]] std::optional<FoundDetector> find() const {
    const CandidateTable* heat = nullptr;
    const CandidateTable* size = nullptr;
    const CandidateTable* offset = nullptr;
    for (const CandidateTable& table : tables_.all()) {
      if (table.tensor.form.dims.size() != 4 || table.runs.size() != 1) return std::nullopt;
      const std::string& name = tables_.result_name(table);
      const bool is_pair = table.is_only(ColumnKind::kRaw) && table.cols() == 2;
      const CandidateTable*& place = is_pair && is_size(name)     ? size
                                     : is_pair && is_offset(name) ? offset
                                                                  : heat;
      if (place != nullptr) return std::nullopt;
      place = &table;
    }
    if (heat == nullptr || size == nullptr || offset == nullptr) return std::nullopt;
    return of_maps(*heat, *size, *offset);
  }

 private:
  [[nodiscard]] std::optional<FoundDetector> of_maps(const CandidateTable& heat,
                                                     const CandidateTable& size,
                                                     const CandidateTable& offset) const {
    const bool has_logits = heat.is_only(ColumnKind::kRaw);
    if (!has_logits && !heat.is_only(ColumnKind::kSigmoid)) return std::nullopt;
    std::optional<CellLevel> cells;
    for (const CandidateTable* table : {&heat, &size, &offset}) {
      const ColumnRun& run = table->runs.front();
      const auto levels = tables_.levels(run);
      if (!levels || levels->size() != 1 || !have_anchors(*levels, 1)) return std::nullopt;
      if (!tables_.is_from_channels(run, table->cols())) return std::nullopt;
      if (cells && cells->stride != levels->front().stride) return std::nullopt;
      cells = levels->front();
    }
    CandidateGroup group{{0, {0, 2}}, {}, {2, {0, heat.cols()}}};
    group.size = CandidateValues{1, {0, 2}};
    Candidates head{{}, {group}};
    head.box = CandidateBox::kSizes;
    head.scores = has_logits ? ScoreKind::kSigmoidLogits : ScoreKind::kProbabilities;
    head.point = 0;
    head.grids = {{cells->rows, cells->cols, cells->stride}};
    head.overlaps = !tables_.tail().has_operator("MaxPool");  // which leaves one per object
    return FoundDetector{kCenterNet, std::move(head), {&offset, &size, &heat}};
  }

  const DetectorTables& tables_;
};

}  // namespace

std::optional<FoundDetector> find_peaks(const DetectorTables& tables) {
  if (tables.results() != 3) return std::nullopt;
  return PeakFinder(tables).find();
}

}  // namespace vpinfer
