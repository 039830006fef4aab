#pragma once

#include "vpinfer/plan/plan.hpp"

namespace vpinfer {

/// Makes a plan for `ranks` ranks:
///
/// - `single`: rank 0 owns every box; the other ranks own nothing.
/// - `data`: every layer is cut into tiles of rows; every rank needs all weights.
/// - `vertical`: tiles where activations are large and weights small, shares of the channels where
///   it is the other way round.  Which layer gets which is searched: from the switch of tiles to
///   shares that needs the least memory on the fullest rank, layers are turned one by one while
///   that lowers a cost of memory and bytes moved, within a twentieth more memory than the start.
///
/// Layers that only move elements (route, reorg) are computed wherever they are read, so what they
/// join travels once.  Deterministic: every rank that calls this gets the same plan.
[[nodiscard]] Plan make_plan(const Network& network, Strategy strategy, int ranks);

}  // namespace vpinfer
