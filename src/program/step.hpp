#pragma once

#include <cstddef>
#include <variant>

#include "kernel/computation.hpp"

namespace vpinfer {

/// What a rank does, one after another; `tensor` is the index of a layer's output or of its partial
/// sums in the program.
namespace step {

/// Rank 0: the frame becomes the input, tensor 0.
struct Load {
  bool operator==(const Load&) const = default;
};

/// Let the peers' boxes of this tensor come.
struct PostReceives {
  int tensor = 0;
  bool operator==(const PostReceives&) const = default;
};

struct Compute {
  int tensor = 0;
  Computation computation{};
  bool operator==(const Compute&) const = default;
};

/// Add the received partial sums of `box` to this rank's: the layer's output.
struct AddUp {
  int tensor = 0;  ///< the partial sums
  Box box{};
  bool operator==(const AddUp&) const = default;
};

/// Copy what this rank itself reads to where it reads it.
struct Keep {
  int tensor = 0;
  bool operator==(const Keep&) const = default;
};

/// Pack the boxes that peers need and let them go.
struct Send {
  int tensor = 0;
  bool operator==(const Send&) const = default;
};

/// Wait for one of the tensor's receives; whatever else arrives meanwhile is unpacked.
struct AwaitReceive {
  int tensor = 0;
  std::size_t message = 0;
  bool operator==(const AwaitReceive&) const = default;
};

/// Wait for the peers' boxes and unpack each as it arrives.
struct AwaitReceives {
  int tensor = 0;
  bool operator==(const AwaitReceives&) const = default;
};

/// Wait until the sent boxes have left.
struct AwaitSends {
  int tensor = 0;
  bool operator==(const AwaitSends&) const = default;
};

/// Rank 0: the output is complete, hand it out.
struct Deliver {
  int tensor = 0;
  bool operator==(const Deliver&) const = default;
};

}  // namespace step

using Step =
    std::variant<step::Load, step::PostReceives, step::Compute, step::AddUp, step::Keep, step::Send,
                 step::AwaitReceive, step::AwaitReceives, step::AwaitSends, step::Deliver>;

/// Steps [begin, end) of a program, before and after which none of the rank's buffers holds
/// anything: between segments a frame takes no memory.  The first rank of a pipeline, for example,
/// has one for its stage and one for the results, and many frames may be between the two.
struct Segment {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// The tensor that a step is about.
[[nodiscard]] inline int tensor_of(const Step& step) {
  return std::visit(
      [](const auto& action) {
        if constexpr (requires { action.tensor; }) {
          return action.tensor;
        } else {
          return 0;
        }
      },
      step);
}

}  // namespace vpinfer
