#pragma once

#include <span>
#include <vector>

#include "net/layer.hpp"
#include "vision/detection.hpp"
#include "vision/picture_frame.hpp"
#include "vpinfer/box.hpp"

namespace vpinfer {

/// How many classes a head tells apart, as `decode` numbers them; 0 if it only tells objects from
/// background.  Throws Bug for an operation that is no head.
[[nodiscard]] int class_count(const Operation& head);

/// When the boxes of a head hide each other: by its own rule, at the threshold that a user
/// chose, in a picture of so many pixels.
[[nodiscard]] OverlapRule overlap_rule(const Operation& head, float threshold, float rows,
                                       float cols);

/// What a head has seen: the detections with a score above `threshold`, before suppression.
/// `output` is the head's output tensor, [rows][cols][channels] of `shape`.  Boxes that are not
/// finite or lie outside the picture are dropped.  Throws Bug if the operation is no head or does
/// not fit `output` and `shape`.
///
/// Region, as Darknet's and its forks' get_region_detections, get_yolo_detections and
/// get_gaussian_yolo_detections: one detection per cell, anchor and class, scored with objectness
/// times probability (times one less the mean uncertainty); without classes, with objectness.
/// With a tree, one per cell and anchor: the most special class of at least even odds, scored with
/// the objectness.  With a tree and a map, one per class of the map, scored with objectness times
/// absolute probability, and numbered by its place in the map.
///
/// GridHead, as Darknet's get_detection_detections: likewise, where all boxes of a cell share its
/// class scores, and extents may be given by their square roots.
///
/// NanoDet (Generalized Focal Loss, Li et al., 2020): each side of the box lies as far from the
/// cell's centre as its distribution's mean says, in cells.
///
/// Candidates: see CandidateBox.
[[nodiscard]] std::vector<Detection> decode(const Operation& head, std::span<const float> output,
                                            const Shape& shape, const PictureFrame& frame,
                                            float threshold);

}  // namespace vpinfer
