#pragma once

#include "import/cfg_file.hpp"
#include "import/heads.hpp"
#include "net/network.hpp"

namespace vpinfer {

/// The section that `add_candidates_of` understands.
[[nodiscard]] HeadHelp candidates_kind();

/// Appends what reads decoded boxes and scores, if the section is of that kind: the boxes, perhaps
/// objectness and the scores of the output `boxes`, or the scores of the output `scores`.  Throws
/// BadInput naming file, line and section if they do not fit together.
bool add_candidates_of(Network& network, CfgSection& section, int boxes, int scores);

}  // namespace vpinfer
