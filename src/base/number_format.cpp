#include "vpinfer/number_format.hpp"

#include <array>

#include "base/half.hpp"
#include "base/names.hpp"

namespace vpinfer {

std::string_view to_string(NumberFormat format) {
  return format == NumberFormat::kHalf ? "half" : "float";
}

NumberFormat parse_number_format(const std::string& what, std::string_view name) {
  return parse_name(what, name, std::array{NumberFormat::kFloat, NumberFormat::kHalf});
}

std::size_t bytes_of(NumberFormat format, std::size_t elements) {
  return elements * (format == NumberFormat::kHalf ? sizeof(HalfBits) : sizeof(float));
}

}  // namespace vpinfer
