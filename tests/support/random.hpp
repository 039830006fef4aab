#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

namespace vpinfer {

/// Draws that depend on the seed only, not on the standard library's distributions.
class Random {
 public:
  explicit Random(std::uint32_t seed) : engine_(seed) {}

  /// From low to high, both included.
  int between(int low, int high) {
    return low + static_cast<int>(engine_() % static_cast<std::uint32_t>(high - low + 1));
  }
  bool chance(int percent) { return between(1, 100) <= percent; }
  float real(float low, float high) {
    return low + (high - low) * static_cast<float>(engine_() >> 8U) * 0x1p-24F;
  }
  std::vector<float> reals(std::size_t count, float low, float high) {
    std::vector<float> values(count);
    for (float& value : values) value = real(low, high);
    return values;
  }
  template <typename Value>
  const Value& pick(const std::vector<Value>& values) {
    return values[index(values.size())];
  }
  template <typename Value>
  void shuffle(std::vector<Value>& values) {
    for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[index(i)]);
  }
  std::size_t index(std::size_t size) {
    return static_cast<std::size_t>(between(0, static_cast<int>(size) - 1));
  }

 private:
  std::mt19937 engine_;
};

}  // namespace vpinfer
