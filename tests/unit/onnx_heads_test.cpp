// Heads that a file of the user's adds to an imported network's outputs.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "import/heads.hpp"
#include "support/error_line.hpp"
#include "support/onnx_graphs.hpp"
#include "support/temporary_folder.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

/// A picture of 64 x 32 with `boxes`, 14 channels per cell of 8 x 8, and `logits` of 5 classes.
Network two_outputs() {
  GraphMaker maker({1, 3, 64, 32});
  maker.constant("w", random_floats({14, 3, 8, 8}, 1))
      .constant("v", random_floats({5, 14, 1, 1}, 2))
      .node("Conv", {"x", "w"}, "boxes", {{"strides", Ints{8, 8}}})
      .node("GlobalAveragePool", {"boxes"}, "pooled")
      .node("Conv", {"pooled", "v"}, "logits")
      .output("boxes")
      .output("logits");
  return maker.translate().network;
}

struct WithHeads {
  Network network;
  std::vector<std::string> warnings;
};

WithHeads add(const std::string& text) {
  const TemporaryFolder folder;
  WithHeads result{two_outputs(), {}};
  result.warnings = add_heads(result.network, folder.write("heads.cfg", text));
  return result;
}

std::string refusal(const std::string& text) {
  return error_line<BadInput>([&] { (void)add(text); });
}

TEST(OnnxHeads, DecodeBoxesBesideTheirInput) {
  const auto [network, warnings] = add("[nanodet]\ninput=boxes\nclasses=2\nbins=3\nstride=8\n");
  EXPECT_THAT(warnings, IsEmpty());
  const Layer& head = network.layers.back();
  EXPECT_EQ(head.operation, Operation(NanoDet{2, 3, 8}));
  EXPECT_EQ(head.output, (Shape{8, 4, 14}));
  const int boxes = network.outputs.front().position;
  EXPECT_THAT(head.inputs, ElementsAre(boxes));
  EXPECT_EQ(network.outputs, two_outputs().outputs);
  EXPECT_THAT(result_layers(network),
              ElementsAre(boxes, network.outputs[1].position, network.size() - 1));
}

/// Anchors are given in pixels of the network's input and kept in cells.
TEST(OnnxHeads, AreDarknetsToo) {
  const auto [network, warnings] =
      add("[yolo]\ninput=boxes\nclasses=2\nnum=3\nanchors=8,16, 32,64, 4,4\nmask=1,2\n");
  EXPECT_THAT(warnings, IsEmpty());
  EXPECT_EQ(network.layers.back().operation,
            Operation(Region{2, false, {{4, 8}, {0.5F, 0.5F}}, {}, {}}));
}

TEST(OnnxHeads, ASoftmaxTakesTheLogitsPlace) {
  const auto [network, warnings] = add("[softmax]\ninput=logits\ntemperature=2\n");
  EXPECT_THAT(warnings, IsEmpty());
  EXPECT_EQ(network.layers.back().operation, Operation(Softmax{1, true, true, 2, {}}));
  EXPECT_EQ(network.outputs[1], (NetworkOutput{network.size() - 1, "logits"}));
}

TEST(OnnxHeads, AreBoxesAndScoresToo) {
  const auto [network, warnings] =
      add("[candidates]\ninput=boxes\nbox=corners\nunit=shares\nscore=softmax\nbackground=last\n"
          "overlaps=0\n");
  EXPECT_THAT(warnings, IsEmpty());
  const Layer& layer = network.layers.back();
  const auto& head = std::get<Candidates>(layer.operation);
  EXPECT_EQ(layer.output, (Shape{32, 1, 14}));
  EXPECT_EQ(head.groups.front(), (CandidateGroup{{0, {0, 4}}, {}, {0, {4, 14}}}));
  EXPECT_EQ(head.box, CandidateBox::kCorners);
  EXPECT_EQ(head.unit, BoxUnit::kShares);
  EXPECT_EQ(head.scores, ScoreKind::kSoftmaxLogits);
  EXPECT_EQ(head.classes(), 9);
  EXPECT_FALSE(head.overlaps);
  EXPECT_THAT(refusal("[candidates]\ninput=boxes\nscores=logits\n"),
              StartsWith("heads.cfg:1 [candidates]: its input of 8x4x14"));
  EXPECT_THAT(refusal("[candidates]\ninput=boxes\nscores=nothing\n"), HasSubstr("'scores'"));
  EXPECT_THAT(refusal("[candidates]\ninput=boxes\nbox=round\n"), HasSubstr("corners"));
}

