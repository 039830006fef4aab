#include "net/network.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "support/random_network.hpp"
#include "support/yolov2.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

using Json = nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Network network_of(const Shape& input) {
  Network network;
  network.name = "test";
  network.layers.push_back({Input{}, {}, input});
  return network;
}

Shape shape_after(const Shape& input, const Operation& operation) {
  Network network = network_of(input);
  return network.layer(add_layer(network, operation, {0}, "here")).output;
}

/// The message of the BadInput that a function throws; a test failure if it throws none.
template <typename Function>
std::string refusal(const Function& function) {
  try {
    function();
  } catch (const BadInput& e) {
    return e.what();
  }
  ADD_FAILURE() << "nothing was refused";
  return {};
}

std::string refusal_of(const Shape& input, const Operation& operation,
                       const std::vector<int>& inputs = {0}) {
  Network network = network_of(input);
  const std::string message = refusal([&] { add_layer(network, operation, inputs, "x.cfg:7"); });
  EXPECT_THAT(message, testing::StartsWith("x.cfg:7: "));
  EXPECT_EQ(network.size(), 1);
  return message;
}

Convolution convolution(int filters, const Window& window, int groups = 1) {
  return {filters, groups, window, window, Activation::kLinear};
}

TEST(ShapeInference, SlidesWindows) {
  const Shape in{13, 7, 4};
  EXPECT_EQ(shape_after(in, convolution(5, {3, 1, 1, 1})), (Shape{13, 7, 5}));
  EXPECT_EQ(shape_after(in, convolution(5, {3, 2, 1, 1})), (Shape{7, 4, 5}));
  EXPECT_EQ(shape_after(in, convolution(5, {3, 1, 0, 0})), (Shape{11, 5, 5}));
  EXPECT_EQ(shape_after(in, convolution(5, {2, 2, 0, 1})), (Shape{7, 4, 5}));
  EXPECT_EQ(shape_after(in, convolution(8, {7, 1, 0, 0}, 4)), (Shape{7, 1, 8}));
  EXPECT_EQ(shape_after(in, Convolution{6, 1, {5, 3, 2, 0}, {1, 2, 0, 0}, Activation::kRelu}),
            (Shape{4, 4, 6}));
  EXPECT_EQ(shape_after(in, MaxPool{{2, 2, 0, 1}, {2, 1, 0, 1}}), (Shape{7, 7, 4}));
}

TEST(ShapeInference, MovesElements) {
  EXPECT_EQ(shape_after({6, 4, 8}, Reorg{2, false}), (Shape{3, 2, 32}));
  EXPECT_EQ(shape_after({6, 4, 8}, Reorg{2, true}), (Shape{12, 8, 2}));
  EXPECT_EQ(shape_after({3, 3, 14}, Region{2, true, {{1, 1}, {2, 2}}}), (Shape{3, 3, 14}));
  Network network = network_of({6, 4, 8});
  add_layer(network, convolution(3, {3, 1, 1, 1}), {0}, "here");
  const int joined = add_layer(network, Concat{}, {1, 0, 1}, "here");
  EXPECT_EQ(network.layer(joined).output, (Shape{6, 4, 14}));
  EXPECT_EQ(network.input_shape(joined, 1), (Shape{6, 4, 8}));
}

