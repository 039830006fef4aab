#pragma once

#include <cstdint>

#include "vpinfer/cluster.hpp"

namespace vpinfer {

/// So many hosts, none like another: each is up to ten times as slow as a Raspberry Pi 4, or up to
/// three times as fast, some kinds of kernels more than others, on a link of 10 Mbit/s to 10
/// Gbit/s. No limit of memory is known.
[[nodiscard]] Cluster random_cluster(int hosts, std::uint32_t seed);

/// The same, so many times as slow at everything.
[[nodiscard]] Speed slower(Speed speed, double times);

}  // namespace vpinfer
