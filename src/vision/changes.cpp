#include "vision/changes.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace vpinfer {
namespace {

/// A detection of each side.
struct Pair {
  std::size_t reference = 0;
  std::size_t detection = 0;
  float overlap = 0;
};

/// Those that may be the same, the most alike first.
std::vector<Pair> similar_pairs(std::span<const Detection> reference,
                                std::span<const Detection> detections) {
  constexpr float kLeastOverlap = 0.5F;
  std::vector<Pair> pairs;
  for (std::size_t r = 0; r < reference.size(); ++r) {
    for (std::size_t d = 0; d < detections.size(); ++d) {
      if (reference[r].class_index != detections[d].class_index) continue;
      const float overlap = intersection_over_union(reference[r], detections[d]);
      if (overlap >= kLeastOverlap) pairs.push_back({r, d, overlap});
    }
  }
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const Pair& a, const Pair& b) { return a.overlap > b.overlap; });
  return pairs;
}

double score_change(double reference, double score) {
  return std::abs(score - reference);
}

}  // namespace

void add_changes(std::span<const Detection> reference, std::span<const Detection> detections,
                 DetectionChanges& changes) {
  std::vector<bool> reference_paired(reference.size(), false);
  std::vector<bool> paired(detections.size(), false);
  std::size_t same = 0;
  for (const Pair& pair : similar_pairs(reference, detections)) {
    if (reference_paired[pair.reference] || paired[pair.detection]) continue;
    reference_paired[pair.reference] = paired[pair.detection] = true;
    ++same;
    changes.score_change =
        std::max(changes.score_change,
                 score_change(reference[pair.reference].score, detections[pair.detection].score));
    changes.least_overlap = std::min(changes.least_overlap, double{pair.overlap});
    const Mask& mask = reference[pair.reference].mask;
    const Mask& again = detections[pair.detection].mask;
    if (!mask.empty() && !again.empty()) {
      changes.least_mask_overlap =
          std::min(changes.least_mask_overlap.value_or(1), intersection_over_union(mask, again));
    }
  }
  changes.same += same;
  changes.lost += reference.size() - same;
  changes.added += detections.size() - same;
}

void add_changes(std::span<const Classification> reference, std::span<const Classification> classes,
                 ClassChanges& changes) {
  ++changes.pictures;
  const Classification& best = reference.front();
  if (classes.front().class_index != best.class_index) ++changes.changed;
  for (const Classification& likely : reference) {
    const auto again = std::find_if(classes.begin(), classes.end(), [&](const Classification& c) {
      return c.class_index == likely.class_index;
    });
    ++changes.likely;
    if (again == classes.end()) {
      ++changes.replaced;
    } else {
      changes.score_change =
          std::max(changes.score_change, score_change(likely.score, again->score));
    }
  }
}

void add_changes(const Segmentation& reference, const Segmentation& segmentation,
                 PixelChanges& changes) {
  changes.all += reference.classes.size();
  for (std::size_t i = 0; i < reference.classes.size(); ++i) {
    if (reference.classes[i] != segmentation.classes[i]) ++changes.changed;
  }
}

}  // namespace vpinfer
