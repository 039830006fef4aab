#pragma once

#include <span>
#include <string>
#include <vector>

#include "vpinfer/box.hpp"

namespace vpinfer {

/// A class that a network takes a whole picture for.
struct Classification {
  int class_index = 0;
  float score = 0;  ///< its probability
  bool operator==(const Classification&) const = default;
};

/// The `count` likeliest classes, best first, of equals the one that comes first.  `output` is a
/// softmax's output, [rows][cols][channels] of `shape`; classes are numbered in the order channels,
/// rows, columns, as Darknet does.  With a `tree` only its leaves count, by their absolute
/// probability: see Hierarchy.  Values that are not finite are left out.
[[nodiscard]] std::vector<Classification> classify(std::span<const float> output,
                                                   const Shape& shape, const std::vector<int>& tree,
                                                   int count);

/// What one picture file was taken for.
struct PictureClassifications {
  std::string file_name;  ///< without its folder
  std::vector<Classification> classifications;
};

/// A JSON array of {"file_name", "classes": [{"class_index", "class", "score"}, ...]}.
[[nodiscard]] std::string classifications_json(std::span<const PictureClassifications> pictures,
                                               const std::vector<std::string>& labels);

}  // namespace vpinfer
