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

/// The one exception type of the project: a line that says what went wrong, where, and what to do,
/// and the exit code that goes with it.  Only `main` catches it for good.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}

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
