#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "vpinfer/app/options.hpp"
#include "vpinfer/exec/executor.hpp"
#include "vpinfer/io/picture.hpp"

namespace vpinfer {

/// One frame: a picture, or a tensor that bypasses decoding and scaling.
struct Frame {
  std::string name;  ///< the file's name without its folder
  Picture picture;   ///< empty for a tensor
  std::vector<float>
      tensor;  ///< [rows][cols][channels] of the network's input; empty for a picture
};

/// The frames that --input names: one file, a folder of pictures, a tensor, or, without any, the
/// built-in test picture.
class FrameSource {
 public:
  /// Throws BadInput if there is no such input.
  FrameSource(const RunOptions& options, const Network& network);

  [[nodiscard]] std::optional<std::size_t> size() const { return files_.size(); }
  [[nodiscard]] std::optional<Frame> next() {
    if (next_ == files_.size()) return std::nullopt;
    return load(next_++);
  }
  /// Reads a frame.  Throws BadInput.
  [[nodiscard]] Frame load(std::size_t index) const;
  /// Writes a frame, as the network takes it, to where it is wanted: there is no second copy.  The
  /// frame must outlive the writer.
  [[nodiscard]] InputWriter writer(const Frame& frame) const;

 private:
  const Network& network_;
  std::vector<std::filesystem::path> files_;
  std::size_t next_ = 0;
};

}  // namespace vpinfer
