#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vpinfer {

/// `.jpg` of `photo.JPG`.
[[nodiscard]] std::string lower_case_extension(const std::filesystem::path& path);

/// The whole content of a file.  Throws BadInput that names the file and the reason.
[[nodiscard]] std::string read_file(const std::filesystem::path& path);

/// `size` bytes of a file.  Throws BadInput that names the file and the reason.
[[nodiscard]] std::vector<std::byte> read_file_part(const std::filesystem::path& path,
                                                    std::uint64_t offset, std::size_t size);

/// Bytes that are read once, in order: fills the front of a block with what is there, waiting only
/// for the first byte, and tells how much it was; 0 at the end.  Throws BadInput.
using ByteSource = std::function<std::size_t(std::span<std::byte> block)>;

/// The bytes of a file, pipe or device.  Throws BadInput that names the file and the reason.
[[nodiscard]] ByteSource open_bytes(const std::filesystem::path& path);
/// The bytes of the standard input.  Throws BadInput if it is closed.
[[nodiscard]] ByteSource standard_input_bytes();

/// A file under construction, under a name beside its target; removed again unless it is put in
/// place. A symbolic link keeps pointing to the file that is replaced.
class TemporaryFile {
 public:
  /// Throws BadInput if the target exists and is no regular file.
  explicit TemporaryFile(const std::filesystem::path& target);
  TemporaryFile(TemporaryFile&& other) noexcept
      : target_(std::move(other.target_)), path_(std::exchange(other.path_, {})) {}
  TemporaryFile& operator=(TemporaryFile&&) = delete;
  ~TemporaryFile();

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// Throws BadInput that names the target and the reason.
  void put_in_place();

 private:
  std::filesystem::path target_;
  std::filesystem::path path_;
};

/// Replaces `path` by `contents`, or leaves it as it was: the bytes go to a temporary name in the
/// same folder, are flushed to the disk and only then renamed.  Devices and pipes are written
/// directly.  Throws BadInput that names the file and the reason, for example a full disk.
void write_file_atomically(const std::filesystem::path& path, std::string_view contents);

}  // namespace vpinfer
