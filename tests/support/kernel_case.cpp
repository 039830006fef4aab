#include "support/kernel_case.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "plan/geometry.hpp"
#include "support/random_network.hpp"
#include "support/reference.hpp"

namespace vpinfer {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

/// The part `box` of the case's input; what lies outside `required` is NaN, so that a kernel that
/// reads it betrays itself.
Stored stored_input(const KernelCase& c, const Box& box, const Box& required) {
  Stored stored{box, std::vector<float>(box.elements(), kNan)};
  const std::vector<float>& all = c.input;
  const Shape& shape = c.in();
  for (int row = required.rows.begin; row < required.rows.end; ++row) {
    for (int col = required.cols.begin; col < required.cols.end; ++col) {
      for (int i = required.channels.begin; i < required.channels.end; ++i) {
        *stored.view().at(row, col, i) = all[flat_index(shape, row, col, i)];
      }
    }
  }
  return stored;
}

/// Whether `output` holds the expected values within `box`, and the guard everywhere else.
void expect_only_box_written(const KernelCase& c, Stored& output, const Box& box) {
  const Box& held = output.box;
  for (int row = held.rows.begin; row < held.rows.end; ++row) {
    for (int col = held.cols.begin; col < held.cols.end; ++col) {
      for (int i = held.channels.begin; i < held.channels.end; ++i) {
        const float value = *output.view().at(row, col, i);
        if (!box.contains({{row, row + 1}, {col, col + 1}, {i, i + 1}})) {
          ASSERT_EQ(value, kGuard) << "written outside " << to_string(box);
          continue;
        }
        const float expected = c.expected[flat_index(c.out(), row, col, i)];
        const bool close = std::abs(value - expected) <= 1e-4F * std::max(1.0F, std::abs(expected));
        ASSERT_TRUE(close) << value << " instead of " << expected << " at " << row << " " << col
                           << " " << i << " of " << to_string(box);
      }
    }
  }
}

}  // namespace

const Workers& one_worker() {
  static ThreadPool pool(1);
  static const Workers workers{pool};
  return workers;
}

KernelCase::KernelCase(const Shape& shape, const Operation& operation, std::uint32_t seed)
    : random(seed) {
  network.layers.push_back({Input{}, {}, shape});
  add_layer(network, operation, {0}, "case");
  weights = seeded_weights(network, seed)[1];
  input = random.reals(shape.elements(), -2, 2);
  expected = reference_layer(network, 1, weights, {input});
}

std::vector<Box> KernelCase::boxes(int count) {
  std::vector<Box> list{whole(out())};
  for (int i = 0; i < count; ++i) list.push_back(random_box(whole(out()), random));
  return list;
}

Box KernelCase::grown(const Box& box, const Shape& shape) {
  return hull(box, random.chance(50) ? random_box(whole(shape), random) : box);
}

void check_box(KernelCase& c, const Box& box, const Kernel& kernel) {
  const Box required = required_input(c.network, 1, 0, box);
  Stored input = stored_input(c, c.grown(required, c.in()), required);
  const Box held = c.grown(box, c.out());
  Stored output{held, std::vector<float>(held.elements(), kGuard)};
  for (int row = box.rows.begin; row < box.rows.end; ++row) {
    for (int col = box.cols.begin; col < box.cols.end; ++col) {
      std::fill_n(output.view().at(row, col, box.channels.begin), box.channels.size(), kNan);
    }
  }
  kernel(input.view(), output.view(), box);
  expect_only_box_written(c, output, box);
}

}  // namespace vpinfer
