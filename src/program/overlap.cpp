#include "program/overlap.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "plan/geometry.hpp"

namespace vpinfer {
namespace {

using BoxAxis = Interval Box::*;
constexpr std::array<BoxAxis, 3> kAxes{&Box::rows, &Box::cols, &Box::channels};

/// Each part of a convolution reads all its weights once more, as much work as some dozens of
/// pixels: where there are few pixels and many weights, waiting for the borders is cheaper than
/// computing around them.
bool worth_dividing(const Network& network, int first_layer, const Box& box) {
  constexpr int kFewPixels = 256;
  constexpr std::size_t kManyWeights = 65536;
  const std::size_t weights = static_cast<std::size_t>(box.channels.size()) *
                              weight_shape(network, first_layer).elements_per_filter();
  return box.rows.size() * box.cols.size() >= kFewPixels || weights < kManyWeights;
}

/// How far from one end the first computable slice of an axis lies, at most `count`.  Computable
/// slices lie together: steps that double find them, halving finds the first.
template <typename IsComputable>
int skip(int count, const IsComputable& is_computable) {
  if (count == 0 || is_computable(0)) return 0;
  int fails = 0;
  int next = 1;
  while (next < count && !is_computable(next)) {
    fails = next;
    next *= 2;
  }
  if (next >= count) return count;
  while (next - fails > 1) {
    const int middle = (fails + next) / 2;
    (is_computable(middle) ? next : fails) = middle;
  }
  return next;
}

}  // namespace

Box read_to_compute(const Network& network, const TensorOutline& tensor, std::size_t input,
                    const Box& box) {
  const int position = tensor.position;
  if (!tensor.strips) return required_input(network, position, input, box);
  return required_input(network, tensor.strips->convolution, input,
                        required_input(network, position, 0, box));
}

Box interior(const Network& network, const TensorOutline& tensor, const Box& box,
             const std::vector<Box>& available) {
  if (!worth_dividing(network, tensor.first_layer(), box)) return {};
  // Whether a part reads nothing that is still on its way, looking along the given axes.
  const auto computable = [&](const Box& part, std::span<const BoxAxis> axes) {
    for (std::size_t i = 0; i < available.size(); ++i) {
      const Box needed = read_to_compute(network, tensor, i, part);
      for (const BoxAxis axis : axes) {
        if (!(available[i].*axis).contains(needed.*axis)) return false;
      }
    }
    return true;
  };
  Box inner = box;
  for (const BoxAxis& axis : kAxes) {
    const auto slice_is_computable = [&](int at) {
      Box slice = box;
      slice.*axis = {at, at + 1};
      return computable(slice, {&axis, 1});
    };
    Interval& range = inner.*axis;
    range.begin += skip(range.size(), [&](int i) { return slice_is_computable(range.begin + i); });
    range.end -= skip(range.size(), [&](int i) { return slice_is_computable(range.end - 1 - i); });
    if (range.empty()) return {};
  }
  return !inner.empty() && computable(inner, kAxes) ? inner : Box{};
}

std::vector<ChannelBlock> channel_blocks(const Box& required, const Box& owned,
                                         const std::vector<Message>& messages, int rank) {
  constexpr int kFewestChannels = 64;
  const auto has_all_pixels = [&](const Box& part) {
    return part.rows == required.rows && part.cols == required.cols;
  };
  const Box own = intersect(required, owned);
  if (!own.empty() && !has_all_pixels(own)) return {};
  std::vector<ChannelBlock> blocks;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    for (const Box& sent : messages[i].boxes) {
      const Box part = intersect(required, sent);
      if (part.empty()) continue;
      if (!has_all_pixels(part) || part.channels.size() < kFewestChannels) return {};
      blocks.push_back({i, part.channels});
    }
  }
  const auto before = std::partition_point(
      blocks.begin(), blocks.end(),
      [&](const ChannelBlock& block) { return messages[block.message].from < rank; });
  std::reverse(blocks.begin(), before);
  std::reverse(before, blocks.end());
  return blocks;
}

}  // namespace vpinfer
