#include "comm/network_choice.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <fstream>
#include <map>
#include <sstream>

#include "comm/launch.hpp"
#include "comm/network_use.hpp"
#include "support/temporary_folder.hpp"

namespace vpinfer {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

NetworkInterface interface(const std::string& name, InterfaceKind kind,
                           const std::vector<std::string>& addresses, int mbit = 0) {
  NetworkInterface result{name, kind};
  if (mbit > 0) result.mbit = mbit;
  for (const std::string& text : addresses) result.addresses.push_back(*parse_address(text));
  return result;
}

NetworkInterface wired(const std::string& name, const std::string& address, int mbit = 0) {
  return interface(name, InterfaceKind::kWired, {address}, mbit);
}

NetworkInterface wireless(const std::string& address) {
  return interface("wlan0", InterfaceKind::kWireless, {address});
}

const NetworkInterface kLoopback = interface("lo", InterfaceKind::kLoopback, {"127.0.0.1/8"});
const NetworkInterface kDocker = interface("docker0", InterfaceKind::kBridge, {"172.17.0.1/16"});

Launch from(const std::vector<std::string>& addresses) {
  Launch launch;
  for (const std::string& text : addresses) launch.addresses.push_back(*parse_address(text));
  return launch;
}

/// On the launching host.
Launch at_home() {
  Launch launch;
  launch.is_launching_host = true;
  return launch;
}

std::string choice(const std::vector<NetworkInterface>& interfaces, const Launch& launch) {
  return names_of(choose_interfaces(interfaces, launch));
}

TEST(NetworkChoice, OfAPi4IsItsEthernet) {
  const std::vector<NetworkInterface> all{kLoopback, wireless("10.0.0.104/24"), kDocker,
                                          wired("eth0", "10.0.0.4/24", 1000)};
  EXPECT_EQ(choice(all, from({"172.17.0.1", "10.0.0.101", "10.0.0.1"})), "eth0");
  EXPECT_EQ(choice(all, at_home()), "eth0");
}

TEST(NetworkChoice, OfAPiZeroIsItsWifi) {
  const std::vector<NetworkInterface> all{kLoopback, wireless("10.0.0.104/24")};
  EXPECT_EQ(choice(all, from({"10.0.0.1"})), "wlan0");
  EXPECT_EQ(choice(all, at_home()), "wlan0");
}

TEST(NetworkChoice, LeadsToTheLaunchingHost) {
  const std::vector<NetworkInterface> all{wired("eth0", "192.168.1.4/24", 1000),
                                          wired("eth1", "10.0.0.4/24", 100),
                                          wireless("10.9.0.4/24")};
  EXPECT_EQ(choice(all, from({"192.168.7.1", "10.0.0.1"})), "eth1");
  EXPECT_EQ(choice(all, from({"10.9.0.1"})), "wlan0");
  EXPECT_EQ(choice(all, at_home()), "eth0,eth1,wlan0");
}

TEST(NetworkChoice, IsTheFastestThenTheFirst) {
  EXPECT_EQ(choice({wired("eth0", "10.0.0.4/24", 100), wired("eth1", "10.0.0.5/24", 2500)},
                   from({"10.0.0.1"})),
            "eth1");
  EXPECT_EQ(choice({wired("eth0", "10.0.0.4/24"), wired("eth1", "10.0.0.5/24")}, at_home()),
            "eth0");
}

TEST(NetworkChoice, TakesATunnelOnlyIfDaemonsDo) {
  const std::vector<NetworkInterface> all{
      wired("eth0", "192.168.1.4/24"),
      interface("tailscale0", InterfaceKind::kTunnel, {"100.64.0.4"})};
  Launch launch = from({"192.168.7.1", "100.64.0.1"});
  EXPECT_EQ(choice(all, launch), "");
  launch.links.push_back({*parse_address("100.64.0.4"), *parse_address("100.64.0.1")});
  EXPECT_EQ(choice(all, launch), "tailscale0");
  launch.is_launching_host = true;
  EXPECT_EQ(choice(all, launch), "eth0,tailscale0");
  EXPECT_EQ(choice(all, at_home()), "eth0");
}

TEST(NetworkChoice, FollowsTheDaemonThroughARouter) {
  Launch launch = from({"192.168.7.1"});
  const std::vector<NetworkInterface> all{wireless("10.0.0.4/24"), wired("eth0", "192.168.1.4/24")};
  EXPECT_EQ(choice(all, launch), "");
  launch.links.push_back({*parse_address("192.168.1.4"), *parse_address("192.168.7.1")});
  EXPECT_EQ(choice(all, launch), "eth0");
}

TEST(NetworkChoice, KnowsIpv6) {
  const std::vector<NetworkInterface> all{
      kLoopback, interface("eth0", InterfaceKind::kWired, {"fd77::4/64"}),
      interface("eth1", InterfaceKind::kWired, {"10.0.0.4/24", "fd78::4/64"})};
  EXPECT_EQ(choice(all, from({"fd77::1"})), "eth0");
  EXPECT_EQ(choice(all, from({"fd78::1"})), "eth1");
}

TEST(NetworkChoice, IsNoneWithoutAnyNetwork) {
  EXPECT_EQ(choice({kLoopback}, at_home()), "");
  EXPECT_EQ(choice({kLoopback, kDocker}, from({"127.0.0.1", "172.17.0.1"})), "");
  NetworkInterface unplugged = wired("eth0", "10.0.0.4/24");
  unplugged.running = false;
  EXPECT_EQ(choice({unplugged, wireless("10.0.0.5/24")}, from({"10.0.0.1"})), "wlan0");
}

TEST(NetworkChoice, KnowsWhatASettingLeaves) {
  const std::vector<NetworkInterface> all{kLoopback, wired("eth0", "10.0.0.4/24"),
                                          wireless("10.0.0.104/24"), kDocker};
  const auto left = [&](const std::string& variable, const std::string& value) {
    return names_of(left_by({variable, value}, all));
  };
  EXPECT_EQ(left("btl_tcp_if_include", "eth0"), "eth0");
  EXPECT_EQ(left("btl_tcp_if_include", "10.0.0.0/24"), "eth0,wlan0");
  EXPECT_EQ(left("btl_tcp_if_include", "end0"), "");
  EXPECT_EQ(left("btl_tcp_if_exclude", "lo,172.17.0.0/16,wlan0"), "eth0");
}

TEST(Launch, IsReadFromADaemonsAddress) {
  const DaemonAddress daemon =
      parse_daemon_uri("3819896832.0;tcp://10.0.0.1,172.17.0.1:60389;tcp6://[fd77::1]:33843");
  EXPECT_THAT(daemon.addresses,
              ElementsAre(*parse_address("10.0.0.1"), *parse_address("172.17.0.1"),
                          *parse_address("fd77::1")));
  EXPECT_THAT(daemon.ports, ElementsAre(60389, 33843));
  for (const char* odd : {"", ";", "tcp", "1.0;tcp:", "1.0;tcp://", "1.0;usock", "1.0;tcp://x:y"}) {
    EXPECT_THAT(parse_daemon_uri(odd).addresses, IsEmpty()) << odd;
  }
}

TEST(Launch, IsReadFromTheKernelsConnections) {
  // 10.77.0.2:48000 to 10.77.0.1:60001, established; the same port, only listening; another port
  std::istringstream table(
      "  sl  local_address rem_address   st tx_queue rx_queue\n"
      "   0: 02004D0A:BB80 01004D0A:EA61 01 00000000:00000000\n"
      "   1: 00000000:EA61 00000000:0000 0A 00000000:00000000\n"
      "   2: 02004D0A:BB81 01004D0A:0016 01 00000000:00000000\n"
      "   3: x:y z\n");
  const std::vector<DaemonLink> links = daemon_links(table, {60001});
  ASSERT_EQ(links.size(), 1U);
  if constexpr (std::endian::native == std::endian::little) {
    EXPECT_EQ(links[0].own, *parse_address("10.77.0.2"));
    EXPECT_EQ(links[0].peer, *parse_address("10.77.0.1"));
  }
}

Environment environment(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

TEST(Launch, IsOfSeveralHosts) {
  std::map<std::string, std::string> variables;
  EXPECT_FALSE(launch_of(environment(variables)));
  variables["OMPI_MCA_orte_hnp_uri"] = "1.0;tcp://10.0.0.1:6000";
  variables["OMPI_MCA_orte_local_daemon_uri"] = "1.1;tcp://10.0.0.2:6001";
  variables["OMPI_MCA_orte_num_nodes"] = "2";
  EXPECT_FALSE(launch_of(environment(variables))->is_launching_host);
  variables["OMPI_MCA_orte_local_daemon_uri"] = variables["OMPI_MCA_orte_hnp_uri"];
  EXPECT_TRUE(launch_of(environment(variables))->is_launching_host);
  variables["OMPI_MCA_orte_num_nodes"] = "1";
  EXPECT_FALSE(launch_of(environment(variables)));
}

TEST(Launch, LeavesWhatTheUserHasSet) {
  const TemporaryFolder folder;
  const std::filesystem::path system = folder.path() / "system.conf";
  std::map<std::string, std::string> variables{{"HOME", folder.path().string()}};
  EXPECT_FALSE(interface_setting(environment(variables), system));
  std::ofstream(system) << "# btl_tcp_if_include = wlan0\nbtl = ^openib\n"
                           "btl_tcp_if_exclude = eth9 \n";
  EXPECT_EQ(interface_setting(environment(variables), system)->value, "eth9");
  std::filesystem::create_directory(folder.path() / ".openmpi");
  std::ofstream(folder.path() / ".openmpi" / "mca-params.conf") << "btl_tcp_if_include=eth1\n";
  EXPECT_EQ(interface_setting(environment(variables), system)->value, "eth1");
  variables["OMPI_MCA_btl_tcp_if_exclude"] = "docker0";
  EXPECT_EQ(interface_setting(environment(variables), system)->variable, "btl_tcp_if_exclude");
}

TEST(NetworkUse, SaysWhatToDoAboutASilentStart) {
  const NetworkInterface ethernet = wired("eth0", "10.0.0.4/24", 1000);
  EXPECT_EQ(start_advice({}), "");
  EXPECT_THAT(start_advice({{kLoopback, ethernet, kDocker}, {ethernet}, {}}),
              AllOf(HasSubstr("uses eth0 (10.0.0.0/24), not docker0 (a bridge)"),
                    HasSubstr("--mca btl_tcp_if_include 10.0.0.0/24")));
  EXPECT_THAT(start_advice({{kLoopback, kDocker}, {}, {}}), HasSubstr("no interface"));
  EXPECT_THAT(start_advice({{ethernet}, {}, InterfaceSetting{"btl_tcp_if_include", "end0"}}),
              HasSubstr("btl_tcp_if_include=end0 leaves this host no interface"));
  EXPECT_EQ(link_of({{}, {ethernet}, {}}).mbit, 1000);
  EXPECT_EQ(link_of({}).interface, "");
}

}  // namespace
}  // namespace vpinfer
