// Operators that move elements: joining, cutting, padding, resizing, transposing, and softmaxes
// along the axes that are left.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "support/onnx_graphs.hpp"

namespace vpinfer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(OnnxConcat, JoinsPicturesAndConstantsAlongAnyAxis) {
  for (std::int64_t axis : {1, 2, 3, -1}) {
    for (const bool constant_first : {false, true}) {
      const std::size_t along = static_cast<std::size_t>(axis < 0 ? 3 : axis);
      Ints dims{1, 3, 4, 5};
      dims[along] = 2;
      const OnnxTensor c = random_floats(dims, 1);
      GraphMaker maker({1, 3, 4, 5});
      maker.constant("c", c)
          .node("Neg", {"x"}, "n")
          .node("Concat",
                constant_first ? std::vector<std::string>{"c", "n", "x"}
                               : std::vector<std::string>{"n", "x", "c"},
                "y", {{"axis", axis}})
          .output("y");
      expect_translation(maker, [&](const NdArray& x) {
        const std::int64_t size = x.dims[along];
        Ints all = x.dims;
        all[along] = 2 * size + 2;
        return generate(all, [&](const Ints& at) {
          Ints from = at;
          std::int64_t& place = from[along];
          const std::int64_t begin = constant_first ? 0 : 2 * size;
          if (place >= begin && place < begin + 2) {
            place -= begin;
            return nd_array(c)(from);
          }
          if (constant_first) place -= 2;
          const bool second = place >= size;
          place %= size;
          return second ? x(from) : -x(from);
        });
      });
    }
  }
}

TEST(OnnxConcat, RefusesWhatDoesNotFit) {
  const auto refusal = [](const Ints& dims, std::int64_t axis) {
    GraphMaker maker({1, 3, 4, 5});
    maker.constant("dims", integers(dims)).node("Reshape", {"x", "dims"}, "r");
    return maker.node("Concat", {"x", "r"}, "y", {{"axis", axis}}).output("y").refusal();
  };
  EXPECT_THAT(refusal({1, 60}, 1), HasSubstr("different ranks"));
  EXPECT_THAT(refusal({1, 5, 4, 3}, 1), HasSubstr("cannot join"));
  EXPECT_THAT(refusal({1, 3, 4, 5}, 4), HasSubstr("axis 4"));
  GraphMaker sizes({1, 3, 4, 5});
  sizes.node("MaxPool", {"x"}, "p", {{"kernel_shape", Ints{2, 2}}})
      .node("Concat", {"x", "p"}, "y", {{"axis", std::int64_t{1}}})
      .output("y");
  EXPECT_THAT(sizes.refusal(), HasSubstr("node 'y' (Concat)"));
}

TEST(OnnxSplit, TakesSizesOrEqualParts) {
  for (std::int64_t axis : {1, 2, 3, -2}) {
    for (const std::int64_t opset : {11, 13}) {
      for (const bool equal : {false, true}) {
        const std::size_t along = static_cast<std::size_t>(axis < 0 ? axis + 4 : axis);
        const Ints sizes = equal ? Ints{2, 2, 2} : Ints{3, 1, 2};
        GraphMaker maker({1, 6, 6, 6}, opset);
        maker.constant("sizes", integers(sizes));
        std::map<std::string, OnnxAttribute> attributes{{"axis", axis}};
        if (!equal && opset == 11) attributes["split"] = sizes;
        maker.node_of("Split",
                      equal || opset == 11 ? std::vector<std::string>{"x"}
                                           : std::vector<std::string>{"x", "sizes"},
                      {"a", "", "c"}, attributes);
        maker.output("a").output("c");
        expect_translations(maker, [&](const NdArray& x) {
          const auto part = [&](std::int64_t begin, std::int64_t size) {
            Ints dims = x.dims;
            dims[along] = size;
            return generate(dims, [&](Ints at) {
              at[along] += begin;
              return x(at);
            });
          };
          return std::vector<NdArray>{part(0, sizes[0]), part(sizes[0] + sizes[1], sizes[2])};
        });
      }
    }
  }
  GraphMaker wrong({1, 6, 6, 6});
  wrong.constant("sizes", integers({3, 2}))
      .node_of("Split", {"x", "sizes"}, {"a", "b"}, {{"axis", std::int64_t{1}}})
      .output("a");
  EXPECT_THAT(wrong.refusal(), HasSubstr("do not add up"));
  EXPECT_THAT(wrong.constant("sizes", integers({7, -1})).refusal(), HasSubstr("do not add up"));
}

