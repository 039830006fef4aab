// What the end of a graph is recognised as, and what is left alone.

#include "import/recognition.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "import/cell_points.hpp"
#include "import/known_labels.hpp"
#include "support/onnx_graphs.hpp"

namespace vpinfer {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int64_t kClasses = 2;

/// Convolutions over a picture of 32 x 64, by their channels, as cells of strides 8 and 16.
class HeadMaker {
 public:
  HeadMaker() : maker_({1, 3, 32, 64}) {}

  GraphMaker& graph() { return maker_; }

  void conv(const std::string& name, std::int64_t channels, std::int64_t stride) {
    maker_.constant(name + "_w", random_floats({channels, 3, stride, stride}, 1))
        .node("Conv", {"x", name + "_w"}, name, {{"strides", Ints{stride, stride}}});
  }

  /// Joins parts of each level, then the levels, as rows [1, 40, ...].
  void rows(const std::vector<std::string>& fine, const std::vector<std::string>& coarse,
            std::int64_t values) {
    maker_.constant("fine_dims", integers({1, values, 32}))
        .constant("coarse_dims", integers({1, values, 8}))
        .node("Concat", fine, "fine", {{"axis", std::int64_t{1}}})
        .node("Concat", coarse, "coarse", {{"axis", std::int64_t{1}}})
        .node("Reshape", {"fine", "fine_dims"}, "fine_flat")
        .node("Reshape", {"coarse", "coarse_dims"}, "coarse_flat")
        .node("Concat", {"fine_flat", "coarse_flat"}, "all", {{"axis", std::int64_t{2}}})
        .node("Transpose", {"all"}, "rows", {{"perm", Ints{0, 2, 1}}})
        .output("rows");
  }

  [[nodiscard]] std::optional<Recognition> recognise() const {
    return recognise_detector(maker_.graph(), maker_.translate());
  }

 private:
  GraphMaker maker_;
};

/// Box, objectness and scores of convolutions of their own, with sigmoids of what is named.
HeadMaker offsets(bool objectness_is_sigmoid) {
  HeadMaker maker;
  for (const auto& [level, stride] : {std::pair{"8", 8}, std::pair{"16", 16}}) {
    const std::string name = level;
    maker.conv("box" + name, 4, stride);
    maker.conv("object" + name, 1, stride);
    maker.conv("class" + name, kClasses, stride);
    maker.graph()
        .node("Sigmoid", {"object" + name}, "objectness" + name)
        .node("Sigmoid", {"class" + name}, "scores" + name);
  }
  const std::string object = objectness_is_sigmoid ? "objectness" : "object";
  maker.rows({"box8", object + "8", "scores8"}, {"box16", object + "16", "scores16"}, 5 + kClasses);
  return maker;
}

TEST(Recognition, TellsOffsetsByTheirSources) {
  const auto found = offsets(true).recognise();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, "YOLOX");
  EXPECT_EQ(found->head.box, CandidateBox::kOffsets);
  EXPECT_EQ(found->head.classes(), kClasses);
  EXPECT_TRUE(found->head.has_objectness());
  EXPECT_THAT(found->head.grids, ElementsAre(CandidateGrid{4, 8, 8}, CandidateGrid{2, 4, 16}));
  EXPECT_EQ(found->normalisation.resize, Resize::kTopLeft);
  EXPECT_EQ(found->normalisation.order, ChannelOrder::kBgr);
  EXPECT_THAT(found->labels, IsEmpty());
}

TEST(Recognition, AddsAHeadThatFits) {
  const HeadMaker maker = offsets(true);
  HeadMaker copy = maker;
  Network network = copy.graph().translate().network;
  add_recognised(network, *maker.recognise(), "test");
  EXPECT_EQ(network.layers.back().output, (Shape{40, 1, 5 + kClasses}));
  EXPECT_EQ(network.threshold, 0.3F);
}

