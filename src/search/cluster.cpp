#include "vpinfer/cluster.hpp"

namespace vpinfer {

Host raspberry_pi_4() {
  return {.flop_per_second = 35e9,
          .link = {.bytes_per_second = 111e6, .exchange_seconds = 1e-3, .byte_seconds = 5e-9}};
}

Cluster cluster_of(int hosts, const Host& host) {
  return {std::vector<Host>(static_cast<std::size_t>(hosts), host)};
}

}  // namespace vpinfer
