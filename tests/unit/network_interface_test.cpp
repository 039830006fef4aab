#include "comm/network_interface.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/if.h>

#include <algorithm>
#include <fstream>

#include "support/temporary_folder.hpp"

namespace vpinfer {
namespace {

using ::testing::Optional;
using ::testing::StrEq;

constexpr unsigned kUp = IFF_UP | IFF_RUNNING | IFF_BROADCAST;

/// A folder like /sys/class/net.
class MadeUpSysfs : public ::testing::Test {
 protected:
  /// With some of what the kernel shows: a name that ends in `/` is a folder.
  void add(const std::string& name, const std::vector<std::string>& things = {}, int type = 1) {
    std::filesystem::create_directories(net() / name);
    std::ofstream(net() / name / "type") << type << '\n';
    for (const std::string& thing : things) {
      const std::filesystem::path path = net() / name / thing;
      std::filesystem::create_directories(path.parent_path());
      if (!thing.ends_with('/')) std::ofstream(path) << "0\n";
    }
  }
  void set_speed(const std::string& name, int mbit) {
    std::ofstream(net() / name / "speed") << mbit << '\n';
  }
  [[nodiscard]] NetworkInterface look_up(const std::string& name, unsigned flags = kUp) const {
    return look_up_interface(name, flags, net());
  }
  [[nodiscard]] InterfaceKind kind(const std::string& name, unsigned flags = kUp) const {
    return look_up(name, flags).kind;
  }
  [[nodiscard]] const std::filesystem::path& net() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
};

TEST_F(MadeUpSysfs, TellsTheInterfacesOfAPi4) {
  add("eth0", {"device/"});
  set_speed("eth0", 1000);
  add("wlan0", {"device/", "wireless/", "phy80211/"});
  add("docker0", {"bridge/", "brif/veth12ab/"});
  add("veth12ab", {"brport/"});
  add("lo", {}, 772);
  EXPECT_EQ(kind("eth0"), InterfaceKind::kWired);
  EXPECT_THAT(look_up("eth0").mbit, Optional(1000));
  EXPECT_EQ(kind("wlan0"), InterfaceKind::kWireless);
  EXPECT_EQ(look_up("wlan0").mbit, std::nullopt);
  EXPECT_EQ(kind("docker0"), InterfaceKind::kBridge);
  EXPECT_EQ(kind("veth12ab"), InterfaceKind::kContainer);
  EXPECT_EQ(kind("lo", kUp | IFF_LOOPBACK), InterfaceKind::kLoopback);
}

TEST_F(MadeUpSysfs, TellsTunnels) {
  add("tun0", {"tun_flags"}, 65534);
  add("wg0", {}, 65534);
  add("tailscale0", {"tun_flags"}, 65534);
  add("ppp0", {}, 512);
  add("dummy0");
  EXPECT_EQ(kind("tun0", kUp | IFF_POINTOPOINT | IFF_NOARP), InterfaceKind::kTunnel);
  EXPECT_EQ(kind("wg0"), InterfaceKind::kTunnel);
  EXPECT_EQ(kind("tailscale0"), InterfaceKind::kTunnel);
  EXPECT_EQ(kind("ppp0"), InterfaceKind::kTunnel);
  EXPECT_EQ(kind("dummy0", kUp | IFF_NOARP), InterfaceKind::kTunnel);
}

TEST_F(MadeUpSysfs, TakesVirtualLinksOfANamespaceByTheirNames) {
  add("eth0");
  set_speed("eth0", 10000);
  add("wlan0");
  EXPECT_EQ(kind("eth0"), InterfaceKind::kWired);
  EXPECT_EQ(look_up("eth0").mbit, std::nullopt);  // a speed that is made up
  EXPECT_EQ(kind("wlan0"), InterfaceKind::kWireless);
  EXPECT_EQ(kind("not-in-sysfs"), InterfaceKind::kWired);
}

TEST_F(MadeUpSysfs, TakesABridgeOverANetworkCardForTheCard) {
  add("eth0", {"device/"});
  add("br0", {"bridge/", "brif/eth0/"});
  EXPECT_EQ(kind("br0"), InterfaceKind::kWired);
}

TEST_F(MadeUpSysfs, KnowsNoSpeedWithoutACable) {
  add("eth0", {"device/"});
  set_speed("eth0", -1);
  const NetworkInterface unplugged = look_up("eth0", IFF_UP);
  EXPECT_EQ(unplugged.mbit, std::nullopt);
  EXPECT_FALSE(unplugged.running);
  EXPECT_THAT(fault(unplugged), Optional(StrEq("down")));
}

TEST(NetworkInterface, SaysWhyItIsNotUsed) {
  NetworkInterface interface { "eth0" };
  EXPECT_THAT(fault(interface), Optional(StrEq("without an address")));
  interface.addresses.push_back(*parse_address("10.0.0.1/24"));
  EXPECT_EQ(fault(interface), std::nullopt);
  interface.kind = InterfaceKind::kBridge;
  EXPECT_THAT(fault(interface), Optional(StrEq("a bridge")));
}

TEST(NetworkInterface, FindsThoseOfThisHost) {
  const std::vector<NetworkInterface> interfaces = network_interfaces();
  const auto loopback = std::find_if(
      interfaces.begin(), interfaces.end(),
      [](const NetworkInterface& each) { return each.kind == InterfaceKind::kLoopback; });
  if (loopback == interfaces.end()) GTEST_SKIP() << "no loopback interface";
  EXPECT_TRUE(loopback->has(*parse_address("127.0.0.1")));
  EXPECT_TRUE(loopback->reaches(*parse_address("127.0.1.1")));
}

TEST(NetworkAddress, IsParsed) {
  EXPECT_EQ(parse_address("10.1.2.3/20")->subnet(), "10.1.0.0/20");
  EXPECT_EQ(parse_address("10.1.2.3")->subnet(), "10.1.2.3/32");
  EXPECT_EQ(parse_address("fd77::1:2/64")->subnet(), "fd77::/64");
  for (const char* bad : {"", "eth0", "10.0.0", "10.0.0.1/", "10.0.0.1/33", "10.0.0.1/-1",
                          "10.0.0.1/8x", "fd77::1/129"}) {
    EXPECT_EQ(parse_address(bad), std::nullopt) << bad;
  }
}

TEST(NetworkAddress, ReachesItsSubnet) {
  const auto reaches = [](const std::string& from, const std::string& to) {
    return parse_address(from)->reaches(*parse_address(to));
  };
  EXPECT_TRUE(reaches("10.0.1.1/23", "10.0.0.200"));
  EXPECT_FALSE(reaches("10.0.1.1/24", "10.0.0.200"));
  EXPECT_FALSE(reaches("10.0.1.1", "10.0.1.2"));
  EXPECT_TRUE(reaches("fd77::1/64", "fd77::2:1"));
  EXPECT_FALSE(reaches("fd77::1/64", "fd78::1"));
  EXPECT_FALSE(reaches("0.0.0.0/0", "fd78::1"));
}

}  // namespace
}  // namespace vpinfer
