#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <map>

#include "exec/executor.hpp"
#include "import/darknet.hpp"
#include "import/labels.hpp"
#include "search/planner.hpp"
#include "support/error_line.hpp"
#include "support/loopback.hpp"
#include "support/temporary_folder.hpp"
#include "vision/input_tensor.hpp"
#include "vision/test_picture.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pointwise;

DarknetModel parse(const std::string& text) {
  const TemporaryFolder folder;
  return read_darknet_cfg(folder.write("net.cfg", text));
}

template <typename Value>
std::string bytes(const std::vector<Value>& values) {
  std::string text(values.size() * sizeof(Value), '\0');
  std::memcpy(text.data(), values.data(), text.size());
  return text;
}

const std::string kOldHeader = bytes<std::int32_t>({0, 1, 0}) + bytes<std::int32_t>({32013312});
const std::string kNewHeader = bytes<std::int32_t>({0, 2, 0}) + bytes<std::int64_t>({32013312});

/// One filter of 2 x 2 over two channels, with batch normalisation.
const std::string kNormalised =
    "[net]\nheight=4\nwidth=4\nchannels=2\n"
    "[convolutional]\nbatch_normalize=1\nfilters=1\nsize=2\n";

/// Two filters of 1 x 1 over two channels, then one of 1 x 1 over two, without.
const std::string kPlain =
    "[net]\nheight=4\nwidth=4\nchannels=2\n"
    "[convolutional]\nfilters=2\nsize=1\n[maxpool]\n[convolutional]\nfilters=1\nsize=1\n";

LayerWeights first_layer(const DarknetModel& model, const std::string& contents) {
  const TemporaryFolder folder;
  return darknet_weights(model, folder.write("net.weights", contents))(1);
}

TEST(DarknetWeights, FoldsBatchNormalisationAndPutsChannelsLast) {
  // bias, scale, mean, variance, then channel 0 and channel 1, row by row.  The factor is
  // 6 / (sqrt(4) + 1e-6) = 3 (less 1.5e-6), the bias 10 - 2 * 3.
  const LayerWeights folded = first_layer(
      parse(kNormalised), kNewHeader + bytes<float>({10, 6, 2, 4, 1, 2, 3, 4, 50, 60, 70, 80}));
  EXPECT_THAT(folded.weights, Pointwise(testing::FloatNear(2e-4F),
                                        std::vector<float>{3, 150, 6, 180, 9, 210, 12, 240}));
  EXPECT_THAT(folded.biases, ElementsAre(testing::FloatNear(4, 1e-5F)));
}

TEST(DarknetWeights, AddsDarknetsEpsilonToTheDeviation) {
  // 1 / (sqrt(1e-6) + 1e-6) = 1 / 0.001001, not 1 / sqrt(2e-6).
  const LayerWeights folded = first_layer(
      parse(kNormalised), kNewHeader + bytes<float>({0, 1, 0, 1e-6F, 1, 1, 1, 1, 1, 1, 1, 1}));
  EXPECT_NEAR(folded.weights.front(), 999.001, 0.01);
}

const std::string kForksHeader = bytes<std::int32_t>({0, 2, 5}) + bytes<std::int64_t>({64});

/// A variance of a dead channel may be anything about 0.
TEST(DarknetWeights, TakesFilesOfTheForksAsOpenCvDoes) {
  const auto factor = [](float variance) {
    return first_layer(parse(kNormalised),
                       kForksHeader + bytes<float>({0, 1, 0, variance, 1, 1, 1, 1, 1, 1, 1, 1}))
        .weights.front();
  };
  EXPECT_NEAR(factor(3e-6F), 500, 0.01);
  for (const float dead : {0.0F, -7e-44F, 1e-40F}) EXPECT_NEAR(factor(dead), 1000, 0.01);
}

