#include "search/tile_runs.hpp"

#include <algorithm>
#include <utility>

#include "plan/geometry.hpp"

namespace vpinfer {

TileRuns::TileRuns(const Network& network, Choice tiles, std::optional<int> run_length)
    : network_(network),
      results_(network, result_layers(network)),
      tiles_(std::move(tiles)),
      run_length_(run_length),
      chosen_(layers_divided_by_choice(network)) {}

std::vector<Digits> TileRuns::starts() const {
  const std::size_t length = static_cast<std::size_t>(run_length_.value_or(1));
  Digits joins;
  for (std::size_t i = 0; i < chosen_.size(); ++i) joins.push_back(i % length == 0 ? 0 : 1);
  return {joins};
}

std::vector<int> TileRuns::values() const {
  return run_length_ ? std::vector<int>{} : std::vector<int>(chosen_.size(), 2);
}

Choice TileRuns::choice(const Digits& digits) const {
  const Runs runs = runs_of(digits);
  Choice choice = tiles_;
  for (int i = 1; i < network_.size(); ++i) {
    if (is_within_run(i, runs)) choice.repeated[static_cast<std::size_t>(i)] = true;
  }
  return choice;
}

TileRuns::Runs TileRuns::runs_of(const Digits& joins) const {
  Runs runs{{}, {0}};
  std::size_t next = 0;
  for (int i = 0; i < network_.size(); ++i) {
    if (next < chosen_.size() && chosen_[next] == i) {
      if (joins[next] == 0) runs.lengths.push_back(0);
      ++runs.lengths.back();
      ++next;
    }
    runs.of.push_back(runs.lengths.size() - 1);
  }
  return runs;
}

/// Whether only layers of the same run read an output, and read parts of it.
bool TileRuns::is_within_run(int position, const Runs& runs) const {
  const std::size_t run = runs.of[static_cast<std::size_t>(position)];
  const auto& readers = results_.readers(position);
  return runs.lengths[run] > 1 && !readers.empty() && !results_.is_delivered_to(position, 0) &&
         std::all_of(readers.begin(), readers.end(), [&](const Demand::Reader& reader) {
           return runs.of[static_cast<std::size_t>(reader.position)] == run && is_local(reader);
         });
}

/// Whether a row of the reader's output needs less than all rows of what it reads: otherwise every
/// rank would repeat all of it.
bool TileRuns::is_local(const Demand::Reader& reader) const {
  Box row = whole(network_.layer(reader.position).output);
  row.rows = {row.rows.size() / 2, row.rows.size() / 2 + 1};
  return required_input(network_, reader.position, reader.index, row).rows.size() <
         network_.input_shape(reader.position, reader.index).rows;
}

}  // namespace vpinfer
