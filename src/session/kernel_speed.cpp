#include "session/kernel_speed.hpp"

#include <algorithm>
#include <functional>
#include <vector>

#include "base/clock.hpp"
#include "base/float_buffer.hpp"
#include "kernel/computation.hpp"
#include "kernel/convolution/packing.hpp"
#include "search/work.hpp"

namespace vpinfer {
namespace {

/// Mean seconds of an action that is repeated for a while; the first time, which finds cold caches
/// and sleeping threads, does not count.
double mean_seconds(std::chrono::duration<double> patience, const std::function<void()>& action) {
  constexpr int kFewest = 3;
  action();
  const Clock::time_point start = Clock::now();
  int times = 0;
  while (times < kFewest || seconds_since(start) < patience.count()) {
    action();
    ++times;
  }
  return seconds_since(start) / times;
}

FloatBuffer filled(std::size_t floats, float value) {
  FloatBuffer buffer(floats);
  std::fill(buffer.all().begin(), buffer.all().end(), value);
  return buffer;
}

/// A network of one convolution, with weights and an input made up.
class Probe {
 public:
  Probe(const Shape& input, const Convolution& convolution, ConvolutionAlgorithm algorithm)
      : input_(filled(input.elements(), 0.5F)) {
    add_input(network_, input, "calibration");
    add_layer(network_, convolution, {0}, "calibration");
    computation_ = {.position = 1, .box = whole(network_.layer(1).output), .algorithm = algorithm};
    const WeightShape shape = weight_shape(network_, 1);
    const FloatBuffer rows = filled(shape.elements(), 0.01F);
    storage_.form =
        algorithm == ConvolutionAlgorithm::kPlain ? WeightForm::kRows : WeightForm::kPanels;
    weights_ = FloatBuffer(stored_bytes(storage_, shape) / sizeof(float));
    if (storage_.form == WeightForm::kRows) {
      std::copy(rows.all().begin(), rows.all().end(), weights_.all().begin());
    } else {
      pack(shape, rows.all(), storage_.format, std::as_writable_bytes(weights_.all()));
    }
    biases_ = filled(static_cast<std::size_t>(convolution.filters), 0.0F);
    output_ = FloatBuffer(computation_.box.elements());
  }

  [[nodiscard]] Work work() const { return work_of(network_, computation_); }

  [[nodiscard]] double seconds(ThreadPool& pool, std::chrono::duration<double> patience) {
    FloatBuffer workspace(workspace_floats(network_, computation_, pool.threads()));
    const ConstTensorView input{input_.all().data(), whole(network_.layer(0).output)};
    const Operands operands{
        {&input, 1},
        {weight_shape(network_, 1).range(), storage_, std::as_bytes(weights_.all()), biases_.all()},
        {output_.all().data(), computation_.box},
        workspace.all()};
    return mean_seconds(patience,
                        [&] { compute(network_, computation_, operands, Workers{pool}); });
  }

 private:
  Network network_;
  Computation computation_;
  WeightStorage storage_;
  FloatBuffer input_;
  FloatBuffer weights_;
  FloatBuffer biases_;
  FloatBuffer output_;
};

double copied_bytes_per_second(std::chrono::duration<double> patience) {
  constexpr std::size_t kFloats = std::size_t{1} << 21U;
  const FloatBuffer from = filled(kFloats, 1.0F);
  FloatBuffer to = filled(kFloats, 0.0F);
  const double seconds = mean_seconds(
      patience, [&] { std::copy(from.all().begin(), from.all().end(), to.all().begin()); });
  return sizeof(float) * static_cast<double>(kFloats) / seconds;
}

/// Operations per second of a kind of kernel: those of a probe, in the time that its memory leaves.
double flop_per_second(Probe probe, double Work::*kind, double memory_bytes_per_second,
                       ThreadPool& pool, std::chrono::duration<double> patience) {
  const Work work = probe.work();
  const double seconds = probe.seconds(pool, patience);
  const double computing = seconds - work.bytes / memory_bytes_per_second;
  return work.*kind / std::max(computing, seconds / 2);
}

}  // namespace

Speed measure_speed(ThreadPool& pool, std::chrono::duration<double> patience) {
  using enum ConvolutionAlgorithm;
  constexpr Window kPoint{};
  constexpr Window kAround{.size = 3, .stride = 1, .pad_before = 1, .pad_after = 1};
  const auto each = patience / 5;
  Speed speed;
  speed.memory_bytes_per_second = copied_bytes_per_second(each);
  const auto measured = [&](const Shape& input, const Convolution& convolution,
                            ConvolutionAlgorithm algorithm, double Work::*kind) {
    return flop_per_second(Probe(input, convolution, algorithm), kind,
                           speed.memory_bytes_per_second, pool, each);
  };
  speed.direct_flop_per_second =
      measured({26, 26, 512}, {256, 1, kPoint, kPoint}, kDirect, &Work::direct_flop);
  speed.winograd_flop_per_second =
      measured({26, 26, 256}, {512, 1, kAround, kAround}, kWinograd4x4, &Work::winograd_flop);
  speed.blas_flop_per_second =
      measured({26, 26, 512}, {256, 1, kPoint, kPoint}, kPlain, &Work::blas_flop);
  speed.loop_flop_per_second =
      measured({52, 52, 128}, {128, 128, kAround, kAround}, kPlain, &Work::loop_flop);
  return speed;
}

}  // namespace vpinfer
