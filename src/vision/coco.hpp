#pragma once

#include <span>
#include <string>
#include <vector>

#include "vision/detection.hpp"

namespace vpinfer {

/// What was seen in one picture file.
struct PictureDetections {
  std::string file_name;  ///< without its folder
  std::vector<Detection> detections;
};

/// COCO's results format: a JSON array of {"image_id", "category_id", "bbox": [x, y, width,
/// height], "score"} in pixels, plus the "category" by name, of objects with points "keypoints":
/// [x, y, score, ...], and of those with a mask "segmentation": {"size": [height, width],
/// "counts"}, run-length encoded.  image_id is the number that the file's stem is (000000000139.jpg
/// -> 139), else the file's name.  category_id is the class counted from 1, or COCO's own number,
/// which has gaps, for a network with exactly COCO's 80 classes, or from 0 with its 91
/// numbers.
[[nodiscard]] std::string coco_results_json(std::span<const PictureDetections> pictures,
                                            const std::vector<std::string>& labels, int classes);

}  // namespace vpinfer
