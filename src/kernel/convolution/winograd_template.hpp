#pragma once

#include <cstddef>
#include <utility>

#include "kernel/convolution/vector_template.hpp"
#include "kernel/convolution/winograd_transforms.hpp"

namespace vpinfer {
// Every file that includes this is compiled for another processor: nothing here may be shared.
namespace {

/// One dimension of F(2x2, 3x3), which interpolates at 1, -1, 0 and infinity, in this order: the
/// transforms of opposite points share most of their work.  Its numbers are as exact as those of
/// the window itself.
struct TwoOutputs {
  static constexpr int kOutputs = 2;
  static constexpr int kInputs = 4;

  /// B^T
  template <typename V>
  static void inputs(const V* d, V* t) {
    t[0] = d[1] + d[2];
    t[1] = d[2] - d[1];
    t[2] = d[0] - d[2];
    t[3] = d[1] - d[3];
  }
  /// G
  template <typename V>
  static void weights(const V* g, V* t) {
    const V outer = 0.5F * (g[0] + g[2]);
    t[0] = outer + 0.5F * g[1];
    t[1] = outer - 0.5F * g[1];
    t[2] = g[0];
    t[3] = g[2];
  }
  /// A^T
  template <typename V>
  static void sums(const V* m, V* y) {
    y[0] = m[2] + m[0] + m[1];
    y[1] = m[0] - m[1] - m[3];
  }
};

/// One dimension of F(4x4, 3x3), which interpolates at a, -a, b, -b, 0 and infinity: with
/// a = 1 / sqrt(2) and b = sqrt(2) the powers of the points stay near 1, and with them the errors.
struct FourOutputs {
  static constexpr int kOutputs = 4;
  static constexpr int kInputs = 6;
  static constexpr float kA = 0.70710678F;
  static constexpr float kB = 1.41421356F;

