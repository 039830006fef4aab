#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "comm/communicator.hpp"

namespace vpinfer {

/// Where to look for what is known of a host.
struct HostSources {
  std::filesystem::path sys = "/sys";  ///< the kernel's folder of that name
  std::string vcgencmd = "vcgencmd";   ///< of a Raspberry Pi's firmware: a path, or a name on PATH
};

/// What keeps this host below its speed, as far as Linux and a calibration tell, a sentence each: a
/// link that brings far less, in bytes per second alone, than its interface could, Wi-Fi, a
/// governor that saves power, a Raspberry Pi that is throttled or lacks voltage, or was or did
/// since it started.
[[nodiscard]] std::vector<std::string> host_remarks(double alone_rate, const NetworkLink& link,
                                                    const HostSources& sources = {});

}  // namespace vpinfer
