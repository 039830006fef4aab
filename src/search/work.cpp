#include "search/work.hpp"

#include "base/half.hpp"
#include "kernel/convolution/packing.hpp"
#include "plan/geometry.hpp"

namespace vpinfer {
namespace {

// What an element takes, in copied ones that take as long: inputs are mostly in a cache, outputs
// are written, read again for bias and activation, and written, weights are read ahead.  Fitted to
// the computations of six networks, whole and divided among 8 ranks.
constexpr double kCopiesPerInput = 0.4;
constexpr double kCopiesPerOutput = 1.2;
constexpr double kCopiesPerWeight = 0.3;

double bytes_of(double elements) {
  return sizeof(float) * elements;
}

/// The box of the convolution's output that a computation passes through.
Box convolved(const Network& network, const Computation& computation) {
  if (!computation.strips) return computation.box;
  return required_input(network, computation.position, 0, computation.box);
}

/// The panels' last filters may be made up.
double fullness(const Box& box) {
  return static_cast<double>(box.channels.size()) / packed_filters(box.channels.size());
}

void add_operations(const Network& network, const Computation& computation,
                    const Convolution& convolution, const Box& box, Work& work) {
  const int channels = summed_channels(network, computation);
  const double flop = 2 * multiply_adds(convolution, computation.algorithm, channels, box);
  switch (computation.algorithm) {
    case ConvolutionAlgorithm::kDirect: work.direct_flop += flop / fullness(box); break;
    case ConvolutionAlgorithm::kWinograd2x2:
    case ConvolutionAlgorithm::kWinograd4x4: work.winograd_flop += flop; break;
    case ConvolutionAlgorithm::kPlain:
      (convolution.groups == 1 ? work.blas_flop : work.loop_flop) += flop;
      break;
  }
  const double weights =
      static_cast<double>(convolution.taps()) * channels / convolution.groups * box.channels.size();
  work.bytes += bytes_of(kCopiesPerWeight * weights);
}

}  // namespace

Work& Work::operator+=(const Work& other) {
  direct_flop += other.direct_flop;
  winograd_flop += other.winograd_flop;
  blas_flop += other.blas_flop;
  loop_flop += other.loop_flop;
  bytes += other.bytes;
  return *this;
}

double Work::seconds(const Speed& speed) const {
  return direct_flop / speed.direct_flop_per_second +
         winograd_flop / speed.winograd_flop_per_second + blas_flop / speed.blas_flop_per_second +
         loop_flop / speed.loop_flop_per_second + bytes / speed.memory_bytes_per_second;
}

Work work_of(const Network& network, const Computation& computation) {
  Work work;
  if (computation.box.empty()) return work;
  const int position = computation.first_layer();
  const Layer& layer = network.layer(position);
  const Box box = convolved(network, computation);
  for (std::size_t i = 0; i < layer.inputs.size(); ++i) {
    Box input = required_input(network, position, i, box);
    if (computation.sum) input.channels = computation.sum->channels;
    work.bytes += bytes_of(kCopiesPerInput * static_cast<double>(input.elements()));
  }
  work.bytes += bytes_of(kCopiesPerOutput * static_cast<double>(box.elements()));
  if (const auto* convolution = std::get_if<Convolution>(&layer.operation)) {
    add_operations(network, computation, *convolution, box, work);
  } else {
    const bool by_blas = std::holds_alternative<Attention>(layer.operation);
    (by_blas ? work.blas_flop : work.loop_flop) += flop(network, position, box);
  }
  if (computation.strips) {
    work.loop_flop += static_cast<double>(flop(network, computation.position, computation.box));
  }
  return work;
}

Work work_of(const Network& network, ConvolutionPath path, int position, const Box& box,
             const std::optional<Interval>& summed) {
  Computation computation{.position = position, .box = box};
  if (summed) computation.sum = ChannelSum{*summed};
  if (std::holds_alternative<Convolution>(network.layer(position).operation) && !box.empty()) {
    const WeightRange weights{box.channels,
                              summed.value_or(weight_shape(network, position).range().channels)};
    computation.algorithm = choose_algorithm(
        network, path, weight_storage(network, path, position, weights).form, computation);
  }
  return work_of(network, computation);
}

namespace {

/// How many have partial sums of what a rank owns.
int ranks_with_sums_for(const Distribution& distribution, int position, int owner) {
  const Box& owned = distribution.owned(position, owner);
  int ranks = 0;
  for (int rank = 0; rank < distribution.ranks(); ++rank) {
    if (!intersect(owned, distribution.computed(position, rank)).empty()) ++ranks;
  }
  return ranks;
}

}  // namespace

Work work_of(const Distribution& distribution, int position, int rank) {
  const std::optional<Interval> summed = distribution.summed(position, rank);
  Work work = work_of(distribution.network(), distribution.plan().conv, position,
                      distribution.computed(position, rank), summed);
  if (summed) {
    work += work_of_adding_up(distribution.owned(position, rank).elements(),
                              ranks_with_sums_for(distribution, position, rank));
  }
  return work;
}

Work work_of(const Network& network, ConvolutionPath path) {
  Work all;
  for (int i = 0; i < network.size(); ++i) {
    all += work_of(network, path, i, whole(network.layer(i).output));
  }
  return all;
}

std::vector<double> speeds(const Network& network, ConvolutionPath path, const Cluster& cluster) {
  const Work all = work_of(network, path);
  std::vector<double> speeds;
  for (const Host& host : cluster.hosts) speeds.push_back(1 / all.seconds(host.speed));
  return speeds;
}

Work work_of_adding_up(std::size_t elements, int parts) {
  const auto each = static_cast<double>(elements);
  return {.bytes = bytes_of(each * (kCopiesPerInput * parts + kCopiesPerOutput))};
}

Work work_of_loading(std::size_t elements) {
  constexpr double kFlopPerElement =
      60;  // as measured; a bilinear interpolation, with its rounding
  return {.loop_flop = kFlopPerElement * static_cast<double>(elements)};
}

Work work_of_packing(std::size_t bytes) {
  return {.bytes = static_cast<double>(bytes)};
}

Work work_of_packing(WireFormat wire, std::size_t bytes) {
  // Of encoding and decoding in the mean, as measured.
  constexpr double kFlopPerHalf = 24;
  constexpr double kFlopPerByte = 10;
  Work work = work_of_packing(bytes);
  const auto each = static_cast<double>(bytes);
  switch (wire) {
    case WireFormat::kFloat: break;
    case WireFormat::kHalf: work.loop_flop = kFlopPerHalf * each / sizeof(HalfBits); break;
    case WireFormat::kInt8: work.loop_flop = kFlopPerByte * each; break;
  }
  return work;
}

}  // namespace vpinfer
