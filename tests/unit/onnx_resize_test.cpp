// Resize and Upsample by ONNX's formulas.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "support/onnx_graphs.hpp"

namespace vpinfer {
namespace {

using testing::HasSubstr;

struct Wanted {
  std::string transform = "half_pixel";
  std::string mode = "nearest";
  std::string rounding = "round_prefer_floor";
  std::vector<double> roi{0, 0, 1, 1};  ///< begin of rows and columns, then their ends
};

/// x_original of ONNX's specification, where scales and all that follows from them are floats.
float original(const Wanted& wanted, std::size_t axis, float at, float size, float outputs,
               float scale) {
  if (scale == 1 && wanted.transform != "tf_crop_and_resize") return at;  // it is not resized
  if (wanted.transform == "half_pixel") return (at + 0.5F) / scale - 0.5F;
  if (wanted.transform == "pytorch_half_pixel") {
    return outputs > 1 ? (at + 0.5F) / scale - 0.5F : 0;
  }
  if (wanted.transform == "align_corners") {
    return outputs == 1 ? 0 : at * (size - 1) / (outputs - 1);
  }
  if (wanted.transform == "asymmetric") return at / scale;
  if (wanted.transform == "tf_half_pixel_for_nn") return (at + 0.5F) / scale;
  const auto begin = static_cast<float>(wanted.roi[axis]);
  const auto end = static_cast<float>(wanted.roi[axis + 2]);
  return outputs > 1 ? begin * (size - 1) + at * (end - begin) * (size - 1) / (outputs - 1)
                     : 0.5F * (begin + end) * (size - 1);
}

NdArray resized(const NdArray& x, const Wanted& wanted, const Ints& extents,
                const std::vector<double>& scales) {
  return generate({1, x.dims[1], extents[0], extents[1]}, [&](const Ints& at) {
    std::vector<std::vector<double>> shares;  // of the inputs along each axis
    for (std::size_t axis : {0U, 1U}) {
      const auto size = static_cast<double>(x.dims[axis + 2]);
      const double place =
          original(wanted, axis, static_cast<float>(at[axis + 2]), static_cast<float>(size),
                   static_cast<float>(extents[axis]), static_cast<float>(scales[axis]));
      if (wanted.transform == "tf_crop_and_resize" && (place < 0 || place > size - 1)) return 9.0;
      std::vector<double> share(static_cast<std::size_t>(size));
      if (wanted.mode == "linear") {
        const double inside = std::clamp(place, 0.0, size - 1);
        for (std::size_t i = 0; i < share.size(); ++i) {
          share[i] = std::max(0.0, 1 - std::abs(inside - static_cast<double>(i)));
        }
      } else {
        double nearest = std::floor(place);
        if (wanted.rounding == "ceil") nearest = std::ceil(place);
        if (wanted.rounding == "round_prefer_floor") nearest = std::ceil(place - 0.500001);
        if (wanted.rounding == "round_prefer_ceil") nearest = std::floor(place + 0.500001);
        share[static_cast<std::size_t>(std::clamp(nearest, 0.0, size - 1))] = 1;
      }
      shares.push_back(share);
    }
    double sum = 0;
    for_each_index({x.dims[2], x.dims[3]}, [&](const Ints& from) {
      sum += shares[0][static_cast<std::size_t>(from[0])] *
             shares[1][static_cast<std::size_t>(from[1])] * x({0, at[1], from[0], from[1]});
    });
    return sum;
  });
}

TEST(OnnxResize, KnowsAllCoordinates) {
  const std::vector<std::string> roundings{"round_prefer_floor", "round_prefer_ceil", "floor",
                                           "ceil"};
  for (const std::string transform : {"half_pixel", "pytorch_half_pixel", "align_corners",
                                      "asymmetric", "tf_half_pixel_for_nn", "tf_crop_and_resize"}) {
    for (std::size_t variant = 0; variant < 5; ++variant) {
      for (const Ints& extents : {Ints{7, 3}, Ints{8, 10}, Ints{1, 5}, Ints{2, 1}}) {
        Wanted wanted{transform, variant == 4 ? "linear" : "nearest", roundings[variant % 4]};
        if (transform == "tf_crop_and_resize") wanted.roi = {0.25, -0.25, 0.75, 1.5};
        std::vector<float> roi{0, 0, 0, 0, 1, 1, 0, 0};
        for (const std::size_t i : {0U, 1U}) {
          roi[i + 2] = static_cast<float>(wanted.roi[i]);
          roi[i + 6] = static_cast<float>(wanted.roi[i + 2]);
        }
        GraphMaker maker({1, 2, 4, 5});
        maker.constant("sizes", integers({1, 2, extents[0], extents[1]}))
            .constant("roi", floats({8}, roi))
            .node("Resize", {"x", "roi", "", "sizes"}, "y",
                  {{"coordinate_transformation_mode", transform},
                   {"mode", wanted.mode},
                   {"nearest_mode", wanted.rounding},
                   {"extrapolation_value", 9.0F}})
            .output("y");
        SCOPED_TRACE(transform + " " + wanted.mode + " " + wanted.rounding + " to " +
                     std::to_string(extents[0]) + " rows");
        expect_translation(maker, [&](const NdArray& x) {
          return resized(
              x, wanted, extents,
              {static_cast<double>(extents[0]) / 4, static_cast<double>(extents[1]) / 5});
        });
      }
    }
  }
}

TEST(OnnxResize, TakesScales) {
  GraphMaker maker({1, 2, 4, 5});
  maker.constant("scales", floats({4}, {1, 1, 1.75F, 0.5F}))
      .node("Resize", {"x", "", "scales"}, "y", {{"mode", std::string("linear")}})
      .output("y");
  expect_translation(maker, [](const NdArray& x) {
    return resized(x, {"half_pixel", "linear"}, {7, 2}, {1.75, 0.5});
  });
}

/// The middle between two columns at (5 + 1/2) / 2.2 - 1/2 is one in floats only: 2.2F is a little
/// more than 2.2.  Each of these scales has such a place.
TEST(OnnxResize, FindsTheNearestInFloats) {
  for (const float scale : {2.2F, 2.3F, 1.1F, 0.7F, 3.4F, 4.6F}) {
    for (const std::string rounding : {"round_prefer_floor", "round_prefer_ceil"}) {
      const std::int64_t size = 23;
      const auto outputs = static_cast<std::int64_t>(std::floor(static_cast<float>(size) * scale));
      GraphMaker maker({1, 1, 1, size});
      maker.constant("scales", floats({4}, {1, 1, 1, scale}))
          .node("Resize", {"x", "", "scales"}, "y", {{"nearest_mode", rounding}})
          .output("y");
      SCOPED_TRACE(rounding + " by " + std::to_string(scale));
      expect_translation(maker, [&](const NdArray& x) {
        return resized(x, {"half_pixel", "nearest", rounding}, {1, outputs},
                       {1, static_cast<double>(scale)});
      });
    }
  }
}

/// ONNX multiplies extents by scales as floats: 0.7 is a little less in binary, 10 * 0.7 is 7.
TEST(OnnxResize, CountsItsOutputsInFloats) {
  GraphMaker maker({1, 2, 10, 20});
  maker.constant("scales", floats({4}, {1, 1, 0.7F, 0.7F}))
      .node("Resize", {"x", "", "scales"}, "y")
      .output("y");
  EXPECT_EQ(maker.translate().network.layer(1).output, (Shape{7, 14, 2}));
}

/// Before operator set 11, places are rounded down where a picture grows, up where it shrinks.
TEST(OnnxResize, RoundedUpToShrinkOnce) {
  const auto maker = [](const std::vector<float>& scales) {
    GraphMaker made({1, 1, 2, 4}, 10);
    made.constant("scales", floats({4}, scales));
    made.node("Resize", {"x", "scales"}, "y");
    made.output("y");
    return made;
  };
  GraphMaker shrinks = maker({1, 1, 0.6F, 0.6F});
  expect_translation(shrinks, [](const NdArray& x) {
    return generate({1, 1, 1, 2}, [&](const Ints& at) { return x({0, 0, 0, 2 * at[3]}); });
  });
  EXPECT_THAT(maker({1, 1, 0.5F, 2}).refusal(), HasSubstr("growing one axis"));
}

TEST(OnnxResize, WasCalledUpsample) {
  for (const std::int64_t opset : {7, 9, 10}) {
    for (const std::string mode : {"nearest", "linear"}) {
      GraphMaker maker({1, 2, 4, 5}, opset);
      const std::vector<float> scales{1, 1, 2, 3};
      maker.constant("scales", floats({4}, scales));
      if (opset == 7) {
        maker.node("Upsample", {"x"}, "y", {{"mode", mode}, {"scales", scales}});
      } else {
        maker.node(opset == 9 ? "Upsample" : "Resize", {"x", "scales"}, "y", {{"mode", mode}});
      }
      SCOPED_TRACE(mode + " of opset " + std::to_string(opset));
      expect_translation(maker.output("y"), [&](const NdArray& x) {
        return resized(x, {"asymmetric", mode, "floor"}, {8, 15}, {2, 3});
      });
    }
  }
}

TEST(OnnxResize, RefusesWhatItWouldMisread) {
  const auto refusal = [](const std::vector<float>& scales,
                          const std::map<std::string, OnnxAttribute>& attributes = {}) {
    GraphMaker maker({1, 2, 4, 5});
    maker.constant("scales", floats({static_cast<std::int64_t>(scales.size())}, scales));
    return maker.node("Resize", {"x", "", "scales"}, "y", attributes).output("y").refusal();
  };
  EXPECT_THAT(refusal({2, 2}), HasSubstr("do not suit"));
  EXPECT_THAT(refusal({}), HasSubstr("scales or sizes"));
  EXPECT_THAT(refusal({1, 1, 0.1F, 1}), HasSubstr("empty"));
  EXPECT_THAT(refusal({1, 1, -1, 1}), HasSubstr("empty"));
  EXPECT_THAT(refusal({1, 1, 2, 2}, {{"nearest_mode", std::string("up")}}), HasSubstr("up"));
}

TEST(OnnxResize, OfChannelsIsAnIsland) {
  GraphMaker maker({1, 2, 4, 5});
  maker.constant("scales", floats({4}, {1, 2, 1, 1}))
      .node("Resize", {"x", "", "scales"}, "y",
            {{"coordinate_transformation_mode", std::string("asymmetric")}})
      .output("y");
  expect_translation(maker, [](const NdArray& x) {
    return generate({1, 4, 4, 5}, [&](const Ints& at) {
      return x({0, at[1] == 0 ? 0 : at[1] < 3 ? (at[1] == 1 ? 0 : 1) : 1, at[2], at[3]});
    });
  });
}

TEST(OnnxResize, RefusesARegionThatFloatsCannotHold) {
  GraphMaker maker({1, 2, 4, 5});
  maker.constant("roi", floats({8}, {0, 0, -3e38F, 0, 1, 1, 3e38F, 1}));
  maker.constant("scales", floats({4}, {1, 1, 2, 2}));
  maker.node("Resize", {"x", "roi", "scales"}, "y",
             {{"coordinate_transformation_mode", std::string("tf_crop_and_resize")}});
  EXPECT_THAT(maker.output("y").refusal(), HasSubstr("scale must be a number"));
}

TEST(OnnxBlocks, BecomeChannelsAndBack) {
  for (const std::string op : {"SpaceToDepth", "DCR", "CRD"}) {
    GraphMaker maker(op == "SpaceToDepth" ? Ints{1, 3, 4, 6} : Ints{1, 12, 2, 3});
    std::map<std::string, OnnxAttribute> attributes{{"blocksize", std::int64_t{2}}};
    if (op != "SpaceToDepth") attributes["mode"] = op;
    maker.node(op == "SpaceToDepth" ? op : "DepthToSpace", {"x"}, "y", attributes).output("y");
    SCOPED_TRACE(op);
    expect_translation(maker, [&](const NdArray& x) {
      if (op == "SpaceToDepth") {
        return generate({1, 12, 2, 3}, [&](const Ints& at) {
          const std::int64_t pixel = at[1] / 3;
          return x({0, at[1] % 3, 2 * at[2] + pixel / 2, 2 * at[3] + pixel % 2});
        });
      }
      return generate({1, 3, 4, 6}, [&](const Ints& at) {
        const std::int64_t pixel = at[2] % 2 * 2 + at[3] % 2;
        return x({0, op == "DCR" ? pixel * 3 + at[1] : at[1] * 4 + pixel, at[2] / 2, at[3] / 2});
      });
    });
  }
}

TEST(OnnxBlocks, AsPyTorchSpellsThem) {
  GraphMaker maker({1, 12, 4, 5});
  maker.constant("six", integers({1, 3, 2, 2, 4, 5}))
      .constant("four", integers({1, 3, 8, 10}))
      .node("Reshape", {"x", "six"}, "r")
      .node("Transpose", {"r"}, "t", {{"perm", Ints{0, 1, 4, 2, 5, 3}}})
      .node("Reshape", {"t", "four"}, "y")
      .output("y");
  expect_translation(maker, [](const NdArray& x) {
    return generate({1, 3, 8, 10}, [&](const Ints& at) {
      return x({0, at[1] * 4 + at[2] % 2 * 2 + at[3] % 2, at[2] / 2, at[3] / 2});
    });
  });
  maker.graph().nodes[1].attributes["perm"] = Ints{0, 1, 4, 3, 5, 2};  // columns of blocks first
  expect_translation(maker, [](const NdArray& x) {
    return generate({1, 3, 8, 10}, [&](const Ints& at) {
      return x({0, at[1] * 4 + at[3] % 2 * 2 + at[2] % 2, at[2] / 2, at[3] / 2});
    });
  });
}

/// A single row looks the same in several orders of axes until its blocks become more rows.
TEST(OnnxBlocks, OfARowThatWasTransposed) {
  const OnnxTensor w = random_floats({60, 2}, 1);
  GraphMaker maker({1, 12, 1, 5});
  maker.constant("six", integers({1, 3, 2, 2, 1, 5}))
      .constant("two", integers({1, 60}))
      .constant("w", w)
      .node("Transpose", {"x"}, "turned", {{"perm", Ints{0, 2, 1, 3}}})
      .node("Reshape", {"turned", "six"}, "r")
      .node("Transpose", {"r"}, "t", {{"perm", Ints{0, 1, 4, 2, 5, 3}}})
      .node("Reshape", {"t", "two"}, "f")
      .node("MatMul", {"f", "w"}, "y")
      .output("y");
  expect_translation(maker, [&](const NdArray& x) {
    const NdArray t = generate({1, 3, 2, 10}, [&](const Ints& at) {
      return x({0, at[1] * 4 + at[2] * 2 + at[3] % 2, 0, at[3] / 2});
    });
    return generate({1, 2}, [&](const Ints& at) {
      double sum = 0;
      for (std::int64_t k = 0; k < 60; ++k) {
        sum += t.values[static_cast<std::size_t>(k)] * nd_array(w)({k, at[1]});
      }
      return sum;
    });
  });
}

/// The weight of an input so far from an output (Keys, 1981), with coefficient -0.75.
double cubic_weight(double distance) {
  const double d = std::abs(distance);
  if (d <= 1) return (1.25 * d - 2.25) * d * d + 1;
  return d < 2 ? ((-0.75 * d + 3.75) * d - 6) * d + 3 : 0;
}

TEST(OnnxResize, EnlargesByCubicsAsConvolutions) {
  GraphMaker maker({1, 2, 4, 3});
  maker.constant("roi", floats({0}, {}))
      .constant("scales", floats({4}, {1, 1, 2, 3}))
      .node("Resize", {"x", "roi", "scales"}, "y", {{"mode", std::string("cubic")}})
      .output("y");
  const OnnxModel model = expect_translation(maker, [](const NdArray& x) {
    return generate({1, 2, 8, 9}, [&](const Ints& at) {
      const double row = (static_cast<double>(at[2]) + 0.5) / 2 - 0.5;
      const double col = (static_cast<double>(at[3]) + 0.5) / 3 - 0.5;
      double sum = 0;
      for (std::int64_t r = -3; r < 7; ++r) {
        for (std::int64_t c = -3; c < 6; ++c) {
          sum +=
              cubic_weight(row - static_cast<double>(r)) *
              cubic_weight(col - static_cast<double>(c)) *
              x({0, at[1], std::clamp<std::int64_t>(r, 0, 3), std::clamp<std::int64_t>(c, 0, 2)});
        }
      }
      return sum;
    });
  });
  EXPECT_THAT(operations(model), testing::Not(testing::Contains("island")));
}

}  // namespace
}  // namespace vpinfer
