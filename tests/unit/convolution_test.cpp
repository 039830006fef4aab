#include "kernel/convolution/convolution.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/float_buffer.hpp"
#include "base/half.hpp"
#include "kernel/workers.hpp"
#include "support/kernel_case.hpp"
#include "support/random.hpp"
#include "support/random_network.hpp"
#include "support/weight_cut.hpp"

namespace vpinfer {
namespace {

/// A block of a layer's weights as a rank keeps it.
class StoredSlice {
 public:
  StoredSlice(const LayerWeights& all, const WeightShape& shape, const WeightRange& range,
              const WeightStorage& storage)
      : part_(cut(all, shape, range)), range_(range), storage_(storage) {
    if (storage.form == WeightForm::kRows) return;
    panels_ = FloatBuffer(stored_bytes(storage, shape.of(range)) / sizeof(float));
    pack(shape.of(range), part_.weights, storage.format, std::as_writable_bytes(panels_.all()));
  }
  [[nodiscard]] WeightSlice slice() const {
    const bool in_rows = storage_.form == WeightForm::kRows;
    return {range_, storage_,
            in_rows ? std::as_bytes(std::span(part_.weights)) : std::as_bytes(panels_.all()),
            part_.biases};
  }

 private:
  LayerWeights part_;
  WeightRange range_;
  WeightStorage storage_;
  FloatBuffer panels_;
};

constexpr WeightStorage kFloatPanels{WeightForm::kPanels, NumberFormat::kFloat};
constexpr WeightStorage kHalfPanels{WeightForm::kPanels, NumberFormat::kHalf};

WeightStorage storage_for(ConvolutionAlgorithm algorithm) {
  return algorithm == ConvolutionAlgorithm::kPlain ? WeightStorage{} : kFloatPanels;
}

std::vector<ConvolutionAlgorithm> all_algorithms_for(const Convolution& conv) {
  std::vector<ConvolutionAlgorithm> algorithms{ConvolutionAlgorithm::kPlain};
  if (conv.groups > 1) return algorithms;
  for (const auto algorithm : algorithms_for(conv, WeightForm::kPanels)) {
    algorithms.push_back(algorithm);
  }
  return algorithms;
}

void check_convolution(const Shape& shape, const Convolution& conv, ConvolutionAlgorithm algorithm,
                       std::uint32_t seed, int boxes, ThreadPool& pool) {
  SCOPED_TRACE(to_string(shape) + ", " + std::to_string(conv.filters) + " filters, " +
               std::to_string(conv.groups) + " groups, " + std::to_string(conv.rows.size) + "x" +
               std::to_string(conv.cols.size) + ", seed " + std::to_string(seed) + ", algorithm " +
               std::to_string(static_cast<int>(algorithm)));
  const WeightStorage storage = storage_for(algorithm);
  const auto workspace_floats = [&](int channels, const Box& box) {
    return convolution_workspace(conv, algorithm, channels, box, pool.threads());
  };
  KernelCase c(shape, conv, seed);
  const WeightShape weights = weight_shape(c.network, 1);
  for (const Box& box : c.boxes(boxes)) {
    // The rank may hold more filters than the box needs, and a workspace for exactly this box.
    const Interval filters = c.grown(box, c.out()).channels;
    const StoredSlice all(c.weights, weights, {filters, weights.range().channels}, storage);
    const WeightSlice slice = all.slice();
    const std::size_t floats = workspace_floats(shape.channels, box);
    std::vector<float> workspace(floats + 64, kGuard);
    int progressed = 0;
    check_box(c, box, [&](const ConstTensorView& in, const TensorView& out, const Box& part) {
      convolve({conv,
                algorithm,
                slice,
                shape,
                in,
                out,
                part,
                {{0, shape.channels}},
                {workspace.data(), floats}},
               {pool, [&] { ++progressed; }});
    });
    // In two sums, as when the channels come from two ranks.
    const int first_channels = seed % 2 == 0 ? shape.channels / 2 : shape.channels / 3;
    if (conv.groups == 1 && first_channels > 0) {
      check_box(c, box, [&](const ConstTensorView& in, const TensorView& out, const Box& part) {
        const ChannelSum late{{first_channels, shape.channels}, true, false};
        const ChannelSum early{{0, first_channels}, false, true};
        for (const ChannelSum& sum : {late, early}) {
          std::vector<float> room(workspace_floats(sum.channels.size(), part));
          convolve({conv, algorithm, slice, shape, in, out, part, sum, room}, {pool});
        }
      });
      // The same with no more weights than a sum needs, the end apart.
      check_box(c, box, [&](const ConstTensorView& in, const TensorView& out, const Box& part) {
        for (const Interval& channels :
             {Interval{first_channels, shape.channels}, Interval{0, first_channels}}) {
          const StoredSlice some(c.weights, weights, {filters, channels}, storage);
          std::vector<float> narrow(workspace_floats(channels.size(), box));
          convolve({conv,
                    algorithm,
                    some.slice(),
                    shape,
                    in,
                    out,
                    part,
                    {channels, channels.begin != 0, false},
                    narrow},
                   {pool});
        }
        end_sums(conv, slice, out, part);
      });
    }
    EXPECT_TRUE(progressed > 0 || pool.threads() > 1);  // others may be faster
    EXPECT_TRUE(std::all_of(workspace.end() - 64, workspace.end(), [](float value) {
      return value == kGuard;
    })) << "written behind the workspace";
  }
}

void check_convolution(const Shape& shape, const Convolution& conv, std::uint32_t seed,
                       int boxes = 6, int threads = 1) {
  ThreadPool pool(threads);
  for (const ConvolutionAlgorithm algorithm : all_algorithms_for(conv)) {
    check_convolution(shape, conv, algorithm, seed, boxes, pool);
  }
}

TEST(Convolve, SweepsWindowsAndGroups) {
  std::uint32_t seed = 0;
  for (const Shape& shape : {Shape{9, 7, 1}, Shape{5, 3, 4}, Shape{12, 17, 6}, Shape{1, 11, 12}}) {
    for (const int size : {1, 2, 3, 5}) {
      for (const int stride : {1, 2, 3}) {
        for (const Window& window :
             {Window{size, stride, size / 2, size / 2}, Window{size, stride, 0, 0},
              Window{size, stride, 0, size - 1}, Window{size, stride, size, 1}}) {
          if (shape.rows + window.pad_before + window.pad_after < size) continue;
          if (shape.cols + window.pad_before + window.pad_after < size) continue;
          for (const int groups : {1, 2, shape.channels}) {
            if (shape.channels % groups != 0) continue;
            // One filter per group and one group per channel is the depthwise convolution.
            for (const int filters : {groups, 3 * groups}) {
              const Convolution conv{filters, groups, window, window, Activation::kLeaky};
              check_convolution(shape, conv, seed++);
              if (HasFatalFailure()) return;
            }
          }
        }
      }
    }
  }
}

TEST(Convolve, TakesOblongWindows) {
  std::uint32_t seed = 0;
  for (const Window& rows : {Window{1, 1, 0, 0}, Window{3, 2, 1, 0}, Window{5, 1, 0, 4}}) {
    for (const Window& cols : {Window{1, 2, 0, 0}, Window{2, 1, 1, 1}, Window{7, 3, 3, 3}}) {
      check_convolution({11, 9, 4}, {6, 2, rows, cols, Activation::kTanh}, seed++);
      check_convolution({11, 9, 4}, {4, 4, rows, cols, Activation::kTanh}, seed++);
    }
  }
}

TEST(Convolve, TakesWindowsWhoseTapsLieApart) {
  std::uint32_t seed = 0;
  for (const int threads : {1, 3}) {
    for (const Window& rows : {Window{3, 1, 2, 2, 2}, Window{3, 1, 1, 1}}) {
      for (const Window& cols : {Window{3, 2, 1, 3, 2}, Window{2, 1, 3, 0, 3}}) {
        check_convolution({11, 13, 5}, {7, 1, rows, cols, Activation::kLeaky}, seed++, 6, threads);
        check_convolution({11, 13, 40}, {4, 2, rows, cols, Activation::kLeaky}, seed++, 6, threads);
      }
    }
  }
}

TEST(Convolve, AllOfAWindowMayLieInThePadding) {
  // Outputs without any input are the activated bias.
  check_convolution({3, 3, 2}, {3, 1, {2, 1, 4, 5}, {1, 1, 3, 0}, Activation::kLinear}, 1, 20);
}

TEST(Convolve, CutsTheSumWhenTheWorkspaceIsFull) {
  // 3 * 3 * 8192 columns x 25 pixels, more than three times the workspace.
  const Window window{3, 1, 1, 1};
  check_convolution({5, 5, 8192}, {3, 1, window, window, Activation::kLeaky}, 1, 2);
  check_convolution({3, 3, 16384}, {4, 2, window, window, Activation::kLinear}, 2, 2);
}

TEST(Convolve, CutsThePixelsIntoBlocks) {
  const Window window{3, 1, 1, 1};
  check_convolution({61, 47, 64}, {5, 1, window, window, Activation::kRelu}, 1, 4);
  check_convolution({61, 47, 256}, {2, 1, window, window, Activation::kRelu}, 2, 2);
  // 1x1: no workspace, but blocks all the same.
  check_convolution({61, 47, 96}, {5, 1, {}, {}, Activation::kRelu}, 3, 4);
  check_convolution({61, 47, 96}, {8, 4, {}, {}, Activation::kRelu}, 4, 4);
}

TEST(ConvolutionWorkspace, IsBounded) {
  const Window window{3, 1, 1, 1};
  const Box box = whole({40, 40, 8});
  for (const int channels : {8, 16, 512, 8192}) {
    const Convolution conv{8, 1, window, window};
    EXPECT_LE(convolution_workspace(conv, ConvolutionAlgorithm::kPlain, channels, box, 1),
              256U * 1024U);
    for (const ConvolutionAlgorithm algorithm : all_algorithms_for(conv)) {
      EXPECT_EQ(convolution_workspace(conv, algorithm, channels, {}, 1), 0U);
    }
  }
  const Convolution pointwise{8, 1, {}, {}, Activation::kLinear};
  EXPECT_EQ(convolution_workspace(pointwise, ConvolutionAlgorithm::kPlain, 8, box, 1), 0U);
}

TEST(ConvolutionWorkspace, IsEnoughForAnyPartOfTheBox) {
  Random random(1);
  const auto part_of = [&](Interval all) {
    const int begin = random.between(all.begin, all.end - 1);
    return Interval{begin, random.between(begin + 1, all.end)};
  };
  for (int i = 0; i < 2000; ++i) {
    const Window window{3, 1, 1, 1};
    const Convolution conv{70, 1, window, window};
    const Box box = whole({random.between(1, 80), random.between(1, 80), 70});
    const Box part{part_of(box.rows), part_of(box.cols), part_of(box.channels)};
    const int channels = random.between(1, 700);
    const int threads = random.between(1, 9);
    for (const ConvolutionAlgorithm algorithm : all_algorithms_for(conv)) {
      EXPECT_LE(convolution_workspace(conv, algorithm, channels, part, threads),
                convolution_workspace(conv, algorithm, channels, box, threads))
          << to_string(part) << " of " << to_string(box) << ", " << channels << " channels, "
          << threads << " threads, algorithm " << static_cast<int>(algorithm);
    }
  }
}

TEST(Convolve, FillsPanelsPartly) {
  std::uint32_t seed = 0;
  const Window window{3, 1, 1, 1};
  for (const int filters : {1, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100}) {
    check_convolution({9, 8, 5}, {filters, 1, window, window, Activation::kLeaky}, seed++, 8);
    check_convolution({7, 5, 33}, {filters, 1, {}, {}, Activation::kRelu}, seed++, 8);
  }
}

TEST(Convolve, SharesItsWorkOut) {
  std::uint32_t seed = 0;
  for (const int threads : {2, 3}) {
    for (const Shape& shape : {Shape{60, 47, 3}, {30, 31, 40}, {13, 11, 70}, {1, 1, 300}}) {
      for (const Window& window : {Window{3, 1, 1, 1}, Window{1, 1, 0, 0}, Window{5, 2, 2, 2}}) {
        check_convolution(shape, {33, 1, window, window, Activation::kLeaky}, seed++, 4, threads);
        check_convolution(shape, {shape.channels, shape.channels, window, window}, seed++, 2,
                          threads);
      }
    }
  }
}

/// All outputs of a convolution of a case by an algorithm, on some threads.
std::vector<float> outputs_of(const KernelCase& c, ConvolutionAlgorithm algorithm,
                              const WeightStorage& storage, int threads = 1) {
  const auto& conv = std::get<Convolution>(c.network.layer(1).operation);
  const WeightShape shape = weight_shape(c.network, 1);
  const StoredSlice all(c.weights, shape, shape.range(), storage);
  const Box box = whole(c.out());
  std::vector<float> workspace(
      convolution_workspace(conv, algorithm, c.in().channels, box, threads));
  std::vector<float> output(box.elements());
  ThreadPool pool(threads);
  convolve({conv,
            algorithm,
            all.slice(),
            c.in(),
            {c.input.data(), whole(c.in())},
            {output.data(), box},
            box,
            {{0, c.in().channels}},
            workspace},
           {pool});
  return output;
}

/// The tasks of threads do not overlap, and every sum is taken in the same order.
TEST(Convolve, GivesTheSameOnSeveralThreads) {
  const Window window{3, 1, 1, 1};
  for (const auto& [shape, filters] : {std::pair{Shape{40, 40, 5}, 40}, {Shape{9, 7, 40}, 300}}) {
    const Convolution conv{filters, 1, window, window, Activation::kLeaky};
    const KernelCase c(shape, conv, 1);
    for (const auto algorithm : algorithms_for(conv, WeightForm::kPanels)) {
      for (const WeightStorage& storage : {kFloatPanels, kHalfPanels}) {
        EXPECT_EQ(outputs_of(c, algorithm, storage, 3), outputs_of(c, algorithm, storage));
      }
    }
  }
}

TEST(Convolve, WidensHalves) {
  for (const Window& window : {Window{3, 1, 1, 1}, Window{1, 1, 0, 0}, Window{5, 2, 2, 2}}) {
    const Convolution conv{70, 1, window, window, Activation::kLeaky};
    const KernelCase c({19, 16, 150}, conv, 1);
    KernelCase rounded = c;
    for (float& weight : rounded.weights.weights) weight = half_to_float(float_to_half(weight));
    for (const auto algorithm : algorithms_for(conv, WeightForm::kPanels)) {
      EXPECT_EQ(outputs_of(c, algorithm, kHalfPanels),
                outputs_of(rounded, algorithm, kFloatPanels));
    }
  }
}

/// Largest difference from the reference, of the largest output.
double error_of(const KernelCase& c, ConvolutionAlgorithm algorithm) {
  const std::vector<float> outputs = outputs_of(c, algorithm, kFloatPanels);
  double largest = 0;
  double error = 0;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    largest = std::max(largest, std::abs(static_cast<double>(c.expected[i])));
    error = std::max(error, std::abs(static_cast<double>(outputs[i] - c.expected[i])));
  }
  return error / largest;
}

TEST(Winograd, RoundsLittle) {
  const Window window{3, 1, 1, 1};
  for (const int channels : {3, 64, 512, 1280}) {
    const KernelCase c({16, 16, channels}, Convolution{8, 1, window, window, Activation::kLinear},
                       1);
    SCOPED_TRACE(channels);
    EXPECT_LE(error_of(c, ConvolutionAlgorithm::kWinograd2x2), 2e-6);
    EXPECT_LE(error_of(c, ConvolutionAlgorithm::kWinograd4x4), 1e-5);
  }
}

TEST(ChooseAlgorithm, TakesWinogradWhereItSavesMuch) {
  const Window window{3, 1, 1, 1};
  const Convolution conv{512, 1, window, window};
  const auto algorithm_for = [&](const Convolution& some, const Box& box) {
    return choose_algorithm(some, ConvolutionPath::kAuto, WeightForm::kPanels, 256, box);
  };
  EXPECT_EQ(algorithm_for(conv, whole({26, 26, 512})), ConvolutionAlgorithm::kWinograd4x4);
  EXPECT_EQ(algorithm_for(conv, whole({26, 2, 512})), ConvolutionAlgorithm::kWinograd2x2);
  EXPECT_EQ(algorithm_for(conv, whole({2, 13, 512})), ConvolutionAlgorithm::kWinograd2x2);
  EXPECT_EQ(algorithm_for(conv, whole({2, 2, 512})), ConvolutionAlgorithm::kDirect);
  for (const Window& other : {Window{1, 1, 0, 0}, {3, 2, 1, 1}, {5, 1, 2, 2}, {3, 1, 2, 2, 2}}) {
    EXPECT_EQ(algorithm_for({512, 1, other, other}, whole({26, 26, 512})),
              ConvolutionAlgorithm::kDirect);
    EXPECT_EQ(algorithm_for({512, 1, window, other}, whole({26, 26, 512})),
              ConvolutionAlgorithm::kDirect);
  }
  EXPECT_EQ(
      choose_algorithm(conv, ConvolutionPath::kAuto, WeightForm::kRows, 256, whole({26, 26, 512})),
      ConvolutionAlgorithm::kPlain);
}

WeightForm form_of(const Convolution& conv, int channels) {
  const WeightShape slice{conv.filters, conv.rows.size, conv.cols.size, channels};
  return weight_storage(conv, ConvolutionPath::kAuto, slice, NumberFormat::kFloat).form;
}

TEST(WeightStorageOfAConvolution, FillsUpLittle) {
  EXPECT_EQ(form_of({64, 1, {}, {}}, 2048), WeightForm::kPanels);
  EXPECT_EQ(form_of({22, 1, {}, {}}, 2048), WeightForm::kPanels);
  EXPECT_EQ(form_of({33, 1, {}, {}}, 2048), WeightForm::kRows);
  EXPECT_EQ(form_of({16, 1, {}, {}}, 2048), WeightForm::kRows);
  EXPECT_EQ(form_of({16, 1, {}, {}}, 32), WeightForm::kPanels) << "few weights";
  EXPECT_EQ(form_of({15, 1, {}, {}}, 32), WeightForm::kRows);
  EXPECT_EQ(form_of({64, 2, {}, {}}, 32), WeightForm::kRows);
}

TEST(WeightStorageOfAConvolution, KeepsLargeWindowsInRows) {
  EXPECT_EQ(form_of({64, 1, {11, 1}, {11, 1}}, 8), WeightForm::kPanels);
  EXPECT_EQ(form_of({64, 1, {13, 1}, {13, 1}}, 8), WeightForm::kRows);
}

TEST(ConvolutionWorkspace, IsBoundedForLargeWindows) {
  const Window window{11, 1, 5, 5};
  const std::size_t floats = convolution_workspace(
      {64, 1, window, window}, ConvolutionAlgorithm::kDirect, 8, whole({100, 100, 64}), 1);
  EXPECT_LE(floats, 256U * 1024U);
}

}  // namespace
}  // namespace vpinfer
