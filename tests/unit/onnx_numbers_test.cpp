// Translated networks give what ONNX's specification says, evaluated here by plain loops.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "support/onnx_graphs.hpp"
#include "support/random.hpp"

namespace vpinfer {
namespace {

/// [channels][rows][cols].
struct Planes {
  int channels = 0;
  int rows = 0;
  int cols = 0;
  std::vector<double> values{};

  Planes(int its_channels, int its_rows, int its_cols)
      : channels(its_channels),
        rows(its_rows),
        cols(its_cols),
        values(static_cast<std::size_t>(channels * rows * cols)) {}

  double& at(int channel, int row, int col) {
    return values[static_cast<std::size_t>((channel * rows + row) * cols + col)];
  }
};

void expect_near(const std::vector<float>& actual, const std::vector<double>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    ASSERT_NEAR(static_cast<double>(actual[i]), expected[i], 1e-4 * (1 + std::abs(expected[i])))
        << "element " << i;
  }
}

/// What the operators of a convolution have in common; two numbers are those of rows and columns.
struct ConvolutionCase {
  Ints kernel;
  Ints strides;
  Ints dilations;
  Ints pads;  ///< before rows, before columns, after rows, after columns
  int groups = 1;

  explicit ConvolutionCase(Random& random)
      : kernel{random.between(1, 4), random.between(1, 4)},
        strides{random.between(1, 3), random.between(1, 3)},
        dilations{random.between(1, 2), random.between(1, 2)},
        groups(random.chance(50) ? 1 : 2) {
    for (int i = 0; i < 4; ++i)
      pads.push_back(
          random.between(0, static_cast<int>(kernel[static_cast<std::size_t>(i % 2)]) - 1));
  }

