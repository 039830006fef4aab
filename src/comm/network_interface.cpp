#include "comm/network_interface.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <fstream>
#include <memory>

namespace vpinfer {
namespace {

namespace fs = std::filesystem;

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

std::optional<int> number_in(const fs::path& path) {
  int value = 0;
  if (std::ifstream(path) >> value) return value;
  return std::nullopt;
}

bool begins_with_any(std::string_view name, std::initializer_list<std::string_view> prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](std::string_view prefix) { return name.starts_with(prefix); });
}

/// A bridge that a real network card belongs to stands for that card; the others join containers
/// and virtual machines.
bool has_network_card(const fs::path& bridge, const fs::path& net) {
  std::error_code ignored;
  for (const fs::directory_entry& port : fs::directory_iterator(bridge / "brif", ignored)) {
    if (is_there(net / port.path().filename() / "device")) return true;
  }
  return false;
}

InterfaceKind kind_of(const std::string& name, unsigned flags, const fs::path& net) {
  const fs::path folder = net / name;
  const int type = number_in(folder / "type").value_or(ARPHRD_ETHER);
  if ((flags & IFF_LOOPBACK) != 0) return InterfaceKind::kLoopback;
  if (is_there(folder / "bridge") && !has_network_card(folder, net)) return InterfaceKind::kBridge;
  // WireGuard and point-to-point links have neither Ethernet's addresses nor its way to find them.
  if (is_there(folder / "tun_flags") || (flags & (IFF_POINTOPOINT | IFF_NOARP)) != 0 ||
      (type != ARPHRD_ETHER && type != ARPHRD_INFINIBAND)) {
    return InterfaceKind::kTunnel;
  }
  if (begins_with_any(name, {"docker", "br-", "veth", "virbr", "cni", "flannel", "cali", "cilium",
                             "lxc", "lxd", "podman", "ve-", "vb-", "vnet"})) {
    return InterfaceKind::kContainer;
  }
  const bool wireless = is_there(folder / "wireless") || is_there(folder / "phy80211");
  return wireless || name.starts_with("wl") ? InterfaceKind::kWireless : InterfaceKind::kWired;
}

std::optional<NetworkAddress> address_of(const sockaddr* address, const sockaddr* mask) {
  NetworkAddress result;
  const auto copy = [&](const auto& bytes, const auto& mask_bytes) {
    std::memcpy(result.bytes.data(), &bytes, sizeof bytes);
    std::array<std::uint8_t, sizeof mask_bytes> ones{};
    std::memcpy(ones.data(), &mask_bytes, sizeof mask_bytes);
    result.bits = 8 * static_cast<int>(sizeof bytes);
    result.prefix = 0;
    for (const std::uint8_t byte : ones) result.prefix += std::popcount(byte);
    return result;
  };
  if (address == nullptr || mask == nullptr) return std::nullopt;
  if (address->sa_family == AF_INET) {
    sockaddr_in own{};
    sockaddr_in ones{};
    std::memcpy(&own, address, sizeof own);
    std::memcpy(&ones, mask, sizeof ones);
    return copy(own.sin_addr, ones.sin_addr);
  }
  if (address->sa_family != AF_INET6) return std::nullopt;
  sockaddr_in6 own{};
  sockaddr_in6 ones{};
  std::memcpy(&own, address, sizeof own);
  std::memcpy(&ones, mask, sizeof ones);
  if (IN6_IS_ADDR_LINKLOCAL(&own.sin6_addr)) return std::nullopt;
  return copy(own.sin6_addr, ones.sin6_addr);
}

}  // namespace

bool NetworkAddress::is_same_host(const NetworkAddress& other) const {
  return bits == other.bits && bytes == other.bytes;
}

bool NetworkAddress::reaches(const NetworkAddress& other) const {
  if (bits != other.bits) return false;
  for (int bit = 0; bit < prefix; bit += 8) {
    const auto byte = static_cast<std::size_t>(bit / 8);
    const int rest = std::max(0, 8 - (prefix - bit));
    if ((bytes[byte] ^ other.bytes[byte]) >> rest != 0) return false;
  }
  return true;
}

