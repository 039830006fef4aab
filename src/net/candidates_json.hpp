#pragma once

#include <nlohmann/json.hpp>

#include "net/candidates.hpp"

namespace vpinfer {

[[nodiscard]] nlohmann::json candidates_to_json(const Candidates& head);
/// Throws BadInput or a json exception if it is none.
[[nodiscard]] Candidates candidates_from_json(const nlohmann::json& object);

}  // namespace vpinfer
