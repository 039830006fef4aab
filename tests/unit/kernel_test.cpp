#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernel/activation.hpp"
#include "kernel/elementwise.hpp"
#include "kernel/heads.hpp"
#include "kernel/locally_connected.hpp"
#include "kernel/pooling.hpp"
#include "kernel/rearrange.hpp"
#include "kernel/reorg.hpp"
#include "kernel/resample.hpp"
#include "kernel/softmax.hpp"
#include "support/kernel_case.hpp"
#include "support/random_network.hpp"
#include "support/reference.hpp"

namespace vpinfer {
namespace {

TEST(MaxPool, SweepsWindows) {
  std::uint32_t seed = 0;
  for (const Shape& shape : {Shape{9, 7, 1}, Shape{5, 3, 4}, Shape{12, 17, 6}}) {
    for (const int size : {1, 2, 3, 5}) {
      for (const int stride : {1, 2, 3}) {
        // Darknet's padding, none, as much as there may be, windows that reach beyond it.
        for (const Window& window :
             {Window{size, stride, (size - 1) / 2, size - 1 - (size - 1) / 2},
              Window{size, stride, 0, 0}, Window{size, stride, size - 1, size - 1},
              Window{size, stride, 1, 0, 1, std::min(size, stride) - 1}}) {
          if (shape.cols + window.pad_before + window.pad_after < size) continue;
          if (window.pad_before >= size) continue;
          SCOPED_TRACE(to_string(shape) + ", size " + std::to_string(size) + ", stride " +
                       std::to_string(stride) + ", padding " + std::to_string(window.pad_before) +
                       ", overhang " + std::to_string(window.overhang));
          const MaxPool pool{window, window};
          KernelCase c(shape, pool, seed++);
          for (const Box& box : c.boxes(6)) {
            check_box(c, box,
                      [&](const ConstTensorView& in, const TensorView& out, const Box& part) {
                        max_pool(pool, shape, in, out, part, one_worker());
                      });
          }
        }
      }
    }
  }
}

/// Checks a kernel on some boxes of a layer's output.
template <typename Kernel>
void check_boxes(const Shape& shape, const Operation& operation, std::uint32_t seed,
                 const Kernel& kernel) {
  KernelCase c(shape, operation, seed);
  for (const Box& box : c.boxes(8)) {
    check_box(c, box, [&](const ConstTensorView& in, const TensorView& out, const Box& part) {
      kernel(c, in, out, part);
    });
  }
}

TEST(AveragePool, SweepsWindows) {
  std::uint32_t seed = 0;
  for (const Shape& shape : {Shape{9, 7, 1}, Shape{12, 17, 6}}) {
    for (const int dilation : {1, 2}) {
      for (const Window& window :
           {Window{1, 1, 0, 0, dilation}, Window{2, 2, 0, 0, dilation},
            Window{3, 2, 1, 1, dilation}, Window{3, 1, 0, 2, dilation},
            Window{3, 3, 2, 1, dilation, 1}, Window{2, 3, 1, 0, dilation, 1}}) {
        for (const bool counts_padding : {false, true}) {
          const AveragePool pool{window, window, counts_padding};
          check_boxes(
              shape, pool, seed++,
              [&](const KernelCase&, const ConstTensorView& in, const TensorView& out,
                  const Box& part) { average_pool(pool, shape, in, out, part, one_worker()); });
        }
      }
    }
  }
}

TEST(MaxPool, TakesDilatedWindows) {
  const MaxPool pool{{3, 1, 1, 1, 2}, {2, 2, 0, 0, 3}};
  const Shape shape{11, 10, 3};
  check_boxes(shape, pool, 1,
              [&](const KernelCase&, const ConstTensorView& in, const TensorView& out,
                  const Box& part) { max_pool(pool, shape, in, out, part, one_worker()); });
}

TEST(ConnectLocally, SweepsWindows) {
  std::uint32_t seed = 0;
  const Shape shape{7, 6, 5};
  for (const Window& window :
       {Window{3, 1, 1, 1}, Window{3, 2, 0, 0}, Window{1, 1, 0, 0}, Window{2, 1, 1, 2}}) {
    const LocallyConnected local{4, window, window, Activation::kLeaky};
    check_boxes(shape, local, seed++,
                [&](const KernelCase& c, const ConstTensorView& in, const TensorView& out,
                    const Box& part) {
                  std::vector<float> workspace(locally_connected_workspace(local, shape.channels));
                  const WeightSlice all{weight_shape(c.network, 1).range(),
                                        {},
                                        std::as_bytes(std::span(c.weights.weights)),
                                        c.weights.biases};
                  connect_locally(local, all, shape, c.out(), in, out, part, workspace,
                                  one_worker());
                });
  }
}

TEST(Elementwise, ActivatesAndRectifies) {
  const Shape shape{4, 5, 6};
  // The later ones are not for all numbers.
  for (int function = 0; function <= Activation::kErf; ++function) {
    const Activation activation = static_cast<Activation::Function>(function);
    check_boxes(shape, Activate{activation}, 1,
                [&](const KernelCase&, const ConstTensorView& in, const TensorView& out,
                    const Box& part) { activate_box(activation, in, out, part, one_worker()); });
  }
  check_boxes(shape, PRelu{}, 2,
              [](const KernelCase& c, const ConstTensorView& in, const TensorView& out,
                 const Box& part) { prelu(c.weights.weights, 0, in, out, part, one_worker()); });
}

TEST(Sum, AddsWhatChannelsThereAre) {
  const std::vector<Shape> shapes{{4, 5, 6}, {4, 5, 3}, {4, 5, 9}};
  std::uint32_t seed = 0;
  for (const bool weighted : {false, true}) {
    const Sum sum{weighted, Activation::kLeaky};
    Network network;
    network.layers.push_back({Input{}, {}, {4, 5, 18}});
    int begin = 0;
    std::vector<int> inputs;
    for (const Shape& shape : shapes) {
      inputs.push_back(
          add_layer(network, Slice{Cut{0, 4}, Cut{0, 5}, Cut{begin, shape.channels}}, {0}, "test"));
      begin += shape.channels;
    }
    const int position = add_layer(network, sum, inputs, "test");
    const std::vector<LayerWeights> weights = seeded_weights(network, ++seed);
    const std::vector<std::vector<float>> outputs =
        reference_run(network, weights, seeded_input(network, seed));
    std::vector<ConstTensorView> views;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      views.push_back({outputs[i + 1].data(), whole(shapes[i])});
    }
    Random random(seed);
    for (int repeat = 0; repeat < 10; ++repeat) {
      const Box box = random_box(whole(shapes.front()), random);
      std::vector<float> result(box.elements(), 99);
      const WeightShape shape = weight_shape(network, position);
      const auto first = static_cast<std::size_t>(box.channels.begin * shape.channels);
      const std::span<const float> part =
          std::span(weights[static_cast<std::size_t>(position)].weights)
              .subspan(weighted ? first : 0);
      add_up(sum, part, box.channels.begin, views, {result.data(), box}, box, one_worker());
      const TensorView view{result.data(), box};
      for (int row = box.rows.begin; row < box.rows.end; ++row) {
        for (int col = box.cols.begin; col < box.cols.end; ++col) {
          for (int channel = box.channels.begin; channel < box.channels.end; ++channel) {
            const auto at = static_cast<std::size_t>((row * 5 + col) * 6 + channel);
            EXPECT_NEAR(*view.at(row, col, channel), outputs.back()[at], 1e-5F);
          }
        }
      }
    }
  }
}

TEST(Softmax, NormalisesGroups) {
  std::uint32_t seed = 0;
  const Shape shape{3, 4, 6};
  for (const bool over_rows : {false, true}) {
    for (const Softmax& softmax : {Softmax{1, over_rows, over_rows, 1},
                                   Softmax{3, over_rows, true, 2}, Softmax{6, over_rows, false, 1},
                                   Softmax{1, over_rows, over_rows, 1, {-1, -1, 0, 0, 0, 1}}}) {
      check_boxes(shape, softmax, seed++,
                  [&](const KernelCase&, const ConstTensorView& in, const TensorView& out,
                      const Box& part) { softmax_box(softmax, shape, in, out, part); });
    }
  }
}

TEST(Rearrange, Slices) {
  std::uint32_t seed = 0;
  const Shape shape{7, 8, 9};
  for (const Slice& cut : {Slice{{0, 7, 1}, {2, 3, 2}, {8, 9, -1}, 1, 0},
                           Slice{{6, 2, -4}, {7, 1, 1}, {1, 4, 2}, 2, -1}}) {
    check_boxes(shape, cut, seed++,
                [&](const KernelCase&, const ConstTensorView& in, const TensorView& out,
                    const Box& part) { slice(cut, in, out, part); });
  }
}

TEST(Rearrange, Pads) {
  std::uint32_t seed = 0;
  const Shape shape{4, 3, 5};
  for (const PadMode mode : {PadMode::kConstant, PadMode::kEdge, PadMode::kReflect}) {
    const Pad margin{{2, 1}, {0, 2}, {1, 3}, mode, 0.5F};
    check_boxes(shape, margin, seed++,
                [&](const KernelCase&, const ConstTensorView& in, const TensorView& out,
                    const Box& part) { pad(margin, shape, in, out, part); });
  }
}

TEST(Rearrange, MovesBetweenSpaceAndDepth) {
  const Shape flat{6, 12, 3};
  check_boxes(
      flat, SpaceToDepth{3, 2}, 1,
      [&](const KernelCase&, const ConstTensorView& in, const TensorView& out, const Box& part) {
        space_to_depth({3, 2}, flat, in, out, part);
      });
  const Shape deep{3, 2, 12};
  for (const DepthOrder order : {DepthOrder::kDepthColumnRow, DepthOrder::kColumnRowDepth}) {
    check_boxes(deep, DepthToSpace{2, 3, order}, 2,
                [&](const KernelCase& c, const ConstTensorView& in, const TensorView& out,
                    const Box& part) {
                  depth_to_space({2, 3, order}, c.out(), in, out, part);
                });
  }
  check_boxes(deep, ShuffleChannels{3}, 4,
              [&](const KernelCase&, const ConstTensorView& in, const TensorView& out,
                  const Box& part) { shuffle_channels({3}, deep, in, out, part); });
  check_boxes(deep, Flatten{3}, 3,
              [&](const KernelCase&, const ConstTensorView& in, const TensorView& out,
                  const Box& part) { flatten(deep, in, out, part); });
}

TEST(Resample, SweepsModes) {
  std::uint32_t seed = 0;
  const Shape shape{5, 4, 3};
  for (const Interpolation interpolation :
       {Interpolation::kLinear, Interpolation::kNearestFloor, Interpolation::kNearestCeil,
        Interpolation::kNearestHalfDown, Interpolation::kNearestHalfUp}) {
    for (const Sampling& rows : {Sampling{10, 2, 0.5, 0.5}, Sampling{3, 0.6F, 0, 0},
                                 Sampling{9, 2, 0, 0}, Sampling{1, 1, 0, 0}}) {
      for (const Sampling& cols : {Sampling{12, 3, 0.5, 0.5}, Sampling{2, 0.5, 0.5, 0.5}}) {
        const Resample resize{rows, cols, interpolation, 2, seed % 3 == 0, 0.5F};
        check_boxes(shape, resize, seed++,
                    [&](const KernelCase&, const ConstTensorView& in, const TensorView& out,
                        const Box& part) { resample(resize, shape, in, out, part, one_worker()); });
      }
    }
  }
}

TEST(Heads, OfOtherDetectors) {
  const NanoDet nanodet{3, 4, 8};
  KernelCase c({3, 2, nanodet.channels()}, nanodet, 1);
  for (Box box : c.boxes(5)) {
    box.channels = whole(c.out()).channels;
    check_box(c, box, [&](const ConstTensorView& in, const TensorView& out, const Box& part) {
      activate_nanodet(nanodet, in, out, part, one_worker());
    });
  }
  for (const bool softmax : {false, true}) {
    const GridHead grid{2, 2, 3, softmax, true};
    KernelCase g({1, 1, 4 * (3 + 2 * 5)}, grid, 2);
    check_box(g, whole(g.out()),
              [&](const ConstTensorView& in, const TensorView& out, const Box& part) {
                activate_grid(grid, in, out, part, one_worker());
              });
  }
}

TEST(Reorganise, IsDarknets) {
  std::uint32_t seed = 0;
  for (const bool reverse : {false, true}) {
    for (const int stride : {1, 2, 3}) {
      ThreadPool pool(stride);
      for (const Shape& shape : {Shape{6, 12, 36}, Shape{12, 6, 72}}) {
        const Reorg reorg{stride, reverse};
        KernelCase c(shape, reorg, seed++);
        for (const Box& box : c.boxes(8)) {
          check_box(c, box, [&](const ConstTensorView& in, const TensorView& out, const Box& part) {
            reorganise(reorg, shape, c.out(), in, out, part, {pool});
          });
        }
      }
    }
  }
}

TEST(ActivateRegion, TakesAnyRowsAndColumns) {
  std::uint32_t seed = 0;
  for (const bool softmax : {false, true}) {
    for (const int classes : {0, 1, 4}) {
      for (const std::size_t anchors : {1U, 3U}) {
        Region region{classes, softmax, std::vector<Anchor>(anchors, {1, 1}), {}, {}};
        if (classes == 4 && softmax) region.tree = {-1, -1, 0, 0};
        const Shape shape{5, 7, static_cast<int>(anchors) * (classes + 5)};
        KernelCase c(shape, region, seed++);
        for (Box box : c.boxes(5)) {
          box.channels = whole(shape).channels;
          check_box(c, box, [&](const ConstTensorView& in, const TensorView& out, const Box& part) {
            activate_region(region, in, out, part, one_worker());
          });
        }
      }
    }
  }
}

TEST(ActivateRegion, SurvivesLargeScores) {
  const Region region{2, true, {{1, 1}}, {}, {}};
  std::vector<float> values{0, 0, 0, 0, 0, 1000, 990};
  const TensorView view{values.data(), {{0, 1}, {0, 1}, {0, 7}}};
  std::vector<float> result(7);
  activate_region(region, view, {result.data(), view.box}, view.box, one_worker());
  EXPECT_NEAR(result[5], 1, 1e-3);
  EXPECT_NEAR(result[6], std::exp(-10.0), 1e-6);
}

TEST(CopyBox, MovesABoxBetweenViews) {
  Random random(1);
  const Shape shape{6, 5, 7};
  for (int i = 0; i < 300; ++i) {
    const Box box = random_box(whole(shape), random);
    const int move = random.between(0, 3);
    const auto grown = [&](const Box& inner, const Shape& bounds) {
      return hull(inner, random_box(whole(bounds), random));
    };
    const Box target{box.rows, box.cols, shift(box.channels, move)};
    Stored from{grown(box, shape), {}};
    from.values = random.reals(from.box.elements(), -1, 1);
    Stored to{grown(target, {6, 5, 10}), {}};
    to.values.assign(to.box.elements(), kGuard);
    copy_box(shifted(from.view(), Axis::kChannels, move), to.view(), target);
    for (int row = to.box.rows.begin; row < to.box.rows.end; ++row) {
      for (int col = to.box.cols.begin; col < to.box.cols.end; ++col) {
        for (int k = to.box.channels.begin; k < to.box.channels.end; ++k) {
          const bool inside = target.contains({{row, row + 1}, {col, col + 1}, {k, k + 1}});
          EXPECT_EQ(*to.view().at(row, col, k),
                    inside ? *from.view().at(row, col, k - move) : kGuard);
        }
      }
    }
  }
}

TEST(CopyBox, RoundsToHalvesAndWidensThem) {
  Random random(2);
  for (int i = 0; i < 100; ++i) {
    const Box box = random_box({{0, 6}, {0, 5}, {0, 20}}, random);
    const auto around = [&] { return hull(box, random_box({{0, 6}, {0, 5}, {0, 20}}, random)); };
    Stored from{around(), {}};
    from.values = random.reals(from.box.elements(), -1, 1);
    const Box middle = around();
    std::vector<HalfBits> halves(middle.elements());
    Stored to{around(), {}};
    to.values.assign(to.box.elements(), kGuard);
    copy_box(from.view(), HalfView{halves.data(), middle}, box);
    copy_box(ConstHalfView{halves.data(), middle}, to.view(), box);
    for (int row = to.box.rows.begin; row < to.box.rows.end; ++row) {
      for (int col = to.box.cols.begin; col < to.box.cols.end; ++col) {
        for (int k = to.box.channels.begin; k < to.box.channels.end; ++k) {
          const bool inside = box.contains({{row, row + 1}, {col, col + 1}, {k, k + 1}});
          EXPECT_EQ(*to.view().at(row, col, k),
                    inside ? half_to_float(float_to_half(*from.view().at(row, col, k))) : kGuard);
        }
      }
    }
  }
}

TEST(AddBiasAndActivate, FollowsTheFormulas) {
  for (int kind = 0; kind < kActivationFunctions; ++kind) {
    const Activation activation = static_cast<Activation::Function>(kind);
    SCOPED_TRACE(std::string(to_string(activation.function)));
    const std::vector<float> biases{0, 0.25F, -0.75F};
    constexpr std::size_t kStride = 5;
    std::vector<float> values;
    for (float x = -9; x <= 9; x += 0.0625F) values.insert(values.end(), kStride, x);
    const std::vector<float> before = values;
    const std::size_t pixels = values.size() / kStride;
    add_bias_and_activate(values.data(), pixels, kStride, biases, activation);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::size_t channel = i % kStride;
      if (channel >= biases.size()) {
        EXPECT_EQ(values[i], before[i]);
        continue;
      }
      const double x = static_cast<double>(before[i] + biases[channel]);
      const double expected = reference_activation(activation, x);
      if (std::isnan(expected) || std::isinf(expected)) {
        EXPECT_THAT(values[i], testing::NanSensitiveFloatEq(static_cast<float>(expected))) << x;
        continue;
      }
      const double bound = 2e-6 * std::max(1.0, std::abs(expected));
      EXPECT_NEAR(static_cast<double>(values[i]), expected, bound) << x;
    }
  }
}

