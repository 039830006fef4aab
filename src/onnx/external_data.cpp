#include "onnx/external_data.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>

#include "onnx/malformed.hpp"

namespace vpinfer {
namespace {

namespace fs = std::filesystem;

/// Tensors may share their bytes, but not so many that a short file fills the memory.
constexpr std::uint64_t kMostReadings = 4;

[[noreturn]] void refuse(const onnx::TensorProto& tensor, const std::string& why) {
  throw Malformed("tensor '" + tensor.name() + "' " + why);
}

std::string entry(const onnx::TensorProto& tensor, const std::string& key) {
  for (const auto& pair : tensor.external_data()) {
    if (pair.key() == key) return pair.value();
  }
  return {};
}

/// A number of bytes; `fallback` if the tensor does not say.
std::uint64_t number(const onnx::TensorProto& tensor, const std::string& key,
                     std::uint64_t fallback) {
  const std::string text = entry(tensor, key);
  if (text.empty()) return fallback;
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, problem] = std::from_chars(text.data(), end, value);
  if (problem != std::errc() || rest != end) refuse(tensor, "has an " + key + " that is no number");
  return value;
}

/// The file that a tensor names: below the folder, links followed.
fs::path locate(const onnx::TensorProto& tensor, const fs::path& folder) {
  const fs::path name = entry(tensor, "location");
  const bool plain =
      !name.empty() && name.is_relative() &&
      std::none_of(name.begin(), name.end(), [](const fs::path& part) { return part == ".."; });
  if (!plain) {
    refuse(tensor, "lies in '" + name.string() + "', which is no file in the model's folder");
  }
  std::error_code absent;
  const fs::path home = fs::canonical(folder, absent);
  fs::path path = absent ? fs::path() : fs::canonical(home / name, absent);
  if (absent || !fs::is_regular_file(path, absent)) {
    refuse(tensor, "lies in '" + name.string() + "', which is not there; put it beside the model");
  }
  if (std::mismatch(home.begin(), home.end(), path.begin(), path.end()).first != home.end()) {
    refuse(tensor, "lies in '" + name.string() + "', a link out of the model's folder; put the " +
                       "file itself there");
  }
  return path;
}

}  // namespace

std::string OnnxExternalData::read(const onnx::TensorProto& tensor, std::uint64_t bytes) {
  const fs::path path = locate(tensor, folder_);
  std::error_code unknown;
  const std::uint64_t size = fs::file_size(path, unknown);
  const std::uint64_t offset = number(tensor, "offset", 0);
  const std::uint64_t length = number(tensor, "length", bytes);
  if (length != bytes) {
    refuse(tensor, "has " + std::to_string(length) + " bytes in '" + path.filename().string() +
                       "' instead of " + std::to_string(bytes));
  }
  if (unknown || offset > size || bytes > size - offset) {
    refuse(tensor, "goes beyond the end of '" + path.filename().string() + "'");
  }
  std::uint64_t& read = read_[path];
  read += bytes;
  if (read / kMostReadings > size) {
    refuse(tensor, "is one of too many that share the bytes of '" + path.filename().string() + "'");
  }
  std::string content(bytes, '\0');
  std::ifstream file(path, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(offset));
  if (!file.read(content.data(), static_cast<std::streamsize>(bytes))) {
    refuse(tensor, "cannot be read from '" + path.filename().string() + "'");
  }
  return content;
}

}  // namespace vpinfer
