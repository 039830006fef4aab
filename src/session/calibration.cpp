#include "session/calibration.hpp"

#include <sstream>

#include "base/machine.hpp"
#include "kernel/blas.hpp"
#include "session/host_remarks.hpp"
#include "session/kernel_speed.hpp"
#include "session/link_speed.hpp"
#include "vpinfer/version.hpp"

namespace vpinfer {

namespace {

std::string this_build() {
  return std::string(version()) + " (" + std::string(git_hash()) + ")";
}

/// Every rank's remarks, and those on builds that differ from rank 0's; nothing elsewhere.
std::vector<std::string> gather_remarks(Channel& channel, const std::vector<std::string>& own) {
  std::string lines = this_build() + '\n';
  for (const std::string& remark : own) lines += remark + '\n';
  std::vector<std::string> remarks;
  const std::vector<std::string> texts = channel.gather(lines);
  for (std::size_t rank = 0; rank < texts.size(); ++rank) {
    const std::string host = channel.host(static_cast<int>(rank));
    std::istringstream text(texts[rank]);
    std::string line;
    std::getline(text, line);
    if (line != this_build()) {
      remarks.push_back(host);
      remarks.back().append(" has vpinfer ").append(line).append(", not ").append(this_build());
    }
    while (std::getline(text, line)) {
      remarks.push_back(host);
      remarks.back().append(" ").append(line);
    }
  }
  return remarks;
}

}  // namespace

Calibration calibrate(Channel& channel, ThreadPool& pool, std::chrono::duration<double> patience,
                      const Announce& announce) {
  use_one_blas_thread();
  Host own{.name = channel.host(channel.rank()), .threads = pool.threads()};
  channel.barrier();
  if (announce) announce("kernels");
  own.speed = measure_speed(pool, patience / 2);
  channel.barrier();
  const MeasuredLink measured = measure_link(channel, patience / 2, announce);
  own.link = measured.link;
  if (const std::size_t free = free_memory_bytes(); free > 0) own.memory_bytes = free;
  Calibration calibration;
  for (const std::string& text : channel.gather(to_json(Cluster{{own}}))) {
    calibration.cluster.hosts.push_back(cluster_from_json(text, "calibration").hosts.front());
  }
  const std::string rates =
      std::to_string(measured.alone_rate) + " " + std::to_string(measured.together_rate);
  for (const std::string& text : channel.gather(rates)) {
    MeasuredLink& link = calibration.links.emplace_back();
    link.link = calibration.cluster.hosts[calibration.links.size() - 1].link;
    std::istringstream(text) >> link.alone_rate >> link.together_rate;
  }
  calibration.remarks =
      gather_remarks(channel, host_remarks(measured, channel.communicator().link()));
  return calibration;
}

}  // namespace vpinfer
