#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "io/file.hpp"

namespace vpinfer {

/// A JPEG as it lies in a stream.
struct CodedPicture {
  std::size_t number = 0;    ///< counted from 1; damaged ones count
  std::uint64_t offset = 0;  ///< of its first byte
  std::vector<std::byte> bytes;
};

/// Motion JPEG: JPEGs one after another, as `ffmpeg -f mjpeg` writes them and cameras send them;
/// whatever lies between them is skipped.
///
/// A picture ends where its marker segments (ITU-T T.81, annex B) say, so that a thumbnail among
/// its segments neither begins nor ends one:
///
///     SOI  (marker, length, content)...  SOS, length, content  coded data  ...  EOI
///                                                              ^ FF 00 is data, RST0..7 is part
///                                                                of it, any other marker ends it
class MotionJpeg {
 public:
  /// A longer picture is refused; without any in as many bytes the stream is given up.
  static constexpr std::size_t kMostBytes = std::size_t{64} << 20U;

  /// `name` is the stream's in messages; its pictures go by `stem`, see picture_name.
  MotionJpeg(ByteSource source, std::string name, std::string stem);

  /// The next picture, as soon as its last byte is there; nothing at the end.  One that is cut off
  /// in its coded data comes as it is.  Throws BadInput if the picture is otherwise damaged or too
  /// long, and may then be asked for the one behind it.
  /// Throws BadInput once if the stream cannot be read on, or holds no picture at all.
  [[nodiscard]] std::optional<CodedPicture> next();

  /// `<stem>-000001.jpg`.
  [[nodiscard]] std::string picture_name(std::size_t number) const;
  /// How many pictures have begun; there are no more once the stream has ended.
  [[nodiscard]] std::size_t begun() const { return begun_; }
  [[nodiscard]] bool ended() const { return ended_; }

 private:
  /// How far a picture reaches, or where to look for the next one if this one has a problem.
  struct Extent {
    std::size_t bytes = 0;
    std::string problem;
  };

  [[nodiscard]] bool reach(std::size_t position);
  void drop(std::size_t bytes);
  [[nodiscard]] bool find_start();
  [[nodiscard]] Extent measure();
  [[nodiscard]] std::uint8_t at(std::size_t position) const;

  ByteSource source_;
  std::string name_;
  std::string stem_;
  std::vector<std::byte> block_;   // for one read
  std::vector<std::byte> buffer_;  // read, and neither delivered nor skipped
  std::uint64_t offset_ = 0;       // of the buffer in the stream
  std::size_t begun_ = 0;
  bool ended_ = false;
};

}  // namespace vpinfer
