#include "plan/fusing.hpp"

#include <algorithm>

#include "plan/cost.hpp"
#include "plan/geometry.hpp"

namespace vpinfer {
namespace {

/// Chooses which layers form a run.  Layers without windows need no border; they belong to the run
/// of the layer before them.
class RunFusion {
 public:
  RunFusion(const Network& network, const Plan& undivided)
      : network_(network),
        undivided_(undivided),
        layer_demand_(network, {}),
        demand_(network, result_layers(network)),
        repeated_(cheaper_repeated(network)),
        windowed_(layers_with_windows(network)) {}

  [[nodiscard]] Plan with_length(int length) const {
    std::vector<bool> begins;
    for (std::size_t i = 0; i < windowed_.size(); ++i) {
      begins.push_back(i % static_cast<std::size_t>(length) == 0);
    }
    return plan(begins);
  }

  /// Joins one run after another to the run before it, round and round, where that takes less time.
  [[nodiscard]] Plan fastest() const {
    std::vector<bool> begins(windowed_.size(), true);
    Plan best = plan(begins);
    Exchanges exchanges = all_exchanges(demand_, best);
    double seconds = predicted_seconds(network_, best, exchanges, Device{});
    std::size_t unchanged = 0;
    for (std::size_t i = 0; unchanged < begins.size(); i = (i + 1) % begins.size()) {
      begins[i] = !begins[i];
      Plan next = plan(begins);
      Exchanges next_exchanges = all_exchanges(demand_, next, best, exchanges);
      const double next_seconds = predicted_seconds(network_, next, next_exchanges, Device{});
      ++unchanged;
      if (next_seconds < seconds) {
        best = std::move(next);
        exchanges = std::move(next_exchanges);
        seconds = next_seconds;
        unchanged = 0;
      } else {
        begins[i] = !begins[i];
      }
    }
    return best;
  }

 private:
  /// By position: the number of its run, and of layers with windows in that run.
  struct Runs {
    std::vector<std::size_t> of;
    std::vector<int> lengths;
  };

  /// `begins` tells which of the layers with windows begin a run.
  [[nodiscard]] Runs runs_of(const std::vector<bool>& begins) const {
    Runs runs{{}, {0}};
    std::size_t next = 0;
    for (int i = 0; i < network_.size(); ++i) {
      if (next < windowed_.size() && windowed_[next] == i) {
        if (begins[next]) runs.lengths.push_back(0);
        ++runs.lengths.back();
        ++next;
      }
      runs.of.push_back(runs.lengths.size() - 1);
    }
    return runs;
  }

  [[nodiscard]] Plan plan(const std::vector<bool>& begins) const {
    const Runs runs = runs_of(begins);
    Repeated repeated = repeated_;
    for (int i = 1; i < network_.size(); ++i) {
      if (is_within_run(i, runs)) repeated[static_cast<std::size_t>(i)] = true;
    }
    return with_layouts(undivided_, layer_demand_, Divisions(network_.layers.size()), repeated);
  }

  /// Whether only layers of the same run read an output, and read parts of it.
  [[nodiscard]] bool is_within_run(int position, const Runs& runs) const {
    const std::size_t run = runs.of[static_cast<std::size_t>(position)];
    const auto& readers = layer_demand_.readers(position);
    const Delivery& results = demand_.delivery();
    return runs.lengths[run] > 1 && !readers.empty() &&
           !std::binary_search(results.begin(), results.end(), position) &&
           std::all_of(readers.begin(), readers.end(), [&](const Demand::Reader& reader) {
             return runs.of[static_cast<std::size_t>(reader.position)] == run && is_local(reader);
           });
  }

  /// Whether a row of the reader's output needs less than all rows of what it reads: otherwise
  /// every rank would repeat all of it.
  [[nodiscard]] bool is_local(const Demand::Reader& reader) const {
    Box row = whole(network_.layer(reader.position).output);
    row.rows = {row.rows.size() / 2, row.rows.size() / 2 + 1};
    return required_input(network_, reader.position, reader.index, row).rows.size() <
           network_.input_shape(reader.position, reader.index).rows;
  }

  const Network& network_;
  const Plan& undivided_;
  Demand layer_demand_;  // of layers alone
  Demand demand_;        // of the results too
  Repeated repeated_;    // whatever the runs
  std::vector<int> windowed_;
};

}  // namespace

Plan plan_fused_tiles(const Network& network, const Plan& undivided,
                      std::optional<int> run_length) {
  const RunFusion fusion(network, undivided);
  return run_length ? fusion.with_length(*run_length) : fusion.fastest();
}

}  // namespace vpinfer
