#include "kernel/int8.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "support/random.hpp"

namespace vpinfer {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kTiny = std::numeric_limits<float>::denorm_min();

/// A block as a kernel makes it.
struct Encoded {
  Int8Header header;
  std::vector<std::uint8_t> bytes;
};

Encoded encoded(const Int8Kernel& kernel, const std::vector<float>& values) {
  Encoded block{{}, std::vector<std::uint8_t>(values.size() + 1, 0xAB)};
  block.header = kernel.round(values.data(), values.size(), block.bytes.data());
  EXPECT_EQ(block.bytes.back(), 0xAB) << "wrote behind the block";
  block.bytes.pop_back();
  return block;
}

std::vector<float> decoded(const Int8Kernel& kernel, const Encoded& block) {
  std::vector<float> values(block.bytes.size() + 1, 7);
  kernel.widen(block.header, block.bytes.data(), block.bytes.size(), values.data());
  EXPECT_EQ(values.back(), 7) << "wrote behind the block";
  values.pop_back();
  return values;
}

/// Blocks of all lengths and of numbers of all sizes; the last of them are not finite.
std::vector<std::vector<float>> blocks() {
  struct Interval {
    float begin;
    float end;
  };
  std::vector<std::vector<float>> all;
  Random random(1);
  for (const auto& [begin, end] : {Interval{-1, 1},
                                   {0, 6},
                                   {-300, -299},
                                   {1e-30F, 2e-30F},
                                   {-1e20F, 1e20F},
                                   {999, 1001},
                                   {0, 100 * kTiny}}) {
    for (std::size_t count = 1; count <= kInt8Block; ++count) {
      all.push_back(random.reals(count, begin, end));
    }
  }
  for (const float value : {0.0F, -0.0F, 1.0F, -2.5F, 0.3F, kTiny}) {
    all.emplace_back(kInt8Block, value);
  }
  constexpr float kMost = std::numeric_limits<float>::max();
  for (const float bad : {kNan, -kNan, kInfinity, -kInfinity}) all.push_back({1, bad, 2});
  all.push_back({kMost, -kMost});
  return all;
}

/// Whether its numbers, and what lies between the least and the largest, are finite.
bool is_encodable(const std::vector<float>& values) {
  const auto [least, largest] = std::minmax_element(values.begin(), values.end());
  return std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); }) &&
         std::isfinite(*largest - *least);
}

class Int8 : public testing::TestWithParam<const Int8Kernel*> {
 protected:
  [[nodiscard]] static std::vector<float> there_and_back(const std::vector<float>& values) {
    return decoded(*GetParam(), encoded(*GetParam(), values));
  }
};

TEST_P(Int8, IsOffByHalfAStep) {
  for (const std::vector<float>& values : blocks()) {
    const auto [least, largest] = std::minmax_element(values.begin(), values.end());
    if (!is_encodable(values)) continue;
    // Half a step, and what the least and the step are rounded by.
    const float range = *largest - *least + std::abs(*least) / 128;
    const float error = range / 255 / 2 * (1 + 1.0F / 64) + 0x1p-112F;
    const std::vector<float> back = there_and_back(values);
    for (std::size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(back[i], values[i], error) << i;
  }
}

TEST_P(Int8, KeepsZerosBesidePositiveNumbers) {
  const std::vector<float> back = there_and_back({0, 3.7F, 0, 0.01F, 120, 0});
  for (const std::size_t i : {0U, 2U, 5U}) EXPECT_EQ(back[i], 0);
}

TEST_P(Int8, KeepsBlocksOfOneNumber) {
  for (const float value : {0.0F, 1.0F, -2.5F, 96.0F}) {
    EXPECT_EQ(there_and_back(std::vector<float>(64, value)), std::vector<float>(64, value));
  }
}

TEST_P(Int8, HidesNoNumberThatIsNotFinite) {
  for (const float bad : {kNan, -kNan, kInfinity, -kInfinity}) {
    for (const float back : there_and_back({1, bad, 2})) EXPECT_TRUE(std::isnan(back));
  }
}

TEST_P(Int8, AddsWhatItWidens) {
  const Encoded block = encoded(*GetParam(), Random(3).reals(64, -5, 5));
  const std::vector<float> widened = decoded(*GetParam(), block);
  std::vector<float> added(64, 1);
  GetParam()->add(block.header, block.bytes.data(), 64, added.data());
  for (std::size_t i = 0; i < 64; ++i) EXPECT_EQ(added[i], 1 + widened[i]);
}

TEST_P(Int8, GivesTheBitsOfThePortableOne) {
  for (const std::vector<float>& values : blocks()) {
    const Encoded expected = encoded(portable_int8_kernel(), values);
    const Encoded block = encoded(*GetParam(), values);
    EXPECT_EQ(block.header.least, expected.header.least);
    EXPECT_EQ(block.header.step, expected.header.step);
    EXPECT_EQ(block.bytes, expected.bytes);
    const std::vector<float> plain = decoded(portable_int8_kernel(), expected);
    const std::vector<float> back = decoded(*GetParam(), block);
    EXPECT_EQ(std::memcmp(back.data(), plain.data(), plain.size() * sizeof(float)), 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Processors, Int8, testing::ValuesIn(int8_kernels()),
                         [](const auto& kernel) {
                           std::string name = kernel.param->name;
                           name.erase(std::remove(name.begin(), name.end(), '-'), name.end());
                           return name;
                         });

/// The definition in double precision, which rounds nothing by the way.
TEST(Int8Reference, IsWhatThePortableOneGives) {
  for (const std::vector<float>& values : blocks()) {
    const auto [least, largest] = std::minmax_element(values.begin(), values.end());
    if (!is_encodable(values) || *largest - *least < 0x1p-100F) continue;
    const Encoded block = encoded(portable_int8_kernel(), values);
    const auto widened = [](std::uint16_t half) {
      return double{std::bit_cast<float>(std::uint32_t{half} << 16U)};
    };
    const double offset = widened(block.header.least);
    const double step = widened(block.header.step);
    EXPECT_LE(offset, *least);
    EXPECT_GE(offset + 255 * step, *largest - 1e-6 * std::abs(*largest));
    for (std::size_t i = 0; i < values.size(); ++i) {
      EXPECT_NEAR(block.bytes[i], (values[i] - offset) / step, 0.501);
    }
  }
}

}  // namespace
}  // namespace vpinfer
