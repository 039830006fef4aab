#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <string>

#include "io/file.hpp"
#include "io/picture.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

/// Bytes, row after row, and what they mean.
struct PngPixels {
  int rows = 0;
  int cols = 0;
  int channels = 1;
  int colour_type = PNG_COLOR_TYPE_GRAY;
  const std::uint8_t* bytes = nullptr;
  std::vector<png_color> palette{};
};

/// What is written, and what libpng said when it gave up.
struct PngOutput {
  std::string file{};
  std::string problem{};
};

/// libpng leaves a failed call by longjmp: the function that calls it owns nothing.
class PngWriter {
 public:
  explicit PngWriter(PngOutput& output) : output_(output) {
    const auto fail = [](png_structp png, png_const_charp problem) {
      static_cast<PngOutput*>(png_get_error_ptr(png))->problem = problem;
      png_longjmp(png, 1);
    };
    png_ = png_create_write_struct(PNG_LIBPNG_VER_STRING, &output, fail,
                                   [](png_structp, png_const_charp) {});
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
  }
  PngWriter(const PngWriter&) = delete;
  PngWriter& operator=(const PngWriter&) = delete;
  ~PngWriter() { png_destroy_write_struct(&png_, &info_); }

  /// False if it cannot be written; `PngOutput::problem` says why.
  [[nodiscard]] bool write(const PngPixels& pixels) {
    if (info_ == nullptr || setjmp(png_jmpbuf(png_)) != 0) return false;
    png_set_write_fn(png_, &output_, append, nullptr);
    png_set_IHDR(png_, info_, static_cast<png_uint_32>(pixels.cols),
                 static_cast<png_uint_32>(pixels.rows), 8, pixels.colour_type, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    if (!pixels.palette.empty()) {
      png_set_PLTE(png_, info_, pixels.palette.data(), static_cast<int>(pixels.palette.size()));
    }
    png_write_info(png_, info_);
    const std::size_t row_bytes =
        static_cast<std::size_t>(pixels.cols) * static_cast<std::size_t>(pixels.channels);
    for (int row = 0; row < pixels.rows; ++row) {
      png_write_row(png_, pixels.bytes + static_cast<std::size_t>(row) * row_bytes);
    }
    png_write_end(png_, info_);
    return true;
  }

 private:
  static void append(png_structp png, png_bytep data, std::size_t size) {
    static_cast<PngOutput*>(png_get_io_ptr(png))
        ->file.append(reinterpret_cast<const char*>(data), size);
  }

  PngOutput& output_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

void write_pixels(const std::filesystem::path& path, const PngPixels& pixels) {
  PngOutput output;
  if (!PngWriter(output).write(pixels)) {
    throw BadInput("cannot write " + path.string() + ": " + output.problem);
  }
  write_file_atomically(path, output.file);
}

bool is_grey(const Picture& picture) {
  for (std::size_t i = 0; i < picture.rgb.size(); i += 3) {
    if (picture.rgb[i] != picture.rgb[i + 1] || picture.rgb[i] != picture.rgb[i + 2]) return false;
  }
  return true;
}

}  // namespace

void write_png(const std::filesystem::path& path, const Picture& picture) {
  if (!is_grey(picture)) {
    write_pixels(path, {picture.rows, picture.cols, 3, PNG_COLOR_TYPE_RGB, picture.rgb.data()});
    return;
  }
  std::vector<std::uint8_t> grey;
  grey.reserve(picture.rgb.size() / 3);
  for (std::size_t i = 0; i < picture.rgb.size(); i += 3) grey.push_back(picture.rgb[i]);
  write_pixels(path, {picture.rows, picture.cols, 1, PNG_COLOR_TYPE_GRAY, grey.data()});
}

void write_png(const std::filesystem::path& path, const IndexedPicture& picture) {
  PngPixels pixels{picture.rows, picture.cols, 1, PNG_COLOR_TYPE_PALETTE, picture.pixels.data()};
  for (const Rgb& colour : picture.palette) {
    pixels.palette.push_back({colour[0], colour[1], colour[2]});
  }
  write_pixels(path, pixels);
}

}  // namespace vpinfer
