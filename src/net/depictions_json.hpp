#pragma once

#include <nlohmann/json.hpp>

#include "net/depictions.hpp"

namespace vpinfer {

[[nodiscard]] nlohmann::json depiction_to_json(const Depiction& depiction);
/// Throws BadInput or what the JSON library throws if it is none.
[[nodiscard]] Depiction depiction_from_json(const nlohmann::json& j);

}  // namespace vpinfer
