// Nodes of constants, computed at import.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "import/onnx_builder.hpp"
#include "support/folded.hpp"
#include "support/nd_array.hpp"
#include "support/onnx_graphs.hpp"

namespace vpinfer {
namespace {

using testing::HasSubstr;

/// 0, 1, 2 ... in the given extents.
OnnxTensor counted(const Ints& dims) {
  std::int64_t next = 0;
  std::vector<float> values;
  for_each_index(dims, [&](const Ints&) { values.push_back(static_cast<float>(next++)); });
  return floats(dims, values);
}

TEST(OnnxConstants, StandInAttributes) {
  EXPECT_EQ(folded("Constant", {}, {{"value", integers({3, 4})}}), integers({3, 4}));
  EXPECT_EQ(folded("Constant", {}, {{"value_float", 2.5F}}), floats({}, {2.5F}));
  EXPECT_EQ(folded("Constant", {}, {{"value_int", std::int64_t{7}}}), (OnnxTensor{{}, Ints{7}}));
  EXPECT_EQ(folded("Constant", {}, {{"value_ints", Ints{7, 8}}}), integers({7, 8}));
  EXPECT_EQ(folded("Constant", {}, {{"value_floats", std::vector<float>{1, 2}}}),
            floats({2}, {1, 2}));
  EXPECT_THAT(refusal("Constant", {}, {{"value_string", std::string("a")}}), HasSubstr("numbers"));
  EXPECT_EQ(folded("ConstantOfShape", {integers({2, 1})}), floats({2, 1}, {0, 0}));
  EXPECT_EQ(folded("ConstantOfShape", {integers({2})}, {{"value", integers({5})}}),
            integers({5, 5}));
  EXPECT_THAT(refusal("ConstantOfShape", {integers({1 << 20, 1 << 20})}), HasSubstr("too large"));
  EXPECT_THAT(refusal("ConstantOfShape", {integers({-1})}), HasSubstr("too large"));
}

TEST(OnnxConstants, KnowTheirShape) {
  EXPECT_EQ(folded("Shape", {counted({2, 3, 4})}), integers({2, 3, 4}));
  EXPECT_EQ(folded("Shape", {counted({2, 3, 4})}, {{"start", std::int64_t{1}}}, 15),
            integers({3, 4}));
  EXPECT_EQ(folded("Shape", {counted({2, 3, 4})}, {{"end", std::int64_t{-1}}}, 15),
            integers({2, 3}));
}

TEST(OnnxConstants, AreReshaped) {
  EXPECT_EQ(folded("Reshape", {counted({2, 6}), integers({0, -1, 3})}), counted({2, 2, 3}));
  EXPECT_EQ(folded("Flatten", {counted({2, 3, 4})}, {{"axis", std::int64_t{2}}}), counted({6, 4}));
  EXPECT_EQ(folded("Flatten", {counted({2, 3})}, {{"axis", std::int64_t{0}}}), counted({1, 6}));
  EXPECT_EQ(folded("Squeeze", {counted({1, 2, 1})}), counted({2}));
  EXPECT_EQ(folded("Squeeze", {counted({1, 2, 1}), integers({-1})}), counted({1, 2}));
  EXPECT_EQ(folded("Unsqueeze", {counted({2, 3})}, {{"axes", Ints{0, 3}}}, 11),
            counted({1, 2, 3, 1}));
  EXPECT_THAT(refusal("Reshape", {counted({2, 6}), integers({5, -1})}), HasSubstr("2x6 to 5x?"));
  EXPECT_THAT(refusal("Reshape", {counted({2, 6}), integers({-1, -1})}), HasSubstr("2x6"));
  EXPECT_THAT(refusal("Squeeze", {counted({1, 2}), integers({1})}), HasSubstr("1x2"));
  EXPECT_THAT(refusal("Unsqueeze", {counted({2}), integers({1, 1})}), HasSubstr("twice"));
}

TEST(OnnxConstants, AreTransposedGatheredAndCut) {
  EXPECT_EQ(folded("Transpose", {counted({2, 3})}), floats({3, 2}, {0, 3, 1, 4, 2, 5}));
  EXPECT_EQ(folded("Transpose", {counted({2, 1, 2})}, {{"perm", Ints{1, 2, 0}}}),
            floats({1, 2, 2}, {0, 2, 1, 3}));
  EXPECT_EQ(folded("Gather", {counted({3, 2}), {{2, 1}, Ints{2, -3}}}),
            floats({2, 1, 2}, {4, 5, 0, 1}));
  EXPECT_EQ(folded("Gather", {counted({2, 3}), {{}, Ints{1}}}, {{"axis", std::int64_t{-1}}}),
            floats({2}, {1, 4}));
  EXPECT_THAT(refusal("Gather", {counted({3}), integers({3})}), HasSubstr("no element 3"));
  EXPECT_EQ(folded("Slice", {counted({2, 5}), integers({-1}), integers({-100}), integers({1}),
                             integers({-2})}),
            floats({2, 3}, {4, 2, 0, 9, 7, 5}));
  EXPECT_EQ(folded("Slice", {counted({4})}, {{"starts", Ints{1}}, {"ends", Ints{3}}}, 9),
            floats({2}, {1, 2}));
}

TEST(OnnxConstants, AreJoined) {
  EXPECT_EQ(folded("Concat", {counted({2, 1}), counted({2, 2})}, {{"axis", std::int64_t{1}}}),
            floats({2, 3}, {0, 0, 1, 1, 2, 3}));
  EXPECT_EQ(folded("Concat", {integers({1}), integers({2, 3})}, {{"axis", std::int64_t{-1}}}),
            integers({1, 2, 3}));
  EXPECT_THAT(refusal("Concat", {integers({1}), floats({1}, {1})}), HasSubstr("cannot join"));
  EXPECT_THAT(refusal("Concat", {counted({2, 1}), counted({2})}), HasSubstr("cannot join"));
}

TEST(OnnxConstants, AreCalculatedWith) {
  EXPECT_EQ(folded("Add", {floats({2, 1}, {1, 2}), floats({3}, {10, 20, 30})}),
            floats({2, 3}, {11, 21, 31, 12, 22, 32}));
  EXPECT_EQ(folded("Sub", {integers({5, 6}), {{}, Ints{2}}}), integers({3, 4}));
  EXPECT_EQ(folded("Mul", {integers({5, 6}), integers({2, -1})}), integers({10, -6}));
  EXPECT_EQ(folded("Div", {integers({7, -7}), integers({2, 2})}), integers({3, -3}));
  EXPECT_EQ(folded("Div", {floats({1}, {7}), floats({1}, {2})}), floats({1}, {3.5F}));
  EXPECT_EQ(folded("Floor", {floats({2}, {1.5F, -1.5F})}), floats({2}, {1, -2}));
  EXPECT_EQ(folded("Ceil", {floats({2}, {1.5F, -1.5F})}), floats({2}, {2, -1}));
  EXPECT_EQ(folded("Sqrt", {floats({1}, {9})}), floats({1}, {3}));
  EXPECT_EQ(folded("Neg", {floats({1}, {9})}), floats({1}, {-9}));
  EXPECT_EQ(folded("Cast", {floats({2}, {2.7F, -2.7F})}, {{"to", std::int64_t{7}}}),
            integers({2, -2}));
  EXPECT_EQ(folded("Cast", {integers({2})}, {{"to", std::int64_t{1}}}), floats({1}, {2}));
  EXPECT_EQ(folded("Identity", {integers({2})}), integers({2}));
  EXPECT_THAT(refusal("Add", {integers({1}), floats({1}, {0})}), HasSubstr("types"));
  EXPECT_THAT(refusal("Add", {integers({1, 2}), integers({1, 2, 3})}), HasSubstr("2 and 3"));
}

/// A size computed from the picture's own, as PyTorch exports it: half of the rows and columns.
TEST(OnnxConstants, MayComeFromThePicturesExtents) {
  GraphMaker maker({2, 3, 8, 6});
  maker.constant("two", integers({2}))
      .constant("four", integers({4}))
      .constant("zero", integers({0}))
      .constant("half", floats({1}, {0.5F}))
      .node("Shape", {"x"}, "shape")
      .node("Slice", {"shape", "two", "four", "zero"}, "size")
      .node("Cast", {"size"}, "real", {{"to", std::int64_t{1}}})
      .node("Mul", {"real", "half"}, "halved")
      .node("Floor", {"halved"}, "floored")
      .node("Cast", {"floored"}, "new", {{"to", std::int64_t{7}}})
      .node("Slice", {"shape", "zero", "two", "zero"}, "rest")
      .node("Concat", {"rest", "new"}, "sizes", {{"axis", std::int64_t{0}}})
      .node("Resize", {"x", "", "", "sizes"}, "y",
            {{"coordinate_transformation_mode", std::string("asymmetric")},
             {"nearest_mode", std::string("floor")}})
      .output("y");
  expect_translation(maker, [](const NdArray& x) {
    return generate({1, 3, 4, 3}, [&](const Ints& at) {
      return x({0, at[1], 2 * at[2], 2 * at[3]});
    });
  });
}

}  // namespace
}  // namespace vpinfer
