#include "app/results.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "support/temporary_folder.hpp"

namespace vpinfer {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;
using testing::StartsWith;
using testing::UnorderedElementsAre;

/// Two scales of a detector of cats and dogs on a picture of 100 x 100: 2 x 2 cells at layer 2 and
/// one cell at layer 4.
Network two_heads() {
  Network network;
  add_input(network, {100, 100, 3}, "test");
  const Region region{2, false, {{1, 1}}, {}, {}};
  const Window coarse{100, 100, 0, 0};
  const Window fine{50, 50, 0, 0};
  add_layer(network, Convolution{7, 1, fine, fine, Activation::kLinear}, {0}, "test");
  add_layer(network, region, {1}, "test");
  add_layer(network, Convolution{7, 1, coarse, coarse, Activation::kLinear}, {0}, "test");
  add_layer(network, region, {3}, "test");
  network.labels = {"cat", "dog"};
  return network;
}

/// A softmax of four classes, and a copy of it.
Network classifier() {
  Network network;
  add_input(network, {1, 1, 4}, "test");
  add_layer(network, Softmax{}, {0}, "test");
  add_layer(network, Concat{}, {1}, "test");
  network.labels = {"ant", "bee", "cow", "dog"};
  return network;
}

Frame picture_frame(const std::string& name, int rows, int cols) {
  Frame frame;
  frame.name = name;
  frame.picture.rows = rows;
  frame.picture.cols = cols;
  frame.picture.rgb.resize(static_cast<std::size_t>(rows) * static_cast<std::size_t>(cols) * 3);
  return frame;
}

/// What adding a frame prints.
std::string printed(Results& results, const Frame& frame, const Delivered& outputs) {
  testing::internal::CaptureStdout();
  results.add(frame, outputs);
  return testing::internal::GetCapturedStdout();
}

/// A cell's values: a box in its middle, as large as `size` cells, of a dog.
void put_dog(std::vector<float>& values, std::size_t cell, float size, float score) {
  const std::vector<float> dog{0.5F, 0.5F, std::log(size), std::log(size), score, 0, 1};
  std::copy(dog.begin(), dog.end(), values.begin() + static_cast<std::ptrdiff_t>(7 * cell));
}

TEST(Results, HeadsAreSuppressedTogether) {
  const Network network = two_heads();
  const TemporaryFolder folder;
  RunOptions options;
  options.output = folder.path();
  Results results(options, network);
  std::vector<float> fine(4 * 7, 0);
  std::vector<float> coarse(7, 0);
  put_dog(fine, 0, 2, 0.8F);       // clipped to 0 .. 75
  put_dog(fine, 3, 0.2F, 0.6F);    // 70 .. 80
  put_dog(coarse, 0, 0.9F, 0.9F);  // 5 .. 95, which hides the first: 4900 of 8825
  const std::string text = printed(results, picture_frame("a.jpg", 100, 100),
                                   {{1, fine}, {2, fine}, {3, coarse}, {4, coarse}});
  EXPECT_THAT(text, StartsWith("a.jpg: 2 objects\n"));
  EXPECT_THAT(text, HasSubstr("dog    0.900   5.0   5.0   90.0    90.0\n"
                              "dog    0.600  70.0  70.0   10.0    10.0\n"));
  results.finish();
  EXPECT_THAT(folder.names(), UnorderedElementsAre("a.jpg", "detections.json"));
  const Findings found = results.findings();
  EXPECT_EQ(folder.read("detections.json"), found.detections);
  EXPECT_EQ(Json::parse(found.detections).size(), 2U);
  EXPECT_EQ(Json::parse(found.detections)[1]["category"], "dog");
  EXPECT_EQ(Json::parse(found.classifications), Json::array());
}

TEST(Results, AClassifierNamesFiveClassesAtMost) {
  const Network network = classifier();
  const TemporaryFolder folder;
  RunOptions options;
  options.output = folder.path();
  Results results(options, network);
  const Delivered outputs{{2, {0.1F, 0.15F, 0.7F, 0.05F}}};
  EXPECT_EQ(printed(results, picture_frame("a.jpg", 2, 2), outputs),
            "a.jpg: cow 0.700\n"
            "class  score\n"
            "-----  -----\n"
            "cow    0.700\n"
            "bee    0.150\n"
            "ant    0.100\n"
            "dog    0.050\n");
  EXPECT_THAT(printed(results, {"t.h5", {}, {1, 2, 3, 4}}, outputs), StartsWith("t.h5: cow 0.7"));
  results.finish();
  EXPECT_THAT(folder.names(), UnorderedElementsAre("classifications.json"));
  const Findings found = results.findings();
  EXPECT_EQ(folder.read("classifications.json"), found.classifications);
  const Json json = Json::parse(found.classifications);
  ASSERT_EQ(json.size(), 2U);
  EXPECT_EQ(json[1]["file_name"], "t.h5");
  EXPECT_EQ(json[0]["classes"].size(), 4U);
  EXPECT_EQ(json[0]["classes"][0], Json({{"class_index", 2}, {"class", "cow"}, {"score", 0.7}}));
  EXPECT_EQ(Json::parse(found.detections), Json::array());
}

TEST(Results, ANetworkWithoutHeadGivesTensors) {
  Network network;
  add_input(network, {1, 1, 2}, "test");
  add_layer(network, Flatten{}, {0}, "test");
  const TemporaryFolder folder;
  RunOptions options;
  options.output = folder.path();
  Results results(options, network);
  EXPECT_EQ(printed(results, picture_frame("a.jpg", 2, 2), {{1, {-1, 2.5F}}}),
            "a.jpg: 1 tensor\nlayer 0: 1x1x2 values from -1.0000 to 2.5000\n");
  results.finish();
  EXPECT_TRUE(folder.names().empty());
}

}  // namespace
}  // namespace vpinfer
