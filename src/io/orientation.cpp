#include "io/orientation.hpp"

#include <libexif/exif-data.h>

#include <algorithm>
#include <limits>
#include <memory>

namespace vpinfer {
namespace {

/// Where a pixel of the upright picture lies in the one that a file holds.
struct Place {
  int row = 0;
  int col = 0;
};

Place place_of(int orientation, int row, int col, const Picture& stored) {
  const int last_row = stored.rows - 1;
  const int last_col = stored.cols - 1;
  switch (orientation) {
    case 2: return {row, last_col - col};
    case 3: return {last_row - row, last_col - col};
    case 4: return {last_row - row, col};
    case 5: return {col, row};
    case 6: return {last_row - col, row};
    case 7: return {last_row - col, last_col - row};
    case 8: return {col, last_col - row};
    default: return {row, col};
  }
}

}  // namespace

int exif_orientation(std::span<const std::byte> data) {
  constexpr std::size_t kMost = std::numeric_limits<unsigned int>::max();
  const std::unique_ptr<ExifData, decltype(&exif_data_unref)> exif(
      exif_data_new_from_data(reinterpret_cast<const unsigned char*>(data.data()),
                              static_cast<unsigned int>(std::min(data.size(), kMost))),
      exif_data_unref);
  if (!exif) return 1;
  const ExifEntry* entry = exif_content_get_entry(exif->ifd[EXIF_IFD_0], EXIF_TAG_ORIENTATION);
  if (entry == nullptr || entry->format != EXIF_FORMAT_SHORT || entry->size < 2) return 1;
  const int orientation = exif_get_short(entry->data, exif_data_get_byte_order(exif.get()));
  return orientation >= 1 && orientation <= 8 ? orientation : 1;
}

Picture upright(Picture picture, int orientation) {
  if (orientation == 1) return picture;
  Picture turned{picture.rows, picture.cols, std::vector<std::uint8_t>(picture.rgb.size()),
                 std::move(picture.flaw)};
  if (orientation >= 5) std::swap(turned.rows, turned.cols);
  std::uint8_t* target = turned.rgb.data();
  for (int row = 0; row < turned.rows; ++row) {
    for (int col = 0; col < turned.cols; ++col, target += 3) {
      const Place place = place_of(orientation, row, col, picture);
      const std::size_t pixel =
          static_cast<std::size_t>(place.row) * static_cast<std::size_t>(picture.cols) +
          static_cast<std::size_t>(place.col);
      std::copy_n(picture.rgb.data() + 3 * pixel, 3, target);
    }
  }
  return turned;
}

}  // namespace vpinfer
