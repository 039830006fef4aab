#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <type_traits>
#include <vector>

#include "tensor/call.hpp"

namespace vpinfer {

/// Elements of a tensor that follow each other, and those of N tensors that are broadcast to its
/// extents: element `begin + i` meets the n-th tensor's element `from[n] + i` if that moves along,
/// or else its element `from[n]`.
template <std::size_t N>
struct Run {
  std::size_t begin = 0;
  std::size_t count = 1;
  std::array<std::size_t, N> from{};
  std::array<bool, N> moves{};

  /// What element `begin + i` meets in the n-th tensor.
  [[nodiscard]] std::size_t place(std::size_t n, std::size_t i) const {
    return from[n] + (moves[n] ? i : 0);
  }
};

/// Neighbouring axes along which the same tensors move.
template <std::size_t N>
struct RunAxis {
  std::size_t extent = 1;
  std::array<bool, N> moves{};
  std::array<std::size_t, N> strides{};  ///< 0 for those that do not move
};

/// The fewest axes that describe how tensors are broadcast to `dims`, slowest first; at least one.
template <std::size_t N>
std::vector<RunAxis<N>> run_axes(const OnnxDims& dims, const std::array<OnnxDims, N>& parts) {
  std::vector<RunAxis<N>> axes;
  for (std::size_t axis = 0; axis < dims.size(); ++axis) {
    if (dims[axis] == 1) continue;
    RunAxis<N> next{static_cast<std::size_t>(dims[axis]), {}, {}};
    for (std::size_t n = 0; n < N; ++n) {
      const std::size_t missing = dims.size() - parts[n].size();
      next.moves[n] = axis >= missing && parts[n][axis - missing] != 1;
    }
    if (!axes.empty() && axes.back().moves == next.moves) {
      axes.back().extent *= next.extent;
    } else {
      axes.push_back(next);
    }
  }
  if (axes.empty()) axes.emplace_back();
  std::array<std::size_t, N> strides{};
  strides.fill(1);
  for (auto axis = axes.rbegin(); axis != axes.rend(); ++axis) {
    for (std::size_t n = 0; n < N; ++n) {
      if (!axis->moves[n]) continue;
      axis->strides[n] = strides[n];
      strides[n] *= axis->extent;
    }
  }
  return axes;
}

template <std::size_t N, typename Visit>
void visit_runs(std::span<const RunAxis<N>> axes, Run<N>& run, const Visit& visit) {
  const RunAxis<N>& axis = axes.front();
  if (axes.size() == 1) {
    run.count = axis.extent;
    run.moves = axis.moves;
    visit(run);
    run.begin += run.count;
    return;
  }
  const std::array<std::size_t, N> from = run.from;
  for (std::size_t i = 0; i < axis.extent; ++i) {
    visit_runs(axes.subspan(1), run, visit);
    for (std::size_t n = 0; n < N; ++n) run.from[n] += axis.strides[n];
  }
  run.from = from;
}

/// Calls visit(Run) for all elements of a tensor of these extents, in order.  Each of `parts` can
/// be broadcast to them.
template <std::size_t N, typename Visit>
void for_each_run(const OnnxDims& dims, const std::array<OnnxDims, N>& parts, const Visit& visit) {
  const std::vector<RunAxis<N>> axes = run_axes(dims, parts);
  Run<N> run;
  visit_runs(std::span<const RunAxis<N>>(axes), run, visit);
}

/// The extents that two tensors are broadcast to, as in numpy: aligned at their ends, 1 repeats.
/// Refuses what does not fit or is too large.
[[nodiscard]] OnnxDims broadcast_dims(const OnnxCall& call, const OnnxDims& a, const OnnxDims& b);

/// A tensor repeated to larger extents.  Refuses those that it cannot be broadcast to.
[[nodiscard]] OnnxTensor broadcast(const OnnxCall& call, const OnnxTensor& tensor,
                                   const OnnxDims& dims);

/// function(a, b) for the elements of two tensors, broadcast to `dims`.
template <typename A, typename B, typename Function>
auto combine_values(const OnnxDims& dims, const OnnxDims& of_a, const std::vector<A>& a,
                    const OnnxDims& of_b, const std::vector<B>& b, const Function& function) {
  std::vector<std::invoke_result_t<Function, A, B>> values(
      static_cast<std::size_t>(count_elements(dims)));
  for_each_run<2>(dims, {of_a, of_b}, [&](const Run<2>& run) {
    auto* const result = values.data() + run.begin;
    const A* const left = a.data() + run.from[0];
    const B* const right = b.data() + run.from[1];
    if (run.moves[0] && run.moves[1]) {
      for (std::size_t i = 0; i < run.count; ++i) result[i] = function(left[i], right[i]);
    } else if (run.moves[0]) {
      for (std::size_t i = 0; i < run.count; ++i) result[i] = function(left[i], *right);
    } else {
      for (std::size_t i = 0; i < run.count; ++i) result[i] = function(*left, right[i]);
    }
  });
  return values;
}

/// function(a, b) for the elements of two tensors, both of floats or both of integers.
template <typename Function>
OnnxTensor combine(const OnnxCall& call, const OnnxTensor& a, const OnnxTensor& b,
                   const Function& function) {
  if (a.is_float() != b.is_float()) call.node.refuse("its inputs have different types");
  const OnnxDims dims = broadcast_dims(call, a.dims, b.dims);
  if (a.is_float()) {
    return {dims, combine_values(dims, a.dims, a.floats(), b.dims, b.floats(), function)};
  }
  return {dims, combine_values(dims, a.dims, a.integers(), b.dims, b.integers(), function)};
}

/// The extents with some axes shrunk to 1, and without them.
[[nodiscard]] OnnxDims with_ones(const OnnxDims& dims, const std::vector<bool>& shrunk);
[[nodiscard]] OnnxDims without(const OnnxDims& dims, const std::vector<bool>& shrunk);

}  // namespace vpinfer
