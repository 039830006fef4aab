#pragma once

#include <cstddef>
#include <optional>

#include "vpinfer/plan/plan.hpp"

namespace vpinfer {

/// What a strategy leaves open.
struct PlanningOptions {
  std::optional<int> fuse = 1;  ///< of `data`: convolutions and poolings per run; nothing: as many
                                ///< as pay
  std::optional<std::size_t> memory_limit_bytes{};  ///< per rank; stages are cut to keep it
};

/// Makes a plan for `ranks` ranks:
///
/// - `single`: rank 0 owns every box; the other ranks own nothing.
/// - `data`: every layer is cut into tiles of rows; every rank needs all weights.  Borders are
///   exchanged once per run of layers.
/// - `horizontal`: every layer's channels are shared out; every rank needs all of what it reads.
/// - `sequential`: stages of consecutive layers, a rank each.
/// - `vertical`: tiles where activations are large and weights small, shares of the channels where
///   it is the other way round.  Which layer gets which is searched: from the switch of tiles to
///   shares that needs the least memory on the fullest rank, layers are turned one by one while
///   that lowers a cost of memory and bytes moved, within a twentieth more memory than the start.
///
/// Layers that only move elements (route, reorg) are computed wherever they are read, so what they
/// join travels once.  Rank 0 has the input and the heads.  Deterministic: every rank that calls
/// this gets the same plan.
[[nodiscard]] Plan make_plan(const Network& network, Strategy strategy, int ranks,
                             const PlanningOptions& options = {});

}  // namespace vpinfer
