#include "io/file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>

#include "base/file_problem.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kReadableByAll = 0666;  // the umask takes away what the user does not grant

[[noreturn]] void fail(FileUse use, const fs::path& path, int error) {
  throw BadInput(file_problem(use, path, error));
}

/// Owns a file descriptor; errors are reported in the name of `path`, what the user asked for.
class Descriptor {
 public:
  Descriptor(const fs::path& opened, int flags, FileUse use, fs::path path)
      : use_(use),
        path_(std::move(path)),
        fd_(::open(opened.c_str(), flags | O_CLOEXEC, kReadableByAll)) {
    if (fd_ < 0) fail(use_, path_, errno);
  }
  /// Another descriptor of an open file.
  Descriptor(int open_fd, FileUse use, fs::path path)
      : use_(use), path_(std::move(path)), fd_(::fcntl(open_fd, F_DUPFD_CLOEXEC, 0)) {
    if (fd_ < 0) fail(use_, path_, errno);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }

  std::string read_all() {
    std::string contents;
    std::array<char, 1U << 16U> block;
    while (const std::size_t count = read(std::as_writable_bytes(std::span(block)))) {
      contents.append(block.data(), count);
    }
    return contents;
  }

  /// As much as is there; 0 at the end.
  std::size_t read(std::span<std::byte> block) {
    while (true) {
      const ssize_t count = ::read(fd_, block.data(), block.size());
      if (count >= 0) return static_cast<std::size_t>(count);
      if (errno != EINTR) fail(use_, path_, errno);
    }
  }

  void go_to(std::uint64_t offset) {
    if (::lseek(fd_, static_cast<off_t>(offset), SEEK_SET) < 0) fail(use_, path_, errno);
  }

  void write_all(std::string_view rest) {
    while (!rest.empty()) {
      const ssize_t count = ::write(fd_, rest.data(), rest.size());
      if (count > 0) rest.remove_prefix(static_cast<std::size_t>(count));
      if (count < 0 && errno != EINTR) fail(use_, path_, errno);
    }
  }

  void flush_to_disk() {
    if (::fsync(fd_) != 0) fail(use_, path_, errno);
  }

  /// A network file system may report a full disk only here.
  void close() {
    if (::close(std::exchange(fd_, -1)) != 0) fail(use_, path_, errno);
  }

 private:
  FileUse use_;
  fs::path path_;
  int fd_;
};

}  // namespace

std::string lower_case_extension(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return extension;
}

std::string read_file(const fs::path& path) {
  refuse_special_file(FileUse::kRead, path);
  return Descriptor(path, O_RDONLY, FileUse::kRead, path).read_all();
}

std::vector<std::byte> read_file_part(const fs::path& path, std::uint64_t offset,
                                      std::size_t size) {
  Descriptor file(path, O_RDONLY, FileUse::kRead, path);
  file.go_to(offset);
  std::vector<std::byte> part(size);
  for (std::span<std::byte> rest = part; !rest.empty();) {
    const std::size_t count = file.read(rest);
    if (count == 0) throw BadInput("cannot read " + path.string() + ": it has become shorter");
    rest = rest.subspan(count);
  }
  return part;
}

ByteSource open_bytes(const fs::path& path) {
  const auto file = std::make_shared<Descriptor>(path, O_RDONLY, FileUse::kRead, path);
  return [file](std::span<std::byte> block) { return file->read(block); };
}

ByteSource standard_input_bytes() {
  const auto input =
      std::make_shared<Descriptor>(STDIN_FILENO, FileUse::kRead, "the standard input");
  return [input](std::span<std::byte> block) { return input->read(block); };
}

TemporaryFile::TemporaryFile(const fs::path& target) : target_(target) {
  refuse_special_file(FileUse::kWrite, target);
  std::error_code ignored;
  if (fs::exists(target, ignored)) target_ = fs::canonical(target, ignored);
  path_ = target_;
  path_ += ".partial-" + std::to_string(::getpid());
}

TemporaryFile::~TemporaryFile() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

void TemporaryFile::put_in_place() {
  if (::rename(path_.c_str(), target_.c_str()) != 0) fail(FileUse::kWrite, target_, errno);
  path_.clear();
}

void write_file_atomically(const fs::path& path, std::string_view contents) {
  std::error_code ignored;
  const fs::file_status status = fs::status(path, ignored);
  if (fs::is_character_file(status) || fs::is_fifo(status)) {
    Descriptor device(path, O_WRONLY, FileUse::kWrite, path);
    device.write_all(contents);
    device.close();
    return;
  }
  TemporaryFile temporary(path);
  Descriptor file(temporary.path(), O_WRONLY | O_CREAT | O_TRUNC, FileUse::kWrite, path);
  file.write_all(contents);
  file.flush_to_disk();
  file.close();
  temporary.put_in_place();
}

}  // namespace vpinfer
