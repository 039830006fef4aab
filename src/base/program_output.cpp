#include "base/program_output.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <thread>

#include "base/clock.hpp"

namespace vpinfer {
namespace {

/// A running program, its stdout a pipe to here, its other streams leading nowhere.
class Child {
 public:
  explicit Child(std::vector<std::string> command) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return;
    read_end_ = ends[0];
    std::vector<char*> words;
    for (std::string& word : command) words.push_back(word.data());
    words.push_back(nullptr);
    posix_spawn_file_actions_t streams;
    ::posix_spawn_file_actions_init(&streams);
    ::posix_spawn_file_actions_addopen(&streams, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&streams, ends[1], STDOUT_FILENO);
    ::posix_spawn_file_actions_addopen(&streams, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_t attributes;
    ::posix_spawnattr_init(&attributes);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);  // a group of its own
    pid_t started = 0;
    if (::posix_spawnp(&started, words.front(), &streams, &attributes, words.data(), environ) ==
        0) {
      process_ = started;
    }
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&streams);
    ::close(ends[1]);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (read_end_ >= 0) ::close(read_end_);
    if (process_ <= 0) return;
    constexpr std::chrono::milliseconds kSoon{100};
    ::kill(-process_, SIGKILL);
    (void)succeeds(Clock::now() + kSoon);  // one that even this does not end is not waited for
  }

  /// What it prints until it closes its stdout; nothing if that takes longer, or does not begin.
  [[nodiscard]] std::optional<std::string> output(Clock::time_point deadline) const {
    constexpr std::size_t kMost = 4096;
    if (process_ <= 0) return std::nullopt;
    std::string text;
    std::array<char, kMost> block{};
    while (text.size() < kMost) {
      pollfd readable{read_end_, POLLIN, 0};
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
      if (::poll(&readable, 1, static_cast<int>(std::max<long>(0, left.count()))) <= 0) {
        return std::nullopt;
      }
      const ssize_t count = ::read(read_end_, block.data(), block.size());
      if (count < 0) return std::nullopt;
      if (count == 0) return text;
      text.append(block.data(), static_cast<std::size_t>(count));
    }
    return text;
  }

  /// Whether it ends well until then.
  [[nodiscard]] bool succeeds(Clock::time_point deadline) {
    constexpr std::chrono::milliseconds kOften{1};
    int status = 0;
    pid_t ended = 0;
    while ((ended = ::waitpid(process_, &status, WNOHANG)) == 0) {
      if (Clock::now() >= deadline) return false;
      std::this_thread::sleep_for(kOften);
    }
    process_ = -1;
    return ended > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }

 private:
  pid_t process_ = -1;
  int read_end_ = -1;
};

}  // namespace

std::optional<std::string> program_output(std::vector<std::string> command,
                                          std::chrono::duration<double> patience) {
  const auto deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(patience);
  Child child(std::move(command));
  std::optional<std::string> text = child.output(deadline);
  if (!text || !child.succeeds(deadline)) return std::nullopt;
  return text;
}

}  // namespace vpinfer
