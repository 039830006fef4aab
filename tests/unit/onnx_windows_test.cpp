// Sliding windows of ONNX's operators: automatic padding, margins that become part of a
// convolution, transposed convolutions to a given shape, pooling.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "support/onnx_graphs.hpp"
#include "support/random.hpp"

namespace vpinfer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// A two-dimensional window by ONNX's attributes; pads are before rows, before columns, after both.
struct Frame {
  Ints kernel{3, 3};
  Ints strides{1, 1};
  Ints dilations{1, 1};
  Ints pads{0, 0, 0, 0};

  [[nodiscard]] std::int64_t reach(std::size_t axis) const {
    return (kernel[axis] - 1) * dilations[axis] + 1;
  }
  [[nodiscard]] std::int64_t outputs(std::size_t axis, std::int64_t size) const {
    return (size + pads[axis] + pads[axis + 2] - reach(axis)) / strides[axis] + 1;
  }
  /// Where tap `tap` of output `at` lies in the input.
  [[nodiscard]] std::int64_t source(std::size_t axis, std::int64_t at, std::int64_t tap) const {
    return at * strides[axis] - pads[axis] + tap * dilations[axis];
  }
  [[nodiscard]] std::map<std::string, OnnxAttribute> attributes() const {
    return {
        {"kernel_shape", kernel}, {"strides", strides}, {"dilations", dilations}, {"pads", pads}};
  }
};

/// Conv without groups, by its definition.
NdArray convolve(const NdArray& x, const NdArray& w, const Frame& f) {
  const Ints dims{1, w.dims[0], f.outputs(0, x.dims[2]), f.outputs(1, x.dims[3])};
  return generate(dims, [&](const Ints& at) {
    double sum = 0;
    for_each_index({w.dims[1], w.dims[2], w.dims[3]}, [&](const Ints& tap) {
      const Ints from{0, tap[0], f.source(0, at[2], tap[1]), f.source(1, at[3], tap[2])};
      if (x.has(from)) sum += x(from) * w({at[1], tap[0], tap[1], tap[2]});
    });
    return sum;
  });
}

/// ConvTranspose by its definition, into an output of the given extents.
NdArray scatter(const NdArray& x, const NdArray& w, const Frame& f, std::int64_t groups,
                const Ints& extents) {
  NdArray y =
      generate({1, w.dims[1] * groups, extents[0], extents[1]}, [](const Ints&) { return 0.0; });
  for_each_index(x.dims, [&](const Ints& at) {
    const std::int64_t group = at[1] / (x.dims[1] / groups);
    for_each_index({w.dims[1], w.dims[2], w.dims[3]}, [&](const Ints& tap) {
      const Ints to{0, group * w.dims[1] + tap[0],
                    at[2] * f.strides[0] + tap[1] * f.dilations[0] - f.pads[0],
                    at[3] * f.strides[1] + tap[2] * f.dilations[1] - f.pads[1]};
      if (!y.has(to)) return;
      const std::int64_t place = (to[1] * extents[0] + to[2]) * extents[1] + to[3];
      y.values[static_cast<std::size_t>(place)] += x(at) * w({at[1], tap[0], tap[1], tap[2]});
    });
  });
  return y;
}

/// SAME of a convolution: as many outputs as strides begin in the input.
void pad_same(Frame& f, const Ints& sizes, bool more_after) {
  for (std::size_t axis : {0U, 1U}) {
    const std::int64_t outputs = (sizes[axis] + f.strides[axis] - 1) / f.strides[axis];
    const std::int64_t total =
        std::max<std::int64_t>(0, (outputs - 1) * f.strides[axis] + f.reach(axis) - sizes[axis]);
    f.pads[axis] = more_after ? total / 2 : (total + 1) / 2;
    f.pads[axis + 2] = total - f.pads[axis];
  }
}

TEST(OnnxConv, PadsAutomatically) {
  for (const std::string mode : {"SAME_UPPER", "SAME_LOWER", "VALID"}) {
    for (std::uint32_t seed = 0; seed < 12; ++seed) {
      Random random(seed);
      const Ints sizes{random.between(5, 9), random.between(5, 9)};
      Frame f{{random.between(1, 4), random.between(1, 4)},
              {random.between(1, 3), random.between(1, 3)},
              {1, 1},
              {0, 0, 0, 0}};
      const OnnxTensor w = random_floats({3, 2, f.kernel[0], f.kernel[1]}, seed);
      GraphMaker maker({1, 2, sizes[0], sizes[1]});
      maker.constant("w", w)
          .node("Conv", {"x", "w"}, "y", {{"strides", f.strides}, {"auto_pad", mode}})
          .output("y");
      if (mode != "VALID") pad_same(f, sizes, mode == "SAME_UPPER");
      SCOPED_TRACE(mode + " of seed " + std::to_string(seed));
      expect_translation(maker, [&](const NdArray& x) { return convolve(x, nd_array(w), f); });
    }
  }
}

