#include "kernel/codec.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "base/wire_format.hpp"
#include "kernel/int8.hpp"
#include "kernel/runs.hpp"

namespace vpinfer {
namespace {

/// Where the parts of numbers of 8 bits lie.
template <typename Byte>
struct Int8Places {
  Int8Places(Byte* begin, const Box& box)
      : headers(begin), bytes(begin + int8_blocks(box.elements()) * sizeof(Int8Header)) {}

  /// Of the block of an element; it need not be aligned.
  [[nodiscard]] Byte* header(std::size_t element) const {
    return headers + element / kInt8Block * sizeof(Int8Header);
  }

  Byte* headers;
  Byte* bytes;
};

/// Puts numbers that come in runs into blocks.
class Int8Writer {
 public:
  Int8Writer(std::byte* to, const Box& box) : places_(to, box) {}

  void add(const float* values, std::size_t count) {
    while (count > 0) {
      const std::size_t taken = std::min(count, kInt8Block - waiting_);
      if (taken == kInt8Block) {
        write(values, taken);
      } else {
        std::copy_n(values, taken, block_.data() + waiting_);
        waiting_ += taken;
        if (waiting_ == kInt8Block) end();
      }
      values += taken;
      count -= taken;
    }
  }

  /// Writes what has not filled a block.
  void end() {
    if (waiting_ > 0) write(block_.data(), waiting_);
    waiting_ = 0;
  }

 private:
  void write(const float* values, std::size_t count) {
    const Int8Header header =
        kernel_.round(values, count, reinterpret_cast<std::uint8_t*>(places_.bytes) + written_);
    std::memcpy(places_.header(written_), &header, sizeof header);
    written_ += count;
  }

  const Int8Kernel& kernel_ = int8_kernel();
  Int8Places<std::byte> places_;
  std::array<float, kInt8Block> block_{};  // runs that have not filled it
  std::size_t waiting_ = 0;                // numbers in it
  std::size_t written_ = 0;
};

void encode_int8(const ConstTensorView& from, const Box& box, std::byte* to) {
  Int8Writer writer(to, box);
  for_each_run(from, View<std::byte>{to, box}, box,
               [&](const float* source, std::size_t count, const std::byte* /*target*/) {
                 writer.add(source, count);
               });
  writer.end();
}

/// Calls `take` for pieces of blocks.
void for_each_piece(const EncodedBox& from, const TensorView& to, const Box& part,
                    Int8Kernel::Widen take) {
  const Int8Places places(from.data, from.box);
  const auto* const first = reinterpret_cast<const std::uint8_t*>(places.bytes);
  for_each_run(View<const std::uint8_t>{first, from.box}, to, part,
               [&](const std::uint8_t* bytes, std::size_t count, float* target) {
                 while (count > 0) {
                   const auto element = static_cast<std::size_t>(bytes - first);
                   const std::size_t taken = std::min(count, kInt8Block - element % kInt8Block);
                   Int8Header header;
                   std::memcpy(&header, places.header(element), sizeof header);
                   take(header, bytes, taken, target);
                   bytes += taken;
                   target += taken;
                   count -= taken;
                 }
               });
}

ConstTensorView floats_of(const EncodedBox& encoded) {
  return {reinterpret_cast<const float*>(encoded.data), encoded.box};
}
ConstHalfView halves_of(const EncodedBox& encoded) {
  return {reinterpret_cast<const HalfBits*>(encoded.data), encoded.box};
}

}  // namespace

void encode(const ConstTensorView& from, const Box& box, WireFormat format, std::byte* to) {
  switch (format) {
    case WireFormat::kFloat:
      return copy_box(from, TensorView{reinterpret_cast<float*>(to), box}, box);
    case WireFormat::kHalf:
      return copy_box(from, HalfView{reinterpret_cast<HalfBits*>(to), box}, box);
    case WireFormat::kInt8: return encode_int8(from, box, to);
  }
}

void decode(const EncodedBox& from, const TensorView& to, const Box& part) {
  switch (from.format) {
    case WireFormat::kFloat: return copy_box(floats_of(from), to, part);
    case WireFormat::kHalf: return copy_box(halves_of(from), to, part);
    case WireFormat::kInt8: return for_each_piece(from, to, part, int8_kernel().widen);
  }
}

void add_decoded(const EncodedBox& from, const TensorView& to, const Box& part) {
  switch (from.format) {
    case WireFormat::kFloat: return add_box(floats_of(from), to, part);
    case WireFormat::kHalf: return add_box(halves_of(from), to, part);
    case WireFormat::kInt8: return for_each_piece(from, to, part, int8_kernel().add);
  }
}

}  // namespace vpinfer
