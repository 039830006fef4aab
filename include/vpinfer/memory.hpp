#pragma once

#include <cstddef>

namespace vpinfer {

/// What a rank does at the same time.
struct Concurrency {
  int lanes = 1;    ///< frames that may be in a segment, each with its own arena
  int threads = 1;  ///< that share the work of a layer, each with its own workspace
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
  bool operator==(const RankMemory&) const = default;
};

/// Bytes of weights by their form, in whole cache lines; biases count as rows.
struct WeightBytes {
  std::size_t rows = 0;
  std::size_t panels = 0;
  std::size_t half_panels = 0;

  [[nodiscard]] std::size_t total() const { return rows + panels + half_panels; }
  bool operator==(const WeightBytes&) const = default;
};

}  // namespace vpinfer
