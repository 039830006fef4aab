#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "io/picture.hpp"

namespace vpinfer {

// The formats of pictures, each by its library.  `name` goes into messages.

[[nodiscard]] bool is_jpeg(std::string_view file);
[[nodiscard]] bool is_png(std::string_view file);
/// Throw BadInput.
[[nodiscard]] Picture decode_jpeg(const std::string& name, std::string_view file);
[[nodiscard]] Picture decode_png(const std::string& name, std::string_view file);

/// Throws BadInput: what is wrong with a file, and what would be right.
[[noreturn]] void reject_picture(const std::string& name, const std::string& problem);

/// A black picture of the given extent; refuses extents that no honest picture has.
[[nodiscard]] Picture blank_picture(const std::string& name, std::uint64_t rows,
                                    std::uint64_t cols);

}  // namespace vpinfer
