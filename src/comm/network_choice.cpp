#include "comm/network_choice.hpp"

#include <algorithm>
#include <sstream>
#include <tuple>

namespace vpinfer {
namespace {

template <typename Condition>
std::vector<NetworkInterface> those(const std::vector<NetworkInterface>& interfaces,
                                    const Condition& condition) {
  std::vector<NetworkInterface> result;
  std::copy_if(interfaces.begin(), interfaces.end(), std::back_inserter(result), condition);
  return result;
}

bool is_better(const NetworkInterface& left, const NetworkInterface& right) {
  const auto rank = [](const NetworkInterface& interface) {
    return std::tuple(interface.kind != InterfaceKind::kWired, -interface.mbit.value_or(0));
  };
  return rank(left) < rank(right);
}

/// The interfaces that daemons talk through.
std::vector<NetworkInterface> linked(const std::vector<NetworkInterface>& interfaces,
                                     const Launch& launch) {
  return those(interfaces, [&](const NetworkInterface& interface) {
    return interface.kind != InterfaceKind::kLoopback &&
           std::any_of(launch.links.begin(), launch.links.end(),
                       [&](const DaemonLink& link) { return interface.has(link.own); });
  });
}

std::vector<NetworkInterface> best_of_each_subnet(const std::vector<NetworkInterface>& usable) {
  std::vector<NetworkInterface> best;
  for (const NetworkInterface& next : usable) {  // from the best on
    const bool known = std::any_of(best.begin(), best.end(), [&](const NetworkInterface& other) {
      return next.shares_subnet_with(other);
    });
    if (!known) best.push_back(next);
  }
  return best;
}

}  // namespace

std::vector<NetworkInterface> choose_interfaces(const std::vector<NetworkInterface>& interfaces,
                                                const Launch& launch) {
  auto usable = those(interfaces, [](const NetworkInterface& each) { return !fault(each); });
  std::stable_sort(usable.begin(), usable.end(), is_better);
  std::vector<NetworkInterface> by_daemon = linked(interfaces, launch);
  if (launch.is_launching_host) {
    std::vector<NetworkInterface> chosen = best_of_each_subnet(usable);
    for (const NetworkInterface& tunnel : by_daemon) {
      if (fault(tunnel)) chosen.push_back(tunnel);
    }
    return chosen;
  }
  std::vector<NetworkInterface> near = those(usable, [&](const NetworkInterface& each) {
    return std::any_of(launch.addresses.begin(), launch.addresses.end(),
                       [&](const NetworkAddress& address) { return each.reaches(address); });
  });
  if (near.empty()) near = std::move(by_daemon);
  if (near.size() > 1) near.erase(near.begin() + 1, near.end());
  return near;
}

std::vector<NetworkInterface> left_by(const InterfaceSetting& setting,
                                      const std::vector<NetworkInterface>& interfaces) {
  const auto is_named = [&](const NetworkInterface& interface) {
    std::istringstream words(setting.value);
    for (std::string word; std::getline(words, word, ',');) {
      if (word == interface.name) return true;
      const std::optional<NetworkAddress> subnet = parse_address(word);
      if (subnet && std::any_of(interface.addresses.begin(), interface.addresses.end(),
                                [&](const NetworkAddress& own) { return subnet->reaches(own); })) {
        return true;
      }
    }
    return false;
  };
  const bool included = !setting.variable.ends_with("exclude");
  return those(interfaces, [&](const NetworkInterface& interface) {
    return interface.running && !interface.addresses.empty() && is_named(interface) == included &&
           (included || interface.kind != InterfaceKind::kLoopback);
  });
}

std::string names_of(const std::vector<NetworkInterface>& interfaces) {
  std::string names;
  for (const NetworkInterface& each : interfaces) names += (names.empty() ? "" : ",") + each.name;
  return names;
}

}  // namespace vpinfer
