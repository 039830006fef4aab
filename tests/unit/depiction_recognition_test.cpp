// What the first output of a graph shows, and what is left alone.

#include "import/depiction_recognition.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/onnx_graphs.hpp"

namespace vpinfer {
namespace {

/// A 1x1 convolution of a picture of 8 x 12 to so many channels, called `s`.
GraphMaker scores(std::int64_t channels, std::int64_t stride = 1, std::int64_t of = 3) {
  GraphMaker maker({1, of, 8, 12});
  maker.constant("w", random_floats({channels, of, 1, 1}, 1))
      .node("Conv", {"x", "w"}, "s", {{"strides", Ints{stride, stride}}});
  return maker;
}

std::optional<Depiction> recognised(const GraphMaker& maker) {
  return recognise_depiction(maker.graph(), maker.translate());
}

TEST(DepictionRecognition, TellsMapsOfClasses) {
  for (const std::int64_t kept : {0, 1}) {
    const auto numbers =
        recognised(scores(5)
                       .node("ArgMax", {"s"}, "y", {{"axis", std::int64_t{1}}, {"keepdims", kept}})
                       .output("y"));
    ASSERT_TRUE(numbers);
    EXPECT_EQ(numbers->map, (Shape{8, 12, 1}));
    EXPECT_EQ(std::get<ClassMap>(numbers->content), (ClassMap{5, true, false}));
  }
  const auto shares =
      recognised(scores(2).node("Softmax", {"s"}, "y", {{"axis", std::int64_t{1}}}).output("y"));
  ASSERT_TRUE(shares);
  EXPECT_EQ(std::get<ClassMap>(shares->content), (ClassMap{2, false, true}));
}

TEST(DepictionRecognition, TellsScoresByTheirSizeAndWellKnownNumber) {
  const auto resized = [](std::int64_t classes) {
    return recognised(scores(classes, 4)
                          .constant("r", OnnxTensor{{4}, std::vector<float>{1, 1, 4, 4}})
                          .node("Resize", {"s", "", "r"}, "y", {{"mode", std::string("linear")}})
                          .output("y"));
  };
  const auto known = resized(21);
  ASSERT_TRUE(known);
  EXPECT_EQ(std::get<ClassMap>(known->content), (ClassMap{21, false, true}));
  EXPECT_FALSE(resized(22));
  EXPECT_FALSE(resized(3));
}

TEST(DepictionRecognition, TellsPictures) {
  const auto grey = recognised(scores(1).node("Sigmoid", {"s"}, "y").output("y"));
  ASSERT_TRUE(grey);
  EXPECT_EQ(std::get<DrawnPicture>(grey->content).scale, PixelScale::kUnit);
  EXPECT_EQ(std::get<DrawnPicture>(recognised(scores(1).output("s"))->content).scale,
            PixelScale::kStretched);
  const auto style = recognised(scores(3).node("Tanh", {"s"}, "y").output("y"));
  EXPECT_EQ(std::get<DrawnPicture>(style->content), (DrawnPicture{PixelScale::kSigned, true}));
  const auto luma =
      recognised(scores(4, 1, 1)
                     .node("DepthToSpace", {"s"}, "y", {{"blocksize", std::int64_t{2}}})
                     .output("y"));
  EXPECT_EQ(std::get<DrawnPicture>(luma->content), (DrawnPicture{PixelScale::kInput, true, true}));
}

TEST(DepictionRecognition, FindsPrototypesByTheirChannels) {
  GraphMaker maker = scores(5, 2).output("s");
  maker.constant("v", random_floats({7, 5, 1, 1}, 2)).node("Conv", {"s", "v"}, "t").output("t");
  const auto prototypes = [&](int coefficients) {
    return recognise_prototypes(maker.translate(), coefficients);
  };
  const auto found = prototypes(7);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->map, (Shape{4, 6, 7}));
  EXPECT_EQ(found->position, maker.translate().results[1].position);
  EXPECT_FALSE(prototypes(6));
  maker.node("Tanh", {"t"}, "u").output("u");
  EXPECT_FALSE(prototypes(7));  // there are two
  EXPECT_TRUE(prototypes(5));
}

TEST(DepictionRecognition, LeavesOtherTensorsAlone) {
  EXPECT_FALSE(
      recognised(scores(5).node("ArgMax", {"s"}, "y", {{"axis", std::int64_t{-1}}}).output("y")));
  EXPECT_FALSE(recognised(
      scores(5, 2).node("Softmax", {"s"}, "y", {{"axis", std::int64_t{1}}}).output("y")));
  EXPECT_FALSE(recognised(scores(7).output("s")));
  EXPECT_FALSE(
      recognised(scores(257).node("ArgMax", {"s"}, "y", {{"axis", std::int64_t{1}}}).output("y")));
  EXPECT_FALSE(recognised(scores(1, 2).output("s")));
  EXPECT_FALSE(recognised(scores(3, 2).output("s")));
  EXPECT_FALSE(recognised(scores(5).node("GlobalAveragePool", {"s"}, "y").output("y")));
}

}  // namespace
}  // namespace vpinfer
