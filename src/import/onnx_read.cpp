#include <dlfcn.h>

#include <filesystem>

#include "base/file_problem.hpp"
#include "import/onnx.hpp"
#include "import/onnx_module.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

namespace fs = std::filesystem;

/// The module, beside the program as it is built or where it is installed.
void* open_module() {
  std::error_code unknown;
  const fs::path folder = fs::read_symlink("/proc/self/exe", unknown).parent_path();
  for (const fs::path& place : {folder, folder / VPINFER_MODULE_FOLDER}) {
    const fs::path path = place / "vpinfer_onnx.so";
    if (!fs::exists(path, unknown)) continue;
    if (void* module = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) return module;
    throw BadUsage("cannot read ONNX files: " + std::string(dlerror()) +
                   "; install libonnx1, where vpinfer was built: jobs/install-packages.sh onnx");
  }
  throw BadUsage(
      "this vpinfer was built without ONNX: install libonnx-dev and libprotobuf-dev "
      "(jobs/install-packages.sh onnx) and build it again");
}

}  // namespace

bool is_onnx(const fs::path& path) {
  return path.extension() == ".onnx";
}

OnnxGraph read_onnx(const fs::path& path) {
  refuse_special_file(FileUse::kRead, path);
  (void)open_to_read(path);  // says what the module cannot
  // dlsym gives data pointers for functions too.
  const auto read =
      reinterpret_cast<decltype(&vpinfer_read_onnx)>(dlsym(open_module(), "vpinfer_read_onnx"));
  if (read == nullptr) throw Bug(std::string(dlerror()));
  OnnxGraph graph;
  std::string error;
  if (!read(path.c_str(), graph, error)) throw BadInput(path.string() + ": " + error);
  return graph;
}

}  // namespace vpinfer
