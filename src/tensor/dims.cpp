#include "tensor/dims.hpp"

#include <algorithm>
#include <numeric>
#include <set>

namespace vpinfer {
namespace {

/// Start, end and step of an axis with so many elements, negative ones counted from the end.
Cut slice_cut(const OnnxNodeReader& node, std::int64_t start, std::int64_t end, std::int64_t step,
              std::int64_t size) {
  if (step == 0) node.refuse("a step of 0 is not possible");
  const bool forward = step > 0;
  const auto clamp = [&](std::int64_t at) {
    if (at < 0) at += size;
    return forward ? std::clamp(at, std::int64_t{0}, size)
                   : std::clamp(at, std::int64_t{-1}, size - 1);
  };
  start = clamp(start);
  end = clamp(end);
  const std::int64_t reach = forward ? end - start : start - end;
  if (reach <= 0) return {0, 0};
  const std::int64_t magnitude = forward ? std::min(step, size) : -std::max(step, -size);
  const std::int64_t count = (reach + magnitude - 1) / magnitude;
  return {node.small(start), node.small(count),
          count == 1 ? 1 : node.small(forward ? magnitude : -magnitude)};
}

}  // namespace

OnnxDims reshape_dims(const OnnxNodeReader& node, const OnnxDims& from, const OnnxDims& wanted) {
  const std::int64_t elements = count_elements(from);
  const std::int64_t most = std::max(elements, std::int64_t{1} << 31U);
  const auto impossible = [&] {
    node.refuse("cannot reshape " + to_string(from) + " to " + to_string(wanted));
  };
  OnnxDims dims = wanted;
  std::int64_t known = 1;
  std::size_t open = dims.size();
  for (std::size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] == 0 && !node.flag("allowzero")) {
      if (i >= from.size()) impossible();
      dims[i] = from[i];
    }
    if (dims[i] == -1 && open == dims.size()) {
      open = i;
      continue;
    }
    if (dims[i] < 0 || (dims[i] > 0 && known > most / dims[i])) impossible();
    known *= dims[i];
  }
  if (open < dims.size()) {
    if (known == 0) impossible();
    dims[open] = elements / known;
  }
  if (count_elements(dims) != elements) impossible();
  return dims;
}

OnnxDims flatten_dims(const OnnxNodeReader& node, const OnnxDims& from) {
  std::int64_t axis = node.integer("axis", 1);
  if (axis != static_cast<std::int64_t>(from.size())) {
    axis = static_cast<std::int64_t>(node.axis(axis, from.size()));
  }
  const auto cut = from.begin() + axis;
  return {count_elements({from.begin(), cut}), count_elements({cut, from.end()})};
}

OnnxDims squeeze_dims(const OnnxNodeReader& node, const OnnxDims& from, const OnnxDims& axes) {
  std::set<std::size_t> named;
  for (const std::int64_t axis : axes) named.insert(node.axis(axis, from.size()));
  OnnxDims dims;
  for (std::size_t i = 0; i < from.size(); ++i) {
    const bool goes = axes.empty() ? from[i] == 1 : named.contains(i);
    if (goes && from[i] != 1) node.refuse("cannot leave out an axis of " + to_string(from));
    if (!goes) dims.push_back(from[i]);
  }
  return dims;
}

OnnxDims unsqueeze_dims(const OnnxNodeReader& node, const OnnxDims& from, const OnnxDims& axes) {
  std::set<std::size_t> added;
  for (const std::int64_t axis : axes) added.insert(node.axis(axis, from.size() + axes.size()));
  if (added.size() != axes.size()) node.refuse("an axis is named twice");
  OnnxDims dims = from;
  for (const std::size_t axis : added)
    dims.insert(dims.begin() + static_cast<std::ptrdiff_t>(axis), 1);
  return dims;
}

OnnxDims shape_dims(const OnnxNodeReader& node, const OnnxDims& from) {
  const auto rank = static_cast<std::int64_t>(from.size());
  const auto clamp = [&](std::int64_t at) {
    return std::clamp(at < 0 ? at + rank : at, std::int64_t{0}, rank);
  };
  const std::int64_t start = clamp(node.integer("start", 0));
  const std::int64_t end = std::max(start, clamp(node.integer("end", rank)));
  return {from.begin() + start, from.begin() + end};
}

std::vector<std::size_t> read_permutation(const OnnxNodeReader& node, std::size_t rank) {
  OnnxDims backwards(rank);
  std::iota(backwards.rbegin(), backwards.rend(), 0);
  std::vector<std::size_t> permutation;
  for (const std::int64_t axis : node.integers("perm", backwards)) {
    permutation.push_back(node.axis(axis, rank));
  }
  const std::set<std::size_t> distinct(permutation.begin(), permutation.end());
  if (permutation.size() != rank || distinct.size() != rank) {
    node.refuse("its perm is no permutation");
  }
  return permutation;
}

std::vector<Cut> slice_cuts(const OnnxNodeReader& node, const OnnxDims& from,
                            const OnnxSlice& slice) {
  const std::size_t count = slice.starts.size();
  const auto suits = [&](const OnnxDims& list) { return list.empty() || list.size() == count; };
  if (slice.ends.size() != count || !suits(slice.axes) || !suits(slice.steps)) {
    node.refuse("its starts, ends, axes and steps do not match");
  }
  std::vector<Cut> cuts;
  for (const std::int64_t extent : from) cuts.push_back({0, node.small(extent)});
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t wanted = slice.axes.empty() ? static_cast<std::int64_t>(i) : slice.axes[i];
    const std::size_t axis = node.axis(wanted, from.size());
    cuts[axis] = slice_cut(node, slice.starts[i], slice.ends[i],
                           slice.steps.empty() ? 1 : slice.steps[i], from[axis]);
  }
  return cuts;
}

}  // namespace vpinfer
