#include "kernel/convolution/micro_kernel.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "support/random.hpp"

namespace vpinfer {
namespace {

constexpr float kUntouched = 12345;

void check_tile(const MicroKernel& kernel, int pixels, int taps, int channels, bool accumulate) {
  constexpr int kFirst = 3;        // of more channels
  constexpr int kFilter = 5;       // of more filters
  constexpr int kMoreOfATap = 64;  // floats of the panel between two taps
  const auto size = [](int count) { return static_cast<std::size_t>(count); };
  Random random(static_cast<std::uint32_t>(pixels * 100 + taps * 10 + channels));
  const int width = kFirst + channels;
  const std::vector<float> input = random.reals(size(taps * pixels * width), -1, 1);
  const int tap_stride = channels * kernel.filters + kMoreOfATap;
  const std::vector<float> panel = random.reals(size(taps * tap_stride), -1, 1);
  const int row = kFilter + kernel.filters + 4;
  std::vector<float> output(size(pixels * row), kUntouched);

  std::vector<const float*> inputs(size(taps * kMostTilePixels), nullptr);
  std::vector<float*> outputs(size(kMostTilePixels), nullptr);
  for (int p = 0; p < pixels; ++p) {
    outputs[size(p)] = &output[size(p * row)];
    for (int tap = 0; tap < taps; ++tap) {
      inputs[size(tap * kMostTilePixels + p)] = &input[size((tap * pixels + p) * width)];
    }
  }
  MicroTile tile;
  tile.pixels = inputs.data();
  tile.taps = taps;
  tile.channel = kFirst;
  tile.channels = channels;
  tile.panel = panel.data();
  tile.tap_stride = size(tap_stride);
  tile.outputs = {outputs.data(), kFilter, accumulate};
  kernel.compute_tile[size(pixels - 1)](tile);

  for (int p = 0; p < pixels; ++p) {
    for (int f = -kFilter; f < row - kFilter; ++f) {
      double expected = kUntouched;
      if (f >= 0 && f < kernel.filters) {
        if (!accumulate) expected = 0;
        for (int tap = 0; tap < taps; ++tap) {
          for (int c = 0; c < channels; ++c) {
            expected += static_cast<double>(input[size((tap * pixels + p) * width + kFirst + c)]) *
                        static_cast<double>(panel[size(tap * tap_stride + c * kernel.filters + f)]);
          }
        }
      }
      const auto actual = static_cast<double>(output[size(p * row + kFilter + f)]);
      ASSERT_LE(std::abs(actual - expected), 1e-2 * (accumulate ? 1 : 1e-2))
          << "pixel " << p << ", filter " << f;
    }
  }
}

TEST(MicroKernel, AllOfThemSumTapsByChannel) {
  Random random(1);
  for (const MicroKernel* kernel : micro_kernels()) {
    for (const int channels : {1, 4, 7, 16, 24, 33, 100}) {
      SCOPED_TRACE(kernel->name + std::string(", ") + std::to_string(channels));
      const auto count = static_cast<std::size_t>(channels);
      const std::vector<float> a = random.reals(count, -1, 1);
      const std::vector<float> b = random.reals(count, -1, 1);
      const std::vector<const float*> inputs{a.data(), b.data()};
      const std::vector<const float*> weights{b.data(), b.data()};
      std::vector<float> output(count + 1, kUntouched);
      DepthwisePixel pixel{inputs.data(), weights.data(), 2, channels, false, output.data()};
      kernel->depthwise(pixel);
      pixel.accumulate = true;
      pixel.taps = 1;
      kernel->depthwise(pixel);
      for (std::size_t c = 0; c < count; ++c) {
        EXPECT_NEAR(output[c], 2 * a[c] * b[c] + b[c] * b[c], 1e-6);
      }
      EXPECT_EQ(output[count], kUntouched);
    }
  }
}

TEST(MicroKernel, AllOfThemMultiplyAndAdd) {
  for (const MicroKernel* kernel : micro_kernels()) {
    for (int pixels = 1; pixels <= kernel->pixels; ++pixels) {
      for (const int taps : {1, 2, 9}) {
        for (const int channels : {1, 3, 16, 37}) {
          SCOPED_TRACE(kernel->name + std::string(", ") + std::to_string(kernel->filters) +
                       " filters, " + std::to_string(pixels) + " pixels, " + std::to_string(taps) +
                       " taps, " + std::to_string(channels) + " channels");
          check_tile(*kernel, pixels, taps, channels, false);
          check_tile(*kernel, pixels, taps, channels, true);
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

void check_elements(const MicroKernel& kernel, int tiles, int channels, bool accumulate) {
  constexpr int kElements = 6;
  constexpr std::size_t kGap = 16;  // between elements
  const auto size = [](int count) { return static_cast<std::size_t>(count); };
  Random random(static_cast<std::uint32_t>(tiles * 100 + channels));
  ElementProducts products;
  products.elements = kElements;
  products.channels = channels;
  products.input_stride = size(tiles * kWinogradBlockChannels) + kGap;
  products.weight_stride = size(channels * kernel.filters) + kGap;
  products.sum_stride = size(tiles * kernel.filters) + kGap;
  const std::vector<float> inputs = random.reals(kElements * products.input_stride, -1, 1);
  const std::vector<float> weights = random.reals(kElements * products.weight_stride, -1, 1);
  std::vector<float> sums(kElements * products.sum_stride, kUntouched);
  products.inputs = inputs.data();
  products.weights = weights.data();
  products.sums = sums.data();
  products.accumulate = accumulate;
  kernel.multiply_elements[size(tiles - 1)](products);

  for (std::size_t i = 0; i < sums.size(); ++i) {
    const std::size_t element = i / products.sum_stride;
    const std::size_t tile = i % products.sum_stride / size(kernel.filters);
    const std::size_t filter = i % products.sum_stride % size(kernel.filters);
    double expected = kUntouched;
    if (tile < size(tiles)) {
      if (!accumulate) expected = 0;
      for (std::size_t c = 0; c < size(channels); ++c) {
        const std::size_t input =
            element * products.input_stride + tile * kWinogradBlockChannels + c;
        const std::size_t weight =
            element * products.weight_stride + c * size(kernel.filters) + filter;
        expected += static_cast<double>(inputs[input]) * static_cast<double>(weights[weight]);
      }
    }
    ASSERT_LE(std::abs(static_cast<double>(sums[i]) - expected), accumulate ? 1e-2 : 1e-4)
        << "element " << element << ", tile " << tile << ", filter " << filter;
  }
}

TEST(MicroKernel, AllOfThemMultiplyElements) {
  for (const MicroKernel* kernel : micro_kernels()) {
    for (int tiles = 1; tiles <= kernel->pixels; ++tiles) {
      for (const int channels : {1, 7, kWinogradBlockChannels}) {
        SCOPED_TRACE(kernel->name + std::string(", ") + std::to_string(tiles) + " tiles, " +
                     std::to_string(channels) + " channels");
        check_elements(*kernel, tiles, channels, false);
        check_elements(*kernel, tiles, channels, true);
        if (HasFatalFailure()) return;
      }
    }
  }
}

/// A tile of a 3x3 convolution by Winograd's transforms against the window itself; ends with bias
/// and slope, and the last pixel is not wanted.
void check_winograd(const MicroKernel& kernel, const WinogradTransforms& transforms, int channels) {
  const auto size = [](int count) { return static_cast<std::size_t>(count); };
  const int inputs = transforms.inputs;
  const int outputs = transforms.outputs;
  const int elements = inputs * inputs;
  const int filters = kernel.filters;
  Random random(static_cast<std::uint32_t>(channels * 100 + outputs));
  const std::vector<float> input = random.reals(size(elements * channels), -1, 1);
  const std::vector<float> panel = random.reals(size(9 * channels * filters), -1, 1);
  const std::vector<float> biases = random.reals(size(filters), -1, 1);
  constexpr float kSlope = 0.1F;

  std::vector<const float*> pixels;
  for (int i = 0; i < elements; ++i) pixels.push_back(&input[size(i * channels)]);
  std::vector<float> transformed(size(elements * channels));
  transforms.transform_inputs(pixels.data(), channels, transformed.data(), size(channels));
  std::vector<float> weights(size(elements * channels * filters));
  for (int pair = 0; pair < inputs / 2; ++pair) {
    transforms.transform_weights[size(pair)](panel.data(), size(channels * filters), channels,
                                             &weights[size(2 * pair * inputs * channels * filters)],
                                             size(channels * filters));
  }
  std::vector<float> sums(size(elements * filters), 0.0F);
  for (int i = 0; i < elements * channels; ++i) {
    for (int f = 0; f < filters; ++f) {
      sums[size(i / channels * filters + f)] +=
          transformed[size(i)] * weights[size(i * filters + f)];
    }
  }
  std::vector<float> output(size(outputs * outputs * filters), kUntouched);
  std::vector<float*> targets;
  for (int p = 0; p < outputs * outputs; ++p) targets.push_back(&output[size(p * filters)]);
  targets.back() = nullptr;
  transforms.transform_sums(sums.data(), size(filters),
                            {targets.data(), 0, false, biases.data(), kSlope});

  for (int p = 0; p < outputs * outputs; ++p) {
    for (int f = 0; f < filters; ++f) {
      double sum = static_cast<double>(biases[size(f)]);
      for (int tap = 0; tap < 9; ++tap) {
        const int from = (p / outputs + tap / 3) * inputs + p % outputs + tap % 3;
        for (int c = 0; c < channels; ++c) {
          sum += static_cast<double>(input[size(from * channels + c)]) *
                 static_cast<double>(panel[size((tap * channels + c) * filters + f)]);
        }
      }
      const double ended = sum > 0 ? sum : static_cast<double>(kSlope) * sum;
      const bool wanted = p + 1 < outputs * outputs;
      ASSERT_NEAR(static_cast<double>(output[size(p * filters + f)]),
                  wanted ? ended : static_cast<double>(kUntouched), 1e-3)
          << "pixel " << p << ", filter " << f;
    }
  }
}

TEST(MicroKernel, AllOfThemTransformTiles) {
  for (const MicroKernel* kernel : micro_kernels()) {
    for (const int channels : {1, 3, 16, 37}) {
      SCOPED_TRACE(kernel->name + std::string(", ") + std::to_string(channels) + " channels");
      check_winograd(*kernel, kernel->winograd_2x2, channels);
      check_winograd(*kernel, kernel->winograd_4x4, channels);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(MicroKernel, AllOfThemWidenEveryHalf) {
  std::vector<HalfBits> halves;
  for (int bits = 0; bits < 65536; ++bits) halves.push_back(static_cast<HalfBits>(bits));
  for (const MicroKernel* kernel : micro_kernels()) {
    for (const std::size_t first : {0U, 5U, 65533U}) {
      std::vector<float> floats(halves.size() - first);
      kernel->widen(&halves[first], floats.size(), floats.data());
      for (std::size_t i = 0; i < floats.size(); ++i) {
        const float expected = half_to_float(halves[first + i]);
        ASSERT_TRUE(floats[i] == expected || (std::isnan(floats[i]) && std::isnan(expected)))
            << kernel->name << ": " << halves[first + i];
      }
    }
  }
}

}  // namespace
}  // namespace vpinfer