std::string NetworkAddress::subnet() const {
  NetworkAddress start = *this;
  for (int bit = prefix; bit < bits; ++bit) {
    std::uint8_t& byte = start.bytes[static_cast<std::size_t>(bit / 8)];
    byte = static_cast<std::uint8_t>(byte & ~(0x80U >> static_cast<unsigned>(bit % 8)));
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(bits == 32 ? AF_INET : AF_INET6, start.bytes.data(), text.data(), text.size());
  return text.data() + ("/" + std::to_string(prefix));
}

std::optional<NetworkAddress> parse_address(const std::string& text) {
  const std::size_t slash = text.find('/');
  const std::string host = text.substr(0, slash);
  NetworkAddress address;
  if (inet_pton(AF_INET, host.c_str(), address.bytes.data()) != 1) {
    address.bits = 128;
    if (inet_pton(AF_INET6, host.c_str(), address.bytes.data()) != 1) return std::nullopt;
  }
  address.prefix = address.bits;
  if (slash == std::string::npos) return address;
  const char* const end = text.data() + text.size();
  const auto [rest, problem] = std::from_chars(text.data() + slash + 1, end, address.prefix);
  const bool is_number = problem == std::errc{} && rest == end;
  if (!is_number || address.prefix < 0 || address.prefix > address.bits) return std::nullopt;
  return address;
}

bool NetworkInterface::reaches(const NetworkAddress& other) const {
  return std::any_of(addresses.begin(), addresses.end(),
                     [&](const NetworkAddress& own) { return own.reaches(other); });
}

bool NetworkInterface::shares_subnet_with(const NetworkInterface& other) const {
  return std::any_of(addresses.begin(), addresses.end(),
                     [&](const NetworkAddress& own) { return other.reaches(own) && reaches(own); });
}

bool NetworkInterface::has(const NetworkAddress& address) const {
  return std::any_of(addresses.begin(), addresses.end(),
                     [&](const NetworkAddress& own) { return own.is_same_host(address); });
}

std::optional<std::string_view> fault(const NetworkInterface& interface) {
  switch (interface.kind) {
    case InterfaceKind::kBridge: return "a bridge";
    case InterfaceKind::kTunnel: return "a tunnel";
    case InterfaceKind::kContainer: return "a network of containers";
    case InterfaceKind::kLoopback: return "this host alone";
    case InterfaceKind::kWired:
    case InterfaceKind::kWireless: break;
  }
  if (!interface.running) return "down";
  if (interface.addresses.empty()) return "without an address";
  return std::nullopt;
}

NetworkInterface look_up_interface(const std::string& name, unsigned flags, const fs::path& net) {
  NetworkInterface interface { name, kind_of(name, flags, net) };
  interface.running = (flags & IFF_UP) != 0 && (flags & IFF_RUNNING) != 0;
  // Drivers of virtual interfaces make their speed up, and wireless ones have none that lasts.
  if (interface.kind == InterfaceKind::kWired && is_there(net / name / "device")) {
    const std::optional<int> mbit = number_in(net / name / "speed");
    if (mbit && *mbit > 0) interface.mbit = mbit;
  }
  return interface;
}

std::vector<NetworkInterface> network_interfaces(const fs::path& net) {
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> keeper(first, freeifaddrs);
  std::vector<NetworkInterface> interfaces;
  for (const ifaddrs* each = first; each != nullptr; each = each->ifa_next) {
    const std::string name = each->ifa_name;
    auto found = std::find_if(interfaces.begin(), interfaces.end(),
                              [&](const NetworkInterface& known) { return known.name == name; });
    if (found == interfaces.end()) {
      interfaces.push_back(look_up_interface(name, each->ifa_flags, net));
      found = std::prev(interfaces.end());
    }
    if (const auto address = address_of(each->ifa_addr, each->ifa_netmask)) {
      found->addresses.push_back(*address);
    }
  }
  return interfaces;
}

}  // namespace vpinfer
