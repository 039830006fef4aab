#include <turbojpeg.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "io/codecs.hpp"
#include "io/file.hpp"
#include "io/orientation.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

constexpr int kQuality = 92;
constexpr std::string_view kJpegSignature = "\xFF\xD8\xFF";

struct TurboJpegDeleter {
  void operator()(void* handle) const { tjDestroy(handle); }
};
using TurboJpeg = std::unique_ptr<void, TurboJpegDeleter>;

TurboJpeg checked(tjhandle handle) {
  if (handle == nullptr) throw BadInput(std::string("libturbojpeg: ") + tjGetErrorStr2(nullptr));
  return TurboJpeg(handle);
}

/// JPEGs hold CMYK inverted, as Adobe does: 255 is no ink.  In the arithmetic of cv2.imread.
void cmyk_to_rgb(const std::vector<std::uint8_t>& cmyk, std::vector<std::uint8_t>& rgb) {
  for (std::size_t pixel = 0; pixel < rgb.size() / 3; ++pixel) {
    const int black = cmyk[4 * pixel + 3];
    for (std::size_t channel = 0; channel < 3; ++channel) {
      const int ink = 255 - cmyk[4 * pixel + channel];
      rgb[3 * pixel + channel] = static_cast<std::uint8_t>(black - ((ink * black) >> 8));
    }
  }
}

/// The Exif data of a JPEG, in the first segment that holds such, wherever it stands before the
/// pixels; empty if there is none.
std::string_view exif_data(std::string_view file) {
  constexpr std::string_view kExif{"Exif\0\0", 6};
  constexpr char kMarker = '\xFF';
  constexpr char kApplication1 = '\xE1';
  constexpr char kStartOfScan = '\xDA';
  std::size_t position = 2;
  while (position + 4 <= file.size() && file[position] == kMarker) {
    const char code = file[position + 1];
    if (code == kMarker) {  // any number of them may precede a marker
      ++position;
      continue;
    }
    if (code == kStartOfScan) break;
    const std::size_t length = static_cast<std::uint8_t>(file[position + 2]) * 256U +
                               static_cast<std::uint8_t>(file[position + 3]);
    const std::string_view segment =
        file.substr(position + 4, std::max<std::size_t>(length, 2) - 2);
    if (code == kApplication1 && segment.starts_with(kExif)) return segment;
    position += 2 + length;
  }
  return {};
}

}  // namespace

bool is_jpeg(std::string_view file) {
  return file.starts_with(kJpegSignature);
}

Picture decode_jpeg(const std::string& name, std::string_view file) {
  const TurboJpeg codec = checked(tjInitDecompress());
  const auto* data = reinterpret_cast<const unsigned char*>(file.data());
  int rows = 0;
  int cols = 0;
  int subsampling = 0;
  int colour_space = 0;
  const auto corrupt = [&] {
    reject_picture(name, std::string("corrupt JPEG: ") + tjGetErrorStr2(codec.get()));
  };
  if (tjDecompressHeader3(codec.get(), data, file.size(), &cols, &rows, &subsampling,
                          &colour_space) != 0) {
    corrupt();
  }
  if (rows <= 0 || cols <= 0) {
    reject_picture(name, "corrupt JPEG: it ends before the picture begins");
  }
  Picture picture =
      blank_picture(name, static_cast<std::uint64_t>(rows), static_cast<std::uint64_t>(cols));
  const bool has_ink = colour_space == TJCS_CMYK || colour_space == TJCS_YCCK;
  std::vector<std::uint8_t> cmyk(has_ink ? picture.rgb.size() / 3 * 4 : 0);
  if (tjDecompress2(codec.get(), data, file.size(), has_ink ? cmyk.data() : picture.rgb.data(),
                    cols, 0, rows, has_ink ? TJPF_CMYK : TJPF_RGB, TJFLAG_ACCURATEDCT) != 0) {
    if (tjGetErrorCode(codec.get()) != TJERR_WARNING) corrupt();
    picture.flaw = std::string("cut off or damaged JPEG (") + tjGetErrorStr2(codec.get()) +
                   "), used as far as it goes; what is missing is grey";
  }
  if (has_ink) cmyk_to_rgb(cmyk, picture.rgb);
  return upright(std::move(picture), exif_orientation(std::as_bytes(std::span(exif_data(file)))));
}

void write_jpeg(const std::filesystem::path& path, const Picture& picture) {
  const TurboJpeg codec = checked(tjInitCompress());
  unsigned char* data = nullptr;
  unsigned long size = 0;
  const int status = tjCompress2(codec.get(), picture.rgb.data(), picture.cols, 0, picture.rows,
                                 TJPF_RGB, &data, &size, TJSAMP_444, kQuality, TJFLAG_ACCURATEDCT);
  const std::unique_ptr<unsigned char, decltype(&tjFree)> owner(data, tjFree);
  if (status != 0) {
    throw BadInput("cannot write " + path.string() + ": " + tjGetErrorStr2(codec.get()));
  }
  write_file_atomically(path, {reinterpret_cast<const char*>(data), size});
}

}  // namespace vpinfer
