#pragma once

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "comm/network_choice.hpp"

namespace vpinfer {

/// The value of an environment variable, or nothing.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
[[nodiscard]] std::optional<std::string> environment_variable(const std::string& name);

/// Addresses and ports of a daemon of Open MPI 4, for example
/// `3819896832.0;tcp://10.0.0.1,172.17.0.1:60389;tcp6://[fd77::1]:33843`.
struct DaemonAddress {
  std::vector<NetworkAddress> addresses{};
  std::vector<int> ports{};
};
[[nodiscard]] DaemonAddress parse_daemon_uri(const std::string& uri);

/// The established connections from or to these ports in a table like `/proc/net/tcp`.
[[nodiscard]] std::vector<DaemonLink> daemon_links(std::istream& table,
                                                   const std::vector<int>& ports);

/// What mpirun tells this process; nothing if it was started otherwise, or if all ranks are on one
/// host.
[[nodiscard]] std::optional<Launch> launch_of(const Environment& environment,
                                              const std::filesystem::path& proc_net = "/proc/net");

/// What the user has set for messages of ranks, by the command line of mpirun, the environment or a
/// file of parameters; nothing if nothing.
[[nodiscard]] std::optional<InterfaceSetting> interface_setting(
    const Environment& environment,
    const std::filesystem::path& system_file = "/etc/openmpi/openmpi-mca-params.conf");

}  // namespace vpinfer
