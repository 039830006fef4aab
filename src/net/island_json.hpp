#pragma once

#include <nlohmann/json.hpp>

#include "net/island.hpp"

namespace vpinfer {

[[nodiscard]] nlohmann::json form_to_json(const TensorForm& form);
/// Throws BadInput or a json exception if it is none, as island_from_json does.
[[nodiscard]] TensorForm form_from_json(const nlohmann::json& object);

[[nodiscard]] nlohmann::json island_to_json(const Island& island);
/// Throws BadInput or a json exception if it is none.
[[nodiscard]] Island island_from_json(const nlohmann::json& object);

}  // namespace vpinfer
