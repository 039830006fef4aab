#pragma once

#include "vpinfer/plan/exchange.hpp"
#include "vpinfer/plan/plan.hpp"

namespace vpinfer {

/// A machine of the cluster and its link, for predictions of time.
struct Device {
  double flop_per_second = 35e9;         ///< of matrix products
  double link_bytes_per_second = 111e6;  ///< in each direction
  double exchange_seconds = 3e-4;        ///< that an exchange costs beside its bytes
};

/// The time of computing `box` of a layer's output, in the floating-point operations that a matrix
/// product does meanwhile: those of its arithmetic, and, because the rest is bound by memory, some
/// for every element that is written, read or unrolled.
[[nodiscard]] double work(const Network& network, int position, const Box& box);

/// The time of one frame: for every layer its slowest rank's work, or the bytes of its inputs that
/// travel meanwhile if they take longer.
[[nodiscard]] double predicted_seconds(const Demand& demand, const Plan& plan,
                                       const Device& device);

}  // namespace vpinfer
