#include "vpinfer/io/picture.hpp"

#include <png.h>
#include <turbojpeg.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

#include "vpinfer/base/error.hpp"
#include "vpinfer/io/file.hpp"

namespace vpinfer {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxPixels = 100'000'000;
constexpr int kJpegQuality = 92;
constexpr std::string_view kJpegSignature = "\xFF\xD8\xFF";
constexpr std::string_view kPngSignature = "\x89PNG\r\n\x1A\n";

[[noreturn]] void reject(const std::string& name, const std::string& problem) {
  throw BadInput(name + ": " + problem +
                 "; accepted are complete JPEG and PNG files of at most 100 megapixels");
}

/// An empty picture of the given extent; refuses extents that no honest picture has.
Picture allocate(const std::string& name, std::uint64_t rows, std::uint64_t cols) {
  if (rows == 0 || cols == 0 || rows > kMaxPixels / cols) {
    reject(name, "a picture of " + std::to_string(cols) + "x" + std::to_string(rows) + " pixels");
  }
  return {static_cast<int>(rows), static_cast<int>(cols),
          std::vector<std::uint8_t>(static_cast<std::size_t>(rows * cols * 3))};
}

struct TurboJpegDeleter {
  void operator()(void* handle) const { tjDestroy(handle); }
};
using TurboJpeg = std::unique_ptr<void, TurboJpegDeleter>;

TurboJpeg checked(tjhandle handle) {
  if (handle == nullptr) throw BadInput(std::string("libturbojpeg: ") + tjGetErrorStr2(nullptr));
  return TurboJpeg(handle);
}

/// JPEGs hold CMYK inverted, as Adobe does: 255 is no ink.
void cmyk_to_rgb(const std::vector<std::uint8_t>& cmyk, std::vector<std::uint8_t>& rgb) {
  for (std::size_t pixel = 0; pixel < rgb.size() / 3; ++pixel) {
    const int black = cmyk[4 * pixel + 3];
    for (std::size_t channel = 0; channel < 3; ++channel) {
      const int product = cmyk[4 * pixel + channel] * black;
      rgb[3 * pixel + channel] = static_cast<std::uint8_t>((product + 127) / 255);
    }
  }
}

Picture decode_jpeg(const std::string& name, std::string_view file) {
  const TurboJpeg codec = checked(tjInitDecompress());
  const auto* data = reinterpret_cast<const unsigned char*>(file.data());
  int rows = 0;
  int cols = 0;
  int subsampling = 0;
  int colour_space = 0;
  const auto corrupt = [&] {
    reject(name, std::string("corrupt JPEG: ") + tjGetErrorStr2(codec.get()));
  };
  if (tjDecompressHeader3(codec.get(), data, file.size(), &cols, &rows, &subsampling,
                          &colour_space) != 0) {
    corrupt();
  }
  if (rows <= 0 || cols <= 0) reject(name, "corrupt JPEG: it ends before the picture begins");
  Picture picture =
      allocate(name, static_cast<std::uint64_t>(rows), static_cast<std::uint64_t>(cols));
  const bool has_ink = colour_space == TJCS_CMYK || colour_space == TJCS_YCCK;
  std::vector<std::uint8_t> cmyk(has_ink ? picture.rgb.size() / 3 * 4 : 0);
  // Warnings count: with them libturbojpeg fills what is missing of a truncated file with grey.
  if (tjDecompress2(codec.get(), data, file.size(), has_ink ? cmyk.data() : picture.rgb.data(),
                    cols, 0, rows, has_ink ? TJPF_CMYK : TJPF_RGB, TJFLAG_ACCURATEDCT) != 0) {
    corrupt();
  }
  if (has_ink) cmyk_to_rgb(cmyk, picture.rgb);
  return picture;
}

/// libpng's control structure, released whatever happens.
class PngReader {
 public:
  PngReader() { image_.version = PNG_IMAGE_VERSION; }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;
  ~PngReader() { png_image_free(&image_); }

  [[nodiscard]] png_image* get() { return &image_; }

 private:
  png_image image_{};
};

Picture decode_png(const std::string& name, std::string_view file) {
  PngReader reader;
  png_image* image = reader.get();
  const auto check = [&](int succeeded) {
    if (succeeded == 0) reject(name, std::string("corrupt PNG: ") + image->message);
  };
  check(png_image_begin_read_from_memory(image, file.data(), file.size()));
  Picture picture = allocate(name, image->height, image->width);
  image->format = PNG_FORMAT_RGB;
  image->flags |= PNG_IMAGE_FLAG_16BIT_sRGB;  // otherwise untagged 16-bit files count as linear
  const png_color black{0, 0, 0};
  check(png_image_finish_read(image, &black, picture.rgb.data(), 0, nullptr));
  return picture;
}

bool has_picture_extension(const fs::path& path) {
  const std::string extension = lower_case_extension(path);
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png";
}

}  // namespace

Picture read_picture(const fs::path& path) {
  const std::string file = read_file(path);
  return decode_picture(std::as_bytes(std::span(file)), path.string());
}

Picture decode_picture(std::span<const std::byte> content, const std::string& name) {
  const std::string_view file(reinterpret_cast<const char*>(content.data()), content.size());
  if (file.empty()) reject(name, "an empty file");
  if (file.starts_with(kJpegSignature)) return decode_jpeg(name, file);
  if (file.starts_with(kPngSignature)) return decode_png(name, file);
  reject(name, "neither a JPEG nor a PNG by its content");
}

void write_jpeg(const fs::path& path, const Picture& picture) {
  const TurboJpeg codec = checked(tjInitCompress());
  unsigned char* data = nullptr;
  unsigned long size = 0;
  const int status =
      tjCompress2(codec.get(), picture.rgb.data(), picture.cols, 0, picture.rows, TJPF_RGB, &data,
                  &size, TJSAMP_444, kJpegQuality, TJFLAG_ACCURATEDCT);
  const std::unique_ptr<unsigned char, decltype(&tjFree)> owner(data, tjFree);
  if (status != 0) {
    throw BadInput("cannot write " + path.string() + ": " + tjGetErrorStr2(codec.get()));
  }
  write_file_atomically(path, {reinterpret_cast<const char*>(data), size});
}

std::vector<fs::path> list_pictures(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> pictures;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code unreadable;  // a dangling link is no picture, and no reason to stop
    if (has_picture_extension(entry->path()) && entry->is_regular_file(unreadable)) {
      pictures.push_back(entry->path());
    }
  }
  if (error) throw BadInput("cannot read folder " + folder.string() + ": " + error.message());
  if (pictures.empty()) {
    throw BadInput(folder.string() +
                   ": no pictures in this folder; accepted are .jpg, .jpeg, .png");
  }
  std::sort(pictures.begin(), pictures.end());
  return pictures;
}

}  // namespace vpinfer
