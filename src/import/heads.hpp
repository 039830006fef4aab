#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "net/network.hpp"

namespace vpinfer {

/// A kind of section that `add_heads` understands.
struct HeadHelp {
  std::string_view name;  ///< as it stands in brackets
  std::string_view help;  ///< the keys that count
};

[[nodiscard]] std::vector<HeadHelp> head_kinds();

/// Appends what decodes a network's outputs, which ONNX does not say.  The file is like a Darknet
/// .cfg: a section per head, with the key `input` for the output that it reads.  Returns a line for
/// each key that was not understood.  Throws BadInput naming file, line and section, also for a
/// head that cannot fit its tensor: another number of channels, a grid that does not lie over the
/// picture, probabilities where it takes logits.
std::vector<std::string> add_heads(Network& network, const std::filesystem::path& path);

}  // namespace vpinfer
