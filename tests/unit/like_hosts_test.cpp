#include "search/like_hosts.hpp"

#include <gtest/gtest.h>

namespace vpinfer {
namespace {

Host faster(double times) {
  Host host = raspberry_pi_4();
  host.speed.direct_flop_per_second *= times;
  host.speed.winograd_flop_per_second *= times;
  return host;
}

TEST(LikeHosts, HostsThatMeasuringHardlyTellsApartAreAlike) {
  Cluster cluster{{faster(1), faster(0.92), faster(2), faster(1.08), faster(2.2)}};
  cluster.hosts[1].link.message_seconds *= 4;
  cluster.hosts[3].memory_bytes = 1000;
  const Cluster level = with_like_hosts_levelled(cluster);
  const auto direct = [](const Cluster& some, int rank) {
    return some.host(rank).speed.direct_flop_per_second;
  };
  const double one = direct(cluster, 0);
  for (const int rank : {0, 1, 3}) EXPECT_NEAR(direct(level, rank), one, 1e-9 * one);
  for (const int rank : {2, 4}) EXPECT_NEAR(direct(level, rank), 2.1 * one, 1e-9 * one);
  const double message = cluster.host(0).link.message_seconds;
  EXPECT_NEAR(level.host(0).link.message_seconds, 2 * message, 1e-9);
  EXPECT_NEAR(level.host(2).link.message_seconds, message, 1e-9);
  EXPECT_EQ(level.host(3).memory_bytes, 1000U);
  EXPECT_EQ(level.host(0).memory_bytes, cluster.host(0).memory_bytes);
}

TEST(LikeHosts, HostsWithAnotherLinkOrOtherThreadsAreNotAlike) {
  Cluster cluster{{faster(1), faster(0.95), faster(0.96)}};
  cluster.hosts[1].link.bytes_per_second /= 2;
  cluster.hosts[2].threads = 2;
  EXPECT_EQ(with_like_hosts_levelled(cluster), cluster);
}

}  // namespace
}  // namespace vpinfer