TEST(OnnxSlice, TakesAnySteps) {
  struct Case {
    std::int64_t start;
    std::int64_t end;
    std::int64_t step;
    Ints taken;  ///< of 7
  };
  constexpr std::int64_t kEnd = std::numeric_limits<std::int64_t>::max();
  const std::vector<Case> cases{{1, 4, 1, {1, 2, 3}},
                                {-3, kEnd, 1, {4, 5, 6}},
                                {0, 100, 3, {0, 3, 6}},
                                {-100, -4, 2, {0, 2}},
                                {-1, -kEnd - 1, -1, {6, 5, 4, 3, 2, 1, 0}},
                                {100, 1, -2, {6, 4, 2}},
                                {5, -6, -3, {5, 2}},
                                {2, 3, kEnd, {2}},
                                {2, -100, -kEnd, {2}}};
  for (const Case& c : cases) {
    for (std::size_t axis : {1U, 2U, 3U}) {
      for (const std::int64_t opset : {9, 13}) {
        if (opset == 9 && c.step != 1) continue;
        GraphMaker maker({1, 7, 7, 7}, opset);
        const auto position = static_cast<std::int64_t>(axis);
        if (opset == 9) {
          maker.node("Slice", {"x"}, "y",
                     {{"starts", Ints{c.start}}, {"ends", Ints{c.end}}, {"axes", Ints{position}}});
        } else {
          maker.constant("starts", integers({c.start}))
              .constant("ends", integers({c.end}))
              .constant("axes", integers({position - 4}))
              .constant("steps", integers({c.step}))
              .node("Slice", {"x", "starts", "ends", "axes", "steps"}, "y");
        }
        SCOPED_TRACE("from " + std::to_string(c.start) + " by " + std::to_string(c.step));
        expect_translation(maker.output("y"), [&](const NdArray& x) {
          Ints dims = x.dims;
          dims[axis] = static_cast<std::int64_t>(c.taken.size());
          return generate(dims, [&](Ints at) {
            at[axis] = c.taken[static_cast<std::size_t>(at[axis])];
            return x(at);
          });
        });
      }
    }
  }
}

TEST(OnnxSlice, RefusesNothingAndBatches) {
  const auto refusal = [](std::int64_t start, std::int64_t axis, std::int64_t step) {
    GraphMaker maker({2, 7, 7, 7});
    maker.constant("starts", integers({start}))
        .constant("ends", integers({1}))
        .constant("axes", integers({axis}))
        .constant("steps", integers({step}))
        .node("Slice", {"x", "starts", "ends", "axes", "steps"}, "y");
    return maker.output("y").refusal();
  };
  EXPECT_THAT(refusal(3, 1, 1), HasSubstr("empty"));
  EXPECT_THAT(refusal(0, 1, 0), HasSubstr("step of 0"));
  EXPECT_THAT(refusal(0, 0, 1), HasSubstr("batch"));
}

