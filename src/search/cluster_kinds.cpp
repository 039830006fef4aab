#include "search/cluster_kinds.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

#include "vpinfer/cluster.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

constexpr double kGiga = 1e9;
constexpr double kMebibytes = 1 << 20;

/// A kind of machine by what is published of it.
struct Kind {
  std::string_view name;
  double linpack_flop_per_second;  ///< double precision, all cores
  double copied_bytes_per_second;  ///< tinymembench's C copy
  double link_bits_per_second;     ///< iperf's, by its own interface
  double memory_mebibytes;         ///< of the smallest sold, less some 150 for the system
};

/// Linpack: github.com/geerlingguy/top500-benchmark for Pi 4 and 5, and the list of the VMW
/// Research Group, University of Maine, for Pi 3 B+, after which the Zero 2, with the same cores at
/// 1.0 instead of 1.4 GHz, is scaled (its own run there was swapping).  Copying:
/// github.com/geerlingguy/sbc-reviews, for Pi 3 and Zero 2 estimated from half the memory clock.
/// Links: 941 Mbit/s of Gigabit's 1000; some 300 by USB on a Pi 3 B+; 40 by the wireless of a Zero.
constexpr std::array kKinds{
    Kind{"pi3", 5.3 * kGiga, 1.3 * kGiga, 0.3 * kGiga, 850},
    Kind{"pi4", 11.9 * kGiga, 2.8 * kGiga, 0.941 * kGiga, 850},
    Kind{"pi5", 30.2 * kGiga, 6.2 * kGiga, 0.941 * kGiga, 1850},
    Kind{"zero2", 3.8 * kGiga, 1.2 * kGiga, 0.04 * kGiga, 350},
};

/// What a rank's kernels make of the published figures: single precision is twice as fast as
/// double, loops without reuse some six times slower.  A message costs the same instructions
/// everywhere, so its time follows the processor's: 60 us and 4 ns a byte on a Pi 4.
Host host_of(const Kind& kind, const std::string& name) {
  constexpr double kPi4Linpack = 11.9 * kGiga;
  const double flop = 2 * kind.linpack_flop_per_second;
  const double slowness = kPi4Linpack / kind.linpack_flop_per_second;
  constexpr int kCores = 4;  // of all kinds
  return {.name = name,
          .threads = kCores,
          .speed = {.direct_flop_per_second = flop,
                    .winograd_flop_per_second = flop,
                    .blas_flop_per_second = flop,
                    .loop_flop_per_second = flop / 6,
                    .memory_bytes_per_second = kind.copied_bytes_per_second},
          .link = {.bytes_per_second = kind.link_bits_per_second / 8,
                   .message_seconds = 200e-6 * slowness,
                   .message_processor_seconds = 60e-6 * slowness,
                   .byte_processor_seconds = 4e-9 * slowness},
          .memory_bytes = static_cast<std::size_t>(kind.memory_mebibytes * kMebibytes)};
}

BadUsage no_cluster(const std::string& text, const std::string& problem) {
  std::string known;
  for (const Kind& kind : kKinds) known += (known.empty() ? "" : ", ") + std::string(kind.name);
  return BadUsage("--cluster: '" + text + "' " + problem +
                  "; give a file of vpinfer calibrate or kinds such as pi4:8@1gbit or "
                  "pi3:4+pi4:2@100mbit, of " +
                  known);
}

/// Adds the hosts of `pi4:8`, or of `pi4`, which is one.
void add_hosts(const std::string& text, std::string_view group, Cluster& cluster) {
  const std::size_t colon = group.find(':');
  const std::string_view name = group.substr(0, colon);
  int count = 1;
  if (colon != std::string_view::npos) {
    const std::string_view number = group.substr(colon + 1);
    const char* const end = number.data() + number.size();
    const auto [rest, error] = std::from_chars(number.data(), end, count);
    if (error != std::errc{} || rest != end || count < 1 || count > kMostHosts) {
      throw no_cluster(text, "has '" + std::string(number) + "' for a number of hosts");
    }
  }
  for (const Kind& kind : kKinds) {
    if (kind.name != name) continue;
    for (int i = 0; i < count; ++i) {
      cluster.hosts.push_back(
          host_of(kind, std::string(name) + "-" + std::to_string(cluster.ranks() + 1)));
    }
    return;
  }
  throw no_cluster(text, "is neither a file nor names a kind of host");
}

}  // namespace

std::optional<double> parse_link_rate(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  constexpr double kMost = 1e6;  // of any unit
  if (error != std::errc{} || !(number >= 1e-3) || number > kMost) return std::nullopt;
  constexpr double kPayload = 0.941;  // of 1538 bytes of a frame and its gap, 1448
  const double bytes = number * kPayload / 8;
  if (unit == "kbit") return 1e3 * bytes;
  if (unit == "mbit") return 1e6 * bytes;
  if (unit == "gbit") return 1e9 * bytes;
  return std::nullopt;
}

Host raspberry_pi_4() {
  return host_of(kKinds[1], std::string(kKinds[1].name));
}

Cluster cluster_of(int hosts, const Host& host) {
  return {std::vector<Host>(static_cast<std::size_t>(hosts), host)};
}

Cluster parse_cluster(const std::string& text) {
  Cluster cluster;
  const std::size_t at = text.find('@');
  std::string_view rest = std::string_view(text).substr(0, at);
  for (std::size_t plus = 0; plus != std::string_view::npos;) {
    plus = rest.find('+');
    add_hosts(text, rest.substr(0, plus), cluster);
    if (cluster.ranks() > kMostHosts) {
      throw no_cluster(text, "has more than " + std::to_string(kMostHosts) + " hosts");
    }
    if (plus != std::string_view::npos) rest.remove_prefix(plus + 1);
  }
  if (at == std::string::npos) return cluster;
  const std::optional<double> rate = parse_link_rate(std::string_view(text).substr(at + 1));
  if (!rate) throw no_cluster(text, "ends in no rate of all links, such as @100mbit or @1gbit");
  for (Host& host : cluster.hosts) host.link.bytes_per_second = *rate;
  return cluster;
}

}  // namespace vpinfer
