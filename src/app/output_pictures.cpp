#include "app/output_pictures.hpp"

#include "io/file.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

namespace fs = std::filesystem;

bool has_extension(const std::string& name, std::string_view wanted) {
  const std::string extension = lower_case_extension(name);
  return extension == wanted || (wanted == ".jpg" && extension == ".jpeg");
}

}  // namespace

fs::path OutputPictures::path_for(const std::string& frame, std::string_view extension) {
  std::string name = frame;
  if (!has_extension(name, extension)) name += extension;
  // A folder may hold dog.png and dog.png.jpg.
  while (written_.try_emplace(name, frame).first->second != frame) name += extension;
  fs::path path = folder_ / name;
  if (fs::is_symlink(path)) {
    throw BadInput(path.string() + ": is a link, perhaps to a picture that would be replaced; " +
                   "remove it or choose another --output");
  }
  return path;
}

}  // namespace vpinfer
