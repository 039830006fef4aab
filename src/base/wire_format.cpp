#include "vpinfer/wire_format.hpp"

#include "base/half.hpp"
#include "base/names.hpp"
#include "base/wire_format.hpp"

namespace vpinfer {

std::string_view to_string(WireFormat format) {
  switch (format) {
    case WireFormat::kFloat: return "float";
    case WireFormat::kHalf: return "half";
    case WireFormat::kInt8: return "int8";
  }
  return "unknown";
}

WireFormat parse_wire_format(std::string_view name) {
  return parse_name("wire format", name, kWireFormats);
}

WireFormat format_of_sums(WireFormat outputs) {
  return outputs == WireFormat::kInt8 ? WireFormat::kHalf : outputs;
}

std::size_t bytes_of(WireFormat format, std::size_t elements) {
  switch (format) {
    case WireFormat::kFloat: return elements * sizeof(float);
    case WireFormat::kHalf: return elements * sizeof(HalfBits);
    case WireFormat::kInt8: return elements + int8_blocks(elements) * sizeof(Int8Header);
  }
  throw Bug("an unknown wire format");
}

}  // namespace vpinfer