TEST(Recognition, LeavesAloneWhatIsNotCertain) {
  EXPECT_FALSE(offsets(false).recognise());
  HeadMaker one_source;  // a box and scores of one convolution are no objectness and classes
  for (const auto& [level, stride] : {std::pair{"8", 8}, std::pair{"16", 16}}) {
    const std::string name = level;
    one_source.conv("raw" + name, 5 + kClasses, stride);
    one_source.graph().node("Sigmoid", {"raw" + name}, "values" + name);
  }
  one_source.rows({"values8"}, {"values16"}, 5 + kClasses);
  EXPECT_FALSE(one_source.recognise());
}

TEST(Recognition, TellsDistributionsPerLevel) {
  HeadMaker maker;
  for (const auto& [level, stride] : {std::pair{"8", 8}, std::pair{"16", 16}}) {
    const std::string name = level;
    maker.conv("box" + name, 64, stride);
    maker.conv("class" + name, kClasses, stride);
    maker.graph()
        .node("Concat", {"box" + name, "class" + name}, "level" + name, {{"axis", std::int64_t{1}}})
        .output("level" + name);
  }
  maker.graph().graph().metadata["names"] = "{0: 'cat', 1: \"cat's dog\"}";
  const auto found = maker.recognise();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->head.box, CandidateBox::kDistances);
  EXPECT_EQ(found->head.scores, ScoreKind::kSigmoidLogits);
  EXPECT_EQ(found->head.bins, 16);
  EXPECT_THAT(found->inputs, testing::SizeIs(2));
  EXPECT_THAT(found->labels, ElementsAre("cat", "cat's dog"));
}

/// As SCRFD ends, with so many values per anchor in points.
HeadMaker faces(std::int64_t point_values) {
  HeadMaker maker;
  maker.graph().constant("scale", floats({}, {0.7F}));
  for (const auto& [level, stride] : {std::pair{"8", 8}, std::pair{"16", 16}}) {
    for (const auto& [part, values] :
         {std::pair{"score", std::int64_t{1}}, std::pair{"box", std::int64_t{4}},
          std::pair{"point", point_values}}) {
      const std::string name = std::string(part) + level;
      maker.conv(name, 2 * values, stride);
      const bool is_score = values == 1;
      maker.graph()
          .constant(name + "_dims", integers({-1, values}))
          .node(is_score ? "Sigmoid" : "Mul",
                is_score ? std::vector{name} : std::vector<std::string>{name, "scale"}, name + "_a")
          .node("Transpose", {name + "_a"}, name + "_t", {{"perm", Ints{0, 2, 3, 1}}})
          .node("Reshape", {name + "_t", name + "_dims"}, name + "_r")
          .output(name + "_r");
    }
  }
  return maker;
}

TEST(Recognition, TellsFacesByTheirPoints) {
  const auto found = faces(10).recognise();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, "SCRFD");
  EXPECT_EQ(found->head.box, CandidateBox::kDistances);
  EXPECT_EQ(found->head.point_values(), 10);
  const std::vector<Anchor> two(2, Anchor{1, 1});
  EXPECT_THAT(found->head.grids,
              ElementsAre(CandidateGrid{4, 8, 8, two}, CandidateGrid{2, 4, 16, two}));
  EXPECT_THAT(found->labels, ElementsAre("face"));
  EXPECT_FALSE(faces(8).recognise());
}

constexpr std::int64_t kMasks = 6;

