#pragma once

#include <cstring>

#include "panel_outputs.hpp"

namespace vpinfer {
// Every file that includes this is compiled for another processor: nothing here may be shared.
namespace {

/// Vectors of `kLanes` floats; the compiler knows how to calculate with them.
template <int kLanes>
struct Vector {
  using Type [[gnu::vector_size(kLanes * sizeof(float))]] = float;

  // By memcpy, which compiles to one instruction: floats need not lie at multiples of a vector.
  static Type load(const float* from) {
    Type vector;
    std::memcpy(&vector, from, sizeof vector);
    return vector;
  }
  static void store(const Type& vector, float* to) { std::memcpy(to, &vector, sizeof vector); }
};

/// Writes the sums of the panel's filters from the one at `at` on for one pixel.
template <int kLanes>
void write(typename Vector<kLanes>::Type sums, const PanelOutputs& outputs, int pixel, int at) {
  using Floats = Vector<kLanes>;
  using V = typename Floats::Type;
  float* output = outputs.pixels[pixel] + outputs.filter + at;
  if (outputs.accumulate) sums += Floats::load(output);
  if (outputs.biases != nullptr) {
    sums += Floats::load(outputs.biases + at);
    const V negative = outputs.negative_slope == 0 ? V{} : outputs.negative_slope * sums;
    sums = sums > 0 ? sums : negative;
  }
  Floats::store(sums, output);
}

}  // namespace
}  // namespace vpinfer
