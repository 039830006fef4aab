// Normalisations and reductions as layers that are divided.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "support/onnx_graphs.hpp"

namespace vpinfer {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Not;

const Ints kDims{1, 4, 5, 3};

OnnxTensor constants(std::int64_t count, float value) {
  return floats({count}, std::vector<float>(static_cast<std::size_t>(count), value));
}

/// (x - mean) / sqrt(variance + epsilon) over the elements for which alike(place, other place).
template <typename Alike>
NdArray standardised(const NdArray& x, double epsilon, const Alike& alike) {
  return generate(x.dims, [&](const Ints& at) {
    double sum = 0;
    double squares = 0;
    double count = 0;
    for_each_index(x.dims, [&](const Ints& other) {
      if (!alike(at, other)) return;
      sum += x(other);
      squares += x(other) * x(other);
      ++count;
    });
    const double mean = sum / count;
    return (x(at) - mean) / std::sqrt(squares / count - mean * mean + epsilon);
  });
}

NdArray doubled_and_raised(const NdArray& x) {
  return generate(x.dims, [&](const Ints& at) { return 2 * x(at) + 3; });
}

TEST(OnnxNormalisation, OfInstances) {
  GraphMaker maker(kDims);
  maker.constant("scale", constants(4, 2))
      .constant("shift", constants(4, 3))
      .node("InstanceNormalization", {"x", "scale", "shift"}, "y")
      .output("y");
  const OnnxModel model = expect_translation(maker, [](const NdArray& x) {
    return doubled_and_raised(
        standardised(x, 1e-5, [](const Ints& a, const Ints& b) { return a[1] == b[1]; }));
  });
  EXPECT_THAT(operations(model),
              ElementsAre("avgpool", "avgpool", "elementwise", "activation", "avgpool", "avgpool",
                          "convolution", "elementwise", "convolution"));
}

/// As an operator, and as exporters spell it.
TEST(OnnxNormalisation, OfGroups) {
  const auto expected = [](const NdArray& x) {
    return standardised(x, 1e-5, [](const Ints& a, const Ints& b) { return a[1] / 2 == b[1] / 2; });
  };
  GraphMaker one(kDims, 21);
  one.constant("scale", constants(4, 1))
      .constant("shift", constants(4, 0))
      .node("GroupNormalization", {"x", "scale", "shift"}, "y", {{"num_groups", std::int64_t{2}}})
      .output("y");
  EXPECT_THAT(operations(expect_translation(one, expected)), Not(Contains("island")));
  GraphMaker spelt(kDims);
  spelt.constant("groups", integers({0, 2, -1}))
      .constant("four", integers(kDims))
      .constant("scale", constants(2, 1))
      .constant("shift", constants(2, 0))
      .node("Reshape", {"x", "groups"}, "r")
      .node("InstanceNormalization", {"r", "scale", "shift"}, "n")
      .node("Reshape", {"n", "four"}, "y")
      .output("y");
  EXPECT_THAT(operations(expect_translation(spelt, expected)), Not(Contains("island")));
}

/// Of channels between transpositions, then times a matrix, as ConvNeXt does it.
TEST(OnnxNormalisation, OfChannelsInTheLastAxis) {
  GraphMaker maker(kDims, 17);
  maker.constant("scale", constants(4, 2))
      .constant("shift", constants(4, 3))
      .constant("one", floats({4, 1}, {1, 1, 1, 1}))
      .node("Transpose", {"x"}, "t", {{"perm", Ints{0, 2, 3, 1}}})
      .node("LayerNormalization", {"t", "scale", "shift"}, "n")
      .node("Transpose", {"n"}, "y", {{"perm", Ints{0, 3, 1, 2}}})
      .node("MatMul", {"n", "one"}, "m")
      .node("Transpose", {"m"}, "z", {{"perm", Ints{0, 3, 1, 2}}})
      .output("y")
      .output("z");
  const OnnxModel model = expect_translations(maker, [](const NdArray& x) {
    const NdArray y = doubled_and_raised(standardised(
        x, 1e-5, [](const Ints& a, const Ints& b) { return a[2] == b[2] && a[3] == b[3]; }));
    const NdArray z = generate({1, 1, 5, 3}, [&](const Ints& at) {
      double sum = 0;
      for (std::int64_t i = 0; i < 4; ++i) sum += y({0, i, at[2], at[3]});
      return sum;
    });
    return std::vector<NdArray>{y, z};
  });
  EXPECT_THAT(operations(model), Not(Contains("island")));
}

TEST(OnnxNormalisation, OfNeighbouringChannels) {
  GraphMaker maker(kDims);
  maker
      .node("LRN", {"x"}, "y",
            {{"size", std::int64_t{3}}, {"alpha", 0.5F}, {"beta", 0.75F}, {"bias", 2.0F}})
      .output("y");
  const OnnxModel model = expect_translation(maker, [](const NdArray& x) {
    return generate(x.dims, [&](const Ints& at) {
      double sum = 0;
      for (std::int64_t i = std::max<std::int64_t>(0, at[1] - 1);
           i < std::min<std::int64_t>(4, at[1] + 2); ++i) {
        sum += std::pow(x({0, i, at[2], at[3]}), 2);
      }
      return x(at) * std::pow(2 + 0.5 / 3 * sum, -0.75);
    });
  });
  EXPECT_THAT(operations(model), ElementsAre("activation", "convolution", "elementwise"));
}

TEST(OnnxReductions, AreDivided) {
  for (const std::string op : {"ReduceSum", "ReduceMax", "ReduceMin", "ReduceL2"}) {
    GraphMaker maker(kDims);
    if (op == "ReduceSum") {
      maker.constant("axes", integers({2, 3})).node(op, {"x", "axes"}, "y");
    } else {
      maker.node(op, {"x"}, "y", {{"axes", Ints{-1, 2}}});
    }
    maker.output("y");
    const OnnxModel model = expect_translation(maker, [&](const NdArray& x) {
      return generate({1, 4, 1, 1}, [&](const Ints& at) {
        double sum = 0;
        double squares = 0;
        double most = -9;
        double least = 9;
        for_each_index({5, 3}, [&](const Ints& p) {
          const double value = x({0, at[1], p[0], p[1]});
          sum += value;
          squares += value * value;
          most = std::max(most, value);
          least = std::min(least, value);
        });
        if (op == "ReduceL2") return std::sqrt(squares);
        return op == "ReduceSum" ? sum : op == "ReduceMax" ? most : least;
      });
    });
    EXPECT_THAT(operations(model), Not(Contains("island"))) << op;
  }
}

/// [N, C, L] is a picture of one column.
TEST(OnnxSequences, AreConvolvedAndPooled) {
  GraphMaker maker({1, 3, 12});
  maker.constant("w", random_floats({4, 3, 3}, 1))
      .node("Conv", {"x", "w"}, "c", {{"pads", Ints{1, 1}}, {"strides", Ints{2}}})
      .node("MaxPool", {"c"}, "p", {{"kernel_shape", Ints{2}}, {"strides", Ints{2}}})
      .node("GlobalAveragePool", {"p"}, "y")
      .output("y");
  const NdArray w = nd_array(random_floats({4, 3, 3}, 1));
  const OnnxModel model = expect_translation(maker, [&](const NdArray& x) {
    const NdArray c = generate({1, 4, 6}, [&](const Ints& at) {
      double sum = 0;
      for_each_index({3, 3}, [&](const Ints& tap) {
        const std::int64_t place = 2 * at[2] + tap[1] - 1;
        if (place >= 0) sum += w({at[1], tap[0], tap[1]}) * x({0, tap[0], place, 0});
      });
      return sum;
    });
    return generate({1, 4, 1}, [&](const Ints& at) {
      double sum = 0;
      for (std::int64_t i = 0; i < 6; i += 2) {
        sum += std::max(c({0, at[1], i}), c({0, at[1], i + 1}));
      }
      return sum / 3;
    });
  });
  EXPECT_THAT(operations(model), ElementsAre("convolution", "maxpool", "avgpool"));
}

}  // namespace
}  // namespace vpinfer
