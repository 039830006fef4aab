#include "kernel/micro_kernel.hpp"

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
  kernel.of_pixels[size(pixels - 1)](tile);

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

}  // namespace
}  // namespace vpinfer
