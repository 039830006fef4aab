#pragma once

#include <cstddef>
#include <optional>

namespace vpinfer {

/// How what all ranks together detect in pictures differs from what one rank detects.
struct DetectionChanges {
  std::size_t same = 0;      ///< of one class, in boxes that overlap by half or more
  std::size_t lost = 0;      ///< that only one rank alone detects
  std::size_t added = 0;     ///< that only all ranks together detect
  double score_change = 0;   ///< the largest of those that are the same
  double least_overlap = 1;  ///< of their boxes: intersection over union
  std::optional<double> least_mask_overlap{};  ///< likewise of their masks, if they have any
};

/// How the likeliest classes of pictures differ.
struct ClassChanges {
  std::size_t pictures = 0;
  std::size_t changed = 0;   ///< whose likeliest class is another
  std::size_t likely = 0;    ///< the few likeliest classes of each
  std::size_t replaced = 0;  ///< of these, by others
  double score_change = 0;   ///< the largest of those that are not
};

/// How maps of classes differ, in pixels of the pictures.
struct PixelChanges {
  std::size_t all = 0;
  std::size_t changed = 0;  ///< whose class is another
};

/// Of what a network finds in pictures; nothing of a network that only gives tensors.
struct FindingChanges {
  std::optional<DetectionChanges> detections{};
  std::optional<ClassChanges> classes{};
  std::optional<PixelChanges> pixels{};
};

}  // namespace vpinfer