/// The automatic padding is that of the padded picture.
TEST(OnnxConv, AddsAMarginToItsPadding) {
  for (const std::string mode : {"NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"}) {
    const OnnxTensor w = random_floats({3, 2, 3, 4}, 1);
    GraphMaker maker({1, 2, 6, 7});
    maker.constant("w", w)
        .constant("pads", integers({0, 0, 1, 0, 0, 0, 2, 3}))
        .node("Pad", {"x", "pads"}, "p")
        .node("Conv", {"p", "w"}, "y", {{"strides", Ints{2, 3}}, {"auto_pad", mode}})
        .output("y");
    Frame f{{3, 4}, {2, 3}, {1, 1}, {0, 0, 0, 0}};
    if (mode.starts_with("SAME")) pad_same(f, {9, 10}, mode == "SAME_UPPER");
    SCOPED_TRACE(mode);
    const OnnxModel model = expect_translation(maker, [&](const NdArray& x) {
      const NdArray padded = generate({1, 2, 9, 10}, [&](const Ints& at) {
        const Ints from{0, at[1], at[2] - 1, at[3]};
        return x.has(from) ? x(from) : 0;
      });
      return convolve(padded, nd_array(w), f);
    });
    EXPECT_THAT(operations(model), ElementsAre("convolution"));
  }
}

TEST(OnnxConv, ChecksItsFilters) {
  GraphMaker maker({1, 4, 6, 6});
  maker.constant("w", random_floats({6, 4, 3}, 1)).node("Conv", {"x", "w"}, "y").output("y");
  EXPECT_THAT(maker.refusal(), HasSubstr("6x4x3"));
  maker.constant("w", random_floats({6, 4, 7, 3}, 1));
  (void)maker.refusal();  // a window larger than the picture
  maker.constant("w", integers({1, 2}));
  EXPECT_THAT(maker.refusal(), HasSubstr("floats"));
}

TEST(OnnxConvTranspose, MakesTheWantedShape) {
  for (std::uint32_t seed = 0; seed < 60; ++seed) {
    Random random(seed);
    const std::string mode =
        random.pick(std::vector<std::string>{"NOTSET", "SAME_UPPER", "SAME_LOWER"});
    const Ints sizes{random.between(2, 5), random.between(2, 5)};
    Frame f{{random.between(1, 4), random.between(1, 4)},
            {random.between(1, 3), random.between(1, 3)},
            {random.between(1, 2), random.between(1, 2)},
            {0, 0, 0, 0}};
    const std::int64_t groups = random.between(1, 2);
    Ints extents{sizes[0] * f.strides[0], sizes[1] * f.strides[1]};
    std::map<std::string, OnnxAttribute> attributes{
        {"strides", f.strides}, {"dilations", f.dilations}, {"group", groups}, {"auto_pad", mode}};
    if (mode == "NOTSET" || random.chance(30)) {
      extents = {random.between(1, 14), random.between(1, 14)};
      attributes["output_shape"] = extents;
    }
    for (std::size_t axis : {0U, 1U}) {
      const std::int64_t total = std::max<std::int64_t>(
          0, (sizes[axis] - 1) * f.strides[axis] + f.reach(axis) - extents[axis]);
      f.pads[axis] = mode == "SAME_UPPER" ? total / 2 : (total + 1) / 2;
    }
    const OnnxTensor w = random_floats({4, 3, f.kernel[0], f.kernel[1]}, seed);
    GraphMaker maker({1, 4, sizes[0], sizes[1]});
    maker.constant("w", w).node("ConvTranspose", {"x", "w"}, "y", attributes).output("y");
    SCOPED_TRACE("seed " + std::to_string(seed));
    const OnnxModel model = expect_translation(
        maker, [&](const NdArray& x) { return scatter(x, nd_array(w), f, groups, extents); });
    const NetworkOutput& y = model.network.outputs.front();
    EXPECT_EQ(model.network.layer(y.position).output,
              (Shape{static_cast<int>(extents[0]), static_cast<int>(extents[1]),
                     static_cast<int>(3 * groups)}));
  }
}

