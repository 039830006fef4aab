#pragma once

#if defined(__AVX512F__) || defined(__F16C__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#include <cstddef>
#include <cstring>
#include <utility>

#include "kernel/convolution/depthwise_template.hpp"
#include "kernel/convolution/micro_kernel.hpp"
#include "kernel/convolution/vector_template.hpp"
#include "kernel/convolution/winograd_template.hpp"
#include "kernel/half_template.hpp"

namespace vpinfer {
// Every file that includes this is compiled for another processor: nothing here may be shared.
namespace {

/// The sums of kPixels pixels and two vectors of filters:
///
///                       panel row of channel c
///                      +----------+----------+
///                      | vector 0 | vector 1 |
///                      +----------+----------+
///     pixel 0's c  x   |   sums   |   sums   |
///     pixel 1's c  x   |   sums   |   sums   |     2 * kPixels sums, 2 panel vectors and one
///     ...              |   ...    |   ...    |     pixel's value: 27 registers for 12 pixels
template <int kLanes, int kPixels>
struct RegisterTile {
  using Floats = Vector<kLanes>;
  using Sum = typename Floats::Type;

  Sum left[kPixels]{};
  Sum right[kPixels]{};

  /// pixel(p) points to its channels.
  template <typename Pixel>
  [[gnu::always_inline]] void add(const Pixel& pixel, int channels, const float* panel) {
    for (int c = 0; c < channels; ++c, panel += 2 * kLanes) {
      const Sum first = Floats::load(panel);
      const Sum second = Floats::load(panel + kLanes);
#pragma GCC unroll 12
      for (int p = 0; p < kPixels; ++p) {
        const float value = pixel(p)[c];
        left[p] += value * first;
        right[p] += value * second;
      }
    }
  }
};

template <int kLanes, int kPixels>
void compute_tile(const MicroTile& tile) {
  RegisterTile<kLanes, kPixels> sums;
  for (int tap = 0; tap < tile.taps; ++tap) {
    const float* pixels[kPixels];
    for (int p = 0; p < kPixels; ++p) {
      pixels[p] = tile.pixels[tap * kMostTilePixels + p] + tile.channel;
    }
    sums.add([&](int p) { return pixels[p]; }, tile.channels,
             tile.panel + static_cast<std::size_t>(tap) * tile.tap_stride);
  }
  const SumWriter<kLanes> write_left(tile.outputs, 0);
  const SumWriter<kLanes> write_right(tile.outputs, kLanes);
  for (int p = 0; p < kPixels; ++p) {
    write_left.write(p, sums.left[p]);
    write_right.write(p, sums.right[p]);
  }
}

template <int kLanes, int kTiles>
void multiply_elements(const ElementProducts& products) {
  using Floats = Vector<kLanes>;
  for (int element = 0; element < products.elements; ++element) {
    const auto e = static_cast<std::size_t>(element);
    const float* inputs = products.inputs + e * products.input_stride;
    RegisterTile<kLanes, kTiles> sums;
    sums.add([&](int t) { return inputs + t * kWinogradBlockChannels; }, products.channels,
             products.weights + e * products.weight_stride);
    float* at = products.sums + e * products.sum_stride;
#pragma GCC unroll 12
    for (int t = 0; t < kTiles; ++t, at += 2 * kLanes) {
      if (products.accumulate) {
        sums.left[t] += Floats::load(at);
        sums.right[t] += Floats::load(at + kLanes);
      }
      Floats::store(sums.left[t], at);
      Floats::store(sums.right[t], at + kLanes);
    }
  }
}

/// By the processor's own instruction where there is one: compilers do not find it in loops.
inline void widen(const HalfBits* halves, std::size_t count, float* floats) {
  std::size_t i = 0;
#if defined(__AVX512F__)
  for (; i + 16 <= count; i += 16) {
    __m256i part;
    std::memcpy(&part, halves + i, sizeof part);
    _mm512_storeu_ps(floats + i, _mm512_cvtph_ps(part));
  }
#elif defined(__F16C__)
  for (; i + 8 <= count; i += 8) {
    __m128i part;
    std::memcpy(&part, halves + i, sizeof part);
    _mm256_storeu_ps(floats + i, _mm256_cvtph_ps(part));
  }
#elif defined(__aarch64__)
  for (; i + 4 <= count; i += 4) {
    vst1q_f32(floats + i, vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(halves + i))));
  }
#endif
  for (; i < count; ++i) floats[i] = widen_half(halves[i]);
}

template <int kLanes, int kPixels>
constexpr MicroKernel make_micro_kernel(const char* name) {
  static_assert(kMostTilePixels <= 2 * kPixels && kPixels <= kMostTilePixels);
  static_assert(kMostPanelFilters % (2 * kLanes) == 0);
  MicroKernel kernel{name,
                     kPixels,
                     2 * kLanes,
                     {},
                     {},
                     &widen,
                     &compute_depthwise<kLanes>,
                     make_winograd_transforms<TwoOutputs, kLanes>(),
                     make_winograd_transforms<FourOutputs, kLanes>()};
  [&]<int... kIndex>(std::integer_sequence<int, kIndex...>) {
    ((kernel.compute_tile[kIndex] = &compute_tile<kLanes, kIndex + 1>), ...);
    ((kernel.multiply_elements[kIndex] = &multiply_elements<kLanes, kIndex + 1>), ...);
  }
  (std::make_integer_sequence<int, kPixels>{});
  return kernel;
}

}  // namespace
}  // namespace vpinfer
