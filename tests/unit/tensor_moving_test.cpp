// Operators that move, make and choose elements of tensors of any number of axes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/folded.hpp"
#include "support/nd_array.hpp"

namespace vpinfer {
namespace {

using testing::HasSubstr;

/// 0, 1, 2 ... in the given extents.
OnnxTensor numbered(const Ints& dims) {
  float next = 0;
  const NdArray array = generate(dims, [&](const Ints&) { return static_cast<double>(next++); });
  return floats(dims, {array.values.begin(), array.values.end()});
}

TEST(MovingTensors, TransposesAsTheDefinition) {
  const OnnxTensor data = numbered({2, 3, 4, 5});
  const NdArray array = nd_array(data);
  const NdArray expected = generate({4, 2, 5, 3}, [&](const Ints& at) {
    return array({at[1], at[3], at[0], at[2]});
  });
  EXPECT_EQ(folded("Transpose", {data}, {{"perm", Ints{2, 0, 3, 1}}}),
            floats(expected.dims, {expected.values.begin(), expected.values.end()}));
}

TEST(MovingTensors, SlicesToNothing) {
  const OnnxTensor sliced =
      folded("Slice", {numbered({2, 3}), integers({2}), integers({1}), integers({1})});
  EXPECT_EQ(sliced.dims, (Ints{2, 0}));
  EXPECT_EQ(folded("Concat", {sliced, numbered({2, 1})}, {{"axis", std::int64_t{1}}}),
            numbered({2, 1}));
}

TEST(MovingTensors, SplitsAndRepeats) {
  const auto parts =
      all_folded("Split", {numbered({2, 3}), integers({2, 1})}, {{"axis", std::int64_t{1}}}, 13, 2);
  EXPECT_EQ(parts[0], floats({2, 2}, {0, 1, 3, 4}));
  EXPECT_EQ(parts[1], floats({2, 1}, {2, 5}));
  EXPECT_EQ(folded("Expand", {numbered({2, 1}), integers({2, 1, 2})}),
            floats({2, 2, 2}, {0, 0, 1, 1, 0, 0, 1, 1}));
  EXPECT_EQ(folded("Tile", {numbered({1, 2}), integers({2, 2})}),
            floats({2, 4}, {0, 1, 0, 1, 0, 1, 0, 1}));
  EXPECT_THAT(refusal("Split", {numbered({3}), integers({2, 2})}), HasSubstr("cannot split 3"));
}

TEST(MovingTensors, PadsInAllModes) {
  const auto padded = [](const std::string& mode, const Ints& pads) {
    return folded("Pad", {numbered({4}), integers(pads)}, {{"mode", mode}});
  };
  EXPECT_EQ(padded("constant", {1, -1}), floats({4}, {0, 0, 1, 2}));
  EXPECT_EQ(padded("edge", {1, 2}), floats({7}, {0, 0, 1, 2, 3, 3, 3}));
  EXPECT_EQ(padded("reflect", {2, 1}), floats({7}, {2, 1, 0, 1, 2, 3, 2}));
  EXPECT_EQ(padded("wrap", {1, 2}), floats({7}, {3, 0, 1, 2, 3, 0, 1}));
  EXPECT_EQ(folded("CenterCropPad", {numbered({4}), integers({3})}, {}, 18),
            floats({3}, {0, 1, 2}));
}

TEST(MovingTensors, GathersAndScatters) {
  const OnnxTensor data = numbered({2, 3});
  EXPECT_EQ(folded("Gather", {data, integers({-1, 0})}, {{"axis", std::int64_t{1}}}),
            floats({2, 2}, {2, 0, 5, 3}));
  EXPECT_EQ(folded("GatherElements", {data, {{1, 3}, Ints{1, 0, -1}}}), floats({1, 3}, {3, 1, 5}));
  EXPECT_EQ(folded("GatherND", {data, {{2, 2}, Ints{1, 2, 0, 1}}}), floats({2}, {5, 1}));
  EXPECT_EQ(folded("ScatterElements", {data, {{1, 2}, Ints{1, 1}}, floats({1, 2}, {8, 9})}),
            floats({2, 3}, {0, 1, 2, 8, 9, 5}));
  EXPECT_EQ(folded("ScatterND", {data, {{2, 1}, Ints{0, 0}}, numbered({2, 3})},
                   {{"reduction", std::string("add")}}, 16),
            floats({2, 3}, {3, 6, 9, 3, 4, 5}));
  EXPECT_THAT(refusal("Gather", {data, integers({2})}), HasSubstr("no element 2"));
  EXPECT_THAT(refusal("GatherND", {data, {{1, 3}, Ints{0, 0, 0}}}), HasSubstr("do not fit 2x3"));
}

TEST(MovingTensors, KeepTheTypeOfIntegers) {
  OnnxTensor zero{{1}, Ints{3}};
  zero.type = OnnxIntegerType::kInt8;
  EXPECT_EQ(folded("Squeeze", {zero}).type, OnnxIntegerType::kInt8);
  EXPECT_EQ(folded("Gather", {zero, integers({0})}).type, OnnxIntegerType::kInt8);
}

TEST(MakingTensors, FromNumbers) {
  EXPECT_EQ(folded("Range", {{{}, Ints{5}}, {{}, Ints{0}}, {{}, Ints{-2}}}), integers({5, 3, 1}));
  EXPECT_EQ(folded("EyeLike", {numbered({2, 3})}, {{"k", std::int64_t{1}}}),
            floats({2, 3}, {0, 1, 0, 0, 0, 1}));
  EXPECT_EQ(folded("OneHot", {integers({1, -1}), integers({3}), floats({2}, {0, 5})}),
            floats({2, 3}, {0, 5, 0, 0, 0, 5}));
  EXPECT_THAT(refusal("Range", {{{}, Ints{0}}, {{}, Ints{1}}, {{}, Ints{0}}}),
              HasSubstr("too large"));
}

TEST(ChoosingElements, ByTheirValues) {
  const OnnxTensor data = floats({2, 3}, {1, 3, 3, 6, 4, 5});
  const auto top = all_folded("TopK", {data, integers({2})}, {}, 13, 2);
  EXPECT_EQ(top[0], floats({2, 2}, {3, 3, 6, 5}));
  EXPECT_EQ(top[1], (OnnxTensor{{2, 2}, Ints{1, 2, 0, 2}}));
  EXPECT_EQ(folded("NonZero", {floats({2, 2}, {0, 1, 2, 0})}),
            (OnnxTensor{{2, 2}, Ints{0, 1, 1, 0}}));
  const auto unsorted =
      all_folded("Unique", {floats({4}, {2, 1, 2, 3})}, {{"sorted", std::int64_t{0}}}, 13, 4);
  EXPECT_EQ(unsorted[0], floats({3}, {2, 1, 3}));
  EXPECT_EQ(unsorted[2], integers({0, 1, 0, 2}));
  EXPECT_EQ(unsorted[3], integers({2, 1, 1}));
}

TEST(ChoosingElements, SuppressesBoxesThatOverlap) {
  const OnnxTensor boxes = floats({1, 3, 4}, {0, 0, 2, 2, 0, 0, 2, 1.9F, 5, 5, 6, 6});
  const OnnxTensor scores = floats({1, 1, 3}, {0.5F, 0.9F, 0.1F});
  const auto kept = [&](float least) {
    return folded("NonMaxSuppression",
                  {boxes, scores, integers({9}), floats({1}, {0.5F}), floats({1}, {least})});
  };
  EXPECT_EQ(kept(0), (OnnxTensor{{2, 3}, Ints{0, 0, 1, 0, 0, 2}}));
  EXPECT_EQ(kept(0.2F), (OnnxTensor{{1, 3}, Ints{0, 0, 1}}));
}

}  // namespace
}  // namespace vpinfer