/// Padding may be larger than the kernel: it cuts off what the outermost inputs give.
TEST(OnnxConvTranspose, CutsOffMoreThanItsKernel) {
  Frame f{{1, 2}, {2, 1}, {1, 1}, {2, 1, 3, 3}};
  const OnnxTensor w = random_floats({2, 3, 1, 2}, 1);
  GraphMaker maker({1, 2, 6, 7});
  maker.constant("w", w).node("ConvTranspose", {"x", "w"}, "y", f.attributes()).output("y");
  expect_translation(maker, [&](const NdArray& x) {
    return scatter(x, nd_array(w), f, 1, {6, 4});
  });
}

TEST(OnnxConvTranspose, GivesEveryPhaseItsBias) {
  const OnnxTensor w = random_floats({2, 3, 2, 3}, 1);
  GraphMaker maker({1, 2, 3, 4});
  maker.constant("w", w)
      .constant("b", floats({3}, {1, 2, 3}))
      .node("ConvTranspose", {"x", "w", "b"}, "y", {{"strides", Ints{2, 3}}})
      .output("y");
  const OnnxModel model = expect_translation(maker, [&](const NdArray& x) {
    const NdArray y = scatter(x, nd_array(w), {{2, 3}, {2, 3}, {1, 1}, {0, 0, 0, 0}}, 1, {6, 12});
    return generate(y.dims, [&](const Ints& at) { return y(at) + static_cast<double>(at[1] + 1); });
  });
  EXPECT_THAT(operations(model), ElementsAre("convolution", "depth-to-space"));
  EXPECT_THAT(maker.constant("b", floats({2}, {1, 2})).refusal(), HasSubstr("3 numbers"));
}

/// Every window's maximum or mean, whether padding counts or not.
NdArray pool(const NdArray& x, const Frame& f, const Ints& extents, bool maximum, bool padding) {
  return generate({1, x.dims[1], extents[0], extents[1]}, [&](const Ints& at) {
    double largest = -std::numeric_limits<double>::infinity();
    double sum = 0;
    double count = 0;
    for_each_index(f.kernel, [&](const Ints& tap) {
      const Ints from{0, at[1], f.source(0, at[2], tap[0]), f.source(1, at[3], tap[1])};
      const bool beyond = from[2] >= x.dims[2] + f.pads[2] || from[3] >= x.dims[3] + f.pads[3];
      if ((padding && !beyond) || x.has(from)) ++count;
      if (!x.has(from)) return;
      largest = std::max(largest, x(from));
      sum += x(from);
    });
    return maximum ? largest : sum / count;
  });
}

TEST(OnnxPools, SlideOverPicturesAndTheirPadding) {
  for (const bool maximum : {true, false}) {
    for (std::int64_t variant = 0; variant < 4; ++variant) {
      const bool counts = variant == 1 && !maximum;
      const bool ceil = variant == 2;
      Frame f{{3, 2}, {2, 2}, {1, 1}, {1, 0, 0, ceil ? 0 : 1}};
      if (variant == 3) f.dilations = {2, 3};
      auto attributes = f.attributes();
      if (!maximum) attributes["count_include_pad"] = std::int64_t{counts ? 1 : 0};
      if (ceil) attributes["ceil_mode"] = std::int64_t{1};
      GraphMaker maker({1, 2, 7, 7});
      maker.node(maximum ? "MaxPool" : "AveragePool", {"x"}, "y", attributes).output("y");
      Ints extents{f.outputs(0, 7), f.outputs(1, 7)};
      // 7 + 1 - 3 = 5 and 7 - 2 = 5 leave a remainder of 1 with stride 2.
      if (ceil) extents = {extents[0] + 1, extents[1] + 1};
      SCOPED_TRACE("variant " + std::to_string(variant) + (maximum ? " of maxima" : " of means"));
      expect_translation(maker,
                         [&](const NdArray& x) { return pool(x, f, extents, maximum, counts); });
    }
  }
}

