#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "import/onnx.hpp"

namespace vpinfer {

// What exporters write about a model: Ultralytics its `names`, `imgsz`, `stride` and `task`.

/// The class names, from Ultralytics' `names`, such as `{0: 'person', 1: 'bicycle'}`; empty if
/// there are none, or if they are not numbered from 0 on.
[[nodiscard]] std::vector<std::string> labels_of(
    const std::map<std::string, std::string>& metadata);

/// The size that the model was exported for, from `imgsz`, such as `[480, 640]` or `640`.
[[nodiscard]] std::optional<InputSize> input_size_of(
    const std::map<std::string, std::string>& metadata);

}  // namespace vpinfer
