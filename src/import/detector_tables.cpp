#include "import/detector_tables.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "import/depiction_recognition.hpp"
#include "tensor/node_reader.hpp"

namespace vpinfer {
namespace {

std::vector<std::string> names_of(const std::vector<OnnxResult>& results) {
  std::vector<std::string> names;
  for (const OnnxResult& result : results) names.push_back(result.name);
  return names;
}

/// The axes along which a candidate's values may stand.
std::vector<int> value_axes(const OnnxDims& dims) {
  if (dims.size() == 2) return {1};
  if (dims.size() == 3 && dims[0] == 1) return {2, 1};
  if (dims.size() == 4 && dims[0] == 1) return {1};
  return {};
}

/// Between two sides of a box; not a number if one lies on the picture's edge.
float middle(float first, float last, int extent) {
  constexpr float kTolerance = 1e-3F;
  const bool clipped =
      std::abs(first) < kTolerance || std::abs(last - static_cast<float>(extent)) < kTolerance;
  return clipped ? std::numeric_limits<float>::quiet_NaN() : (first + last) / 2;
}

}  // namespace

bool have_anchors(const std::vector<CellLevel>& levels, int anchors) {
  return std::all_of(levels.begin(), levels.end(),
                     [&](const CellLevel& level) { return level.anchors == anchors; });
}

void add_grids(Candidates& head, const std::vector<CellLevel>& levels) {
  for (const CellLevel& level : levels) {
    head.grids.push_back({level.rows, level.cols, level.stride});
  }
}

bool is_distributions(const ColumnRun& run) {
  return run.kind == ColumnKind::kRaw && run.size() > 4 && run.size() % 4 == 0;
}

DetectorTables::DetectorTables(const OnnxGraph& graph, const OnnxModel& model)
    : model_(model),
      names_(names_of(model.results)),
      tail_(graph, model.extents, names_, "the end of the graph"),
      probe_(probe(tail_)) {
  for (std::size_t i = 0; i < model.results.size(); ++i) {
    const TensorForm& form = model.results[i].form;
    if (!form.is_float) continue;
    for (const int axis : value_axes(form.dims)) {
      tables_.push_back(read_table(tail_, probe_, static_cast<int>(i), form, axis));
    }
  }
}

bool DetectorTables::has_prototypes(int coefficients) const {
  return recognise_prototypes(model_, coefficients).has_value();
}

int DetectorTables::source_channels(const ColumnRun& run) const {
  std::int64_t channels = 0;
  for (const int source : run.sources) {
    const OnnxDims& dims = tail_.sources()[static_cast<std::size_t>(source)].dims;
    if (dims.size() != 4 || (channels != 0 && channels != dims[1])) return 0;
    channels = dims[1];
  }
  return static_cast<int>(channels);
}

std::optional<std::vector<CellLevel>> DetectorTables::levels(const ColumnRun& run) const {
  std::vector<CellLevel> list;
  std::size_t at = 0;
  while (at < run.sources.size()) {
    const int source = run.sources[at];
    const OnnxDims& dims = tail_.sources()[static_cast<std::size_t>(source)].dims;
    if (dims.size() != 4) return std::nullopt;
    CellLevel level{static_cast<int>(dims[2]), static_cast<int>(dims[3])};
    const std::size_t begin = at;
    while (at < run.sources.size() && run.sources[at] == source) ++at;
    const auto stride = find_stride(level.rows, level.cols, picture());
    if (!stride || (at - begin) % level.candidates() != 0) return std::nullopt;
    level.stride = *stride;
    level.anchors = static_cast<int>((at - begin) / level.candidates());
    list.push_back(level);
  }
  if (list.empty()) return std::nullopt;
  return list;
}

std::optional<DetectorTables::DecodedBoxes> DetectorTables::decoded_boxes(
    const CandidateTable& table) const {
  std::optional<DecodedBoxes> found;
  for (const CandidateBox box : {CandidateBox::kCentre, CandidateBox::kCorners}) {
    for (const BoxUnit unit : {BoxUnit::kPixels, BoxUnit::kShares}) {
      auto cells = cells_if(table, box, unit);
      if (!cells) continue;
      if (found) return std::nullopt;
      found = DecodedBoxes{box, unit, std::move(*cells)};
    }
  }
  return found;
}

std::optional<int> DetectorTables::values_per_point(const CandidateTable& table,
                                                    std::size_t first_run) const {
  const auto& runs = table.runs;
  if (first_run >= runs.size() || runs[first_run].kind != ColumnKind::kComputed) return {};
  const bool has_scores = first_run + 1 < runs.size();
  for (std::size_t i = first_run; has_scores && i < runs.size(); ++i) {
    const bool is_place = (i - first_run) % 2 == 0;
    if (runs[i].kind != (is_place ? ColumnKind::kComputed : ColumnKind::kSigmoid)) return {};
    if (runs[i].size() != (is_place ? 2 : 1)) return {};
  }
  const int step = has_scores ? 3 : 2;
  const int begin = runs[first_run].columns.begin;
  if ((table.cols() - begin) % step != 0) return {};
  for (int column = begin; column < table.cols(); column += step) {
    std::vector<PixelPoint> points;
    for (std::int64_t i = 0; i < table.rows(); ++i) {
      points.push_back(
          {value_of(probe_.zero, table, i, column), value_of(probe_.zero, table, i, column + 1)});
    }
    if (!find_cells(points, picture())) return {};
  }
  return step;
}

/// With sources that give 0 a box lies in the middle of its cell, and is larger than nothing.
/// Where it ends at the picture's edge, to which it may be clipped, the middle is not known.
std::optional<CellPoints> DetectorTables::cells_if(const CandidateTable& table, CandidateBox box,
                                                   BoxUnit unit) const {
  const bool pixels = unit == BoxUnit::kPixels;
  const float per_col = pixels ? 1 : static_cast<float>(picture().cols);
  const float per_row = pixels ? 1 : static_cast<float>(picture().rows);
  std::vector<PixelPoint> points;
  std::size_t unknown = 0;
  for (std::int64_t i = 0; i < table.rows(); ++i) {
    const auto value = [&](int column) { return value_of(probe_.zero, table, i, column); };
    std::array<float, 4> corners{value(0) * per_col, value(1) * per_row, value(2) * per_col,
                                 value(3) * per_row};
    if (box == CandidateBox::kCentre) {
      const auto [x, y, width, height] = corners;
      corners = {x - width / 2, y - height / 2, x + width / 2, y + height / 2};
    }
    const auto [left, top, right, bottom] = corners;
    if (!(right > left) || !(bottom > top)) return std::nullopt;
    points.push_back({middle(left, right, picture().cols), middle(top, bottom, picture().rows)});
    unknown += std::isnan(points.back().x) || std::isnan(points.back().y) ? 1 : 0;
  }
  if (unknown * 4 > points.size() * 3) return std::nullopt;
  return find_cells(points, picture());
}

}  // namespace vpinfer
