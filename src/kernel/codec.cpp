#include "kernel/codec.hpp"

#include "kernel/half.hpp"

namespace vpinfer {
namespace {

/// Calls use(view of the encoded box) for views of the format's numbers.
template <typename Use>
void with_view(const EncodedBox& encoded, const Use& use) {
  switch (encoded.format) {
    case WireFormat::kFloat:
      return use(ConstTensorView{reinterpret_cast<const float*>(encoded.data), encoded.box});
    case WireFormat::kHalf:
      return use(ConstHalfView{reinterpret_cast<const HalfBits*>(encoded.data), encoded.box});
  }
}

}  // namespace

void encode(const ConstTensorView& from, const Box& box, WireFormat format, std::byte* to) {
  switch (format) {
    case WireFormat::kFloat:
      return copy_box(from, TensorView{reinterpret_cast<float*>(to), box}, box);
    case WireFormat::kHalf:
      return copy_box(from, HalfView{reinterpret_cast<HalfBits*>(to), box}, box);
  }
}

void decode(const EncodedBox& from, const TensorView& to, const Box& part) {
  with_view(from, [&](const auto& view) { copy_box(view, to, part); });
}

void add_decoded(const EncodedBox& from, const TensorView& to, const Box& part) {
  with_view(from, [&](const auto& view) { add_box(view, to, part); });
}

}  // namespace vpinfer
