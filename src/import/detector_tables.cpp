#include "import/detector_tables.hpp"

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

}  // namespace

DetectorTables::DetectorTables(const OnnxGraph& graph, const OnnxModel& model)
    : picture_(model.network.input_shape()),
      tail_(graph, model.extents, names_of(model.results), "the end of the graph"),
      probe_(probe(tail_)) {
  for (std::size_t i = 0; i < model.results.size(); ++i) {
    const TensorForm& form = model.results[i].form;
    if (!form.is_float) continue;
    for (const int axis : value_axes(form.dims)) {
      tables_.push_back(read_table(tail_, probe_, static_cast<int>(i), form, axis));
    }
  }
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
    const auto stride = find_stride(level.rows, level.cols, picture_);
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
          {value_at_zero(probe_, table, i, column), value_at_zero(probe_, table, i, column + 1)});
    }
    if (!find_cells(points, picture_)) return {};
  }
  return step;
}

/// With sources that give 0 a box lies in the middle of its cell, and is larger than nothing.
std::optional<CellPoints> DetectorTables::cells_if(const CandidateTable& table, CandidateBox box,
                                                   BoxUnit unit) const {
  const bool pixels = unit == BoxUnit::kPixels;
  const float per_col = pixels ? 1 : static_cast<float>(picture_.cols);
  const float per_row = pixels ? 1 : static_cast<float>(picture_.rows);
  std::vector<PixelPoint> points;
  for (std::int64_t i = 0; i < table.rows(); ++i) {
    const auto value = [&](int column) { return value_at_zero(probe_, table, i, column); };
    const bool corners = box == CandidateBox::kCorners;
    const float width = corners ? value(2) - value(0) : value(2);
    const float height = corners ? value(3) - value(1) : value(3);
    if (!(width > 0) || !(height > 0)) return std::nullopt;
    points.push_back({(corners ? value(0) + width / 2 : value(0)) * per_col,
                      (corners ? value(1) + height / 2 : value(1)) * per_row});
  }
  return find_cells(points, picture_);
}

}  // namespace vpinfer
