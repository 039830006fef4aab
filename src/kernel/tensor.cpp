#include "kernel/tensor.hpp"

#include <algorithm>

#include "kernel/half.hpp"
#include "kernel/runs.hpp"

namespace vpinfer {
void copy_box(const ConstTensorView& from, const TensorView& to, const Box& box) {
  for_each_run(from, to, box, [](const float* source, std::size_t count, float* target) {
    std::copy_n(source, count, target);
  });
}

void copy_box(const ConstTensorView& from, const HalfView& to, const Box& box) {
  for_each_run(from, to, box, round_to_halves);
}

void copy_box(const ConstHalfView& from, const TensorView& to, const Box& box) {
  for_each_run(from, to, box, widen_halves);
}

void add_box(const ConstTensorView& from, const TensorView& to, const Box& box) {
  for_each_run(from, to, box, [](const float* source, std::size_t count, float* target) {
    for (std::size_t i = 0; i < count; ++i) target[i] += source[i];
  });
}

void add_box(const ConstHalfView& from, const TensorView& to, const Box& box) {
  for_each_run(from, to, box, add_halves);
}

}  // namespace vpinfer
