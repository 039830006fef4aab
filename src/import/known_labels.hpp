#pragma once

#include <string>
#include <vector>

namespace vpinfer {

/// The names of a well-known set with so many classes: COCO's 80, its 90 numbers, used or not, or 91
/// from 0 on, VOC's 20.  Empty if there is none.
[[nodiscard]] std::vector<std::string> known_labels(int classes);

/// The same of well-known maps of classes: VOC's 20 and the background, Cityscapes' 19.
[[nodiscard]] std::vector<std::string> known_map_labels(int classes);

}  // namespace vpinfer