/// What is no number must reach the result, which is then refused.
TEST(NotANumber, IsPassedOn) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  for (int i = 0; i < kActivationFunctions; ++i) {
    const auto function = static_cast<Activation::Function>(i);
    std::vector<float> value{kNan};
    activate(value.data(), 1, 1, 1, Activation{function, 0.5F, 2});
    EXPECT_TRUE(std::isnan(value.front())) << to_string(function);
  }
  const Box row{{0, 1}, {0, 4}, {0, 1}};
  const Box pixel{{0, 1}, {0, 1}, {0, 1}};
  for (std::size_t at = 0; at < 4; ++at) {
    std::vector<float> values{1, 3, 2, -1};
    values[at] = kNan;
    float result = 0;
    const MaxPool pool{Window{1}, Window{4}};
    max_pool(pool, {1, 4, 1}, {values.data(), row}, {&result, pixel}, pixel, one_worker());
    EXPECT_TRUE(std::isnan(result)) << at;
  }
  for (const Arithmetic function : {Arithmetic::kMaximum, Arithmetic::kMinimum}) {
    for (const auto& [a, b] : {std::pair{kNan, 1.0F}, std::pair{1.0F, kNan}}) {
      float result = 0;
      combine({function}, {1, 1, 1}, {&a, pixel}, {1, 1, 1}, {&b, pixel}, {&result, pixel}, pixel,
              one_worker());
      EXPECT_TRUE(std::isnan(result));
    }
  }
}

TEST(AddBiasAndActivate, MeetsTheLimits) {
  const std::vector<float> no_bias{0};
  const auto at = [&](Activation activation, float x) {
    add_bias_and_activate(&x, 1, 1, no_bias, activation);
    return x;
  };
  EXPECT_EQ(at(Activation::kLogistic, -200), 0);
  EXPECT_EQ(at(Activation::kLogistic, 200), 1);
  EXPECT_EQ(at(Activation::kLoggy, -200), -1);
  EXPECT_EQ(at(Activation::kElu, -200), -1);
  EXPECT_EQ(at(Activation::kTanh, 200), 1);
  EXPECT_EQ(at(Activation::kElu, 200), 200);
  EXPECT_EQ(at(Activation::kStair, 5), 2);
  EXPECT_EQ(at(Activation::kStair, 5.25F), 2.25F);
  EXPECT_EQ(at(Activation::kStair, -1), -1);
  EXPECT_EQ(at(Activation::kPlse, 104), 2);
}

}  // namespace
}  // namespace vpinfer
