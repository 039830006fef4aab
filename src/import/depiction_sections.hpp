#pragma once

#include <vector>

#include "import/cfg_file.hpp"
#include "import/heads.hpp"
#include "net/network.hpp"

namespace vpinfer {

/// The kinds of sections that `add_depiction_of` understands.
[[nodiscard]] std::vector<HeadHelp> depiction_kinds();

/// Says what an output shows, if the section is of such a kind.  Throws BadInput naming file, line
/// and section if it does not fit.
bool add_depiction_of(Network& network, CfgSection& section, int position);

}  // namespace vpinfer
