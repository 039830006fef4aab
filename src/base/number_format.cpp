#include "base/number_format.hpp"

#include <algorithm>

#include "base/half.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

std::size_t bytes_of_one(NumberFormat format) {
  switch (format) {
    case NumberFormat::kFloat: return sizeof(float);
    case NumberFormat::kHalf: return sizeof(HalfBits);
  }
  throw Bug("a number in an unknown format");
}

}  // namespace

std::size_t bytes_of(NumberFormat format, std::size_t elements) {
  return elements * bytes_of_one(format);
}

std::string_view stored_name(NumberFormat format) {
  switch (format) {
    case NumberFormat::kFloat: return "float32";
    case NumberFormat::kHalf: return "float16";
  }
  return "unknown";
}

std::optional<NumberFormat> stored_format(std::string_view name) {
  const auto* const found =
      std::find_if(kNumberFormats.begin(), kNumberFormats.end(),
                   [&](NumberFormat format) { return stored_name(format) == name; });
  return found == kNumberFormats.end() ? std::nullopt : std::optional(*found);
}

}  // namespace vpinfer
