#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace vpinfer {

/// Tells two models apart: a running FNV-1a hash of 64 bits (Fowler, Noll, Vo), fed eight bytes at
/// a time for speed.  Not meant against forgery.
class Checksum {
 public:
  void add(std::span<const std::byte> bytes);
  /// 16 hexadecimal digits.
  [[nodiscard]] std::string text() const;

 private:
  std::uint64_t hash_ = 0xCBF29CE484222325U;
};

}  // namespace vpinfer