  [[nodiscard]] std::map<std::string, OnnxAttribute> attributes() const {
    return {{"kernel_shape", kernel},
            {"strides", strides},
            {"dilations", dilations},
            {"pads", pads},
            {"group", std::int64_t{groups}}};
  }
  [[nodiscard]] int number(const Ints& list, std::size_t index) const {
    return static_cast<int>(list[index]);
  }
  [[nodiscard]] int reach(std::size_t axis) const {
    return (number(kernel, axis) - 1) * number(dilations, axis) + 1;
  }
};

constexpr int kChannels = 4;
constexpr int kFilters = 6;
constexpr int kRows = 9;
constexpr int kCols = 8;

Planes planes_of(const std::vector<float>& input) {
  Planes planes(kChannels, kRows, kCols);
  std::copy(input.begin(), input.end(), planes.values.begin());
  return planes;
}

TEST(OnnxNumbers, OfConvolutions) {
  for (std::uint32_t seed = 0; seed < 60; ++seed) {
    Random random(seed);
    const ConvolutionCase c(random);
    const int per_group = kChannels / c.groups;
    const OnnxTensor filters =
        random_floats({kFilters, per_group, c.kernel[0], c.kernel[1]}, seed + 1);
    const OnnxTensor biases = random_floats({kFilters}, seed + 2);
    const OnnxModel model = GraphMaker({1, kChannels, kRows, kCols})
                                .constant("w", filters)
                                .constant("b", biases)
                                .node("Conv", {"x", "w", "b"}, "y", c.attributes())
                                .output("y")
                                .translate();
    std::vector<float> input;
    const std::vector<float> actual = run_translated(model, seed, input);
    Planes in = planes_of(input);
    const auto extent = [&](std::size_t axis, int size) {
      return (size + c.number(c.pads, axis) + c.number(c.pads, axis + 2) - c.reach(axis)) /
                 c.number(c.strides, axis) +
             1;
    };
    Planes out(kFilters, extent(0, kRows), extent(1, kCols));
    for (int filter = 0; filter < kFilters; ++filter) {
      for (int row = 0; row < out.rows; ++row) {
        for (int col = 0; col < out.cols; ++col) {
          double sum = static_cast<double>(biases.floats()[static_cast<std::size_t>(filter)]);
          for (int i = 0; i < per_group; ++i) {
            for (int k = 0; k < c.number(c.kernel, 0); ++k) {
              for (int l = 0; l < c.number(c.kernel, 1); ++l) {
                const int r = row * c.number(c.strides, 0) - c.number(c.pads, 0) +
                              k * c.number(c.dilations, 0);
                const int s = col * c.number(c.strides, 1) - c.number(c.pads, 1) +
                              l * c.number(c.dilations, 1);
                if (r < 0 || r >= kRows || s < 0 || s >= kCols) continue;
                const int channel = filter / (kFilters / c.groups) * per_group + i;
                const int index =
                    ((filter * per_group + i) * c.number(c.kernel, 0) + k) * c.number(c.kernel, 1) +
                    l;
                sum += in.at(channel, r, s) *
                       static_cast<double>(filters.floats()[static_cast<std::size_t>(index)]);
              }
            }
          }
          out.at(filter, row, col) = sum;
        }
      }
    }
    SCOPED_TRACE("seed " + std::to_string(seed));
    expect_near(actual, out.values);
  }
}

/// By its definition: every input adds its share to the outputs that it reaches.
TEST(OnnxNumbers, OfTransposedConvolutions) {
  for (std::uint32_t seed = 0; seed < 60; ++seed) {
    Random random(seed);
    const ConvolutionCase c(random);
    const Ints extra{random.between(0, c.number(c.strides, 0) - 1),
                     random.between(0, c.number(c.strides, 1) - 1)};
    const int filters_per_group = kFilters / c.groups;
    const OnnxTensor filters =
        random_floats({kChannels, filters_per_group, c.kernel[0], c.kernel[1]}, seed + 1);
    auto attributes = c.attributes();
    attributes["output_padding"] = extra;
    const OnnxModel model = GraphMaker({1, kChannels, kRows, kCols})
                                .constant("w", filters)
                                .node("ConvTranspose", {"x", "w"}, "y", attributes)
                                .output("y")
                                .translate();
    std::vector<float> input;
    const std::vector<float> actual = run_translated(model, seed, input);
    Planes in = planes_of(input);
    const auto extent = [&](std::size_t axis, int size) {
      return (size - 1) * c.number(c.strides, axis) + c.reach(axis) + c.number(extra, axis) -
             c.number(c.pads, axis) - c.number(c.pads, axis + 2);
    };
    Planes out(kFilters, extent(0, kRows), extent(1, kCols));
    for (int channel = 0; channel < kChannels; ++channel) {
      const int group = channel / (kChannels / c.groups);
      for (int j = 0; j < filters_per_group; ++j) {
        for (int row = 0; row < kRows; ++row) {
          for (int col = 0; col < kCols; ++col) {
            for (int k = 0; k < c.number(c.kernel, 0); ++k) {
              for (int l = 0; l < c.number(c.kernel, 1); ++l) {
                const int r = row * c.number(c.strides, 0) + k * c.number(c.dilations, 0) -
                              c.number(c.pads, 0);
                const int s = col * c.number(c.strides, 1) + l * c.number(c.dilations, 1) -
                              c.number(c.pads, 1);
                if (r < 0 || r >= out.rows || s < 0 || s >= out.cols) continue;
                const int index = ((channel * filters_per_group + j) * c.number(c.kernel, 0) + k) *
                                      c.number(c.kernel, 1) +
                                  l;
                out.at(group * filters_per_group + j, r, s) +=
                    in.at(channel, row, col) *
                    static_cast<double>(filters.floats()[static_cast<std::size_t>(index)]);
              }
            }
          }
        }
      }
    }
    SCOPED_TRACE("seed " + std::to_string(seed));
    expect_near(actual, out.values);
  }
}

/// Flattened in ONNX's order, whether NCHW or, behind a transposition, NHWC.
TEST(OnnxNumbers, OfFullyConnectedLayers) {
  for (const bool channels_last : {false, true}) {
    const int inputs = kChannels * kRows * kCols;
    const OnnxTensor matrix = random_floats({3, inputs}, 5);
    GraphMaker maker({1, kChannels, kRows, kCols});
    maker.constant("w", matrix).constant("b", floats({3}, {0.5F, -1, 2}));
    if (channels_last) maker.node("Transpose", {"x"}, "t", {{"perm", Ints{0, 2, 3, 1}}});
    maker.node("Flatten", {channels_last ? "t" : "x"}, "f")
        .node("Gemm", {"f", "w", "b"}, "y",
              {{"transB", std::int64_t{1}}, {"alpha", 0.5F}, {"beta", 2.0F}})
        .output("y");
    std::vector<float> input;
    const std::vector<float> actual = run_translated(maker.translate(), 7, input);
    Planes in = planes_of(input);
    std::vector<double> expected{1, -2, 4};
    for (std::size_t output = 0; output < 3; ++output) {
      int k = 0;
      const auto add = [&](int channel, int row, int col) {
        const std::size_t at =
            output * static_cast<std::size_t>(inputs) + static_cast<std::size_t>(k++);
        expected[output] +=
            0.5 * static_cast<double>(matrix.floats()[at]) * in.at(channel, row, col);
      };
      if (channels_last) {
        for (int row = 0; row < kRows; ++row) {
          for (int col = 0; col < kCols; ++col) {
            for (int channel = 0; channel < kChannels; ++channel) add(channel, row, col);
          }
        }
      } else {
        for (int channel = 0; channel < kChannels; ++channel) {
          for (int row = 0; row < kRows; ++row) {
            for (int col = 0; col < kCols; ++col) add(channel, row, col);
          }
        }
      }
    }
    expect_near(actual, expected);
  }
}

/// y = function(x, c) for constants of several shapes, in both orders.
TEST(OnnxNumbers, OfConstantsBesideThePicture) {
  const std::vector<Ints> shapes{{},      {1},        {kChannels, 1, 1}, {1, kChannels, 1, 1},
                                 {kCols}, {kRows, 1}, {1, kRows, kCols}, {kChannels, kRows, kCols}};
  for (const std::string op : {"Add", "Sub", "Mul", "Div", "Max", "Min"}) {
    for (const Ints& dims : shapes) {
      for (const bool constant_first : {false, true}) {
        OnnxTensor constant = random_floats(dims, 3);
        for (float& value : std::get<0>(constant.values)) value += value < 0 ? -0.5F : 0.5F;
        const std::vector<std::string> inputs = constant_first ? std::vector<std::string>{"c", "x"}
                                                               : std::vector<std::string>{"x", "c"};
        std::vector<float> input;
        const std::vector<float> actual = run_translated(GraphMaker({1, kChannels, kRows, kCols})
                                                             .constant("c", constant)
                                                             .node(op, inputs, "y")
                                                             .output("y")
                                                             .translate(),
                                                         1, input);
        Ints aligned = dims;
        while (aligned.size() < 4) aligned.insert(aligned.begin(), 1);
        std::vector<double> expected;
        for (int channel = 0; channel < kChannels; ++channel) {
          for (int row = 0; row < kRows; ++row) {
            for (int col = 0; col < kCols; ++col) {
              const std::int64_t at =
                  ((aligned[1] > 1 ? channel : 0) * aligned[2] + (aligned[2] > 1 ? row : 0)) *
                      aligned[3] +
                  (aligned[3] > 1 ? col : 0);
              const double c = static_cast<double>(constant.floats()[static_cast<std::size_t>(at)]);
              const double x = static_cast<double>(input[expected.size()]);
              const double a = constant_first ? c : x;
              const double b = constant_first ? x : c;
              expected.push_back(op == "Add"   ? a + b
                                 : op == "Sub" ? a - b
                                 : op == "Mul" ? a * b
                                 : op == "Div" ? a / b
                                 : op == "Max" ? std::max(a, b)
                                               : std::min(a, b));
            }
          }
        }
        SCOPED_TRACE(op + " with a constant of rank " + std::to_string(dims.size()));
        // Division by numbers near 0 magnifies the rounding of the picture.
        if (op == "Div" && constant_first) {
          for (double& value : expected) value = std::clamp(value, -1e3, 1e3);
          std::vector<float> clamped = actual;
          for (float& value : clamped) value = std::clamp(value, -1e3F, 1e3F);
          expect_near(clamped, expected);
        } else {
          expect_near(actual, expected);
        }
      }
    }
  }
}

}  // namespace
}  // namespace vpinfer
