#include <png.h>

#include <csetjmp>
#include <cstring>
#include <vector>

#include "io/codecs.hpp"
#include "io/orientation.hpp"

namespace vpinfer {
namespace {

constexpr std::string_view kPngSignature = "\x89PNG\r\n\x1A\n";
constexpr std::string_view kExifHeader{"Exif\0\0", 6};

/// A file in memory that libpng reads, and what it said when it gave up.
struct PngInput {
  std::string_view file;
  std::size_t position = 0;
  std::string problem{};
};

void read_bytes(png_structp png, png_bytep target, std::size_t count) {
  auto& input = *static_cast<PngInput*>(png_get_io_ptr(png));
  if (count > input.file.size() - input.position) png_error(png, "it ends too early");
  std::memcpy(target, input.file.data() + input.position, count);
  input.position += count;
}

/// libpng leaves a failed call by longjmp: the functions that call it own nothing.
class PngReader {
 public:
  explicit PngReader(PngInput& input) : input_(input) {
    const auto fail = [](png_structp png, png_const_charp problem) {
      static_cast<PngInput*>(png_get_error_ptr(png))->problem = problem;
      png_longjmp(png, 1);
    };
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, &input, fail,
                                  [](png_structp, png_const_charp) {});
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
  }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }

  [[nodiscard]] png_uint_32 rows() const { return png_get_image_height(png_, info_); }
  [[nodiscard]] png_uint_32 cols() const { return png_get_image_width(png_, info_); }

  /// False if the file is damaged; `PngInput::problem` says how.
  [[nodiscard]] bool read_header() {
    if (info_ == nullptr || setjmp(png_jmpbuf(png_)) != 0) return false;
    png_set_read_fn(png_, &input_, read_bytes);
    png_read_info(png_, info_);
    return true;
  }

  /// Reads all pixels as three bytes each, as cv2.imread does: of 16 bits the upper eight, colours
  /// as they are whatever their gamma, transparency left out.
  [[nodiscard]] bool read_pixels(png_bytepp rows) {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_set_expand(png_);
    png_set_strip_16(png_);
    png_set_gray_to_rgb(png_);
    png_set_strip_alpha(png_);
    (void)png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    if (png_get_rowbytes(png_, info_) != std::size_t{3} * cols())
      png_error(png_, "its pixels are of no known kind");
    png_read_image(png_, rows);
    png_read_end(png_, info_);
    return true;
  }

  [[nodiscard]] int orientation() {
    png_bytep exif = nullptr;
    png_uint_32 size = 0;
    if (png_get_eXIf_1(png_, info_, &size, &exif) == 0) return 1;
    std::string data(kExifHeader);
    data.append(reinterpret_cast<const char*>(exif), size);
    return exif_orientation(std::as_bytes(std::span(data)));
  }

 private:
  PngInput& input_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

}  // namespace

bool is_png(std::string_view file) {
  return file.starts_with(kPngSignature);
}

Picture decode_png(const std::string& name, std::string_view file) {
  PngInput input{file};
  PngReader reader(input);
  const auto check = [&](bool read) {
    if (!read) reject_picture(name, "corrupt PNG: " + input.problem);
  };
  check(reader.read_header());
  Picture picture = blank_picture(name, reader.rows(), reader.cols());
  std::vector<png_bytep> rows(reader.rows());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    rows[row] = picture.rgb.data() + row * 3 * reader.cols();
  }
  check(reader.read_pixels(rows.data()));
  return upright(std::move(picture), reader.orientation());
}

}  // namespace vpinfer
