#include "comm/network_use.hpp"

#include <cstdlib>

#include "comm/launch.hpp"

namespace vpinfer {
namespace {

std::string with_subnet(const NetworkInterface& interface) {
  if (interface.addresses.empty()) return interface.name;
  return interface.name + " (" + interface.addresses.front().subnet() + ")";
}

std::string listed(const std::vector<NetworkInterface>& interfaces) {
  std::string text;
  for (const NetworkInterface& each : interfaces) {
    text += (text.empty() ? "" : " and ") + with_subnet(each);
  }
  return text;
}

/// `, not docker0 (a bridge), wlan0 (down)`
std::string left_out(const NetworkUse& use) {
  std::string text;
  for (const NetworkInterface& each : use.interfaces) {
    const auto why = fault(each);
    if (!why || each.kind == InterfaceKind::kLoopback || each.addresses.empty()) continue;
    text += (text.empty() ? ", not " : ", ") + each.name + " (" + std::string(*why) + ")";
  }
  return text;
}

}  // namespace

NetworkUse choose_network() {
  const std::optional<Launch> launch = launch_of(environment_variable);
  if (!launch) return {};
  NetworkUse use{network_interfaces(), {}, interface_setting(environment_variable)};
  if (use.setting) {
    use.used = left_by(*use.setting, use.interfaces);
    return use;
  }
  use.used = choose_interfaces(use.interfaces, *launch);
  if (!use.used.empty()) {
    setenv("OMPI_MCA_btl_tcp_if_include", names_of(use.used).c_str(), 1);
  }
  return use;
}

NetworkLink link_of(const NetworkUse& use) {
  if (use.used.empty()) return {};
  const NetworkInterface& best = use.used.front();
  return {names_of(use.used), best.kind == InterfaceKind::kWireless, best.mbit.value_or(0)};
}

std::string start_advice(const NetworkUse& use) {
  if (use.interfaces.empty()) return {};
  std::string subnet = "192.168.1.0/24";
  if (!use.used.empty() && !use.used.front().addresses.empty()) {
    subnet = use.used.front().addresses.front().subnet();
  }
  if (use.setting) {
    return "; " + use.setting->variable + "=" + use.setting->value +
           (use.used.empty() ? " leaves this host no interface"
                             : " leaves this host " + listed(use.used)) +
           ": unless a firewall is in the way, not all hosts share that network; without the "
           "setting, each rank chooses";
  }
  return "; this rank " +
         (use.used.empty() ? "found no interface that leads to the launching host"
                           : "uses " + listed(use.used) + left_out(use)) +
         ": unless a firewall is in the way, name the network that all hosts share, for example " +
         "mpirun --mca btl_tcp_if_include " + subnet;
}

}  // namespace vpinfer
