#pragma once

#include <optional>
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "comm/network_choice.hpp"

namespace vpinfer {

/// How messages of this rank reach other hosts.
struct NetworkUse {
  std::vector<NetworkInterface> interfaces{};  ///< of this host
  std::vector<NetworkInterface> used{};        ///< empty on a single host, or if nothing is known
  std::optional<InterfaceSetting> setting{};   ///< the user's
};

/// Makes MPI_Init, which is to follow, use the right interfaces, unless the user has set any.
[[nodiscard]] NetworkUse choose_network();

/// For reports.
[[nodiscard]] NetworkLink link_of(const NetworkUse& use);

/// What to look at, network by network, if ranks do not find each other; empty if nothing is known.
[[nodiscard]] std::string start_advice(const NetworkUse& use);

}  // namespace vpinfer
