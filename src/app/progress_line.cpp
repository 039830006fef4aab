#include "app/progress_line.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iostream>
#include <string_view>

namespace vpinfer {
namespace {

/// Whether this process's stderr is a pipe to the mpirun that started it, which copies what comes
/// to its own stderr, a terminal.
bool mpirun_copies_to_terminal() {
  static constexpr std::array<std::string_view, 4> kNames{"mpirun", "mpiexec", "orterun",
                                                          "prterun"};
  struct stat own {};
  if (::fstat(STDERR_FILENO, &own) != 0 || !S_ISFIFO(own.st_mode)) return false;
  const std::string parent = "/proc/" + std::to_string(::getppid());
  std::string name;
  std::ifstream(parent + "/comm") >> name;
  if (std::find(kNames.begin(), kNames.end(), name) == kNames.end()) return false;
  const int opened = ::open((parent + "/fd/2").c_str(), O_WRONLY | O_NOCTTY | O_CLOEXEC);
  if (opened < 0) return false;
  const bool is_terminal = ::isatty(opened) != 0;
  ::close(opened);
  return is_terminal;
}

}  // namespace

ProgressLine::ProgressLine()
    : speaks_(::isatty(STDERR_FILENO) != 0 || mpirun_copies_to_terminal()) {}

ProgressLine::~ProgressLine() {
  if (spoken_) std::cerr << "\r\033[K";
}

void ProgressLine::say(const std::string& text) {
  if (!speaks_) return;
  std::cerr << "\r" + text + "\033[K" << std::flush;
  spoken_ = true;
}

}  // namespace vpinfer
