#pragma once

#include <optional>

#include "plan/exchange.hpp"
#include "plan/plan.hpp"

namespace vpinfer {

/// A machine of the cluster and its link, for predictions of time.  The numbers are estimates for
/// a Raspberry Pi 4 on Gigabit Ethernet.
struct Device {
  double flop_per_second = 35e9;         ///< of convolutions
  double link_bytes_per_second = 111e6;  ///< in each direction
  double byte_seconds = 5e-9;            ///< of the processor, for a byte that it sends or receives
  double exchange_seconds = 1e-3;        ///< that an exchange costs beside its bytes
};

/// The time of computing `box` of a layer's output, in the floating-point operations that a
/// convolution does meanwhile: those of its arithmetic, and, because the rest is bound by memory,
/// some for every element that is written or read.  Of divided sums, those over some of the input
/// channels.
[[nodiscard]] double work(const Network& network, ConvolutionPath path, int position,
                          const Box& box, std::optional<int> summed_channels = {});

/// The time of one frame: for every layer its slowest rank's work, the bytes that it waits for, and
/// what the processors do for these bytes.  Borders do travel while other parts are computed; that
/// is left out, because on emulated clusters waiting was seen to add to computing.
[[nodiscard]] double predicted_seconds(const Network& network, const Plan& plan,
                                       const Exchanges& exchanges, const Device& device);

}  // namespace vpinfer
