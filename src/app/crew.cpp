#include "app/crew.hpp"

#include <algorithm>
#include <iostream>
#include <set>

#include "app/planning.hpp"
#include "base/machine.hpp"
#include "kernel/blas.hpp"
#include "kernel/thread_pool.hpp"
#include "search/like_hosts.hpp"
#include "session/calibration.hpp"

namespace vpinfer {
namespace {

/// An equal part of the cores that this process may use, unless the user wants otherwise.
int choose_threads(Channel& channel, std::optional<int> threads) {
  const int cores = allowed_core_count();
  const std::string place = channel.host(channel.rank()) + " " + allowed_cores();
  const std::vector<std::string> places = channel.all_gather(place);
  const int sharers = static_cast<int>(std::count(places.begin(), places.end(), place));
  if (!threads) return std::max(1, cores / sharers);
  if (*threads * sharers > cores && channel.rank() == 0) {
    std::cerr << "warning: " << (sharers == 1 ? "" : std::to_string(sharers) + " ranks x ")
              << *threads << " threads on " << cores << " cores of " << place
              << "; fewer threads are faster"
              << (channel.size() == 1 ? "" : ", and mpirun --bind-to none gives a rank all cores")
              << '\n';
  }
  return *threads;
}

}  // namespace

Crew meet(Channel& channel, std::optional<int> threads) {
  Crew crew{channel.size(), choose_threads(channel, threads), 1, {}};
  for (const std::string& each : channel.gather(std::to_string(crew.threads))) {
    crew.most_threads = std::max(crew.most_threads, std::stoi(each));
  }
  crew.remarks = channel.gather(slow_blas_remark().value_or(""));
  return crew;
}

std::optional<Cluster> find_cluster(Channel& channel, const RunOptions& options, const Crew& crew) {
  constexpr std::chrono::duration<double> kPatience{2};
  if (!options.cluster.empty()) {
    if (channel.rank() != 0) return std::nullopt;  // its host need not have the file
    std::vector<std::string> names;
    for (int rank = 0; rank < crew.ranks; ++rank) names.push_back(channel.host(rank));
    return cluster_of_job(options.cluster, names);
  }
  if (options.strategy != Strategy::kAuto) return std::nullopt;
  ThreadPool pool(crew.threads);
  return with_like_hosts_levelled(calibrate(channel, pool, kPatience).cluster);
}

void warn_of_slow_blas(const Communicator& communicator, const Crew& crew) {
  std::set<std::string> lines;
  for (std::size_t rank = 0; rank < crew.remarks.size(); ++rank) {
    if (crew.remarks[rank].empty()) continue;
    lines.insert("warning: " + communicator.host(static_cast<int>(rank)) + ": " +
                 crew.remarks[rank]);
  }
  for (const std::string& line : lines) std::cerr << line << '\n';
}

}  // namespace vpinfer
