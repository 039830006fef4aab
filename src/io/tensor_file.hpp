#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "vpinfer/box.hpp"

namespace vpinfer {

/// Writes tensors, [rows][cols][channels] float32, into a new HDF5 file, whole or not at all.
class TensorFileWriter {
 public:
  /// Throws BadInput if the file cannot be created.
  explicit TensorFileWriter(const std::filesystem::path& path);
  ~TensorFileWriter();
  TensorFileWriter(const TensorFileWriter&) = delete;
  TensorFileWriter& operator=(const TensorFileWriter&) = delete;

  /// `path` is one inside the file such as `/output/30`; its folders are made.  `name` becomes an
  /// attribute of the dataset, unless it is empty.
  void write(const std::string& path, const Shape& shape, std::span<const float> values,
             const std::string& name = "");
  /// Puts the file in its place.  Without this call nothing is left behind.
  void finish();

 private:
  struct Content;
  std::unique_ptr<Content> content_;
};

/// Reads the dataset `input` of an HDF5 file.  Throws BadInput if it is missing or not of `shape`.
[[nodiscard]] std::vector<float> read_input_tensor(const std::filesystem::path& path,
                                                   const Shape& shape);

}  // namespace vpinfer