TEST(ShapeInference, OfOtherLayers) {
  const Shape in{6, 4, 8};
  EXPECT_EQ(shape_after(in, convolution(5, {3, 1, 2, 2, 2})), (Shape{6, 4, 5}));
  EXPECT_EQ(shape_after(in, LocallyConnected{3, {3, 1, 1, 1}, {3, 2, 1, 1}}), (Shape{6, 2, 3}));
  EXPECT_EQ(shape_after(in, AveragePool{{6}, {4}}), (Shape{1, 1, 8}));
  EXPECT_EQ(shape_after(in, Softmax{2, true, true, 1}), in);
  EXPECT_EQ(shape_after(in, Slice{{5, 3, -2}, {0, 4}, {1, 2}}), (Shape{3, 4, 2}));
  EXPECT_EQ(shape_after(in, Pad{{1, 2}, {0, 1}, {3, 0}}), (Shape{9, 5, 11}));
  EXPECT_EQ(shape_after(in, Resample{{12, 2}, {2, 0.5}}), (Shape{12, 2, 8}));
  EXPECT_EQ(shape_after(in, Flatten{1}), (Shape{1, 1, 193}));
  EXPECT_EQ(shape_after(in, SpaceToDepth{2, 2}), (Shape{3, 2, 32}));
  EXPECT_EQ(shape_after(in, DepthToSpace{2, 2}), (Shape{12, 8, 2}));
  EXPECT_EQ(shape_after({3, 3, 20}, NanoDet{8, 3, 8}), (Shape{3, 3, 20}));
  EXPECT_EQ(shape_after({1, 1, 28}, GridHead{2, 1, 2}), (Shape{1, 1, 28}));
  Network network = network_of(in);
  add_layer(network, Constant{{1, 1, 8}}, {}, "here");
  const int sum = add_layer(network, Elementwise{}, {1, 0}, "here");
  EXPECT_EQ(network.layer(sum).output, in);
  add_layer(network, convolution(5, {2, 2, 0, 0}), {0}, "here");
  EXPECT_EQ(network.layer(add_layer(network, Shortcut{}, {3, 0}, "here")).output, (Shape{3, 2, 5}));
}

TEST(ShapeInference, RefusesOtherLayersThatDoNotFit) {
  const Shape in{6, 4, 8};
  EXPECT_THAT(refusal_of(in, LocallyConnected{3, {3, 1, 1, 1, 2}, {}}), HasSubstr("dilated"));
  EXPECT_THAT(refusal_of(in, Softmax{3}), HasSubstr("groups=3"));
  EXPECT_THAT(refusal_of(in, Softmax{1, true, true, 0}), HasSubstr("temperature"));
  EXPECT_THAT(refusal_of(in, Softmax{1, true, true, 1, {-1, -1}}), HasSubstr("2 classes"));
  EXPECT_THAT(refusal_of({1, 1, 2}, Softmax{1, true, true, 1, {1, -1}}), HasSubstr("parent 1"));
  EXPECT_THAT(refusal_of(in, Slice{{5, 3, -3}, {0, 4}, {0, 8}}), HasSubstr("3 rows"));
  EXPECT_THAT(refusal_of(in, Slice{{0, 6}, {0, 4, 0}, {0, 8}}), HasSubstr("columns"));
  EXPECT_THAT(refusal_of(in, Pad{{-1, 0}, {}, {}}), HasSubstr("rows"));
  EXPECT_THAT(refusal_of(in, Pad{{}, {4, 0}, {}, PadMode::kReflect}), HasSubstr("columns"));
  EXPECT_THAT(refusal_of(in, Resample{{12, 0}, {2, 1}}), HasSubstr("scale"));
  EXPECT_THAT(refusal_of(in, Resample{{0, 1}, {2, 1}}), HasSubstr("empty"));
  EXPECT_THAT(refusal_of(in, Flatten{-1}), HasSubstr("channels"));
  EXPECT_THAT(refusal_of(in, SpaceToDepth{3, 3}), HasSubstr("columns"));
  EXPECT_THAT(refusal_of(in, DepthToSpace{3, 3}), HasSubstr("channels"));
  EXPECT_THAT(refusal_of(in, NanoDet{8, 3, 8}), HasSubstr("20 channels"));
  EXPECT_THAT(refusal_of(in, GridHead{2, 1, 2}), HasSubstr("28 values"));
  EXPECT_THAT(refusal_of(in, Constant{{1, 1, 1}}), HasSubstr("no input"));
  EXPECT_THAT(refusal_of(in, Elementwise{}), HasSubstr("two inputs"));
  EXPECT_THAT(refusal_of({3, 3, 7}, Region{2, true, {{1, 1}}, {-1}, {}}), HasSubstr("1 classes"));
  EXPECT_THAT(refusal_of({3, 3, 7}, Region{2, true, {{1, 1}}, {}, {2}}), HasSubstr("class 2"));
  Network network = network_of(in);
  add_layer(network, convolution(5, {2, 2, 0, 0}), {0}, "here");
  EXPECT_THAT(refusal([&] {
                add_layer(network, Elementwise{}, {0, 1}, "here");
              }),
              HasSubstr("6x4x8 and 3x2x5"));
  add_layer(network, convolution(5, {2, 1, 0, 0}), {1}, "here");
  EXPECT_THAT(refusal([&] {
                add_layer(network, Shortcut{}, {2, 0}, "here");
              }),
              HasSubstr("different factors"));
  EXPECT_THAT(refusal([&] { add_output(network, 0, "x", "here"); }), HasSubstr("no layer"));
  add_output(network, 2, "x", "here");
  EXPECT_THAT(refusal([&] { add_output(network, 2, "y", "here"); }), HasSubstr("already"));
  EXPECT_THAT(result_layers(network), ElementsAre(2));
}

