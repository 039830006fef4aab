#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <span>

namespace vpinfer {

/// `bytes`, filled up to whole cache lines.
[[nodiscard]] constexpr std::size_t bytes_in_whole_lines(std::size_t bytes) {
  constexpr std::size_t kLineBytes = 64;
  return (bytes + kLineBytes - 1) / kLineBytes * kLineBytes;
}

/// The same for floats.
[[nodiscard]] constexpr std::size_t whole_lines(std::size_t floats) {
  return bytes_in_whole_lines(floats * sizeof(float)) / sizeof(float);
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
