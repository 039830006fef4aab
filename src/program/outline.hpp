#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "kernel/computation.hpp"
#include "plan/exchange.hpp"

namespace vpinfer {

/// Where the bytes of a message lie.
enum class Staging {
  kPacked,   ///< its boxes one after another in a buffer of its own
  kShared,   ///< in the buffer of an earlier message to another peer with the same boxes
  kInPlace,  ///< a lone box without gaps (rows of a tile), sent as floats: right in the stored part
             ///< of the output
};

/// All boxes that one rank exchanges with one peer after one layer.
struct StagedMessage {
  int peer = 0;
  std::span<const Box> boxes;  ///< kept by the exchange
  std::size_t bytes = 0;       ///< on the wire
  Staging staging = Staging::kPacked;
};

/// What the messages of one direction take.
struct MessageRoom {
  std::size_t messages = 0;
  std::size_t packed_bytes = 0;  ///< of all that need a buffer of their own
  bool any_in_place = false;
};

/// What a rank keeps and moves of one layer's output, or of its partial sums, before anything has a
/// place.  Normally it reads where it has written, and `written` and `read` are the same hull of
/// both.  They are apart where two boxes take less:
///
///     a tile, with its halo         a share of the channels, of which
///     around what is written        a tile is read, all channels
///     +-------------------+         +---+---------------+
///     | read              |         | w |     read      |
///     |   +-----------+   |         | r +---------------+
///     |   |  written  |   |         | i |
///     |   +-----------+   |         | t |   (the hull would be
///     +-------------------+         +---+    everything)
///
/// Where a layer's sums are divided, a tensor of its own holds the rank's partial sums.  Those that
/// it receives stay in their messages until they are added up.
struct TensorOutline {
  int position = 0;  ///< of the layer
  Box written{};     ///< what the rank computes, and what is sent
  Box read{};        ///< what consuming layers read, and what is received
  bool apart = false;
  bool is_partial = false;            ///< partial sums of the layer's output, otherwise the output
  std::optional<int> partial_sums{};  ///< of an output with divided sums: their tensor
  std::optional<Strips> strips{};     ///< of a max pooling's output
  bool in_strips = false;             ///< a convolution's output, which is stored nowhere then
  MessageRoom receives{};
  MessageRoom sends{};
  std::size_t workspace_bytes = 0;  ///< scratch memory while the layer is computed

  /// The layer that computing the tensor begins with, whose inputs are read.
  [[nodiscard]] int first_layer() const { return strips ? strips->convolution : position; }
};

/// One rank's tensors: the outputs by position, followed by the partial sums of the layers with
/// divided sums.
using TensorOutlines = std::vector<TensorOutline>;

/// The messages that bring a rank what it reads of a tensor, of which partial sums stay packed.
[[nodiscard]] std::vector<StagedMessage> staged_receives(const TensorOutline& tensor,
                                                         const Exchange& exchange, int rank);
/// Those that take what it has written to others.
[[nodiscard]] std::vector<StagedMessage> staged_sends(const TensorOutline& tensor,
                                                      const Exchange& exchange, int rank);

/// All ranks' tensors, as far as they follow from what moves.  Plans that share exchanges share
/// them.
class Outlines {
 public:
  Outlines() = default;
  explicit Outlines(const Traffic& traffic);
  /// The same, computed only where the exchange is another than a known one.
  Outlines(const Traffic& traffic, const Exchanges& known_exchanges, const Outlines& known);

  [[nodiscard]] TensorOutlines of(int rank) const;

 private:
  using ByRank = std::shared_ptr<const TensorOutlines>;

  std::vector<ByRank> outputs_;  // by position
  std::vector<ByRank> sums_;     // by position; null where sums are not divided
};

/// One rank's tensors alone.
[[nodiscard]] TensorOutlines outline_tensors(const Traffic& traffic, int rank);

/// The same tensors, where it pays with a max pooling and the convolution before it computed
/// together on so many threads, strip by strip.
[[nodiscard]] TensorOutlines with_strips(TensorOutlines tensors, const Traffic& traffic, int rank,
                                         int threads);

}  // namespace vpinfer