/// ceil_mode adds a last window only if it begins in the picture or in the padding before it; what
/// lies beyond the padding never counts.
TEST(OnnxPools, RoundTheirNumberUp) {
  struct Case {
    Ints kernel, strides, pads, sizes, extents;
  };
  for (const Case& c : {Case{{2, 2}, {2, 2}, {1, 1, 1, 1}, {5, 4}, {3, 3}},
                        Case{{1, 1}, {2, 3}, {0, 0, 0, 0}, {6, 7}, {3, 3}},
                        Case{{3, 3}, {2, 3}, {1, 0, 1, 0}, {6, 8}, {4, 3}},
                        Case{{4, 3}, {3, 4}, {0, 2, 0, 1}, {3, 5}, {1, 2}}}) {
    for (const bool maximum : {true, false}) {
      for (const bool counts : {false, true}) {
        if (maximum && counts) continue;
        const Frame f{c.kernel, c.strides, {1, 1}, c.pads};
        std::map<std::string, OnnxAttribute> attributes{{"kernel_shape", f.kernel},
                                                        {"strides", f.strides},
                                                        {"pads", f.pads},
                                                        {"ceil_mode", std::int64_t{1}}};
        if (!maximum) attributes["count_include_pad"] = std::int64_t{counts ? 1 : 0};
        GraphMaker maker({1, 2, c.sizes[0], c.sizes[1]});
        maker.node(maximum ? "MaxPool" : "AveragePool", {"x"}, "y", attributes).output("y");
        SCOPED_TRACE(testing::PrintToString(c.kernel) + (maximum ? " maxima" : " means") +
                     (counts ? " with padding" : ""));
        expect_translation(
            maker, [&](const NdArray& x) { return pool(x, f, c.extents, maximum, counts); });
      }
    }
  }
}

/// A margin of zeros counts, also for maxima.
TEST(OnnxPools, KeepAMarginAsItIs) {
  for (const std::string op : {"MaxPool", "AveragePool"}) {
    GraphMaker maker({1, 2, 5, 6});
    maker.constant("pads", integers({0, 0, 1, 1, 0, 0, 1, 1}))
        .node("Neg", {"x"}, "n")
        .node("Relu", {"n"}, "r")
        .node("Neg", {"r"}, "negative")
        .node("Pad", {"negative", "pads"}, "p")
        .node(op, {"p"}, "y", {{"kernel_shape", Ints{2, 2}}})
        .output("y");
    expect_translation(maker, [&](const NdArray& x) {
      const NdArray p = generate({1, 2, 7, 8}, [&](const Ints& at) {
        const Ints from{0, at[1], at[2] - 1, at[3] - 1};
        return x.has(from) ? std::min(x(from), 0.0) : 0.0;
      });
      return pool(p, {{2, 2}, {1, 1}, {1, 1}, {0, 0, 0, 0}}, {6, 7}, op == "MaxPool", false);
    });
  }
}

TEST(OnnxPools, ReduceWholePicturesAndAxes) {
  const auto mean = [](const NdArray& x, const Ints& over) {
    const Ints dims{1, over[0] != 0 ? 1 : x.dims[1], over[1] != 0 ? 1 : x.dims[2],
                    over[2] != 0 ? 1 : x.dims[3]};
    const Ints counts{over[0] != 0 ? x.dims[1] : 1, over[1] != 0 ? x.dims[2] : 1,
                      over[2] != 0 ? x.dims[3] : 1};
    return generate(dims, [&](const Ints& at) {
      double sum = 0;
      for_each_index(counts, [&](const Ints& add) {
        sum += x({0, at[1] + add[0], at[2] + add[1], at[3] + add[2]});
      });
      return sum / static_cast<double>(counts[0] * counts[1] * counts[2]);
    });
  };
  for (std::int64_t mask = 1; mask < 8; ++mask) {
    const Ints over{mask & 1, mask & 2, mask & 4};
    Ints axes;
    for (std::int64_t axis = 0; axis < 3; ++axis) {
      if (over[static_cast<std::size_t>(axis)] != 0) axes.push_back(axis - 3);
    }
    for (const std::int64_t keep : {0, 1}) {
      GraphMaker maker({1, 3, 5, 4});
      maker.node("ReduceMean", {"x"}, "y", {{"axes", axes}, {"keepdims", keep}}).output("y");
      Ints declared{1};
      for (std::size_t axis = 0; axis < 3; ++axis) {
        if (over[axis] == 0) declared.push_back(Ints{3, 5, 4}[axis]);
        if (over[axis] != 0 && keep != 0) declared.push_back(1);
      }
      maker.graph().values.push_back({"y", true, declared});
      SCOPED_TRACE("axes of mask " + std::to_string(mask));
      expect_translation(maker, [&](const NdArray& x) { return mean(x, over); });
    }
  }
  GraphMaker global({1, 3, 5, 4});
  global.node("GlobalAveragePool", {"x"}, "y").output("y");
  expect_translation(global, [&](const NdArray& x) { return mean(x, {0, 1, 1}); });
  GraphMaker all({1, 3, 5, 4});
  all.node("ReduceMean", {"x"}, "y").output("y");
  expect_translation(all, [&](const NdArray& x) { return mean(x, {1, 1, 1}); });
}

}  // namespace
}  // namespace vpinfer
