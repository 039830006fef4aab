#include <array>
#include <cstring>
#include <fstream>
#include <memory>

#include "base/file_problem.hpp"
#include "import/darknet.hpp"
#include "import/stored_weights.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

/// From this revision in a file's header on, one of Darknet's forks wrote it.
constexpr std::int32_t kForksRevision = 5;
constexpr float kOpenCvEpsilon = 0.000001F;

/// One bias per filter and pixel.
std::size_t local_biases(const WeightShape& shape) {
  return static_cast<std::size_t>(shape.filters) * static_cast<std::size_t>(shape.rows);
}

/// How many floats a file holds for a layer with weights of this shape.
struct StoredFloats {
  const WeightShape& shape;

  [[nodiscard]] std::size_t filters() const { return static_cast<std::size_t>(shape.filters); }
  std::size_t operator()(const StoredConvolution& conv) const {
    return shape.elements() + filters() * (conv.batch_normalised ? 4U : 1U);
  }
  std::size_t operator()(const StoredConnected& connected) const {
    return (*this)(StoredConvolution{connected.batch_normalised});
  }
  std::size_t operator()(const StoredLocal&) const { return shape.elements(); }  // with biases
  std::size_t operator()(const StoredBatchNorm&) const { return 4 * filters(); }
  std::size_t operator()(const StoredConstant&) const { return shape.elements(); }
  std::size_t operator()(const StoredSumWeights& sum) const {
    return static_cast<std::size_t>(shape.channels) * (sum.per_channel ? filters() : 1U);
  }
  std::size_t operator()(const SharedWeights&) const { return 0; }
  std::size_t operator()(const FixedWeights&) const { return 0; }
};

/// Reads a .weights file front to back: int32 major, minor, revision; the number of images seen, of
/// 8 bytes since version 0.2 and 4 before; then, layer by layer, floats.
class WeightsFile {
 public:
  WeightsFile(const DarknetModel& model, const std::filesystem::path& path,
              std::optional<float> epsilon)
      : model_(model), name_(path.string()), file_(open_to_read(path)), shared_(model) {
    refuse_special_file(FileUse::kRead, path);
    const std::uint64_t header = read_header(epsilon);
    const std::uint64_t size = std::filesystem::file_size(path);
    const std::uint64_t wanted = header + sizeof(float) * model_floats();
    if (size != wanted) {
      throw BadInput(name_ + ": has " + std::to_string(size) + " bytes, " + model_.network.name +
                     " takes " + std::to_string(wanted) + ": it is too " +
                     (size < wanted ? "short" : "long") + ", cut off or made for another .cfg");
    }
  }

  LayerWeights read(int position) {
    LayerWeights weights =
        std::visit(Reader{*this, position, weight_shape(model_.network, position)},
                   model_.weights.at(position));
    shared_.offer(position, weights);
    return weights;
  }

 private:
  /// Reads what comes next in the file as the weights of a layer.
  struct Reader {
    WeightsFile& file;
    int position;
    WeightShape shape;

    [[nodiscard]] std::size_t filters() const { return static_cast<std::size_t>(shape.filters); }
    void read_statistics(DarknetConvolution& stored) const {
      stored.scales = file.read_floats(filters());
      stored.means = file.read_floats(filters());
      stored.variances = file.read_floats(filters());
    }
    LayerWeights operator()(const StoredConvolution& conv) const {
      DarknetConvolution stored{file.read_floats(filters()), {}, {}, {}, {}};
      if (conv.batch_normalised) read_statistics(stored);
      stored.weights = file.read_floats(shape.elements());
      return fold(stored, shape, file.guard_);
    }
    LayerWeights operator()(const StoredConnected& connected) const {
      DarknetConvolution stored{file.read_floats(filters()), {}, {}, {}, {}};
      stored.weights = file.read_floats(shape.elements());
      if (connected.batch_normalised) read_statistics(stored);
      return fold(stored, shape, file.guard_);
    }
    LayerWeights operator()(const StoredLocal&) const {
      const auto& local = std::get<LocallyConnected>(file.model_.network.layer(position).operation);
      const std::vector<float> biases = file.read_floats(local_biases(shape));
      const std::vector<float> weights = file.read_floats(shape.elements() - local_biases(shape));
      return interleave(weights, biases, shape, local.rows.size * local.cols.size);
    }
    LayerWeights operator()(const StoredBatchNorm&) const {
      DarknetConvolution stored{file.read_floats(filters()), {}, {}, {}, {}};
      read_statistics(stored);
      stored.weights.assign(filters(), 1.0F);
      return fold(stored, shape, file.guard_);
    }
    LayerWeights operator()(const StoredConstant&) const {
      return {file.read_floats(shape.elements()), std::vector<float>(filters())};
    }
    LayerWeights operator()(const StoredSumWeights& sum) const {
      return spread(file.read_floats(StoredFloats{shape}(sum)), sum, shape);
    }
    LayerWeights operator()(const SharedWeights& shared) const { return file.shared_.of(shared); }
    LayerWeights operator()(const FixedWeights& fixed) const { return repeat(fixed, shape); }
  };

  std::uint64_t read_header(std::optional<float> epsilon) {
    std::array<std::int32_t, 3> version{};
    read_bytes(version.data(), sizeof version);
    if (version[0] < 0 || version[0] > 1000 || version[1] < 0 || version[1] > 1000) {
      throw BadInput(name_ + ": is not a Darknet .weights file, its version makes no sense");
    }
    if (version[2] >= kForksRevision || epsilon) {
      guard_ = {.inside = epsilon.value_or(kOpenCvEpsilon), .outside = 0};
    }
    const bool long_counter = version[0] * 10 + version[1] >= 2;
    const std::uint64_t counter = long_counter ? 8 : 4;
    std::array<char, 8> seen{};
    read_bytes(seen.data(), counter);
    return sizeof version + counter;
  }

  std::uint64_t model_floats() const {
    std::uint64_t floats = 0;
    for (const auto& [position, weights] : model_.weights) {
      const WeightShape shape = weight_shape(model_.network, position);
      floats += std::visit(StoredFloats{shape}, weights);
    }
    return floats;
  }

  std::vector<float> read_floats(std::size_t count) {
    std::vector<float> floats(count);
    read_bytes(floats.data(), count * sizeof(float));
    return floats;
  }

  void read_bytes(void* target, std::size_t bytes) {
    file_.read(static_cast<char*>(target), static_cast<std::streamsize>(bytes));
    if (!file_) throw BadInput(name_ + ": cannot be read to its end; it is cut off or damaged");
  }

  const DarknetModel& model_;
  std::string name_;
  std::ifstream file_;
  VarianceGuard guard_;
  SharedLayers shared_;
};

}  // namespace

WeightSource darknet_weights(const DarknetModel& model, const std::filesystem::path& path,
                             std::optional<float> epsilon) {
  const auto file = std::make_shared<WeightsFile>(model, path, epsilon);
  return [file](int position) { return file->read(position); };
}

}  // namespace vpinfer
