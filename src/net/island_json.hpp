#pragma once

#include <nlohmann/json.hpp>

#include "net/island.hpp"

namespace vpinfer {

[[nodiscard]] nlohmann::json island_to_json(const Island& island);
/// Throws BadInput or a json exception if it is none.
[[nodiscard]] Island island_from_json(const nlohmann::json& object);

}  // namespace vpinfer
