#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <span>

namespace vpinfer {

/// `floats`, filled up to whole cache lines.
[[nodiscard]] constexpr std::size_t whole_lines(std::size_t floats) {
  constexpr std::size_t kLine = 64 / sizeof(float);
  return (floats + kLine - 1) / kLine * kLine;
}

/// Owns floats aligned to a cache line, left uninitialised so that untouched pages cost nothing.
/// Large buffers lie in huge pages of 2 MiB where the system has some.
class FloatBuffer {
 public:
  explicit FloatBuffer(std::size_t floats = 0)
      : floats_(floats), data_(floats == 0 ? nullptr : allocate(floats)) {}

  [[nodiscard]] std::span<float> all() { return {data_.get(), floats_}; }
  [[nodiscard]] std::span<const float> all() const { return {data_.get(), floats_}; }
  [[nodiscard]] std::span<float> part(std::size_t offset, std::size_t floats) {
    return all().subspan(offset, floats);
  }

 private:
  struct Free {
    void operator()(float* data) const { std::free(data); }  // NOLINT(cppcoreguidelines-no-malloc)
  };

  static float* allocate(std::size_t floats);

  std::size_t floats_;
  std::unique_ptr<float, Free> data_;
};

}  // namespace vpinfer
