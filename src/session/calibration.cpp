#include "session/calibration.hpp"

#include <map>
#include <sstream>

#include "base/machine.hpp"
#include "base/units.hpp"
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

void share_memory(Cluster& cluster) {
  std::map<std::string, std::size_t> ranks;  // by name of their host
  for (const Host& host : cluster.hosts) ++ranks[host.name];
  for (Host& host : cluster.hosts) {
    if (host.memory_bytes) *host.memory_bytes /= ranks[host.name];
  }
}

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
  calibration.own = measured.rates;
  for (const std::string& text : channel.gather(to_json(Cluster{{own}}))) {
    calibration.cluster.hosts.push_back(cluster_from_json(text, "calibration").hosts.front());
  }
  share_memory(calibration.cluster);
  const std::string rates =
      std::to_string(measured.rates.alone) + " " + std::to_string(measured.rates.together);
  for (const std::string& text : channel.gather(rates)) {
    LinkRates& link = calibration.links.emplace_back();
    std::istringstream(text) >> link.alone >> link.together;
  }
  for (std::size_t rank = 0; rank < calibration.links.size(); ++rank) {
    if (!is_shared(calibration.links, rank)) continue;
    calibration.cluster.hosts[rank].link.bytes_per_second = calibration.links[rank].together;
  }
  return calibration;
}

std::vector<std::string> calibration_remarks(Channel& channel, const Calibration& calibration) {
  std::vector<std::string> remarks =
      gather_remarks(channel, host_remarks(calibration.own.alone, channel.communicator().link()));
  for (std::size_t rank = 0; rank < calibration.links.size(); ++rank) {
    if (!is_shared(calibration.links, rank)) continue;
    const auto mbit = [](double rate) { return fixed(rate * 8 / 1e6, 0); };
    const LinkRates& rates = calibration.links[rank];
    remarks.push_back(calibration.cluster.hosts[rank].name + " gets " + mbit(rates.together) +
                      " of " + mbit(rates.alone) +
                      " Mbit/s while all hosts talk, which plans count with: they share Wi-Fi, a "
                      "hub or a slow switch");
  }
  return remarks;
}

}  // namespace vpinfer
