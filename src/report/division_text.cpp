#include "report/division_text.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <set>
#include <vector>

#include "search/choice.hpp"
#include "search/pipeline.hpp"

namespace vpinfer {
namespace {

/// A rank's part of a layer's work: rows, columns, channels, and what it sums over, nothing if
/// everything.
using Part = std::array<Interval, 4>;
constexpr std::array kNouns{"rows", "cols", "channels", "sums"};

/// Least and most of something.
struct Range {
  int least = 0;
  int most = 0;

  void add(int value) {
    least = most == 0 ? value : std::min(least, value);
    most = std::max(most, value);
  }
  [[nodiscard]] std::string text() const {
    return (least == most ? "" : std::to_string(least) + "-") + std::to_string(most);
  }
};

Part part_of(const Box& box, Interval summed) {
  return {box.rows, box.cols, box.channels, summed};
}

/// The parts of all ranks that have one, and how many ranks have the same.
std::map<Part, int> parts_of(const LayerPlan& layer) {
  std::map<Part, int> parts;
  for (const SumShare& share : layer.sums) {
    if (!share.box.empty()) ++parts[part_of(share.box, share.channels)];
  }
  if (layer.divides_sums()) return parts;
  for (const Box& box : layer.owned) {
    if (!box.empty()) ++parts[part_of(box, {})];
  }
  return parts;
}

enum class Sizes { kTold, kUntold };

/// For example `8 rows of 6-7`: into how many intervals an axis is cut, wherever parts are alike
/// along the axes before it.  Nothing if it is not cut.
std::string cuts_along(std::size_t axis, const std::map<Part, int>& parts, Sizes told) {
  std::map<std::vector<Interval>, std::set<Interval>> cuts;
  Range sizes;
  for (const auto& [part, ranks] : parts) {
    cuts[{part.begin(), part.begin() + axis}].insert(part[axis]);
    sizes.add(part[axis].size());
  }
  Range counts;
  for (const auto& [before, intervals] : cuts) counts.add(static_cast<int>(intervals.size()));
  if (counts.most <= 1) return "";
  return counts.text() + " " + kNouns[axis] +
         (told == Sizes::kUntold || sizes.least == sizes.most ? "" : " of " + sizes.text());
}

/// For example `4 rows x 2 cols`.  Nothing if no axis is cut.
std::string cuts(const std::map<Part, int>& parts, Sizes told) {
  std::string text;
  for (std::size_t axis = 0; axis < kNouns.size(); ++axis) {
    const std::string along = cuts_along(axis, parts, told);
    text += (text.empty() || along.empty() ? "" : " x ") + along;
  }
  return text;
}

/// The same of a layer, or `whole`, or `repeated` by several ranks.
std::string cuts(const LayerPlan& layer) {
  const std::map<Part, int> parts = parts_of(layer);
  std::string text = cuts(parts, Sizes::kUntold);
  if (!text.empty()) return text;
  return parts.size() == 1 && parts.begin()->second == 1 ? "whole" : "repeated";
}

/// A way to cut layers, and how many are cut so.
struct Way {
  std::string text;
  int layers = 0;
};

/// Those of convolutions and poolings, in their order.
std::vector<Way> ways_to_cut(const Network& network, const Plan& plan) {
  std::vector<Way> ways;
  for (const int position : layers_divided_by_choice(network)) {
    const std::string text = cuts(plan.layer(position));
    auto way = std::find_if(ways.begin(), ways.end(), [&](const Way& w) { return w.text == text; });
    if (way == ways.end()) way = ways.insert(ways.end(), {text});
    ++way->layers;
  }
  return ways;
}

std::string stages_text(const std::vector<int>& sizes) {
  constexpr std::size_t kMostListed = 6;
  std::string list;
  Range range;
  for (const int size : sizes) {
    list += (list.empty() ? "" : ", ") + std::to_string(size);
    range.add(size);
  }
  if (sizes.size() <= kMostListed) return "stages on " + list + " hosts";
  return std::to_string(sizes.size()) + " stages of " + range.text() +
         (range.most == 1 ? " host" : " hosts");
}

/// Whether some elements are computed by ranks that have different parts.
bool overlap(const LayerPlan& layer, const std::map<Part, int>& parts, const Shape& output) {
  if (layer.divides_sums()) return false;
  std::size_t elements = 0;
  for (const auto& [part, ranks] : parts) elements += Box{part[0], part[1], part[2]}.elements();
  return elements > output.elements();
}

int rank_of_only_part(const LayerPlan& layer) {
  const auto has_part = [&layer](std::size_t rank) {
    return layer.divides_sums() ? !layer.sums[rank].box.empty() : !layer.owned[rank].empty();
  };
  std::size_t rank = 0;
  while (!has_part(rank)) ++rank;
  return static_cast<int>(rank);
}

}  // namespace

std::string division_text(const LayerPlan& layer, const Shape& output) {
  const std::map<Part, int> parts = parts_of(layer);
  int ranks = 0;
  Range repeats;
  for (const auto& [part, count] : parts) {
    ranks += count;
    repeats.add(count);
  }
  const std::size_t all = layer.owned.size();
  if (ranks == 1) {
    return all == 1 ? "whole" : "whole on rank " + std::to_string(rank_of_only_part(layer));
  }
  std::string text = cuts(parts, Sizes::kTold);
  if (repeats.most > 1) {
    text += text.empty() ? "repeated" : ", each on " + repeats.text() + " ranks";
  }
  if (overlap(layer, parts, output)) text += ", overlapping";
  if (static_cast<std::size_t>(ranks) < all) {
    text += ", " + std::to_string(ranks) + " of " + std::to_string(all) + " ranks";
  }
  return text;
}

std::string division_text(const Network& network, const Plan& plan) {
  constexpr std::size_t kFew = 3;
  const std::vector<int> stages = stage_sizes(network, plan);
  if (stages.size() > 1) return stages_text(stages);
  std::vector<Way> ways = ways_to_cut(network, plan);
  const bool are_few = ways.size() <= kFew;
  while (ways.size() > kFew) {
    const auto rarest = std::min_element(
        ways.rbegin(), ways.rend(), [](const Way& a, const Way& b) { return a.layers < b.layers; });
    ways.erase(std::prev(rarest.base()));
  }
  std::string text;
  for (const Way& way : ways) text += (text.empty() ? "" : ", ") + way.text;
  return text + (are_few ? "" : " and others");
}

}  // namespace vpinfer
