#pragma once

#include <stdexcept>
#include <string>

namespace vpinfer {

/// What the process tells its caller; documented in the README, scripts rely on the numbers.
enum class ExitCode {
  kDone = 0,
  kComparisonFailed = 1,
  kBadUsage = 2,
  kBadInput = 3,
  kNotEnoughMemory = 4,
  kRankFailed = 5,
  kBug = 70,
};

/// A message in which names from a damaged file cannot break the line or command the terminal.
[[nodiscard]] inline std::string printable(std::string message) {
  for (char& c : message) {
    const auto code = static_cast<unsigned char>(c);  // char is signed here, unsigned on ARM
    if (code < ' ' || code == 0x7F) c = '?';
  }
  return message;
}

/// The one exception type of the project: a line that says what went wrong, where, and what to do,
/// and the exit code that goes with it.  Whoever catches it for good prints it or ends the job.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& message)
      : std::runtime_error(printable(message)), code_(code) {}

  [[nodiscard]] ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

/// A file, model, picture or plan that cannot be used (exit code 3).
class BadInput : public Error {
 public:
  explicit BadInput(const std::string& message) : Error(ExitCode::kBadInput, message) {}
};

/// A wrong option or combination of options (exit code 2).
class BadUsage : public Error {
 public:
  explicit BadUsage(const std::string& message) : Error(ExitCode::kBadUsage, message) {}
};

/// A broken invariant of our own (exit code 70).
class Bug : public Error {
 public:
  explicit Bug(const std::string& message) : Error(ExitCode::kBug, "bug: " + message) {}
};

}  // namespace vpinfer
