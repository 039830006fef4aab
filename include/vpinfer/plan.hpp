#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "vpinfer/box.hpp"
#include "vpinfer/convolution_path.hpp"
#include "vpinfer/strategy.hpp"
#include "vpinfer/wire_format.hpp"

namespace vpinfer {

/// The box of one layer's output that each rank owns, that is, has in the end and keeps.  Boxes may
/// be empty, uneven or overlapping; together they cover the output.
using Layout = std::vector<Box>;

/// What one rank computes of a convolution whose sums are divided: of a box of the output, the
/// partial sums over some input channels.  The box is empty if the channels are.
///
///     rows x cols                 input channels
///     +-------+-------+           +----+----+
///     | ranks | ranks |     of    | 0  | 1  |   ranks 0 and 1 sum over half the channels each,
///     | 0, 1  | 2, 3  |           +----+----+   for the left half of the output, of which either
///     +-------+-------+                         owns a part in the end
struct SumShare {
  Box box;
  Interval channels;
  bool operator==(const SumShare&) const = default;
};

/// How the work of one layer is divided among the ranks: who owns which box, who sums over what,
/// and how it travels.
struct LayerPlan {
  Layout owned;  ///< by rank
  /// By rank; empty if every rank sums over all input channels for what it owns.  Whoever owns a
  /// box adds up what all have for it.  The sums that hold an element of the output hold every
  /// input channel once.
  std::vector<SumShare> sums{};
  WireFormat wire = WireFormat::kFloat;       ///< of the output between ranks; what a rank keeps
                                              ///< for itself stays float
  WireFormat sums_wire = WireFormat::kFloat;  ///< of the partial sums likewise

  [[nodiscard]] bool divides_sums() const { return !sums.empty(); }
  bool operator==(const LayerPlan&) const = default;
};

/// What may be told of a plan beside its boxes; nothing: as it is, or the usual.
struct Formats {
  std::optional<WireFormat> wire{};
  std::optional<ConvolutionPath> conv{};
};

/// Who computes what, layer by layer in the network's order.  Immutable once made, and the same on
/// every rank.  What a rank computes, receives,
/// sends and stores follows by arithmetic.
///
/// Rank 0 owns the whole input (it reads the picture).
struct Plan {
  Strategy strategy = Strategy::kSingle;  ///< that made it
  int ranks = 1;
  std::vector<LayerPlan> layers;  ///< by position
  ConvolutionPath conv = ConvolutionPath::kAuto;

  [[nodiscard]] const LayerPlan& layer(int position) const {
    return layers[static_cast<std::size_t>(position)];
  }
  [[nodiscard]] const Box& owned(int position, int rank) const {
    return layer(position).owned[static_cast<std::size_t>(rank)];
  }
  /// The least exact format in which something travels.
  [[nodiscard]] WireFormat coarsest_wire() const;
  bool operator==(const Plan&) const = default;
};

/// Whether a layer is divided, and travels, in the same way under both plans.
[[nodiscard]] bool are_planned_alike(const Plan& a, const Plan& b, int position);

/// The same boxes in other formats.
[[nodiscard]] Plan with_formats(Plan plan, const Formats& formats);

/// The same boxes in the usual formats: what matters to the weights that a rank stores, however
/// activations travel and convolutions are computed.
[[nodiscard]] Plan with_usual_formats(Plan plan);

/// As JSON text, which `plan_from_json` reads.  Names the wire format only if it is not float, that
/// of partial sums only if it is not `format_of_sums`, the path of convolutions only if it is not
/// auto, and divided sums only if there are some, so that plans and partitions from before stay
/// what they were.
[[nodiscard]] std::string to_json(const Plan& plan);

}  // namespace vpinfer