  /// B^T, from the coefficients of x (x^2 - a^2) (x^2 - b^2) = x^5 - 5/2 x^3 + x without one of its
  /// factors.
  template <typename V>
  static void inputs(const V* d, V* t) {
    const V even_a = d[4] - 2.0F * d[2];
    const V odd_a = kA * d[3] - kB * d[1];
    const V even_b = d[4] - 0.5F * d[2];
    const V odd_b = kB * d[3] - kA * d[1];
    t[0] = even_a + odd_a;
    t[1] = even_a - odd_a;
    t[2] = even_b + odd_b;
    t[3] = even_b - odd_b;
    t[4] = d[0] - 2.5F * d[2] + d[4];
    t[5] = d[1] - 2.5F * d[3] + d[5];
  }
  /// G: the powers of a point divided by the product of its distances from the others.
  template <typename V>
  static void weights(const V* g, V* t) {
    constexpr float kThird = 1.0F / 3.0F;
    constexpr float kSixth = 1.0F / 6.0F;
    const V even_a = -2 * kThird * g[0] - kThird * g[2];
    const V odd_a = -2 * kThird * kA * g[1];
    const V even_b = kSixth * g[0] + kThird * g[2];
    const V odd_b = kSixth * kB * g[1];
    t[0] = even_a + odd_a;
    t[1] = even_a - odd_a;
    t[2] = even_b + odd_b;
    t[3] = even_b - odd_b;
    t[4] = g[0];
    t[5] = g[2];
  }
  /// A^T: the powers of the points.
  template <typename V>
  static void sums(const V* m, V* y) {
    const V even_a = m[0] + m[1];
    const V odd_a = m[0] - m[1];
    const V even_b = m[2] + m[3];
    const V odd_b = m[2] - m[3];
    y[0] = m[4] + even_a + even_b;
    y[1] = kA * odd_a + kB * odd_b;
    y[2] = 0.5F * even_a + 2.0F * even_b;
    y[3] = 0.5F * kA * odd_a + 2.0F * kB * odd_b + m[5];
  }
};

/// Applies a transform of kFrom values to kTo to the columns of a matrix of load(row, col), then to
/// the rows; gives each element of the result to store(row, col, value).
template <int kFrom, int kTo, typename V, typename Load, typename Store>
[[gnu::always_inline]] inline void transform_both_ways(void (*transform)(const V*, V*),
                                                       const Load& load, const Store& store) {
  V half[kTo * kFrom];
#pragma GCC unroll 6
  for (int col = 0; col < kFrom; ++col) {
    V column[kFrom];
    V transformed[kTo];
#pragma GCC unroll 6
    for (int row = 0; row < kFrom; ++row) column[row] = load(row, col);
    transform(column, transformed);
#pragma GCC unroll 6
    for (int row = 0; row < kTo; ++row) half[row * kFrom + col] = transformed[row];
  }
#pragma GCC unroll 6
  for (int row = 0; row < kTo; ++row) {
    V transformed[kTo];
    transform(half + row * kFrom, transformed);
#pragma GCC unroll 6
    for (int col = 0; col < kTo; ++col) store(row, col, transformed[col]);
  }
}

template <typename Tile, int kLanes>
void transform_input_vectors(const float* const* inputs, int begin, int end, float* transformed,
                             std::size_t element_stride) {
  using Floats = Vector<kLanes>;
  using V = typename Floats::Type;
  constexpr int kInputs = Tile::kInputs;
  for (int c = begin; c + kLanes <= end; c += kLanes) {
    transform_both_ways<kInputs, kInputs, V>(
        Tile::inputs,
        [&](int row, int col) { return Floats::load(inputs[row * kInputs + col] + c); },
        [&](int row, int col, const V& value) {
          const auto element = static_cast<std::size_t>(row * kInputs + col);
          Floats::store(value, transformed + element * element_stride + c);
        });
  }
}

template <typename Tile, int kLanes>
void transform_inputs(const float* const* inputs, int channels, float* transformed,
                      std::size_t element_stride) {
  const int in_vectors = channels / kLanes * kLanes;
  transform_input_vectors<Tile, kLanes>(inputs, 0, in_vectors, transformed, element_stride);
  transform_input_vectors<Tile, 1>(inputs, in_vectors, channels, transformed, element_stride);
}

/// Rows 2 * kPair and 2 * kPair + 1 of the elements.  The compiler leaves out what only other rows
/// need.
template <typename Tile, int kLanes, int kPair>
void transform_weights(const float* panel, std::size_t tap_stride, int channels, float* transformed,
                       std::size_t element_stride) {
  using Floats = Vector<kLanes>;
  using V = typename Floats::Type;
  constexpr int kInputs = Tile::kInputs;
  for (int at = 0; at < channels * 2 * kLanes; at += kLanes) {
    transform_both_ways<3, kInputs, V>(
        Tile::weights,
        [&](int row, int col) {
          return Floats::load(panel + static_cast<std::size_t>(row * 3 + col) * tap_stride + at);
        },
        [&](int row, int col, const V& value) {
          if (row / 2 != kPair) return;
          const auto element = static_cast<std::size_t>(row % 2 * kInputs + col);
          Floats::store(value, transformed + element * element_stride + at);
        });
  }
}

template <typename Tile, int kLanes>
void transform_sums(const float* sums, std::size_t element_stride, const PanelOutputs& outputs) {
  using Floats = Vector<kLanes>;
  using V = typename Floats::Type;
  constexpr int kInputs = Tile::kInputs;
  constexpr int kOutputs = Tile::kOutputs;
  for (int at = 0; at < 2 * kLanes; at += kLanes) {
    const SumWriter<kLanes> writer(outputs, at);
    transform_both_ways<kInputs, kOutputs, V>(
        Tile::sums,
        [&](int row, int col) {
          const auto element = static_cast<std::size_t>(row * kInputs + col);
          return Floats::load(sums + element * element_stride + at);
        },
        [&](int row, int col, const V& value) { writer.write(row * kOutputs + col, value); });
  }
}

template <typename Tile, int kLanes>
constexpr WinogradTransforms make_winograd_transforms() {
  return [&]<int... kPair>(std::integer_sequence<int, kPair...>) {
    return WinogradTransforms{Tile::kOutputs,
                              Tile::kInputs,
                              &transform_inputs<Tile, kLanes>,
                              {&transform_weights<Tile, kLanes, kPair>...},
                              &transform_sums<Tile, kLanes>};
  }
  (std::make_integer_sequence<int, Tile::kInputs / 2>{});
}

}  // namespace
}  // namespace vpinfer
