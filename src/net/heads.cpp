#include "net/heads.hpp"

#include <cmath>
#include <cstdint>

#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

constexpr int kMost = 65536;  // of classes, boxes, bins

[[noreturn]] void refuse(const std::string& where, const std::string& why) {
  throw BadInput(where + ": " + why);
}

}  // namespace

void check_tree(const std::vector<int>& parents, const std::string& where) {
  for (int i = 0; i < static_cast<int>(parents.size()); ++i) {
    const int parent = parents[static_cast<std::size_t>(i)];
    if (parent < -1 || parent >= i) {
      refuse(where, "class " + std::to_string(i) + " of its tree has the parent " +
                        std::to_string(parent) + ", which does not come before it");
    }
  }
}

void check_head(const Region& region, const Shape& in, const std::string& where) {
  const bool sane = region.classes >= 0 && region.classes <= kMost;
  const std::int64_t wanted = sane ? std::int64_t{region.channels_per_anchor()} *
                                         static_cast<std::int64_t>(region.anchors.size())
                                   : 0;
  if (wanted == 0 || in.channels != wanted) {
    refuse(where, "needs " + std::to_string(wanted) + " channels for " +
                      std::to_string(region.anchors.size()) + " anchors and " +
                      std::to_string(region.classes) + " classes, but its input has " +
                      std::to_string(in.channels));
  }
  if (!region.tree.empty()) {
    check_tree(region.tree, where);
    if (static_cast<int>(region.tree.size()) != region.classes) {
      refuse(where, "its tree has " + std::to_string(region.tree.size()) + " classes instead of " +
                        std::to_string(region.classes));
    }
  }
  if (!std::isfinite(region.stretch) || !std::isfinite(region.distance_exponent.value_or(0))) {
    refuse(where, "its numbers must be finite");
  }
  for (const int entry : region.map) {
    if (entry < 0 || entry >= region.classes) {
      refuse(where, "its map names class " + std::to_string(entry) + ", which there is not");
    }
  }
}

void check_head(const GridHead& head, const Shape& in, const std::string& where) {
  const std::int64_t side = head.side;
  const bool sane = head.side >= 1 && head.side <= kMost && head.boxes >= 1 &&
                    head.boxes <= kMost && head.classes >= 0 && head.classes <= kMost;
  const std::int64_t wanted =
      sane ? side * side * (head.classes + std::int64_t{5} * head.boxes) : 0;
  if (in != Shape{1, 1, in.channels} || in.channels != wanted) {
    refuse(where, "needs " + std::to_string(wanted) + " values for " + std::to_string(head.side) +
                      " x " + std::to_string(head.side) + " cells, " + std::to_string(head.boxes) +
                      " boxes and " + std::to_string(head.classes) + " classes, but its input is " +
                      to_string(in));
  }
}

void check_head(const NanoDet& head, const Shape& in, const std::string& where) {
  const bool sane = head.classes >= 1 && head.classes <= kMost && head.bins >= 1 &&
                    head.bins <= kMost && head.stride >= 1 && head.stride <= kMost;
  if (!sane) {
    refuse(where, "classes, bins and stride must be from 1 to " + std::to_string(kMost));
  }
  if (in.channels != head.channels()) {
    refuse(where, "needs " + std::to_string(head.channels()) + " channels for " +
                      std::to_string(head.classes) + " classes and " + std::to_string(head.bins) +
                      " bins, but its input has " + std::to_string(in.channels));
  }
}

}  // namespace vpinfer
