#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace vpinfer {

/// Names of the pictures that a run writes: none replaces another, nor a picture seen.
class OutputPictures {
 public:
  explicit OutputPictures(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// Where a picture of a frame goes, with `.jpg` or `.png`: `dog.jpg` stays, `dog.png` becomes
  /// `dog.png.jpg`, so that a folder's pictures keep apart.  The same for the same frame.  Throws
  /// BadInput if a link is in its place.
  [[nodiscard]] std::filesystem::path path_for(const std::string& frame,
                                               std::string_view extension);

 private:
  std::filesystem::path folder_;
  std::map<std::string, std::string> written_;  ///< by name: the frame that it shows
};

}  // namespace vpinfer