TEST(DarknetWeights, TakesAnotherEpsilon) {
  const TemporaryFolder folder;
  const DarknetModel model = parse(kNormalised);
  const std::string numbers = bytes<float>({0, 1, 0, 6e-6F, 1, 1, 1, 1, 1, 1, 1, 1});
  for (const std::string& header : {kNewHeader, kForksHeader}) {
    const LayerWeights weights =
        darknet_weights(model, folder.write("net.weights", header + numbers), 1e-5F)(1);
    EXPECT_NEAR(weights.weights.front(), 250, 0.01);
  }
}

TEST(DarknetWeights, TakesADeadChannelAsDarknetDoes) {
  for (const float dead : {0.0F, -7e-44F}) {
    const LayerWeights folded = first_layer(
        parse(kNormalised), kNewHeader + bytes<float>({3, 1, 0, dead, 0, 0, 0, 0, 0, 0, 0, 1}));
    EXPECT_NEAR(folded.weights.back(), 1e6, 1);
    EXPECT_THAT(folded.biases, ElementsAre(3));
  }
}

TEST(DarknetWeights, ReadsLayerAfterLayerInBothHeaderVersions) {
  const DarknetModel model = parse(kPlain);
  const std::string numbers = bytes<float>({0.5F, -1, 1, 2, 3, 4, 7, 8, 9});
  for (const std::string& header : {kOldHeader, kNewHeader}) {
    const TemporaryFolder folder;
    const WeightSource source =
        darknet_weights(model, folder.write("net.weights", header + numbers));
    const LayerWeights first = source(1);
    EXPECT_THAT(first.biases, ElementsAre(0.5F, -1));
    EXPECT_THAT(first.weights, ElementsAre(1, 2, 3, 4));
    const LayerWeights second = source(3);
    EXPECT_THAT(second.biases, ElementsAre(7));
    EXPECT_THAT(second.weights, ElementsAre(8, 9));
  }
}

TEST(DarknetWeights, RefusesOtherSizesAndNamesThem) {
  const DarknetModel model = parse(kPlain);
  const auto refusal = [&](const std::string& contents) {
    return error_line<BadInput>([&] { (void)first_layer(model, contents); });
  };
  // 9 floats: 36 bytes and a header of 20 or 16.
  const std::string numbers(36, '\1');
  for (const std::string& header : {kNewHeader, kOldHeader}) {
    const std::string right = std::to_string(header.size() + 36);
    const std::string shorter = refusal(header + numbers.substr(1));
    EXPECT_THAT(shorter, HasSubstr("net.weights: has " + std::to_string(header.size() + 35)));
    EXPECT_THAT(shorter, HasSubstr("net takes " + right));
    EXPECT_THAT(shorter, HasSubstr("too short"));
    const std::string longer = refusal(header + numbers + "1234");
    EXPECT_THAT(longer, HasSubstr("has " + std::to_string(header.size() + 40)));
    EXPECT_THAT(longer, HasSubstr("takes " + right));
    EXPECT_THAT(longer, HasSubstr("too long"));
    EXPECT_THAT(refusal(header), HasSubstr("takes " + right));
  }
}

TEST(DarknetWeights, RefusesATruncatedHeader) {
  const DarknetModel model = parse(kPlain);
  for (const std::size_t length : {0U, 3U, 11U, 12U, 19U}) {
    EXPECT_THAT(
        error_line<BadInput>([&] { (void)first_layer(model, kNewHeader.substr(0, length)); }),
        HasSubstr("net.weights: "));
  }
}

TEST(DarknetWeights, RefusesWhatIsNoFile) {
  const DarknetModel model = parse(kPlain);
  const TemporaryFolder folder;
  for (const std::string name : {"absent.weights", "."}) {
    EXPECT_THAT(error_line<BadInput>([&] { (void)darknet_weights(model, folder.path() / name); }),
                HasSubstr((folder.path() / name).string()));
  }
}

/// Everything that an import of random weights makes, as bytes.
std::string all_random_bytes(const DarknetModel& model, std::uint64_t seed) {
  const WeightSource source = random_weights(model, seed);
  std::string text;
  for (int i = 0; i < model.network.size(); ++i) {
    if (weight_shape(model.network, i).filters == 0) continue;
    const LayerWeights layer = source(i);
    text += bytes(layer.weights) + bytes(layer.biases);
  }
  return text;
}