TEST(OnnxPad, FillsMirrorsAndRepeats) {
  for (const std::string mode : {"constant", "edge", "reflect"}) {
    for (const std::int64_t opset : {10, 13}) {
      const Ints pads{0, 1, 2, 0, 0, 0, 1, 3};
      GraphMaker maker({1, 2, 4, 5}, opset);
      if (opset == 10) {
        maker.node("Pad", {"x"}, "y", {{"mode", mode}, {"pads", pads}, {"value", 7.0F}});
      } else {
        maker.constant("pads", integers(pads))
            .constant("value", floats({}, {7}))
            .node("Pad", {"x", "pads", "value"}, "y", {{"mode", mode}});
      }
      SCOPED_TRACE(mode);
      expect_translation(maker.output("y"), [&](const NdArray& x) {
        return generate({1, 3, 7, 8}, [&](Ints at) {
          for (std::size_t axis = 0; axis < 4; ++axis) {
            const std::int64_t last = x.dims[axis] - 1;
            std::int64_t& place = at[axis];
            place -= pads[axis];
            if (mode == "edge") place = std::clamp<std::int64_t>(place, 0, last);
            if (mode == "reflect") place = place < 0 ? -place : std::min(place, 2 * last - place);
          }
          return x.has(at) ? x(at) : 7;
        });
      });
    }
  }
}

/// Read by a convolution, which takes it as padding, by another operator, and as an output.
TEST(OnnxPad, ServesAllItsReaders) {
  GraphMaker maker({1, 1, 3, 4});
  maker.constant("pads", integers({0, 0, 1, 0, 0, 0, 0, 2}))
      .constant("w", floats({1, 1, 1, 1}, {3}))
      .node("Pad", {"x", "pads"}, "p")
      .node("Conv", {"p", "w"}, "c")
      .node("Sigmoid", {"p"}, "s")
      .output("c")
      .output("s")
      .output("p");
  expect_translations(maker, [](const NdArray& x) {
    const auto padded = [&](const auto& function) {
      return generate({1, 1, 4, 6}, [&](const Ints& at) {
        const Ints from{0, 0, at[2] - 1, at[3]};
        return function(x.has(from) ? x(from) : 0);
      });
    };
    return std::vector<NdArray>{padded([](double v) { return 3 * v; }),
                                padded([](double v) { return 1 / (1 + std::exp(-v)); }),
                                padded([](double v) { return v; })};
  });
}

/// A picture of one pixel looks the same in every order of its axes until it is padded.
TEST(OnnxPad, OfAPixelThatWasTransposed) {
  const OnnxTensor w = random_floats({18, 2}, 1);
  GraphMaker maker({1, 2, 4, 5});
  maker.constant("pads", integers({0, 0, 1, 1, 0, 0, 1, 1}))
      .constant("dims", integers({1, 2, 1, 1}))
      .constant("w", w)
      .node("GlobalMaxPool", {"x"}, "g")
      .node("Transpose", {"g"}, "t", {{"perm", Ints{0, 2, 3, 1}}})
      .node("Reshape", {"t", "dims"}, "r")
      .node("Pad", {"r", "pads"}, "p")
      .node("Flatten", {"p"}, "f")
      .node("MatMul", {"f", "w"}, "y")
      .output("y");
  expect_translation(maker, [&](const NdArray& x) {
    return generate({1, 2}, [&](const Ints& at) {
      double sum = 0;
      for (std::int64_t c = 0; c < 2; ++c) {
        double largest = -1;
        for_each_index({4, 5}, [&](const Ints& p) {
          largest = std::max(largest, x({0, c, p[0], p[1]}));
        });
        sum += largest * nd_array(w)({c * 9 + 4, at[1]});
      }
      return sum;
    });
  });
}

TEST(OnnxTranspose, MakesPicturesOfChannelsLast) {
  GraphMaker maker({1, 8, 6, 3});
  maker.node("Transpose", {"x"}, "t", {{"perm", Ints{0, 3, 1, 2}}})
      .node("Neg", {"t"}, "n")
      .constant("c", random_floats({3, 1, 1}, 1))
      .node("Add", {"n", "c"}, "y")
      .output("y");
  const OnnxTensor c = random_floats({3, 1, 1}, 1);
  expect_translation(maker, [&](const NdArray& x) {
    return generate({1, 3, 8, 6}, [&](const Ints& at) { return nd_array(c)(at) - x(at); });
  });
}

