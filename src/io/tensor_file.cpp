#include "io/tensor_file.hpp"

#include <algorithm>
#include <cmath>

#include "io/hdf5_file.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

std::vector<hsize_t> extent_of(const Shape& shape) {
  return {static_cast<hsize_t>(shape.rows), static_cast<hsize_t>(shape.cols),
          static_cast<hsize_t>(shape.channels)};
}

}  // namespace

struct TensorFileWriter::Content {
  Hdf5Writer file;
};

TensorFileWriter::TensorFileWriter(const std::filesystem::path& path)
    : content_(new Content{Hdf5Writer(path)}) {}

TensorFileWriter::~TensorFileWriter() = default;

void TensorFileWriter::write(const std::string& path, const Shape& shape,
                             std::span<const float> values, const std::string& name) {
  content_->file.floats(path, extent_of(shape), values);
  if (!name.empty()) content_->file.attribute("name", name, path);
}

void TensorFileWriter::finish() {
  content_->file.finish();
}

std::vector<float> read_input_tensor(const std::filesystem::path& path, const Shape& shape) {
  const Hdf5Reader file(path);
  if (!file.has("/input")) file.refuse("has no dataset 'input' [rows][cols][channels]");
  if (file.extent("/input") != extent_of(shape)) {
    std::string found;
    for (const hsize_t size : file.extent("/input")) {
      found += (found.empty() ? "" : "x") + std::to_string(size);
    }
    file.refuse("the dataset 'input' is " + found + ", the network takes " + to_string(shape) +
                " (rows x cols x channels)");
  }
  std::vector<float> values(shape.elements());
  file.read("/input", {0, 0, 0}, file.extent("/input"), values);
  if (!std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); })) {
    file.refuse("the dataset 'input' holds values that are no finite numbers");
  }
  return values;
}

}  // namespace vpinfer
