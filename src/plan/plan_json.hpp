#pragma once

#include <string>

#include "net/network.hpp"
#include "vpinfer/plan.hpp"

namespace vpinfer {

/// A plan from what `to_json` made of it.  Throws BadInput, beginning with `where`, if the text is
/// no plan of a known schema for this network, if a box leaves its layer, or if some output is
/// owned by nobody.
[[nodiscard]] Plan plan_from_json(const std::string& text, const Network& network,
                                  const std::string& where);

}  // namespace vpinfer
