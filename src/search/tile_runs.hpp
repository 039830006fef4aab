#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "search/search.hpp"

namespace vpinfer {

/// Tiles of rows whose borders are exchanged once per run of layers: within a run every rank
/// computes the overlap itself (fused tile partitioning: Zhao et al., DeepThings, TCAD 2018).  A
/// digit for every layer with windows: 0 if it begins a run, 1 if it joins the one before it.
/// Layers without windows need no border; they belong to the run of the layer before them.
class TileRuns final : public Space {
 public:
  /// Runs of so many layers with windows; without a number, as a search finds them, which begins
  /// with runs of one.  The network must outlive the space; `tiles` says what all choices have in
  /// common.
  TileRuns(const Network& network, Choice tiles, std::optional<int> run_length);

  [[nodiscard]] std::vector<Digits> starts() const override;
  [[nodiscard]] std::vector<int> values() const override;
  [[nodiscard]] Choice choice(const Digits& digits) const override;

 private:
  /// By position: the number of its run, and of layers with windows in that run.
  struct Runs {
    std::vector<std::size_t> of;
    std::vector<int> lengths;
  };

  [[nodiscard]] Runs runs_of(const Digits& joins) const;
  [[nodiscard]] bool is_within_run(int position, const Runs& runs) const;
  [[nodiscard]] bool is_local(const Demand::Reader& reader) const;

  const Network& network_;
  Demand results_;
  Choice tiles_;
  std::optional<int> run_length_;
  std::vector<int> chosen_;  // positions
};

}  // namespace vpinfer