TEST(ShapeInference, RefusesWhatDoesNotFit) {
  const Shape in{5, 3, 4};
  EXPECT_THAT(refusal_of(in, convolution(0, {})), HasSubstr("filters"));
  EXPECT_THAT(refusal_of(in, convolution(4, {}, 3)), HasSubstr("groups=3"));
  EXPECT_THAT(refusal_of(in, convolution(3, {}, 2)), HasSubstr("groups=2"));
  EXPECT_THAT(refusal_of(in, convolution(4, {}, 0)), HasSubstr("groups=0"));
  EXPECT_THAT(refusal_of(in, convolution(4, {4, 1, 0, 0})), HasSubstr("3 columns"));
  EXPECT_THAT(refusal_of(in, convolution(4, {6, 1, 0, 0})), HasSubstr("5 rows"));
  EXPECT_THAT(refusal_of(in, convolution(4, {0, 1, 0, 0})), HasSubstr("at least 1"));
  EXPECT_THAT(refusal_of(in, convolution(4, {1, 0, 0, 0})), HasSubstr("at least 1"));
  (void)refusal_of(in, convolution(4, {1, 1, -1, 1}));
  EXPECT_THAT(refusal_of(in, MaxPool{{9, 1, 0, 0}, {1, 1, 0, 0}}), HasSubstr("9"));
  EXPECT_THAT(refusal_of({5, 4, 4}, Reorg{2, false}), HasSubstr("rows"));
  EXPECT_THAT(refusal_of({4, 5, 4}, Reorg{2, false}), HasSubstr("columns"));
  EXPECT_THAT(refusal_of({4, 4, 3}, Reorg{2, true}), HasSubstr("channels"));
  EXPECT_THAT(refusal_of(in, Reorg{0, false}), HasSubstr("stride"));
  EXPECT_THAT(refusal_of(in, Region{3, true, {{1, 1}}}), HasSubstr("8 channels"));
  EXPECT_THAT(refusal_of(in, Region{3, true, {}}), HasSubstr("0 anchors"));
  EXPECT_THAT(refusal_of(in, Input{}), HasSubstr("input"));
  EXPECT_THAT(refusal_of(in, Concat{}, {}), HasSubstr("no input"));
  EXPECT_THAT(refusal_of(in, Concat{}, {1}), HasSubstr("no layer"));
  EXPECT_THAT(refusal_of(in, Concat{}, {-1}), HasSubstr("no layer"));
  EXPECT_THAT(refusal_of(in, convolution(4, {}), {0, 0}), HasSubstr("one input"));
  EXPECT_THAT(refusal_of({60000, 60000, 1}, convolution(1, {})), HasSubstr("too large"));

  Network network = network_of(in);
  add_layer(network, convolution(4, {2, 1, 0, 0}), {0}, "here");
  EXPECT_THAT(refusal([&] {
                add_layer(network, Concat{}, {0, 1}, "here");
              }),
              HasSubstr("5x3x4 and 4x2x4"));
}

TEST(ShapeInference, RefusesNumbersThatOverflow) {
  // As a damaged or hostile file may hold them; none may crash or wrap around.
  constexpr int kHuge = std::numeric_limits<int>::max();
  (void)refusal_of({8, 8, 4}, Reorg{65536, false});
  (void)refusal_of({8, 8, 4}, Reorg{65536, true});
  (void)refusal_of({8, 8, 4}, convolution(4, {3, 1, kHuge, kHuge}));
  (void)refusal_of({8, 8, 4}, MaxPool{{3, 1, kHuge, 1}, {}});
  (void)refusal_of({8, 8, 4}, Region{kHuge, true, {{1, 1}}});
}

TEST(ShapeInference, RefusesANegativeNumberOfClasses) {
  // 4 channels per anchor would leave no room for the objectness.
  (void)refusal_of({8, 8, 4}, Region{-1, true, {{1, 1}}});
}