TEST(OnnxHeads, MayBeSeveral) {
  const auto [network, warnings] =
      add("[softmax]\ninput=logits\n"
          "[nanodet]\ninput=boxes\nclasses=2\nbins=3\nstride=8\n"
          "[nanodet]\ninput=boxes\nclasses=6\nbins=2\nstride=8\nthreshhold=1\n");
  EXPECT_EQ(network.size(), two_outputs().size() + 3);
  EXPECT_THAT(warnings, ElementsAre(StartsWith("heads.cfg:13 [nanodet]: the key 'threshhold'")));
}

TEST(OnnxHeads, NameWhatIsWrong) {
  EXPECT_THAT(refusal("[nanodet]\ninput=box\nclasses=2\nbins=3\nstride=8\n"),
              StartsWith("heads.cfg:1 [nanodet]: the key 'input'"));
  EXPECT_THAT(refusal("[nanodet]\nclasses=2\nbins=3\nstride=8\n"), HasSubstr("boxes, logits"));
  EXPECT_THAT(refusal("\n[convolutional]\ninput=boxes\nfilters=1\nsize=1\n"),
              StartsWith("heads.cfg:2 [convolutional]: "));
  EXPECT_THAT(refusal("[ssd]\ninput=boxes\n"), HasSubstr("nanodet"));
  EXPECT_THAT(refusal("[nanodet]\ninput=boxes\nbins=3\nstride=8\n"), HasSubstr("'classes'"));
  EXPECT_THAT(refusal("[nanodet]\ninput=boxes\nclasses=80\nbins=8\nstride=8\n"),
              StartsWith("heads.cfg:1 [nanodet]: "));
  EXPECT_THAT(refusal("[nanodet]\ninput=boxes\nclasses=2\nbins=3\nstride=0\n"),
              StartsWith("heads.cfg:1 [nanodet]: "));
  EXPECT_THAT(refusal("[yolo]\ninput=logits\nclasses=2\nnum=1\nanchors=8,16\n"),
              StartsWith("heads.cfg:1 [yolo]: "));
}

/// A picture of 64 x 32; `cells` rows and columns of 14 channels with an activation.
std::string refusal_over(const std::string& activation, const Ints& strides,
                         const std::string& head) {
  GraphMaker maker({1, 3, 64, 32});
  maker.constant("w", random_floats({14, 3, 2, 2}, 1))
      .node("Conv", {"x", "w"}, "raw", {{"strides", strides}})
      .node(activation, {"raw"}, "activated")
      .node("Concat", {"activated", "raw"}, "both", {{"axis", std::int64_t{1}}})
      .output("activated")
      .output("both");
  const TemporaryFolder folder;
  Network network = maker.translate().network;
  return error_line<BadInput>([&] { (void)add_heads(network, folder.write("heads.cfg", head)); });
}

/// It would find no object, or nonsense, without a word.
TEST(OnnxHeads, RefuseTensorsThatTheyCannotMean) {
  const std::string yolo = "[yolo]\ninput=activated\nclasses=2\nnum=2\nanchors=8,16, 32,64\n";
  const std::string both = "[yolo]\ninput=both\nclasses=2\nnum=4\nanchors=8,16, 32,64\n";
  EXPECT_THAT(refusal_over("Sigmoid", {8, 8}, yolo), HasSubstr("probabilities already"));
  EXPECT_THAT(refusal_over("Sigmoid", {8, 8}, both), HasSubstr("new_coords=1"));
  EXPECT_THAT(refusal_over("Sigmoid", {8, 8}, "[softmax]\ninput=activated\n"),
              HasSubstr("probabilities already"));
  EXPECT_THAT(
      refusal_over("Sigmoid", {8, 8}, "[nanodet]\ninput=activated\nclasses=2\nbins=3\nstride=8\n"),
      HasSubstr("probabilities already"));
  EXPECT_THAT(refusal_over("Relu", {8, 2}, yolo), HasSubstr("8x16x14 is no grid"));
  EXPECT_THAT(
      refusal_over("Relu", {2, 2}, "[nanodet]\ninput=activated\nclasses=2\nbins=3\nstride=8\n"),
      HasSubstr("32x16x14 is no grid"));
}

TEST(OnnxHeads, AreListed) {
  std::vector<std::string> names;
  for (const HeadHelp& kind : head_kinds()) names.emplace_back(kind.name);
  EXPECT_THAT(names, testing::UnorderedElementsAre("nanodet", "region", "yolo", "gaussian_yolo",
                                                   "detection", "softmax", "candidates",
                                                   "segmentation", "picture", "landmarks"));
}

}  // namespace
}  // namespace vpinfer
