#pragma once

#include <functional>
#include <string>

namespace vpinfer {

/// Is told what is under way, in a few words; nothing: nobody wants to know.
using Announce = std::function<void(const std::string& doing)>;

}  // namespace vpinfer
