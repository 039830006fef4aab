#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "kernel/tensor.hpp"
#include "kernel/workers.hpp"
#include "net/network.hpp"
#include "support/random.hpp"

namespace vpinfer {

/// The thread that calls, alone and undisturbed.
[[nodiscard]] const Workers& one_worker();

/// A network of one layer with the reference's answer to a random input.
struct KernelCase {
  KernelCase(const Shape& shape, const Operation& operation, std::uint32_t seed);

  [[nodiscard]] const Shape& in() const { return network.input_shape(); }
  [[nodiscard]] const Shape& out() const { return network.layer(1).output; }
  /// The whole output and `count` random boxes of it.
  [[nodiscard]] std::vector<Box> boxes(int count);
  /// `box`, or a larger one within `shape`.
  [[nodiscard]] Box grown(const Box& box, const Shape& shape);

  Network network;
  LayerWeights weights;
  std::vector<float> input;
  std::vector<float> expected;
  Random random;
};

/// A stored part of an output.
struct Stored {
  Box box;
  std::vector<float> values;

  TensorView view() { return {values.data(), box}; }
};

/// What tests put where nothing may be written.
inline constexpr float kGuard = 12345.5F;

using Kernel =
    std::function<void(const ConstTensorView& in, const TensorView& out, const Box& box)>;

/// Runs a kernel on a box, in views that are larger than the box, and fails the test if the box is
/// not the reference's, if anything outside it is written, or if the result depends on inputs
/// outside the receptive field or on what was in the output's memory.
void check_box(KernelCase& c, const Box& box, const Kernel& kernel);

}  // namespace vpinfer