TEST(Network, KnowsYolov2) {
  const Network network = yolov2();
  ASSERT_EQ(network.size(), 33);
  EXPECT_EQ(network.layer(Network::position(16)).output, (Shape{26, 26, 512}));
  EXPECT_EQ(network.layer(Network::position(27)).output, (Shape{13, 13, 256}));
  EXPECT_EQ(network.layer(Network::position(28)).output, (Shape{13, 13, 1280}));
  EXPECT_EQ(network.layer(Network::position(31)).output, (Shape{13, 13, 425}));
  EXPECT_EQ(Network::number(network.size() - 1), 31);
  EXPECT_THAT(result_layers(network), ElementsAre(Network::position(30), Network::position(31)));

  double operations = 0;
  std::size_t weights = 0;
  std::size_t biases = 0;
  for (int i = 0; i < network.size(); ++i) {
    operations += flop(network, i, whole(network.layer(i).output));
    const WeightShape shape = weight_shape(network, i);
    weights += shape.elements();
    biases += static_cast<std::size_t>(shape.filters);
  }
  // Darknet prints 29.46 BFLOPs in all (its own sum; multiply-adds of convolutions only).
  EXPECT_NEAR(operations / 1e9, 29.46, 0.015);
  // 50 983 561 parameters with 4 per normalised filter (scale, bias, mean, variance) of which one
  // is left when they are folded; the 425 filters of the last convolution have a bias only.
  const std::size_t normalised = biases - 425;
  EXPECT_EQ(weights + 4 * normalised + 425, 50'983'561U);
  EXPECT_EQ(weights + biases, 50'952'553U);
  EXPECT_NEAR(static_cast<double>((weights + biases) * sizeof(float)) / (1024 * 1024), 194.4, 0.05);
}

TEST(Network, CountsTheFlopOfABox) {
  Network network = network_of({8, 8, 6});
  add_layer(network, convolution(4, {3, 1, 1, 1}, 2), {0}, "here");
  add_layer(network, MaxPool{{2, 2, 0, 1}, {2, 2, 0, 1}}, {1}, "here");
  EXPECT_EQ(flop(network, 1, {{0, 2}, {1, 4}, {0, 4}}), 2.0 * 2 * 3 * 4 * 9 * 3);
  EXPECT_EQ(flop(network, 1, {}), 0);
  EXPECT_EQ(flop(network, 2, whole(network.layer(2).output)), 0);
  EXPECT_EQ(weight_shape(network, 1), (WeightShape{4, 3, 3, 3}));
  EXPECT_EQ(weight_shape(network, 2).elements(), 0U);
  EXPECT_THAT(result_layers(network), ElementsAre(2));
}

TEST(Activation, HasNames) {
  for (int i = 0; i < kActivationFunctions; ++i) {
    const auto function = static_cast<Activation::Function>(i);
    EXPECT_EQ(parse_activation(to_string(function)), function);
  }
  EXPECT_EQ(parse_activation("leaky"), Activation::kLeaky);
  EXPECT_EQ(parse_activation("gelu"), std::nullopt);
  EXPECT_EQ(Activation(Activation::kLeaky), Activation(Activation::kLeaky, 0.1F));
}

TEST(NetworkJson, SurvivesTheRoundTrip) {
  for (std::uint32_t seed = 0; seed < 100; ++seed) {
    Network network = random_network(seed);
    network.origin = "odd \"quotes\" and \n lines";
    network.labels = {"cat", "", "gr\u00FC\u00DF"};
    network.precision = NumberFormat::kHalf;
    network.normalisation = {
        {1, 2, 3}, {0.1F, 0.2F, 0.3F}, ChannelOrder::kBgr, Resize::kStretch, PixelGrid::kCentres};
    EXPECT_EQ(network_from_json(to_json(network), "file"), network) << seed;
  }
  EXPECT_EQ(network_from_json(to_json(yolov2()), "file"), yolov2());
}

/// How a damaged network is refused.
std::string refusal_after(const std::function<void(Json&)>& damage) {
  Json j = Json::parse(to_json(yolov2()));
  damage(j);
  const std::string message = refusal([&] { (void)network_from_json(j.dump(), "model.h5"); });
  EXPECT_THAT(message, testing::StartsWith("model.h5"));
  return message;
}

