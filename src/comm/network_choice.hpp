#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "comm/network_interface.hpp"

namespace vpinfer {

/// Both ends of a connection between the launcher's daemons.
struct DaemonLink {
  NetworkAddress own;
  NetworkAddress peer;
};

/// What a rank knows of the launcher before it has met any other rank.
struct Launch {
  bool is_launching_host = false;
  std::vector<NetworkAddress> addresses{};  ///< of the launching host, some of no use to others
  std::vector<DaemonLink> links{};          ///< of this host's daemon with others
};

/// What the user lets Open MPI use: names of interfaces and subnets, divided by commas.
struct InterfaceSetting {
  std::string variable;  ///< for example `btl_tcp_if_include`
  std::string value;
};

/// The interfaces that messages between hosts go through, the best of them first.
///
/// On the launching host, which cannot know through which of its networks the others see it, the
/// best of each subnet.  On the others, one: of those in a subnet of the launching host, wired
/// before wireless, then the fastest, then the first; if there are none, that of the daemon's own
/// link, even if it is a tunnel.  None if nothing is known.
[[nodiscard]] std::vector<NetworkInterface> choose_interfaces(
    const std::vector<NetworkInterface>& interfaces, const Launch& launch);

/// The interfaces that a setting of the user leaves.
[[nodiscard]] std::vector<NetworkInterface> left_by(
    const InterfaceSetting& setting, const std::vector<NetworkInterface>& interfaces);

/// `eth0,wlan0`
[[nodiscard]] std::string names_of(const std::vector<NetworkInterface>& interfaces);

}  // namespace vpinfer
