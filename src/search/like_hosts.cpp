#include "search/like_hosts.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

namespace vpinfer {
namespace {

using LikeHosts = std::vector<Host*>;

/// What hosts of one kind have in common, if measured at the same time.
constexpr std::array kSpeeds{&Speed::direct_flop_per_second, &Speed::winograd_flop_per_second,
                             &Speed::blas_flop_per_second, &Speed::loop_flop_per_second,
                             &Speed::memory_bytes_per_second};
constexpr std::array kLinkFigures{&Link::bytes_per_second, &Link::message_seconds,
                                  &Link::message_processor_seconds, &Link::byte_processor_seconds};

/// A kind of kernel alone varies more than all of them; most of the time of most networks goes to
/// these two.
double speed(const Host& host) {
  return host.speed.direct_flop_per_second + host.speed.winograd_flop_per_second;
}

bool are_hardly_apart(double a, double b) {
  constexpr double kNoise = 0.15;
  return std::min(a, b) >= (1 - kNoise) * std::max(a, b);
}

bool are_alike(const Host& a, const Host& b) {
  return a.threads == b.threads && are_hardly_apart(speed(a), speed(b)) &&
         are_hardly_apart(a.link.bytes_per_second, b.link.bytes_per_second);
}

/// Each of hosts that are like the fastest of them.
std::vector<LikeHosts> groups_of(Cluster& cluster) {
  LikeHosts by_speed;
  for (Host& host : cluster.hosts) by_speed.push_back(&host);
  std::stable_sort(by_speed.begin(), by_speed.end(),
                   [](const Host* a, const Host* b) { return speed(*a) > speed(*b); });
  std::vector<LikeHosts> groups;
  for (Host* host : by_speed) {
    const auto group = std::find_if(groups.begin(), groups.end(), [&](const LikeHosts& some) {
      return are_alike(*some.front(), *host);
    });
    if (group == groups.end()) {
      groups.push_back({host});
    } else {
      group->push_back(host);
    }
  }
  return groups;
}

template <typename Figures, typename Members>
void level(const LikeHosts& group, Figures Host::*figures, const Members& members) {
  for (const auto member : members) {
    double sum = 0;
    for (const Host* host : group) sum += host->*figures.*member;
    for (Host* host : group) host->*figures.*member = sum / static_cast<double>(group.size());
  }
}

}  // namespace

Cluster with_like_hosts_levelled(Cluster cluster) {
  for (const LikeHosts& group : groups_of(cluster)) {
    if (group.size() == 1) continue;
    level(group, &Host::speed, kSpeeds);
    level(group, &Host::link, kLinkFigures);
  }
  return cluster;
}

}  // namespace vpinfer
