#include "onnx/tensors.hpp"

#include <bit>
#include <cstring>

#include "base/half.hpp"
#include "onnx/malformed.hpp"

namespace vpinfer {
namespace {

static_assert(std::endian::native == std::endian::little, "raw tensors are little-endian");

using Type = onnx::TensorProto;

// Types that are newer than the oldest ONNX library that can be built with.
constexpr int kUint4 = 21;
constexpr int kInt4 = 22;

constexpr std::int64_t kMostElements = std::int64_t{1} << 31U;

std::int64_t extents_product(const onnx::TensorProto& tensor) {
  std::int64_t count = 1;
  for (const std::int64_t extent : tensor.dims()) {
    if (extent < 0 || (extent > 0 && count > kMostElements / extent)) {
      throw Malformed("tensor '" + tensor.name() + "' has an extent of " + std::to_string(extent) +
                      ", which cannot be");
    }
    count *= extent;
  }
  return count;
}

bool is_external(const onnx::TensorProto& tensor) {
  return tensor.data_location() == Type::EXTERNAL || tensor.external_data_size() > 0;
}

/// Throws Malformed if there are numbers in several places.
void check_storage(const onnx::TensorProto& tensor) {
  const int kinds = static_cast<int>(tensor.float_data_size() > 0) +
                    static_cast<int>(tensor.double_data_size() > 0) +
                    static_cast<int>(tensor.int32_data_size() > 0) +
                    static_cast<int>(tensor.int64_data_size() > 0) +
                    static_cast<int>(tensor.uint64_data_size() > 0) +
                    static_cast<int>(!tensor.raw_data().empty()) +
                    static_cast<int>(is_external(tensor));
  if (kinds > 1) throw Malformed("tensor '" + tensor.name() + "' is stored twice");
  if (tensor.has_segment()) throw Malformed("tensor '" + tensor.name() + "' is split in segments");
}

/// A tensor that is being read.
struct Source {
  const onnx::TensorProto& tensor;
  OnnxExternalData& external;
};

/// `count` numbers of type `Stored`: raw bytes, inside the file or outside, or one by one in
/// `list`; `convert` turns each into a `Value`.
template <typename Value, typename Stored, typename List, typename Convert>
std::vector<Value> numbers(const Source& source, std::int64_t count, const List& list,
                           const Convert& convert) {
  const onnx::TensorProto& tensor = source.tensor;
  const auto size = static_cast<std::size_t>(count);
  std::vector<Value> values;
  if (is_external(tensor) || (tensor.has_raw_data() && list.empty())) {
    const std::string outside =
        is_external(tensor) ? source.external.read(tensor, size * sizeof(Stored)) : std::string();
    const std::string& bytes = is_external(tensor) ? outside : tensor.raw_data();
    if (bytes.size() != size * sizeof(Stored)) {
      throw Malformed("tensor '" + tensor.name() + "' holds " + std::to_string(bytes.size()) +
                      " bytes instead of " + std::to_string(size * sizeof(Stored)));
    }
    values.reserve(size);
    for (std::size_t i = 0; i < size; ++i) {
      Stored stored{};
      std::memcpy(&stored, bytes.data() + i * sizeof(Stored), sizeof(Stored));
      values.push_back(convert(stored));
    }
    return values;
  }
  if (list.size() != count) {
    throw Malformed("tensor '" + tensor.name() + "' holds " + std::to_string(list.size()) +
                    " numbers instead of " + std::to_string(count));
  }
  values.reserve(size);
  for (const auto& item : list) values.push_back(convert(static_cast<Stored>(item)));
  return values;
}

template <typename Stored, typename List>
std::vector<std::int64_t> integers(const Source& source, const List& list) {
  const auto convert = [&](Stored number) {
    if (!std::in_range<std::int64_t>(number)) {
      throw Malformed("tensor '" + source.tensor.name() + "' holds numbers beyond 2^63");
    }
    return static_cast<std::int64_t>(number);
  };
  return numbers<std::int64_t, Stored>(source, extents_product(source.tensor), list, convert);
}

template <typename Stored, typename List, typename Convert>
std::vector<float> reals(const Source& source, const List& list, const Convert& convert) {
  return numbers<float, Stored>(source, extents_product(source.tensor), list, convert);
}

/// Numbers of 4 bits: two in a byte, the first one below.
std::vector<std::int64_t> nibbles(const Source& source, bool is_signed) {
  const std::int64_t count = extents_product(source.tensor);
  const auto pairs = numbers<std::uint8_t, std::uint8_t>(
      source, (count + 1) / 2, source.tensor.int32_data(), [](std::uint8_t byte) { return byte; });
  std::vector<std::int64_t> values;
  values.reserve(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    const unsigned pair = pairs[static_cast<std::size_t>(i / 2)];
    const std::int64_t number = (i % 2 == 0 ? pair : pair >> 4U) & 0xFU;
    values.push_back(is_signed && number > 7 ? number - 16 : number);
  }
  return values;
}

[[noreturn]] void refuse_type(const onnx::TensorProto& tensor) {
  std::string type = Type::DataType_Name(tensor.data_type());
  if (type.empty()) type = "number " + std::to_string(tensor.data_type());
  throw Malformed("tensor '" + tensor.name() + "' has a type that is not supported (" + type +
                  "); floats, doubles, halves and integers are");
}

}  // namespace

OnnxTensor read_tensor(const onnx::TensorProto& tensor, OnnxExternalData& external) {
  check_storage(tensor);
  OnnxTensor result;
  result.dims.assign(tensor.dims().begin(), tensor.dims().end());
  const Source source{tensor, external};
  const auto as_float = [](auto value) { return static_cast<float>(value); };
  const auto from_half = [](std::uint16_t bits) { return half_to_float(bits); };
  const auto from_bfloat = [](std::uint16_t bits) {
    return std::bit_cast<float>(std::uint32_t{bits} << 16U);
  };
  auto& values = result.values;
  switch (tensor.data_type()) {
    case Type::FLOAT: values = reals<float>(source, tensor.float_data(), as_float); break;
    case Type::DOUBLE: values = reals<double>(source, tensor.double_data(), as_float); break;
    case Type::FLOAT16:
      values = reals<std::uint16_t>(source, tensor.int32_data(), from_half);
      break;
    case Type::BFLOAT16:
      values = reals<std::uint16_t>(source, tensor.int32_data(), from_bfloat);
      break;
    case Type::INT64: values = integers<std::int64_t>(source, tensor.int64_data()); break;
    case Type::INT32: values = integers<std::int32_t>(source, tensor.int32_data()); break;
    case Type::INT16: values = integers<std::int16_t>(source, tensor.int32_data()); break;
    case Type::INT8: values = integers<std::int8_t>(source, tensor.int32_data()); break;
    case Type::UINT64: values = integers<std::uint64_t>(source, tensor.uint64_data()); break;
    case Type::UINT32: values = integers<std::uint32_t>(source, tensor.uint64_data()); break;
    case Type::UINT16: values = integers<std::uint16_t>(source, tensor.int32_data()); break;
    case Type::UINT8:
    case Type::BOOL: values = integers<std::uint8_t>(source, tensor.int32_data()); break;
    case kUint4: values = nibbles(source, false); break;
    case kInt4: values = nibbles(source, true); break;
    default: refuse_type(tensor);
  }
  result.type = read_integer_type(tensor.data_type());
  return result;
}

}  // namespace vpinfer
