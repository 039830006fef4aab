#pragma once

namespace vpinfer {

/// A selection: output i is input begin + i * step; step may be negative.
struct Cut {
  int begin = 0;
  int size = 1;
  int step = 1;

  [[nodiscard]] int source(int output) const { return begin + output * step; }
  bool operator==(const Cut&) const = default;
};

}  // namespace vpinfer
