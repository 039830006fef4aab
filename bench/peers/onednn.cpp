// Times the convolutions of a case with oneDNN, and nothing else of the network, see timing.py:
//     onednn FOLDER THREADS FRAMES -
// Each has the formats that oneDNN chooses for its picture, weights and result, and its activation;
// weights are random and prepared once.  No convolution reads what another wrote, so none has to
// change a format: this is a bound for oneDNN, rather than an engine, and has no output to compare.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <dnnl.hpp>
#include <fstream>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

namespace {

using dnnl::memory;

constexpr int kWarmUpFrames = 2;

struct Window {
  memory::dim size, stride, before, after, dilation;

  [[nodiscard]] memory::dim outputs(memory::dim extent) const {
    return (extent + before + after - dilation * (size - 1) - 1) / stride + 1;
  }
};

struct Convolution {
  memory::dim filters, groups, channels, rows, cols;
  Window vertical, horizontal;
  float slope;  // of negative values: 1 if there is no activation
};

std::istream& operator>>(std::istream& in, Window& w) {
  return in >> w.size >> w.stride >> w.before >> w.after >> w.dilation;
}

std::istream& operator>>(std::istream& in, Convolution& c) {
  return in >> c.filters >> c.groups >> c.channels >> c.rows >> c.cols >> c.vertical >>
         c.horizontal >> c.slope;
}

std::vector<Convolution> read_convolutions(const std::string& path) {
  std::ifstream file(path);
  std::vector<Convolution> convolutions;
  for (Convolution c{}; file >> c;) convolutions.push_back(c);
  if (convolutions.empty()) throw std::runtime_error(path + ": no convolutions");
  return convolutions;
}

memory::desc any_format(const memory::dims& dims) {
  return {dims, memory::data_type::f32, memory::format_tag::any};
}

dnnl::convolution_forward::primitive_desc describe(const Convolution& c,
                                                   const dnnl::engine& engine) {
  const memory::dims picture{1, c.channels, c.rows, c.cols};
  const memory::dims result{1, c.filters, c.vertical.outputs(c.rows), c.horizontal.outputs(c.cols)};
  const memory::dims window{c.vertical.size, c.horizontal.size};
  memory::dims weights{c.filters, c.channels / c.groups, window[0], window[1]};
  if (c.groups > 1) {
    weights.front() /= c.groups;
    weights.insert(weights.begin(), c.groups);
  }
  dnnl::primitive_attr attributes;
  if (c.slope != 1) {
    dnnl::post_ops activation;
    activation.append_eltwise(1, dnnl::algorithm::eltwise_relu, c.slope, 0);
    attributes.set_post_ops(activation);
  }
  return {{dnnl::prop_kind::forward_inference,
           dnnl::algorithm::convolution_auto,
           any_format(picture),
           any_format(weights),
           {{c.filters}, memory::data_type::f32, memory::format_tag::x},
           any_format(result),
           {c.vertical.stride, c.horizontal.stride},
           {c.vertical.dilation - 1, c.horizontal.dilation - 1},
           {c.vertical.before, c.horizontal.before},
           {c.vertical.after, c.horizontal.after}},
          attributes,
          engine};
}

// Random numbers in the format that a primitive wants; their order does not matter.
memory random_memory(const memory::desc& description, const dnnl::engine& engine, float limit) {
  static std::mt19937 random(1);
  std::uniform_real_distribution<float> uniform(-limit, limit);
  memory made(description, engine);
  auto* values = static_cast<float*>(made.get_data_handle());
  std::generate_n(values, description.get_size() / sizeof(float), [&] { return uniform(random); });
  return made;
}

class Network {
 public:
  explicit Network(const std::vector<Convolution>& convolutions) : stream_(engine_) {
    std::vector<dnnl::convolution_forward::primitive_desc> descriptions;
    std::size_t largest = 0;
    for (const Convolution& c : convolutions) {
      const auto& d = descriptions.emplace_back(describe(c, engine_));
      largest = std::max({largest, d.src_desc().get_size(), d.dst_desc().get_size()});
    }
    // Results become the next one's picture, as in a network, so that caches hold what they would
    // hold there.
    const memory::dims extent{static_cast<memory::dim>(largest / sizeof(float))};
    const memory::desc flat{extent, memory::data_type::f32, memory::format_tag::x};
    for (memory& buffer : buffers_) buffer = random_memory(flat, engine_, 1);
    for (std::size_t i = 0; i < convolutions.size(); ++i)
      add(convolutions[i], descriptions[i], i % 2);
  }

  void compute() {
    for (auto& [primitive, arguments] : steps_) primitive.execute(stream_, arguments);
    stream_.wait();
  }

 private:
  struct Step {
    dnnl::convolution_forward primitive;
    std::unordered_map<int, memory> arguments;
  };

  void add(const Convolution& c, const dnnl::convolution_forward::primitive_desc& description,
           std::size_t source) {
    const auto fan_in =
        static_cast<float>(c.channels / c.groups * c.vertical.size * c.horizontal.size);
    const float limit = std::sqrt(3 / fan_in);  // keeps numbers of order one
    const auto in = [&](const memory::desc& d, std::size_t i) {
      return memory(d, engine_, buffers_[i].get_data_handle());
    };
    steps_.push_back(
        {dnnl::convolution_forward(description),
         {{DNNL_ARG_SRC, in(description.src_desc(), source)},
          {DNNL_ARG_WEIGHTS, random_memory(description.weights_desc(), engine_, limit)},
          {DNNL_ARG_BIAS, random_memory(description.bias_desc(), engine_, 0.2F)},
          {DNNL_ARG_DST, in(description.dst_desc(), 1 - source)}}});
  }

  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_;
  memory buffers_[2];
  std::vector<Step> steps_;
};

void print_answer(const std::vector<double>& milliseconds) {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const dnnl_version_t& version = *dnnl_version();
  std::printf("{\"milliseconds\": [");
  for (std::size_t i = 0; i < milliseconds.size(); ++i)
    std::printf("%s%.3f", i > 0 ? ", " : "", milliseconds[i]);
  std::printf("], \"peak_rss_bytes\": %ld, \"version\": \"oneDNN %d.%d.%d\"}\n",
              1024 * usage.ru_maxrss, version.major, version.minor, version.patch);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  Network network(read_convolutions(std::string(argv[1]) + "/convolutions.txt"));
  for (int i = 0; i < kWarmUpFrames; ++i) network.compute();
  std::vector<double> milliseconds;
  for (int i = 0; i < std::stoi(argv[3]); ++i) {
    const auto begin = std::chrono::steady_clock::now();
    network.compute();
    milliseconds.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
            .count());
  }
  print_answer(milliseconds);
}
