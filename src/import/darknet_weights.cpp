#include <array>
#include <cstring>
#include <fstream>
#include <memory>

#include "stored_weights.hpp"
#include "vpinfer/base/error.hpp"
#include "vpinfer/import/darknet.hpp"

namespace vpinfer {
namespace {

/// Reads a .weights file front to back: int32 major, minor, revision; the number of images seen, of
/// 8 bytes since version 0.2 and 4 before; then, layer by layer, floats.
class WeightsFile {
 public:
  WeightsFile(const DarknetModel& model, const std::filesystem::path& path)
      : model_(model), name_(path.string()), file_(path, std::ios::binary) {
    std::error_code unreadable;
    if (!file_ || !std::filesystem::is_regular_file(path, unreadable)) {
      throw BadInput(name_ + ": cannot open this file; is the name right?");
    }
    const std::uint64_t header = read_header();
    const std::uint64_t size = std::filesystem::file_size(path);
    const std::uint64_t wanted = header + sizeof(float) * model_floats();
    if (size != wanted) {
      throw BadInput(name_ + ": has " + std::to_string(size) + " bytes, " + model_.network.name +
                     " takes " + std::to_string(wanted) + ": it is too " +
                     (size < wanted ? "short" : "long") + ", cut off or made for another .cfg");
    }
  }

  LayerWeights read(int position) {
    const WeightShape shape = weight_shape(model_.network, position);
    if (const LocallyConnected* local = local_at(position)) {
      const std::vector<float> biases = read_floats(local_biases(shape));
      const std::vector<float> weights = read_floats(shape.elements() - local_biases(shape));
      return interleave(weights, biases, shape, local->rows.size * local->cols.size);
    }
    const auto filters = static_cast<std::size_t>(shape.filters);
    DarknetConvolution stored;
    const auto read_statistics = [&] {
      if (!model_.batch_normalised.contains(position)) return;
      stored.scales = read_floats(filters);
      stored.means = read_floats(filters);
      stored.variances = read_floats(filters);
    };
    const bool connected = model_.connected.contains(position);
    stored.biases = read_floats(filters);
    if (!connected) read_statistics();
    stored.weights = read_floats(shape.elements());
    if (connected) read_statistics();
    return fold(stored, shape);
  }

 private:
  std::uint64_t read_header() {
    std::array<std::int32_t, 3> version{};
    read_bytes(version.data(), sizeof version);
    if (version[0] < 0 || version[0] > 1000 || version[1] < 0 || version[1] > 1000) {
      throw BadInput(name_ + ": is not a Darknet .weights file, its version makes no sense");
    }
    const bool long_counter = version[0] * 10 + version[1] >= 2;
    const std::uint64_t counter = long_counter ? 8 : 4;
    std::array<char, 8> seen{};
    read_bytes(seen.data(), counter);
    return sizeof version + counter;
  }

  const LocallyConnected* local_at(int position) const {
    return std::get_if<LocallyConnected>(&model_.network.layer(position).operation);
  }

  /// One bias per filter and pixel.
  static std::size_t local_biases(const WeightShape& shape) {
    return static_cast<std::size_t>(shape.filters) * static_cast<std::size_t>(shape.rows);
  }

  std::uint64_t model_floats() const {
    std::uint64_t floats = 0;
    for (int position = 0; position < model_.network.size(); ++position) {
      const WeightShape shape = weight_shape(model_.network, position);
      if (local_at(position) != nullptr) {
        floats += shape.elements();  // biases included
        continue;
      }
      const bool normalised = model_.batch_normalised.contains(position);
      floats +=
          shape.elements() + static_cast<std::uint64_t>(shape.filters) * (normalised ? 4U : 1U);
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
};

}  // namespace

WeightSource darknet_weights(const DarknetModel& model, const std::filesystem::path& path) {
  const auto file = std::make_shared<WeightsFile>(model, path);
  return [file](int position) { return file->read(position); };
}

}  // namespace vpinfer
