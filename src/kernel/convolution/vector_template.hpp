#pragma once

#include <cstring>

#include "kernel/convolution/panel_outputs.hpp"

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

/// Writes sums of the panel's filters from the one at `at` on, pixel by pixel.
template <int kLanes>
class SumWriter {
 public:
  using Floats = Vector<kLanes>;
  using V = typename Floats::Type;

  SumWriter(const PanelOutputs& outputs, int at)
      : pixels_(outputs.pixels),
        first_(outputs.filter + at),
        accumulate_(outputs.accumulate),
        ends_(outputs.biases != nullptr),
        slope_(outputs.negative_slope) {
    if (ends_) biases_ = Floats::load(outputs.biases + at);
  }

  [[gnu::always_inline]] void write(int pixel, V sums) const {
    float* output = pixels_[pixel];
    if (output == nullptr) return;
    output += first_;
    if (accumulate_) sums += Floats::load(output);
    if (ends_) {
      sums += biases_;
      const V negative = slope_ == 0 ? V{} : slope_ * sums;
      sums = sums > 0 ? sums : negative;
    }
    Floats::store(sums, output);
  }

 private:
  float* const* pixels_;
  int first_;
  bool accumulate_;
  bool ends_;
  float slope_;
  V biases_{};
};

}  // namespace
}  // namespace vpinfer
