#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace vpinfer {

/// An 8-bit sRGB picture in memory.
struct Picture {
  int rows = 0;
  int cols = 0;
  std::vector<std::uint8_t> rgb;  ///< [rows][cols][3], row-major
  std::string flaw{};             ///< what a damaged file lacks, for a warning; empty if nothing

  bool operator==(const Picture&) const = default;
};

using Rgb = std::array<std::uint8_t, 3>;

/// A picture of few colours: each pixel is the number of one.
struct IndexedPicture {
  int rows = 0;
  int cols = 0;
  std::vector<std::uint8_t> pixels;  ///< [rows][cols]
  std::vector<Rgb> palette;          ///< at most 256; every pixel is below its size
};

/// Reads a JPEG or PNG, whatever its name, as cv2.imread does: of any colour space, upright by its
/// Exif orientation, of 16 bits the upper eight, transparency left out.  Of a JPEG that is cut off
/// or damaged behind its header, what there is, and `flaw` says so.  Throws BadInput, one line, if
/// the file is missing, neither of the two, otherwise damaged, or above 100 megapixels.
[[nodiscard]] Picture read_picture(const std::filesystem::path& path);
/// The same of a file's content in memory, which goes by `name` in messages.
[[nodiscard]] Picture decode_picture(std::span<const std::byte> content, const std::string& name);

/// Writes a JPEG of quality 92 without chroma subsampling, whole or not at all.
/// Throws BadInput that names the file and the reason.
void write_jpeg(const std::filesystem::path& path, const Picture& picture);

/// Writes a PNG, whole or not at all: of one channel if all of the picture is grey, or with the
/// palette.  Throws BadInput that names the file and the reason.
void write_png(const std::filesystem::path& path, const Picture& picture);
void write_png(const std::filesystem::path& path, const IndexedPicture& picture);

/// The files of a folder that end in .jpg, .jpeg or .png in any case, sorted by name.
/// Throws BadInput if there are none or the folder cannot be read.
[[nodiscard]] std::vector<std::filesystem::path> list_pictures(const std::filesystem::path& folder);

}  // namespace vpinfer
