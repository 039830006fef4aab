#include "io/picture.hpp"

#include <algorithm>
#include <string>
#include <system_error>

#include "base/file_problem.hpp"
#include "io/codecs.hpp"
#include "io/file.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxPixels = 100'000'000;

bool has_picture_extension(const fs::path& path) {
  const std::string extension = lower_case_extension(path);
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png";
}

}  // namespace

void reject_picture(const std::string& name, const std::string& problem) {
  throw BadInput(name + ": " + problem +
                 "; accepted are JPEG and PNG files of at most 100 megapixels");
}

Picture blank_picture(const std::string& name, std::uint64_t rows, std::uint64_t cols) {
  if (rows == 0 || cols == 0 || rows > kMaxPixels / cols) {
    reject_picture(name,
                   "a picture of " + std::to_string(cols) + "x" + std::to_string(rows) + " pixels");
  }
  return {static_cast<int>(rows), static_cast<int>(cols),
          std::vector<std::uint8_t>(static_cast<std::size_t>(rows * cols * 3))};
}

Picture read_picture(const fs::path& path) {
  const std::string file = read_file(path);
  return decode_picture(std::as_bytes(std::span(file)), path.string());
}

Picture decode_picture(std::span<const std::byte> content, const std::string& name) {
  const std::string_view file(reinterpret_cast<const char*>(content.data()), content.size());
  if (file.empty()) reject_picture(name, "an empty file");
  if (is_jpeg(file)) return decode_jpeg(name, file);
  if (is_png(file)) return decode_png(name, file);
  reject_picture(name, "neither a JPEG nor a PNG by its content");
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
  if (error) throw BadInput(file_problem(FileUse::kRead, folder, error.value()));
  if (pictures.empty()) {
    throw BadInput(folder.string() +
                   ": no pictures in this folder; accepted are .jpg, .jpeg, .png");
  }
  std::sort(pictures.begin(), pictures.end());
  return pictures;
}

}  // namespace vpinfer
