#pragma once

#include <span>

#include "vision/classification.hpp"
#include "vision/detection.hpp"
#include "vision/segmentation.hpp"
#include "vpinfer/changes.hpp"

namespace vpinfer {

/// Adds how the detections in one picture differ from a reference.  Each is the same as at most one
/// of the other side, of those that overlap by half or more the one that overlaps most.
void add_changes(std::span<const Detection> reference, std::span<const Detection> detections,
                 DetectionChanges& changes);

/// Adds how the classes of one picture, best first, differ from a reference.  Both have the
/// likeliest one at least.
void add_changes(std::span<const Classification> reference, std::span<const Classification> classes,
                 ClassChanges& changes);

/// Adds how the classes of one picture's pixels differ from a reference of the same size.
void add_changes(const Segmentation& reference, const Segmentation& segmentation,
                 PixelChanges& changes);

}  // namespace vpinfer
