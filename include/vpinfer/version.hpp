#pragma once

#include <string_view>

namespace vpinfer {

/// For example `0.1.0`.
[[nodiscard]] std::string_view version();
/// The commit that was built, with `-dirty` if files had changed; `unknown` outside a clone.
[[nodiscard]] std::string_view git_hash();

}  // namespace vpinfer
