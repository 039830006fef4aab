#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace vpinfer {

/// How fast a host computes with the threads that a rank has there, by kind of kernel.  Operations
/// count multiplications and additions, two per multiply-add.
struct Speed {
  double direct_flop_per_second = 0;    ///< of convolutions on weights in panels
  double winograd_flop_per_second = 0;  ///< of Winograd's, transforms counted as what takes as long
  double blas_flop_per_second = 0;      ///< of convolutions by im2col and sgemm
  double loop_flop_per_second = 0;      ///< of depthwise convolutions, poolings and the like
  double memory_bytes_per_second = 0;   ///< that are copied from and to memory

  bool operator==(const Speed&) const = default;
};

/// A host's way into the network, the same in both directions.
struct Link {
  double bytes_per_second = 0;
  double message_seconds = 0;            ///< until a message without bytes is there
  double message_processor_seconds = 0;  ///< that either end is busy with a message
  double byte_processor_seconds = 0;     ///< and with a byte of it

  bool operator==(const Link&) const = default;
};

/// A machine that runs one rank.
struct Host {
  std::string name{};
  int threads = 1;  ///< of a rank there, whose speed together follows
  Speed speed{};
  Link link{};
  std::optional<std::size_t> memory_bytes{};  ///< that a rank may take; nothing: no limit is known

  bool operator==(const Host&) const = default;
};

/// More are taken for a slip of the pen.
inline constexpr int kMostHosts = 4096;
inline constexpr int kMostThreads = 1024;  ///< of a rank

/// What there is to run a network on.
struct Cluster {
  std::vector<Host> hosts;  ///< by rank

  [[nodiscard]] int ranks() const { return static_cast<int>(hosts.size()); }
  [[nodiscard]] const Host& host(int rank) const { return hosts[static_cast<std::size_t>(rank)]; }
  bool operator==(const Cluster&) const = default;
};

/// A Raspberry Pi 4 on Gigabit Ethernet, see `parse_cluster`.
[[nodiscard]] Host raspberry_pi_4();

/// So many of the same.
[[nodiscard]] Cluster cluster_of(int hosts, const Host& host);

/// A cluster by kinds of hosts and their link: `pi4:8`, `pi3:4+pi4:2@100mbit`.  Speeds come from
/// public measurements of double precision Linpack and of copying memory, see the source; links
/// without a rate are as the kind has them.  Throws BadUsage, naming the kinds there are.
[[nodiscard]] Cluster parse_cluster(const std::string& text);

/// As JSON text, see the README.
[[nodiscard]] std::string to_json(const Cluster& cluster);
/// Throws BadInput, beginning with `where` and naming host and key, if the text is no cluster.
[[nodiscard]] Cluster cluster_from_json(const std::string& text, const std::string& where);

}  // namespace vpinfer
