#include "base/machine.hpp"

#include <malloc.h>
#include <sched.h>

#include <algorithm>
#include <fstream>
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

}  // namespace

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
