#pragma once

#include <cstring>

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

}  // namespace
}  // namespace vpinfer
