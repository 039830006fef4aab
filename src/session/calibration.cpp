#include "session/calibration.hpp"

#include "base/machine.hpp"
#include "kernel/blas.hpp"
#include "session/kernel_speed.hpp"
#include "session/link_speed.hpp"

namespace vpinfer {

Cluster calibrate(Channel& channel, ThreadPool& pool, std::chrono::duration<double> patience) {
  use_one_blas_thread();
  Host own{.name = channel.host(channel.rank())};
  channel.barrier();
  own.speed = measure_speed(pool, patience / 2);
  channel.barrier();
  own.link = measure_link(channel, patience / 2);
  if (const std::size_t free = free_memory_bytes(); free > 0) own.memory_bytes = free;
  Cluster cluster;
  for (const std::string& text : channel.gather(to_json(Cluster{{own}}))) {
    cluster.hosts.push_back(cluster_from_json(text, "calibration").hosts.front());
  }
  return cluster;
}

}  // namespace vpinfer
