#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/options.hpp"
#include "exec/executor.hpp"
#include "io/motion_jpeg.hpp"
#include "io/picture.hpp"

namespace vpinfer {

/// One frame: a picture, or a tensor that bypasses decoding and scaling.
struct Frame {
  std::string name;  ///< the file's name without its folder, or <video>-000001.jpg
  Picture picture;   ///< empty for a tensor
  std::vector<float>
      tensor;             ///< [rows][cols][channels] of the network's input; empty for a picture
  std::size_t index = 0;  ///< in the source; those that could not be read count
};

/// The frames that --input names, one after another: one file, a folder of pictures, a tensor, a
/// video from a file or the standard input, or, without any, the built-in test picture.
///
/// For one thread at a time, which need not be the main one, save for writer().
class FrameSource {
 public:
  /// Throws BadInput if there is no such input, BadUsage if the standard input is a terminal.
  FrameSource(const RunOptions& options, const Network& network);

  /// Reads the next frame, waiting for it if need be; nothing at the end.  Throws BadInput if that
  /// frame cannot be read, and may then be asked for the one behind it.
  [[nodiscard]] std::optional<Frame> next();
  /// How many frames there are, readable or not; of a video not known before its end.
  [[nodiscard]] std::optional<std::size_t> size() const;

  /// Whether it is one tensor, which bypasses decoding and scaling, instead of pictures.
  [[nodiscard]] bool gives_tensor() const;
  /// What comes through a pipe is gone.
  [[nodiscard]] bool can_reread() const { return !video_ || video_->can_reread; }
  /// Reads a frame again that next() gave.  Throws BadInput.
  [[nodiscard]] Frame load(std::size_t index) const;

  /// Writes a frame, as the network takes it, to where it is wanted: there is no second copy.  The
  /// frame must outlive the writer.
  [[nodiscard]] InputWriter writer(const Frame& frame) const;

 private:
  /// Where a picture lies in a video.
  struct Place {
    std::uint64_t offset = 0;
    std::size_t bytes = 0;
  };
  struct Video {
    std::filesystem::path path;
    bool can_reread = false;
    MotionJpeg pictures;
    std::vector<Place> places;  // of the pictures so far, if they can be read again
  };

  [[nodiscard]] std::optional<Frame> next_of_video();

  const Network& network_;
  std::vector<std::filesystem::path> files_;
  std::size_t next_file_ = 0;
  std::optional<Video> video_;  // instead of the files
};

}  // namespace vpinfer
