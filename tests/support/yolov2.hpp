#pragma once

#include "net/network.hpp"

namespace vpinfer {

/// YOLOv2 for COCO: the 32 layers of Darknet's cfg/yolov2.cfg, input 416x416x3.
[[nodiscard]] Network yolov2();

}  // namespace vpinfer
