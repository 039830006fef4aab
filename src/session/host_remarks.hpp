#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "vpinfer/cluster.hpp"

namespace vpinfer {

/// What keeps this host below its speed, as far as Linux and a calibration tell, a sentence each: a
/// link that brings far less than its interface could, Wi-Fi, a governor that saves power, a
/// Raspberry Pi that is throttled or lacks voltage.  `sys` is the kernel's folder of that name.
[[nodiscard]] std::vector<std::string> host_remarks(const Host& host, const NetworkLink& link,
                                                    const std::filesystem::path& sys = "/sys");

}  // namespace vpinfer
