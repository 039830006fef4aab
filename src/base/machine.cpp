#include "base/machine.hpp"

#include <malloc.h>
#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

namespace vpinfer {
namespace {

/// The rest of the line of /proc/self/status that begins with `key`; empty if there is none.
std::string process_status(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with(key)) continue;
    const std::size_t value = line.find_first_not_of(" \t", key.size());
    return value == std::string::npos ? "" : line.substr(value);
  }
  return {};
}

/// A number of bytes in a file of the system; nothing if there is none, or no limit ("max").
std::optional<std::size_t> bytes_in(const std::filesystem::path& file) {
  std::size_t bytes = 0;
  if (!(std::ifstream(file) >> bytes)) return std::nullopt;
  return bytes;
}

/// What a control group's limit leaves, whose files have such names.
std::optional<std::size_t> left_in_group(const std::filesystem::path& folder, const char* limit,
                                         const char* used) {
  const auto most = bytes_in(folder / limit);
  if (!most) return std::nullopt;
  return *most - std::min(*most, bytes_in(folder / used).value_or(0));
}

/// What is left in this process's control groups for memory, of version 1 or 2, and those above
/// them; nothing if there is no limit.
std::optional<std::size_t> left_in_groups() {
  namespace fs = std::filesystem;
  std::optional<std::size_t> least;
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const bool unified = controllers.empty();
    if (!unified && controllers.find("memory") == std::string::npos) continue;
    const fs::path top = unified ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory";
    for (fs::path group = line.substr(second + 1);; group = group.parent_path()) {
      const fs::path folder = top / group.relative_path();
      const auto left =
          unified ? left_in_group(folder, "memory.max", "memory.current")
                  : left_in_group(folder, "memory.limit_in_bytes", "memory.usage_in_bytes");
      if (left) least = std::min(least.value_or(*left), *left);
      if (!group.has_relative_path()) break;
    }
  }
  return least;
}

}  // namespace

std::size_t free_memory_bytes() {
  std::size_t free = 0;
  std::ifstream memory("/proc/meminfo");
  for (std::string line; std::getline(memory, line);) {
    constexpr std::string_view kAvailable = "MemAvailable:";
    if (line.starts_with(kAvailable)) free = std::stoull(line.substr(kAvailable.size())) * 1024;
  }
  return std::min(free, left_in_groups().value_or(free));
}

double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::size_t peak_rss_bytes() {
  std::size_t kibibytes = 0;
  std::istringstream(process_status("VmHWM:")) >> kibibytes;
  return kibibytes * 1024;
}

void give_back_freed_memory() {
  constexpr int kLargeBytes = 256 * 1024;
  mallopt(M_MMAP_THRESHOLD, kLargeBytes);
}

std::string allowed_cores() {
  return process_status("Cpus_allowed_list:");
}

int allowed_core_count() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  if (sched_getaffinity(0, sizeof cores, &cores) != 0) return 1;
  return std::max(1, CPU_COUNT(&cores));
}

}  // namespace vpinfer
