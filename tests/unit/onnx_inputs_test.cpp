// What a graph's inputs are taken for.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/onnx_graphs.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Shape input_of(const GraphMaker& maker, const OnnxImportOptions& options = {}) {
  return maker.translate(options).network.input_shape();
}

TEST(OnnxInputs, MayHaveTheirChannelsLast) {
  GraphMaker maker({1, 8, 6, 4}, 13);
  maker.constant("c", floats({}, {2}))
      .node("Mul", {"x", "c"}, "m")
      .node("Transpose", {"m"}, "t", {{"perm", Ints{0, 3, 1, 2}}})
      .node("Relu", {"t"}, "y")
      .output("y");
  EXPECT_EQ(input_of(maker), (Shape{8, 6, 4}));
  GraphMaker first({1, 8, 6, 4}, 13);
  first.node("GlobalAveragePool", {"x"}, "y").output("y");
  EXPECT_EQ(input_of(first), (Shape{6, 4, 8}));
}

TEST(OnnxInputs, MayBeBytes) {
  GraphMaker maker({1, 4, 4, 3}, 13);
  maker.constant("c", floats({}, {0.5F}))
      .node("Transpose", {"x"}, "t", {{"perm", Ints{0, 3, 1, 2}}})
      .node("Cast", {"t"}, "f", {{"to", std::int64_t{1}}})
      .node("Mul", {"f", "c"}, "y")
      .output("y");
  maker.graph().inputs.front().is_float = false;
  maker.graph().inputs.front().is_byte = true;
  const OnnxModel model = maker.translate();
  EXPECT_EQ(model.network.input_shape(), (Shape{4, 4, 3}));
  EXPECT_EQ(model.network.normalisation.scale, (std::array<float, 3>{1, 1, 1}));
  EXPECT_THAT(operations(model), ElementsAre("convolution"));
  maker.graph().inputs.front().is_byte = false;
  EXPECT_THAT(maker.refusal(), HasSubstr("floats or bytes"));
}

TEST(OnnxInputs, MayHaveNoBatch) {
  GraphMaker maker({3, 8, 6}, 13);
  maker.constant("w", random_floats({2, 3, 1, 1}, 1))
      .constant("front", integers({0}))
      .node("Unsqueeze", {"x", "front"}, "u")
      .node("Conv", {"u", "w"}, "y")
      .output("y");
  EXPECT_EQ(input_of(maker), (Shape{8, 6, 3}));
}

TEST(OnnxInputs, MayBeSequences) {
  GraphMaker maker({1, 3, 40}, 13);
  maker.node("Relu", {"x"}, "y").output("y");
  EXPECT_EQ(input_of(maker), (Shape{40, 1, 3}));
}

TEST(OnnxInputs, HaveTheSizeThatMetadataSays) {
  GraphMaker maker({-1, 3, -1, -1}, 13);
  maker.node("Relu", {"x"}, "y").output("y");
  EXPECT_THAT(maker.refusal(), HasSubstr("--size"));
  maker.graph().metadata["imgsz"] = "[4, 6]";
  EXPECT_EQ(input_of(maker), (Shape{4, 6, 3}));
  EXPECT_THAT(maker.translate().warnings, ElementsAre(HasSubstr("4x6")));
  EXPECT_EQ(input_of(maker, {{}, InputSize{8, 8}}), (Shape{8, 8, 3}));
}

TEST(OnnxInputs, OfUsualNamesAreConstants) {
  GraphMaker maker({1, 3, 4, 6}, 13);
  maker.node("Relu", {"x"}, "y")
      .node("Identity", {"im_shape"}, "s")
      .node("Identity", {"scale_factor"}, "f")
      .node("Identity", {"pixel_mask"}, "m")
      .output("y")
      .output("s")
      .output("f")
      .output("m");
  maker.graph().inputs.push_back({"im_shape", true, Ints{-1, 2}});
  maker.graph().inputs.push_back({"scale_factor", true, Ints{-1, 2}});
  maker.graph().inputs.push_back({"pixel_mask", true, Ints{-1, 2, -1}});
  expect_translations(maker, [](const NdArray& x) {
    NdArray y = x;
    for (double& value : y.values) value = std::max(0.0, value);
    return std::vector<NdArray>{
        y, {{1, 2}, {4, 6}}, {{1, 2}, {1, 1}}, {{1, 2, 6}, std::vector<double>(12, 1)}};
  });
}

TEST(OnnxInputs, ThatNobodyReadsDoNotCount) {
  GraphMaker maker({1, 3, 4, 6}, 13);
  maker.node("Relu", {"x"}, "y").output("y");
  maker.graph().inputs.push_back({"second", true, Ints{1, 3, 4, 6}});
  EXPECT_EQ(input_of(maker), (Shape{4, 6, 3}));
}

}  // namespace
}  // namespace vpinfer
