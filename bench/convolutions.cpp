#include <algorithm>
#include <cstdlib>
#include <iomanip>
#include <iostream>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/float_buffer.hpp"
#include "fma_limit.hpp"
#include "io/model_file.hpp"
#include "kernel/blas.hpp"
#include "kernel/convolution/convolution.hpp"
#include "kernel/workers.hpp"
#include "plan/geometry.hpp"

/// Times every convolution of a model by every algorithm that can compute it, and prints a Markdown
/// table: milliseconds, and what operations per second of a direct convolution that means, of the
/// processor's limit.  Winograd's may exceed it.
///
///
///     build/release/convolutions MODEL.h5 [THREADS]
namespace {

using namespace vpinfer;

constexpr int kRepeats = 7;

FloatBuffer random_floats(std::size_t count) {
  static std::minstd_rand random;
  std::uniform_real_distribution<float> number(-1, 1);
  FloatBuffer floats(count);
  for (float& f : floats.all()) f = number(random);
  return floats;
}

/// A layer with weights and an input made up.
class LayerRun {
 public:
  LayerRun(const Network& network, int position)
      : conv_(std::get<Convolution>(network.layer(position).operation)),
        shape_(network.input_shape(position, 0)),
        box_(whole(network.layer(position).output)),
        weight_shape_(weight_shape(network, position)),
        rows_(random_floats(weight_shape_.elements())),
        biases_(random_floats(static_cast<std::size_t>(conv_.filters))),
        input_(random_floats(shape_.elements())),
        output_(box_.elements()) {}

  /// Seconds, the median of some runs.
  double seconds(ConvolutionAlgorithm algorithm, ThreadPool& pool) {
    const bool plain = algorithm == ConvolutionAlgorithm::kPlain;
    const WeightStorage storage{plain ? WeightForm::kRows : WeightForm::kPanels};
    FloatBuffer panels;
    if (!plain) {
      panels = FloatBuffer(stored_bytes(storage, weight_shape_) / sizeof(float));
      pack(weight_shape_, rows_.all(), storage.format, std::as_writable_bytes(panels.all()));
    }
    FloatBuffer workspace(
        convolution_workspace(conv_, algorithm, shape_.channels, box_, pool.threads()));
    const WeightSlice slice{weight_shape_.range(), storage,
                            std::as_bytes(plain ? rows_.all() : panels.all()), biases_.all()};
    const ConstTensorView input{input_.all().data(), whole(shape_)};
    const TensorView output{output_.all().data(), box_};
    std::vector<double> all;
    for (int i = 0; i < kRepeats; ++i) {
      const Clock::time_point start = Clock::now();
      convolve({conv_,
                algorithm,
                slice,
                shape_,
                input,
                output,
                box_,
                {{0, shape_.channels}},
                workspace.all()},
               {pool});
      all.push_back(seconds_since(start));
    }
    std::nth_element(all.begin(), all.begin() + kRepeats / 2, all.end());
    return all[kRepeats / 2];
  }

  [[nodiscard]] WeightForm form() const {
    return weight_storage(conv_, ConvolutionPath::kAuto, weight_shape_, NumberFormat::kFloat).form;
  }
  [[nodiscard]] bool can_use(ConvolutionAlgorithm algorithm) const {
    if (algorithm == ConvolutionAlgorithm::kPlain) return true;
    const auto algorithms = algorithms_for(conv_, form());
    return std::find(algorithms.begin(), algorithms.end(), algorithm) != algorithms.end();
  }
  /// Whether vpinfer would choose it.
  [[nodiscard]] bool is_usual(ConvolutionAlgorithm algorithm) const {
    return choose_algorithm(conv_, ConvolutionPath::kAuto, form(), shape_.channels, box_) ==
           algorithm;
  }

 private:
  Convolution conv_;
  Shape shape_;
  Box box_;
  WeightShape weight_shape_;
  FloatBuffer rows_;
  FloatBuffer biases_;
  FloatBuffer input_;
  FloatBuffer output_;
};

void print_row(const Network& network, int position, ThreadPool& pool, double limit) {
  const auto& conv = std::get<Convolution>(network.layer(position).operation);
  LayerRun run(network, position);
  const double operations = flop(network, position, whole(network.layer(position).output));
  std::cout << "| " << Network::number(position) << " | "
            << to_string(network.input_shape(position, 0)) << " | " << conv.rows.size << "x"
            << conv.cols.size << " | " << to_string(network.layer(position).output);
  for (const ConvolutionAlgorithm algorithm :
       {ConvolutionAlgorithm::kPlain, ConvolutionAlgorithm::kDirect,
        ConvolutionAlgorithm::kWinograd2x2, ConvolutionAlgorithm::kWinograd4x4}) {
    if (!run.can_use(algorithm)) {
      std::cout << " | | ";
      continue;
    }
    const double seconds = run.seconds(algorithm, pool);
    std::cout << " | " << 1e3 * seconds << (run.is_usual(algorithm) ? " * | " : " | ")
              << operations / seconds / 1e9 << " (" << std::setprecision(0)
              << 100 * operations / seconds / limit << " %)" << std::setprecision(2);
  }
  std::cout << " |\n";
}

}  // namespace

int main(int argc, char** argv) {
  const std::span<char*> arguments(argv, static_cast<std::size_t>(argc));
  const int threads = argc > 2 ? std::atoi(arguments[2]) : 1;
  if (argc < 2 || threads < 1) {
    std::cerr << "usage: convolutions MODEL.h5 [THREADS]\n";
    return 2;
  }
  use_one_blas_thread();
  ThreadPool pool(threads);
  const ModelFile model(arguments[1]);
  const double limit = fma_limit() * threads;
  std::cout
      << std::fixed << std::setprecision(2) << blas_description() << ", " << threads
      << " thread(s), limit " << limit / 1e9 << " GFLOP/s\n\n"
      << "| layer | input | window | output | plain/ms | GFLOP/s | direct/ms | GFLOP/s "
         "| F(2x2)/ms | GFLOP/s | F(4x4)/ms | GFLOP/s |\n"
      << "| ---: | --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n";
  for (int i = 0; i < model.network().size(); ++i) {
    if (std::holds_alternative<Convolution>(model.network().layer(i).operation)) {
      print_row(model.network(), i, pool, limit);
    }
  }
}
