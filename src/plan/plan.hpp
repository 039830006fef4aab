#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/box.hpp"
#include "kernel/convolution/algorithm.hpp"
#include "net/network.hpp"

namespace vpinfer {

enum class Strategy { kVertical, kData, kSequential, kHorizontal, kSingle };

inline constexpr std::array kStrategies{Strategy::kVertical, Strategy::kData, Strategy::kSequential,
                                        Strategy::kHorizontal, Strategy::kSingle};

[[nodiscard]] std::string_view to_string(Strategy strategy);
/// Throws BadUsage, naming the strategies there are.
[[nodiscard]] Strategy parse_strategy(std::string_view name);

/// How activations and partial sums travel between ranks.  As halves they take half the bytes and
/// lose precision: 11 bits of each number remain, see `round_to_halves`.  What a rank keeps for
/// itself stays float.
enum class WireFormat { kFloat, kHalf };

[[nodiscard]] std::string_view to_string(WireFormat format);
/// Throws BadUsage, naming the formats there are.
[[nodiscard]] WireFormat parse_wire_format(std::string_view name);

/// The room that the elements of a message take, in memory and on the wire, in floats: two halves
/// to a float.
[[nodiscard]] std::size_t wire_floats(WireFormat format, std::size_t elements);

[[nodiscard]] std::string_view to_string(ConvolutionPath path);
/// Throws BadUsage, naming the paths there are.
[[nodiscard]] ConvolutionPath parse_convolution_path(std::string_view name);

/// The box of one layer's output that each rank owns, that is, computes and keeps.  Boxes may be
/// empty, uneven or overlapping; together they cover the output.
using Layout = std::vector<Box>;

/// A convolution's input channels, divided among the ranks: each computes the partial sums over its
/// own for the whole output, and whoever owns a box of that adds up what all ranks have for it.
/// Intervals may be empty; together they hold every channel once.
using SumShares = std::vector<Interval>;

/// Who computes what: one layout per layer, in the network's order.  Immutable once made, and the
/// same on every rank.  Everything else (messages, memory, steps) follows by arithmetic.
///
/// Rank 0 owns the whole input (it reads the picture).
struct Plan {
  Strategy strategy = Strategy::kSingle;
  int ranks = 1;
  std::vector<Layout> layouts;
  WireFormat wire = WireFormat::kFloat;
  ConvolutionPath conv = ConvolutionPath::kAuto;
  std::map<int, SumShares> sums{};  ///< by the positions of convolutions without groups

  [[nodiscard]] const Box& owned(int position, int rank) const {
    return layouts[static_cast<std::size_t>(position)][static_cast<std::size_t>(rank)];
  }
  /// The input channels over which a rank sums; nothing if all ranks sum over all.
  [[nodiscard]] std::optional<Interval> summed(int position, int rank) const {
    const auto shares = sums.find(position);
    if (shares == sums.end()) return std::nullopt;
    return shares->second[static_cast<std::size_t>(rank)];
  }
  bool operator==(const Plan&) const = default;
};

/// The box of a layer's output that a rank computes: what it owns, or of divided sums the partial
/// sums of everything.
[[nodiscard]] Box computed_box(const Network& network, const Plan& plan, int position, int rank);

/// What a rank reads of input `index` of the layer at `position` to compute its box.
[[nodiscard]] Box read_box(const Network& network, const Plan& plan, int position,
                           std::size_t index, int rank);

/// The weights of a layer that a rank needs for what it computes, hence stores; empty if none.
[[nodiscard]] WeightRange owned_weights(const Network& network, const Plan& plan, int position,
                                        int rank);

/// The form of a part of a layer's weights; that of a convolution depends on the path.
[[nodiscard]] WeightForm weight_form(const Network& network, ConvolutionPath path, int position,
                                     const WeightRange& range);

/// The form in which a rank keeps its weights of a layer.
[[nodiscard]] WeightForm weight_form(const Network& network, const Plan& plan, int position,
                                     int rank);

/// Bytes of weights by their form, in whole cache lines; biases count as rows.
struct WeightBytes {
  std::size_t rows = 0;
  std::size_t panels = 0;
  std::size_t half_panels = 0;

  [[nodiscard]] std::size_t total() const { return rows + panels + half_panels; }
  bool operator==(const WeightBytes&) const = default;
};

/// What a rank holds.
[[nodiscard]] WeightBytes weight_bytes(const Network& network, const Plan& plan, int rank);

/// Round trip through JSON text.  Names the wire format only if it is not float, the path of
/// convolutions only if it is not auto, and divided sums only if there are some, so that
/// plans and partitions from before stay what they were.
[[nodiscard]] std::string to_json(const Plan& plan);
/// Throws BadInput, beginning with `where`, if the text is no plan of a known schema for this
/// network, if a box leaves its layer, or if some output is owned by nobody.
[[nodiscard]] Plan plan_from_json(const std::string& text, const Network& network,
                                  const std::string& where);

}  // namespace vpinfer
