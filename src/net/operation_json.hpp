#pragma once

#include "base/json.hpp"
#include "net/layer.hpp"

namespace vpinfer {

/// An operation's type and members as a JSON object.
[[nodiscard]] nlohmann::json operation_to_json(const Operation& operation);

/// Throws BadInput or the JSON library's exception if the object is no operation.
[[nodiscard]] Operation operation_from_json(const nlohmann::json& object);

}  // namespace vpinfer
