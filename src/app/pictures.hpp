#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "vpinfer/app/options.hpp"
#include "vpinfer/io/picture.hpp"

namespace vpinfer {

/// One frame as the network takes it, and the picture that it was made of.
struct Frame {
  std::string name;           ///< the file's name without its folder
  Picture picture;            ///< empty for a tensor
  std::vector<float> tensor;  ///< [rows][cols][channels] of the network's input
};

/// The frames that --input names: one file, a folder of pictures, a tensor, or, without any, the
/// built-in test picture.
class FrameSource {
 public:
  /// Throws BadInput if there is no such input.
  FrameSource(const RunOptions& options, const Network& network);

  [[nodiscard]] std::size_t size() const { return files_.size(); }
  /// The path of a frame; empty for the test picture.
  [[nodiscard]] const std::filesystem::path& file(std::size_t index) const { return files_[index]; }
  /// Reads and prepares a frame.  Throws BadInput.
  [[nodiscard]] Frame load(std::size_t index) const;

 private:
  const Network& network_;
  std::vector<std::filesystem::path> files_;
};

}  // namespace vpinfer
