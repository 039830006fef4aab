#pragma once

#include <optional>
#include <vector>

#include "import/cell_points.hpp"
#include "import/onnx_columns.hpp"

namespace vpinfer {

[[nodiscard]] bool have_anchors(const std::vector<CellLevel>& levels, int anchors);

/// One anchor of a cell's size per cell.
void add_grids(Candidates& head, const std::vector<CellLevel>& levels);

/// Whether a run is, raw, four distributions.
[[nodiscard]] bool is_distributions(const ColumnRun& run);

/// The outputs of a graph as tables of candidates, and where their columns come from.
class DetectorTables {
 public:
  /// Both must outlive it.  Throws BadInput if the end of the graph cannot be computed.
  DetectorTables(const OnnxGraph& graph, const OnnxModel& model);

  /// Every output of 2 to 4 axes, along each axis that may be that of values.
  [[nodiscard]] const std::vector<CandidateTable>& all() const { return tables_; }

  /// How many outputs the graph has.
  [[nodiscard]] std::size_t results() const { return names_.size(); }
  [[nodiscard]] const std::string& result_name(const CandidateTable& table) const {
    return names_[static_cast<std::size_t>(table.result)];
  }
  [[nodiscard]] const OnnxTail& tail() const { return tail_; }
  [[nodiscard]] const Shape& picture() const { return model_.network.input_shape(); }
  /// Whether masks with so many coefficients can be made of another output.
  [[nodiscard]] bool has_prototypes(int coefficients) const;

  /// The only other table with as many candidates that is as wanted; null if none or several.
  template <typename IsWanted>
  [[nodiscard]] const CandidateTable* partner(const CandidateTable& table,
                                              const IsWanted& is_wanted) const {
    const CandidateTable* found = nullptr;
    for (const CandidateTable& other : tables_) {
      if (other.result == table.result || other.rows() != table.rows() || !is_wanted(other)) {
        continue;
      }
      if (found != nullptr) return nullptr;
      found = &other;
    }
    return found;
  }

  /// The channels of a run's sources, if all have as many; 0 if not.
  [[nodiscard]] int source_channels(const ColumnRun& run) const;
  [[nodiscard]] bool is_from_channels(const ColumnRun& run, int channels) const {
    return source_channels(run) == channels;
  }
  /// The cells of a run's sources: as many candidates of each as its cells, or a multiple.
  [[nodiscard]] std::optional<std::vector<CellLevel>> levels(const ColumnRun& run) const;

  /// How boxes that the graph decodes are told.
  struct DecodedBoxes {
    CandidateBox box = CandidateBox::kCentre;
    BoxUnit unit = BoxUnit::kPixels;
    CellPoints cells;
  };
  /// In the first four columns of a table; empty unless exactly one way puts them over cells.
  [[nodiscard]] std::optional<DecodedBoxes> decoded_boxes(const CandidateTable& table) const;

  /// Of points over cells, in pixels, that all columns from a run on are: 2, or 3 if each has a
  /// probability, too; empty if they are none.
  [[nodiscard]] std::optional<int> values_per_point(const CandidateTable& table,
                                                    std::size_t first_run) const;

 private:
  [[nodiscard]] std::optional<CellPoints> cells_if(const CandidateTable& table, CandidateBox box,
                                                   BoxUnit unit) const;

  const OnnxModel& model_;
  std::vector<std::string> names_;
  OnnxTail tail_;
  TailProbe probe_;
  std::vector<CandidateTable> tables_;
};

}  // namespace vpinfer
