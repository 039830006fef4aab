#pragma once

#include <string>

namespace vpinfer {

/// A line that tells on a terminal what is under way, each time over the one before.  Silent unless
/// stderr leads to a terminal, by itself or through the mpirun that started this process.
class ProgressLine {
 public:
  ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  /// Leaves nothing behind on the terminal.
  ~ProgressLine();

  void say(const std::string& text);

 private:
  bool speaks_;
  bool spoken_ = false;
};

}  // namespace vpinfer
