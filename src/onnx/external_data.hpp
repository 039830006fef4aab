#pragma once

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace vpinfer {

/// The numbers of tensors that lie in other files, in the model's folder or below it.
class OnnxExternalData {
 public:
  /// The folder that the model is in.
  explicit OnnxExternalData(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// The bytes of a tensor that must have so many.  Throws Malformed if it says otherwise, if its
  /// file lies elsewhere, or if that is too short; nothing is allocated before.
  [[nodiscard]] std::string read(const onnx::TensorProto& tensor, std::uint64_t bytes);

 private:
  std::filesystem::path folder_;
  std::map<std::filesystem::path, std::uint64_t> read_;  ///< bytes of each file so far
};

}  // namespace vpinfer
