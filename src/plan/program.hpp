#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "kernel/computation.hpp"
#include "plan/exchange.hpp"

namespace vpinfer {

/// What a step does with its tensor.
enum class Action {
  kLoad,           ///< rank 0: the frame becomes the input
  kPostReceives,   ///< let the peers' boxes of this output come
  kCompute,        ///< compute `box`
  kAddUp,          ///< add the received partial sums of `box` to this rank's: the layer's output
  kKeep,           ///< copy what this rank itself reads to where it reads it
  kSend,           ///< pack the boxes that peers need and let them go
  kAwaitReceive,   ///< wait for the boxes of one peer; whatever arrives meanwhile is unpacked
  kAwaitReceives,  ///< wait for the peers' boxes and unpack each as it arrives
  kAwaitSends,     ///< wait until the sent boxes have left
  kDeliver,        ///< rank 0: the output is complete, hand it out
};

struct Step {
  Action action = Action::kCompute;
  int tensor = 0;                   ///< a layer's output or its partial sums
  Box box{};                        ///< of kCompute and kAddUp
  std::optional<ChannelSum> sum{};  ///< of kCompute, if it does not sum over all input channels
  ConvolutionAlgorithm algorithm = ConvolutionAlgorithm::kPlain;  ///< of kCompute, a convolution's
  std::size_t message = 0;  ///< of kAwaitReceive: which of the tensor's receives
  bool operator==(const Step&) const = default;
};

/// Where the floats of a message lie.
enum class Staging {
  kPacked,   ///< its boxes one after another in a buffer of its own
  kShared,   ///< in the buffer of an earlier message to another peer with the same boxes
  kInPlace,  ///< a lone box without gaps (rows of a tile): right in the stored part of the output;
             ///< never of halves, which must be converted
};

/// All boxes that one rank exchanges with one peer after one layer, as a single message.
struct Message {
  int peer = 0;
  std::vector<Box> boxes;
  std::size_t elements = 0;  ///< of all boxes
  std::size_t floats = 0;    ///< that hold them and travel: one each, or one for two halves
  Staging staging = Staging::kPacked;
  std::size_t offset = 0;  ///< of its first float in the arena
};

/// A part of an output in the arena; `offset` is in floats.
struct Storage {
  Box box;
  std::size_t offset = 0;
};

/// What a rank keeps and moves of one layer's output.  Normally it reads where it has written, and
/// `written` and `read` are the same hull of both.  They are apart where two boxes take less:
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
/// Where a layer's sums are divided, a tensor of its own holds the rank's partial sums of the whole
/// output.  Those that it receives stay in their messages until they are added up.
struct Tensor {
  int position = 0;                   ///< of the layer
  std::optional<Strips> strips{};     ///< of a max pooling's output
  bool in_strips = false;             ///< a convolution's output, which is stored nowhere then
  bool is_partial = false;            ///< partial sums of the layer's output, otherwise the output
  std::optional<int> partial_sums{};  ///< of an output with divided sums: their tensor
  Storage written{};                  ///< holds what the rank computes; boxes are sent from here
  Storage read{};  ///< holds what consuming layers read; boxes are received to here
  bool apart = false;
  std::vector<Message> receives{};
  std::vector<Message> sends{};
  std::size_t workspace_floats = 0;  ///< scratch memory while the layer is computed
  std::size_t workspace_offset = 0;

  /// The layer that computing the tensor begins with, whose inputs are read.
  [[nodiscard]] int first_layer() const { return strips ? strips->convolution : position; }
};

/// Bytes that one rank will have allocated, known before anything runs.
struct RankMemory {
  std::size_t weights = 0;
  std::size_t activations = 0;  ///< this and the next two: the arena at its fullest step
  std::size_t workspace = 0;
  std::size_t messages = 0;
  std::size_t library = 0;  ///< what the message-passing and linear algebra libraries and
                            ///< threads keep
  std::size_t results = 0;  ///< copies of what is delivered, of one frame or two

  [[nodiscard]] std::size_t total() const {
    return weights + activations + workspace + messages + library + results;
  }
};

/// Steps [begin, end) of a program, before and after which none of the rank's buffers holds
/// anything: between segments a frame takes no memory.  The first rank of a pipeline, for example,
/// has one for its stage and one for the results, and many frames may be between the two.
struct Segment {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// What the rank with the most memory takes.
[[nodiscard]] std::size_t fullest_bytes(const std::vector<RankMemory>& memory);

/// What a rank does at the same time.
struct Concurrency {
  int lanes = 1;    ///< frames that may be in a segment, each with its own arena
  int threads = 1;  ///< that share the work of a layer, each with its own workspace
};

/// One rank's share of a plan as a flat list of steps that is replayed for every frame, and the
/// place of every buffer in the arena of a frame.  Pure data; all ranks' programs follow one global
/// order of layers, which is why they cannot wait for each other in a circle.
struct Program {
  int rank = 0;
  int lanes = 1;  ///< frames that may be in a segment at the same time, each with its own arena
  WireFormat wire = WireFormat::kFloat;  ///< what messages consist of
  std::vector<Step> steps;
  std::vector<Segment> segments;  ///< all steps, in order; each has a part of the arena for itself
  /// The outputs by position, followed by the partial sums of the layers with divided sums.
  std::vector<Tensor> tensors;
  std::size_t arena_floats = 0;  ///< of one lane
  RankMemory memory;

  [[nodiscard]] const Tensor& tensor(int index) const {
    return tensors[static_cast<std::size_t>(index)];
  }
  /// What a step of kCompute computes.
  [[nodiscard]] Computation computation(const Step& step) const {
    const Tensor& of = tensor(step.tensor);
    return {of.position, step.box, step.sum, step.algorithm, of.strips};
  }
};

/// For every layer: receives are posted first, then the part of the layer that needs no peer is
/// computed while borders travel, then the rest, then the peers get their boxes.  A convolution
/// whose input channels come from many peers sums over those of one after another, unless it is
/// computed in strips.  Partial sums of a layer are computed, exchanged and added up before the
/// layer's output is sent.
[[nodiscard]] Program make_program(const Network& network, const Plan& plan,
                                   const Delivery& delivery, int rank,
                                   const Concurrency& concurrency = {});

/// Predicted memory of every rank.
[[nodiscard]] std::vector<RankMemory> predict_memory(const Network& network, const Plan& plan,
                                                     const Delivery& delivery,
                                                     const Concurrency& concurrency = {});

/// The rank with the most memory, and what it takes.
struct Fullest {
  int rank = 0;
  std::size_t bytes = 0;
};

/// Nothing if some rank takes more than `most_bytes`.  Ranks are looked at in turn from
/// `first_rank`: where that is the fullest, too large a plan is soon found out.
[[nodiscard]] std::optional<Fullest> fullest_within(const Demand& demand, const Plan& plan,
                                                    const Exchanges& exchanges,
                                                    const Concurrency& concurrency,
                                                    std::size_t most_bytes, int first_rank = 0);

}  // namespace vpinfer