TEST(NetworkJson, RefusesWhatIsDamaged) {
  (void)refusal([] { (void)network_from_json("", "model.h5"); });
  (void)refusal([] { (void)network_from_json("[]", "model.h5"); });
  (void)refusal([] { (void)network_from_json(R"({"schema": 1})", "model.h5"); });
  const std::string text = to_json(yolov2());
  (void)refusal([&] { (void)network_from_json(text.substr(0, text.size() / 2), "model.h5"); });
  EXPECT_THAT(refusal_after([](Json& j) { j["schema"] = 1; }), HasSubstr("schema 1"));
  EXPECT_THAT(refusal_after([](Json& j) { j["schema"] = 4; }), HasSubstr("schema 4"));
  EXPECT_THAT(refusal_after([](Json& j) {
                j["outputs"] = {{{"layer", 99}, {"name", "x"}}};
              }),
              HasSubstr("no layer 98"));
  (void)refusal_after([](Json& j) { j["schema"] = "1"; });
  (void)refusal_after([](Json& j) { j["input"] = {0, 416, 3}; });
  (void)refusal_after([](Json& j) { j["input"] = {416, 416}; });
  (void)refusal_after([](Json& j) { j["layers"] = Json::array(); });
  (void)refusal_after([](Json& j) { j.erase("labels"); });
  EXPECT_THAT(refusal_after([](Json& j) { j["layers"][3]["type"] = "deconvolution"; }),
              HasSubstr("deconvolution"));
  EXPECT_THAT(refusal_after([](Json& j) {
                j["layers"][2]["activation"] = {"gelu", 0, 0};
              }),
              HasSubstr("gelu"));
  EXPECT_THAT(refusal_after([](Json& j) { j["layers"][5]["inputs"] = {40}; }),
              HasSubstr("layer 5"));
  (void)refusal_after([](Json& j) { j["layers"][5]["inputs"] = {6}; });
  (void)refusal_after([](Json& j) { j["layers"][5]["inputs"] = "5"; });
  (void)refusal_after([](Json& j) { j["layers"][2].erase("filters"); });
  (void)refusal_after([](Json& j) { j["layers"][2]["rows"] = {3, 1}; });
  (void)refusal_after([](Json& j) { j["layers"][31]["anchors"] = Json::array(); });
  (void)refusal_after([](Json& j) { j["layers"][31]["classes"] = 20; });
}

TEST(NetworkJson, RefusesUnknownWordsAndHugeInputs) {
  (void)refusal_after([](Json& j) { j["normalisation"]["order"] = "gbr"; });
  (void)refusal_after([](Json& j) { j["normalisation"]["resize"] = "crop"; });
  (void)refusal_after([](Json& j) { j["input"] = {2'000'000'000, 2'000'000'000, 3}; });
}

TEST(Network, KeepsIslandsAsText) {
  Network network;
  add_input(network, {4, 3, 2}, "test");
  Island island{{"Op", "", "name", {"x", "", "c"}, {"y"}, {}, {}}, 13, {}, 0, {{1, 24}}};
  island.node.attributes = {{"float", std::numeric_limits<float>::infinity()},
                            {"integer", std::int64_t{-3}},
                            {"text", std::string("words")},
                            {"floats", std::vector<float>{0.5F, -1}},
                            {"integers", std::vector<std::int64_t>{1, 2}},
                            {"tensor", OnnxTensor{{2}, std::vector<std::int64_t>{5, 6}}}};
  island.arguments = {{0, {{1, 2, 4, 3}, kChannelsFirst}, {}},
                      {},
                      {{}, {}, OnnxTensor{{1}, std::vector<float>{2}}}};
  add_layer(network, island, {0}, "test", "y");
  EXPECT_EQ(network_from_json(to_json(network), "test"), network);
  const std::string text = to_json(network);
  const auto refusal = [&](const std::string& from, const std::string& to) {
    std::string changed = text;
    changed.replace(changed.find(from), from.size(), to);
    EXPECT_THROW((void)network_from_json(changed, "test"), BadInput) << to;
  };
  refusal("\"result\":0", "\"result\":1");
  refusal("{\"integer\":-3}", "{}");
  refusal("[1,2,4,3]", "[1,2,4,4]");
  refusal("[1,24]", "[1,-24]");
}

}  // namespace
}  // namespace vpinfer
