#include "kernel/codec.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/wire_format.hpp"
#include "support/random.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

const Box kStored{{2, 7}, {1, 6}, {3, 10}};
const Box kSent{{3, 6}, {2, 4}, {4, 9}};
const Box kPart{{4, 5}, {2, 4}, {5, 8}};

class Codec : public testing::TestWithParam<WireFormat> {
 protected:
  Codec()
      : values_(Random(1).reals(kStored.elements(), -100, 100)),
        bytes_(bytes_of(GetParam(), kSent.elements())) {
    encode({values_.data(), kStored}, kSent, GetParam(), bytes_.data());
  }

  [[nodiscard]] EncodedBox encoded() const { return {GetParam(), bytes_.data(), kSent}; }
  /// How far an element may be from what it was.
  [[nodiscard]] static float error_of(float value) {
    switch (GetParam()) {
      case WireFormat::kFloat: return 0;
      case WireFormat::kHalf: return std::abs(value) * 0x1p-11F;
      case WireFormat::kInt8: return 0.4F;  // of 200 in 255 steps
    }
    throw Bug("an unknown format");
  }

  std::vector<float> values_;
  std::vector<std::byte> bytes_;
};

TEST_P(Codec, BringsBackAnyPartAndNothingElse) {
  std::vector<float> output(kStored.elements(), 7);
  const TensorView view{output.data(), kStored};
  decode(encoded(), view, kPart);
  for (std::size_t i = 0; i < output.size(); ++i) {
    // Elements of the part are far from 7, or are it by chance.
    const auto pixel = i / 7;
    const Box at{{2 + static_cast<int>(pixel) / 5, 3 + static_cast<int>(pixel) / 5},
                 {1 + static_cast<int>(pixel) % 5, 2 + static_cast<int>(pixel) % 5},
                 {3 + static_cast<int>(i % 7), 4 + static_cast<int>(i % 7)}};
    if (kPart.contains(at)) {
      EXPECT_NEAR(output[i], values_[i], error_of(values_[i]));
    } else {
      EXPECT_EQ(output[i], 7);
    }
  }
}

TEST_P(Codec, AddsWhatItBringsBack) {
  std::vector<float> once(kStored.elements(), 0);
  std::vector<float> twice(kStored.elements(), 0);
  decode(encoded(), {once.data(), kStored}, kSent);
  decode(encoded(), {twice.data(), kStored}, kSent);
  add_decoded(encoded(), {twice.data(), kStored}, kSent);
  for (std::size_t i = 0; i < once.size(); ++i) EXPECT_EQ(twice[i], 2 * once[i]);
}

INSTANTIATE_TEST_SUITE_P(Formats, Codec, testing::ValuesIn(kWireFormats),
                         [](const auto& format) { return std::string(to_string(format.param)); });

}  // namespace
}  // namespace vpinfer