/// Without adding a layer: the fully connected one reads in the order that it is given.
TEST(OnnxTranspose, IsNoLayerBeforeAFullyConnectedOne) {
  const std::vector<Ints> orders{{0, 1, 2, 3}, {0, 2, 3, 1}, {0, 3, 2, 1}, {0, 2, 1, 3}};
  const OnnxTensor w = random_floats({60, 4}, 1);
  for (const Ints& perm : orders) {
    GraphMaker maker({1, 3, 4, 5});
    maker.constant("w", w)
        .constant("dims", integers({0, -1}))
        .node("Transpose", {"x"}, "t", {{"perm", perm}})
        .node("Reshape", {"t", "dims"}, "f")
        .node("MatMul", {"f", "w"}, "m")
        .node("Relu", {"m"}, "y")
        .output("y");
    const OnnxModel model = expect_translation(maker, [&](const NdArray& x) {
      Ints dims;
      for (const std::int64_t axis : perm) dims.push_back(x.dims[static_cast<std::size_t>(axis)]);
      const NdArray t = generate(dims, [&](const Ints& at) {
        Ints from(4);
        for (std::size_t i = 0; i < 4; ++i) from[static_cast<std::size_t>(perm[i])] = at[i];
        return x(from);
      });
      return generate({1, 4}, [&](const Ints& at) {
        double sum = 0;
        for (std::int64_t k = 0; k < 60; ++k) {
          sum += t.values[static_cast<std::size_t>(k)] * nd_array(w)({k, at[1]});
        }
        return std::max(sum, 0.0);
      });
    });
    EXPECT_THAT(operations(model), ElementsAre("convolution"));
  }
}

TEST(OnnxSoftmax, IsOverOneAxisSinceOpset13) {
  const auto expect = [](std::int64_t opset, std::int64_t axis, const Ints& over) {
    GraphMaker maker({1, 3, 4, 5}, opset);
    maker.node("Softmax", {"x"}, "y", {{"axis", axis}}).output("y");
    SCOPED_TRACE("opset " + std::to_string(opset) + ", axis " + std::to_string(axis));
    expect_translation(maker, [&](const NdArray& x) {
      return generate(x.dims, [&](const Ints& at) {
        double sum = 0;
        for_each_index(
            {over[0] != 0 ? 3 : 1, over[1] != 0 ? 4 : 1, over[2] != 0 ? 5 : 1}, [&](const Ints& p) {
              sum += std::exp(x({0, over[0] != 0 ? p[0] : at[1], over[1] != 0 ? p[1] : at[2],
                                 over[2] != 0 ? p[2] : at[3]}));
            });
        return std::exp(x(at)) / sum;
      });
    });
  };
  expect(13, 1, {1, 0, 0});
  expect(13, 2, {0, 1, 0});
  expect(13, -1, {0, 0, 1});
  expect(12, 1, {1, 1, 1});
  expect(12, 3, {0, 0, 1});
  expect(12, 2, {0, 1, 1});
}

/// Rows of a matrix that is no batch of pictures are softmaxes of their own.
TEST(OnnxSoftmax, DoesNotTakeRowsForPictures) {
  for (const std::int64_t opset : {12, 13}) {
    GraphMaker maker({1, 3, 4, 5}, opset);
    maker.constant("dims", integers({3, 20}))
        .node("Reshape", {"x", "dims"}, "r")
        .node("Softmax", {"r"}, "y", {{"axis", std::int64_t{1}}})
        .output("y");
    expect_translation(maker, [](const NdArray& x) {
      return generate(x.dims, [&](const Ints& at) {
        double sum = 0;
        for_each_index({4, 5}, [&](const Ints& p) {
          sum += std::exp(x({0, at[1], p[0], p[1]}) - x(at));
        });
        return 1 / sum;
      });
    });
  }
}

}  // namespace
}  // namespace vpinfer
