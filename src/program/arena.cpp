#include "program/arena.hpp"

#include <algorithm>
#include <numeric>

#include "base/float_buffer.hpp"

namespace vpinfer {
namespace {

bool alive_together(const Lifetime& a, const Lifetime& b) {
  return a.first <= b.last && b.first <= a.last;
}

}  // namespace

ArenaPlan pack_arena(const std::vector<Lifetime>& buffers) {
  std::vector<std::size_t> order(buffers.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return buffers[a].bytes > buffers[b].bytes;
  });

  ArenaPlan plan{std::vector<std::size_t>(buffers.size(), 0), 0};
  std::vector<std::size_t> placed;  // by increasing offset
  for (const std::size_t buffer : order) {
    const std::size_t size = bytes_in_whole_lines(buffers[buffer].bytes);
    std::size_t offset = 0;
    for (const std::size_t other : placed) {
      if (!alive_together(buffers[buffer], buffers[other])) continue;
      if (offset + size <= plan.offsets[other]) break;
      offset = std::max(offset, plan.offsets[other] + bytes_in_whole_lines(buffers[other].bytes));
    }
    plan.offsets[buffer] = offset;
    plan.bytes = std::max(plan.bytes, offset + size);
    const auto after = std::find_if(placed.begin(), placed.end(), [&](std::size_t other) {
      return plan.offsets[other] > offset;
    });
    placed.insert(after, buffer);
  }
  return plan;
}

}  // namespace vpinfer
