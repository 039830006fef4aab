#pragma once

#include <string_view>

namespace vpinfer {

// Keys, in lower case, that the parsers of Darknet (src/parser.c) and its forks read and that
// change no result.

[[nodiscard]] bool is_harmless_in_layer(std::string_view key);
[[nodiscard]] bool is_harmless_in_net(std::string_view key);

}  // namespace vpinfer
