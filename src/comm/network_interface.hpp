#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vpinfer {

/// An IPv4 or IPv6 address and how many bits of it name its subnet.
struct NetworkAddress {
  std::array<std::uint8_t, 16> bytes{};  ///< in network order; of IPv4, the first 4
  int bits = 32;                         ///< 32 or 128
  int prefix = 32;

  bool operator==(const NetworkAddress&) const = default;
  /// Without the prefix.
  [[nodiscard]] bool is_same_host(const NetworkAddress& other) const;
  /// Whether this address's subnet contains the other.
  [[nodiscard]] bool reaches(const NetworkAddress& other) const;
  /// For example `10.0.0.0/24`.
  [[nodiscard]] std::string subnet() const;
};

/// Of `10.0.0.1`, `10.0.0.1/24` or `fd77::1/64`; nothing if it is none.
[[nodiscard]] std::optional<NetworkAddress> parse_address(const std::string& text);

enum class InterfaceKind { kWired, kWireless, kBridge, kTunnel, kContainer, kLoopback };

struct NetworkInterface {
  std::string name;
  InterfaceKind kind = InterfaceKind::kWired;
  bool running = true;                      ///< up, with a cable or an access point
  std::optional<int> mbit{};                ///< of a wired link, if its driver knows
  std::vector<NetworkAddress> addresses{};  ///< without those that hold for one link only (fe80::)

  /// Whether a subnet of it contains the address.
  [[nodiscard]] bool reaches(const NetworkAddress& other) const;
  [[nodiscard]] bool shares_subnet_with(const NetworkInterface& other) const;
  [[nodiscard]] bool has(const NetworkAddress& address) const;
};

/// Why no messages should go through an interface, for example `a bridge`; nothing if they may.
[[nodiscard]] std::optional<std::string_view> fault(const NetworkInterface& interface);

/// Kind and speed of an interface by what the kernel shows of it in the folder `net`; `flags` are
/// those of netdevice(7).
[[nodiscard]] NetworkInterface look_up_interface(const std::string& name, unsigned flags,
                                                 const std::filesystem::path& net);

/// Those of this host, in the kernel's order.
[[nodiscard]] std::vector<NetworkInterface> network_interfaces(
    const std::filesystem::path& net = "/sys/class/net");

}  // namespace vpinfer