/// Decoded corners and scores over two levels, and what a graph does with them.
HeadMaker corners() {
  HeadMaker maker;
  std::vector<float> points;
  for (const auto& [rows, cols, stride] : {std::tuple{4, 8, 8.0F}, std::tuple{2, 4, 16.0F}}) {
    for (int i = 0; i < rows * cols; ++i) {
      points.push_back((static_cast<float>(i % cols) + 0.5F) * stride);
      points.push_back((static_cast<float>(i / cols) + 0.5F) * stride);
    }
  }
  for (const auto& [level, stride] : {std::pair{"8", 8}, std::pair{"16", 16}}) {
    const std::string name = level;
    maker.conv("side" + name, 4, stride);
    maker.conv("class" + name, kClasses, stride);
    maker.graph().node("Sigmoid", {"class" + name}, "scores" + name);
  }
  maker.rows({"side8", "scores8"}, {"side16", "scores16"}, 4 + kClasses);
  maker.graph().graph().outputs.clear();
  maker.graph()
      .constant("points", floats({1, 40, 2}, std::move(points)))
      .constant("parts", integers({2, 2, kClasses}))
      .node_of("Split", {"rows", "parts"}, {"before", "after", "scores"},
               {{"axis", std::int64_t{2}}})
      .node("Exp", {"before"}, "exp_before")
      .node("Exp", {"after"}, "exp_after")
      .node("Sub", {"points", "exp_before"}, "first")
      .node("Add", {"points", "exp_after"}, "last")
      .node("Concat", {"first", "last"}, "boxes", {{"axis", std::int64_t{2}}});
  return maker;
}

/// Coefficients of masks as rows beside those of `corners`, and what may be prototypes.
void add_coefficients(HeadMaker& maker) {
  maker.graph().constant("flat_dims", integers({1, kMasks, -1}));
  for (const auto& [level, stride] : {std::pair{"8", 8}, std::pair{"16", 16}}) {
    const std::string name = std::string("mask") + level;
    maker.conv(name, kMasks, stride);
    maker.graph().node("Reshape", {name, "flat_dims"}, name + "_flat");
  }
  maker.graph()
      .node("Concat", {"mask8_flat", "mask16_flat"}, "mask_cols", {{"axis", std::int64_t{2}}})
      .node("Transpose", {"mask_cols"}, "masks", {{"perm", Ints{0, 2, 1}}});
  maker.conv("prototypes", kMasks, 4);
}

TEST(Recognition, FindsMasksIfTheirPrototypesAreThere) {
  HeadMaker maker = corners();
  add_coefficients(maker);
  maker.graph()
      .node("Concat", {"boxes", "scores", "masks"}, "rows_with_masks", {{"axis", std::int64_t{2}}})
      .output("rows_with_masks");
  const auto without = maker.recognise();
  ASSERT_TRUE(without);
  EXPECT_EQ(without->head.mask_coefficients(), 0);
  EXPECT_FALSE(without->prototypes);
  maker.graph().output("prototypes");
  const auto found = maker.recognise();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->head.mask_coefficients(), kMasks);
  ASSERT_TRUE(found->prototypes);
  EXPECT_EQ(found->prototypes->map, (Shape{8, 16, kMasks}));
  Network network = maker.graph().translate().network;
  add_recognised(network, *found, "test");
  EXPECT_EQ(network.layers.back().output, (Shape{40, 1, 4 + kClasses + kMasks}));
  EXPECT_EQ(network.depictions.size(), 1U);
}

TEST(Recognition, FindsMasksBesideBoxesAndScores) {
  HeadMaker maker = corners();
  add_coefficients(maker);
  maker.graph().output("boxes").output("scores").output("masks").output("prototypes");
  const auto found = maker.recognise();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->head.mask_coefficients(), kMasks);
  EXPECT_EQ(found->inputs.size(), 3U);
  EXPECT_TRUE(found->prototypes);
}

std::optional<ChosenRecognition> recognise_chosen(HeadMaker& maker) {
  return recognise_before_choice(maker.graph().graph(), {}, "test");
}