TEST(RandomWeights, DependOnTheSeedAlone) {
  const DarknetModel model = parse(kPlain);
  EXPECT_EQ(all_random_bytes(model, 7), all_random_bytes(model, 7));
  EXPECT_NE(all_random_bytes(model, 7), all_random_bytes(model, 8));
  EXPECT_NE(all_random_bytes(model, 0), all_random_bytes(model, 1));
}

double deviation(std::span<const float> tensor) {
  const std::size_t count = tensor.size();
  double sum = 0;
  double squares = 0;
  for (std::size_t i = 0; i < count; ++i) {
    sum += tensor[i];
    squares += static_cast<double>(tensor[i]) * tensor[i];
  }
  const double mean = sum / static_cast<double>(count);
  return std::sqrt(squares / static_cast<double>(count) - mean * mean);
}

/// Runs the model on the built-in picture; the standard deviation of every layer's output.
std::map<int, double> deviations(const DarknetModel& model, std::uint64_t seed) {
  const Network& network = model.network;
  const Plan plan = make_plan(network, Strategy::kSingle, 1);
  Delivery everything;
  for (int i = 1; i < network.size(); ++i) everything.push_back(i);
  const Program program = make_program({network, plan}, everything, 0);
  Weights weights({network, plan}, 0);
  const WeightSource source = random_weights(model, seed);
  for (int i = 0; i < network.size(); ++i) {
    weights.load(
        i, [&](int position, const WeightRange&, std::span<float> values, std::span<float> biases) {
          const LayerWeights layer = source(position);
          std::copy(layer.weights.begin(), layer.weights.end(), values.begin());
          std::copy(layer.biases.begin(), layer.biases.end(), biases.begin());
        });
  }
  Loopback alone(1, 1);
  ThreadPool pool(1);
  Executor executor(network, program, weights, pool, alone.rank(0), std::chrono::seconds(1));
  const Shape& shape = network.input_shape();
  std::map<int, double> result;
  executor.run(
      {[&](std::span<float> input) {
         write_input_tensor(test_picture(shape.rows, shape.cols), shape, network.normalisation,
                            input);
       },
       [&](int position, std::span<const float> output) { result[position] = deviation(output); }});
  return result;
}

/// A net of twelve convolutions with a pooling after every fourth.
std::string deep_net(const std::string& activation, bool normalised) {
  std::string text = "[net]\nheight=48\nwidth=48\nchannels=3\n";
  for (int i = 0; i < 12; ++i) {
    text += "[convolutional]\nfilters=24\nsize=3\npad=1\nactivation=" + activation + "\n";
    if (normalised) text += "batch_normalize=1\n";
    if (i % 4 == 3) text += "[maxpool]\nsize=2\nstride=2\n";
  }
  return text;
}

TEST(RandomWeights, KeepActivationsOfOrderOneThroughADeepNet) {
  for (const std::string activation : {"leaky", "linear", "relu", "elu", "tanh"}) {
    for (const bool normalised : {true, false}) {
      const DarknetModel model = parse(deep_net(activation, normalised));
      const std::map<int, double> layers = deviations(model, 3);
      EXPECT_EQ(layers.size(), 15U);
      for (const auto& [position, value] : layers) {
        EXPECT_TRUE(value > 0.1 && value < 10)
            << activation << ", layer " << Network::number(position) << ": deviation " << value;
      }
    }
  }
}

TEST(Labels, AreOnePerLine) {
  const TemporaryFolder folder;
  EXPECT_THAT(read_labels(folder.write("a.names", "person\r\ntraffic light\n\ncat")),
              ElementsAre("person", "traffic light", "cat"));
  EXPECT_THAT(error_line<BadInput>([&] { (void)read_labels(folder.path() / "absent.names"); }),
              HasSubstr("absent.names"));
  EXPECT_THAT(error_line<BadInput>([&] { (void)read_labels(folder.write("b.names", "\n\n")); }),
              HasSubstr("no label"));
}

}  // namespace
}  // namespace vpinfer
