#include "base/checksum.hpp"

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>
#include <cstring>

namespace vpinfer {

void Checksum::add(std::span<const std::byte> bytes) {
  constexpr std::uint64_t kPrime = 0x100000001B3U;
  while (!bytes.empty()) {
    std::uint64_t word = 0;
    const std::size_t count = std::min(bytes.size(), sizeof word);
    std::memcpy(&word, bytes.data(), count);
    hash_ = (hash_ ^ word) * kPrime;
    hash_ ^= hash_ >> 32U;  // a product alone never carries high bits down
    bytes = bytes.subspan(count);
  }
}

std::string Checksum::text() const {
  std::array<char, 17> digits{};
  std::snprintf(digits.data(), digits.size(), "%016" PRIx64, hash_);
  return digits.data();
}

}  // namespace vpinfer