TEST(Recognition, CutsBeforeTheBestAreChosen) {
  HeadMaker maker = corners();
  maker.graph()
      .constant("count", integers({5}))
      .node("ReduceMax", {"scores"}, "best", {{"axes", Ints{-1}}, {"keepdims", std::int64_t{0}}})
      .node_of("TopK", {"best", "count"}, {"values", "indices"})
      .output("values")
      .output("indices");
  EXPECT_FALSE(recognise_chosen(maker));  // nothing is chosen of the boxes
  maker.graph()
      .constant("two", integers({2}))
      .constant("times", integers({1, 1, 4}))
      .node("Unsqueeze", {"indices", "two"}, "column")
      .node("Tile", {"column", "times"}, "columns")
      .node("GatherElements", {"boxes", "columns"}, "chosen", {{"axis", std::int64_t{1}}})
      .constant("class_times", integers({1, 1, kClasses}))
      .node("Tile", {"column", "class_times"}, "class_columns")
      .node("GatherElements", {"scores", "class_columns"}, "chosen_scores",
            {{"axis", std::int64_t{1}}})
      .output("chosen")
      .output("chosen_scores");
  const auto chosen = recognise_chosen(maker);
  ASSERT_TRUE(chosen);
  EXPECT_EQ(chosen->found.kind, "YOLOv10 or later");
  EXPECT_FALSE(chosen->found.head.overlaps);
  EXPECT_EQ(chosen->model.results.size(), 2U);
  maker.conv("late", 3, 8);
  maker.graph().node("Conv", {"chosen", "late_w"}, "weighted").output("weighted");
  EXPECT_FALSE(recognise_chosen(maker));  // weights follow the choice
}

TEST(Recognition, CutsBeforeSuppression) {
  HeadMaker maker = corners();
  maker.graph()
      .node("Transpose", {"scores"}, "by_class", {{"perm", Ints{0, 2, 1}}})
      .node("NonMaxSuppression", {"boxes", "by_class"}, "kept")
      .output("kept");
  const auto chosen = recognise_chosen(maker);
  ASSERT_TRUE(chosen);
  EXPECT_TRUE(chosen->found.head.overlaps);
  EXPECT_EQ(chosen->found.head.box, CandidateBox::kCorners);
  EXPECT_EQ(chosen->found.head.classes(), kClasses);
}

/// What a transformer gives for 32 tokens: attention, then scores by one layer and four numbers by
/// so many, perhaps with a sigmoid.
HeadMaker tokens(std::int64_t scores, int box_layers, bool has_sigmoid) {
  HeadMaker maker;
  maker.conv("cells", 8, 8);
  GraphMaker& graph = maker.graph();
  graph.constant("flat_dims", integers({1, 8, 32}))
      .node("Reshape", {"cells", "flat_dims"}, "keys")
      .node("Transpose", {"keys"}, "tokens", {{"perm", Ints{0, 2, 1}}})
      .node("MatMul", {"tokens", "keys"}, "products")
      .node("Softmax", {"products"}, "shares", {{"axis", std::int64_t{2}}})
      .node("MatMul", {"shares", "tokens"}, "states")
      .constant("score_w", random_floats({8, scores}, 2))
      .node("MatMul", {"states", "score_w"}, "scores")
      .output("scores");
  std::string last = "states";
  for (int i = 1; i <= box_layers; ++i) {
    const std::string name = "box" + std::to_string(i);
    graph.constant(name + "_w", random_floats({8, i == box_layers ? 4 : 8}, 3))
        .node("MatMul", {last, name + "_w"}, name);
    last = i == box_layers ? name : name + "_relu";
    if (i < box_layers) graph.node("Relu", {name}, last);
  }
  if (has_sigmoid) graph.node("Sigmoid", {last}, "shares_of_picture");
  graph.output(has_sigmoid ? "shares_of_picture" : last);
  return maker;
}

TEST(Recognition, TellsQueriesByTheirLayers) {
  const auto found = tokens(4, 3, true).recognise();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, "DETR");
  EXPECT_EQ(found->head.background, Background::kLast);
  EXPECT_EQ(found->head.scores, ScoreKind::kSoftmaxLogits);
  EXPECT_EQ(found->head.unit, BoxUnit::kShares);
  EXPECT_EQ(found->head.classes(), 3);
  EXPECT_FALSE(found->head.overlaps);
}

