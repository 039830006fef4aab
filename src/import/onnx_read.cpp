#include <dlfcn.h>

#include <filesystem>

#include "vpinfer/base/error.hpp"
#include "vpinfer/import/onnx.hpp"
#include "vpinfer/import/onnx_module.hpp"

namespace vpinfer {
namespace {

namespace fs = std::filesystem;

/// The module, beside the program as it is built or where it is installed; null if it is in neither
/// place or one of its libraries is missing.
void* open_module() {
  std::error_code unknown;
  const fs::path folder = fs::read_symlink("/proc/self/exe", unknown).parent_path();
  for (const fs::path& place : {folder, folder / VPINFER_MODULE_FOLDER}) {
    void* module = dlopen((place / "vpinfer_onnx.so").c_str(), RTLD_NOW | RTLD_LOCAL);
    if (module != nullptr) return module;
  }
  return nullptr;
}

}  // namespace

bool is_onnx(const fs::path& path) {
  return path.extension() == ".onnx";
}

OnnxGraph read_onnx(const fs::path& path) {
  std::error_code unreadable;
  if (!fs::is_regular_file(path, unreadable)) {
    throw BadInput(path.string() + ": cannot open this file; is the name right?");
  }
  void* module = open_module();
  // dlsym gives data pointers for functions too.
  const auto read = reinterpret_cast<decltype(&vpinfer_read_onnx)>(
      module == nullptr ? nullptr : dlsym(module, "vpinfer_read_onnx"));
  if (read == nullptr) {
    throw BadUsage(
        "this vpinfer cannot read ONNX files; install libonnx-dev and protobuf's headers "
        "(jobs/install-packages.sh onnx) and build it again");
  }
  OnnxGraph graph;
  std::string error;
  if (!read(path.c_str(), graph, error)) throw BadInput(path.string() + ": " + error);
  return graph;
}

}  // namespace vpinfer
