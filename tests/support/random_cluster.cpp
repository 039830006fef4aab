#include "support/random_cluster.hpp"

#include <cmath>

#include "support/random.hpp"

namespace vpinfer {
namespace {

/// A factor between two powers of ten.
double factor(float low, float high, Random& random) {
  return std::pow(10.0, random.real(low, high));
}

}  // namespace

Cluster random_cluster(int hosts, std::uint32_t seed) {
  Random random(seed);
  Host usual = raspberry_pi_4();
  usual.memory_bytes.reset();
  Cluster cluster = cluster_of(hosts, usual);
  for (Host& host : cluster.hosts) {
    const double speed = factor(-1, 0.5F, random);
    for (double* each : {&host.speed.direct_flop_per_second, &host.speed.winograd_flop_per_second,
                         &host.speed.blas_flop_per_second, &host.speed.loop_flop_per_second,
                         &host.speed.memory_bytes_per_second}) {
      *each *= speed * factor(-0.2F, 0.2F, random);
    }
    host.link.bytes_per_second = 1.25e6 * factor(0, 3, random);
    host.link.message_seconds *= factor(-1, 1, random);
  }
  return cluster;
}

Speed slower(Speed speed, double times) {
  for (double* each :
       {&speed.direct_flop_per_second, &speed.winograd_flop_per_second, &speed.blas_flop_per_second,
        &speed.loop_flop_per_second, &speed.memory_bytes_per_second}) {
    *each /= times;
  }
  return speed;
}

}  // namespace vpinfer