TEST(Recognition, LeavesOtherTransformersAlone) {
  EXPECT_FALSE(tokens(5, 1, true).recognise());   // two classifiers
  EXPECT_FALSE(tokens(5, 1, false).recognise());  // of logits
  EXPECT_FALSE(tokens(5, 3, false).recognise());
  EXPECT_FALSE(tokens(2, 3, true).recognise());  // may be ends of lines
}

TEST(Recognition, TellsPeaksByWhatTheFileCallsThem) {
  for (const auto& [size, offset, is_known] :
       {std::tuple{"wh", "reg", true}, std::tuple{"out1", "out2", false},
        std::tuple{"wh", "wh2", false}}) {
    HeadMaker maker;
    maker.conv("hm", kClasses, 4);
    maker.conv(size, 2, 4);
    maker.conv(offset, 2, 4);
    maker.graph().output("hm").output(size).output(offset);
    const auto found = maker.recognise();
    ASSERT_EQ(found.has_value(), is_known);
    if (!is_known) continue;
    EXPECT_EQ(found->head.box, CandidateBox::kSizes);
    EXPECT_TRUE(found->head.overlaps);  // no peaks in the graph
    EXPECT_EQ(found->head.scores, ScoreKind::kSigmoidLogits);
  }
}

TEST(Recognition, DoesNotTakeTheBestScoreForTheOnlyOne) {
  HeadMaker maker = corners();
  maker.graph()
      .output("boxes")
      .node("ReduceMax", {"scores"}, "best", {{"axes", Ints{-1}}})
      .node("ArgMax", {"scores"}, "label", {{"axis", std::int64_t{-1}}})
      .output("best")
      .output("label");
  EXPECT_FALSE(maker.recognise());
}

TEST(KnownLabels, AreThoseOfWellKnownSets) {
  EXPECT_EQ(known_labels(80).at(79), "toothbrush");
  EXPECT_EQ(known_labels(20).at(0), "aeroplane");
  EXPECT_EQ(known_labels(90).at(89), "toothbrush");
  EXPECT_EQ(known_labels(91).at(1), "person");
  EXPECT_EQ(known_labels(91).at(90), "toothbrush");
  EXPECT_EQ(known_labels(91).at(12), "unused");
  EXPECT_THAT(known_labels(7), IsEmpty());
}

/// The middles of 2 x 3 cells of 16 pixels, with so many anchors, and those of 1 x 2 of 32.
std::vector<PixelPoint> middles(int anchors, float point) {
  std::vector<PixelPoint> points;
  for (const auto& [rows, cols, stride] : {std::tuple{2, 3, 16.0F}, std::tuple{1, 2, 32.0F}}) {
    for (int i = 0; i < rows * cols * anchors; ++i) {
      const int cell = i / anchors;
      points.push_back({(static_cast<float>(cell % cols) + point) * stride,
                        (static_cast<float>(cell / cols) + point) * stride});
    }
  }
  return points;
}

TEST(CellPoints, AreFoundLevelByLevel) {
  const Shape picture{32, 48, 3};
  for (const float point : {0.5F, 0.0F}) {
    for (const int anchors : {1, 3}) {
      const auto found = find_cells(middles(anchors, point), picture);
      ASSERT_TRUE(found);
      EXPECT_EQ(found->point, point);
      ASSERT_EQ(found->levels.size(), 2U);
      EXPECT_EQ(found->levels[0].stride, 16);
      EXPECT_EQ(found->levels[0].anchors, anchors);
      EXPECT_EQ(found->levels[1].cols, 2);
    }
  }
  const auto found = find_cells({{10, 15}, {30, 15}, {10, 45}, {30, 45}}, {60, 40, 3});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->levels[0].stride, 32);
  std::vector<PixelPoint> moved = middles(1, 0.5F);
  moved.back().x += 1;
  EXPECT_FALSE(find_cells(moved, picture));
  moved.back().x = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(find_cells(moved, picture));
}

}  // namespace
}  // namespace vpinfer
