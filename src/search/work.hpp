#pragma once

#include <optional>
#include <vector>

#include "kernel/computation.hpp"
#include "plan/distribution.hpp"
#include "vpinfer/cluster.hpp"
#include "vpinfer/wire_format.hpp"

namespace vpinfer {

/// What computing takes, by kind of kernel: on some host, seconds.
struct Work {
  double direct_flop = 0;
  double winograd_flop = 0;
  double blas_flop = 0;
  double loop_flop = 0;
  double bytes = 0;  ///< copied, that take as long as the memory that is read and written

  Work& operator+=(const Work& other);
  [[nodiscard]] double seconds(const Speed& speed) const;
};

/// A computation's, which reads weights in panels or in rows.  A model: its parts do not overlap.
[[nodiscard]] Work work_of(const Network& network, const Computation& computation);

/// That of computing `box` of a layer's output in one go, by the path's algorithm; of divided sums,
/// those over some of the input channels.
[[nodiscard]] Work work_of(const Network& network, ConvolutionPath path, int position,
                           const Box& box, const std::optional<Interval>& summed = {});

/// A rank's for a layer, adding up partial sums included.
[[nodiscard]] Work work_of(const Distribution& distribution, int position, int rank);

/// A whole network's.
[[nodiscard]] Work work_of(const Network& network, ConvolutionPath path);
/// How many frames of it per second each host of a cluster would compute, were it alone.
[[nodiscard]] std::vector<double> speeds(const Network& network, ConvolutionPath path,
                                         const Cluster& cluster);

/// Of adding up so many elements, each of so many parts.
[[nodiscard]] Work work_of_adding_up(std::size_t elements, int parts);

/// Of making an input of so many elements from a picture.
[[nodiscard]] Work work_of_loading(std::size_t elements);

/// Of copying so many bytes between outputs and messages.
[[nodiscard]] Work work_of_packing(std::size_t bytes);
/// The same of bytes in a format on the wire, which are encoded and decoded.
[[nodiscard]] Work work_of_packing(WireFormat wire, std::size_t bytes);

}  // namespace vpinfer
