#include "app/supported_layers.hpp"

#include <algorithm>

#include "import/darknet.hpp"
#include "import/heads.hpp"
#include "import/onnx.hpp"

namespace vpinfer {
namespace {

/// A heading and a line per entry.
template <typename Entry>
std::string section(const std::string& heading, const std::vector<Entry>& entries) {
  std::size_t width = 0;
  for (const Entry& entry : entries) width = std::max(width, entry.name.size());
  std::string text = heading + "\n";
  for (const Entry& entry : entries) {
    text += "  " + std::string(entry.name);
    if (!entry.help.empty()) {
      text += std::string(width - entry.name.size() + 2, ' ') + std::string(entry.help);
    }
    text += '\n';
  }
  return text;
}

}  // namespace

std::string describe_supported_layers() {
  return section("Darknet layers and their keys", darknet_layers()) + "\n" +
         section("ONNX operators, operator sets " + onnx_operator_sets(), onnx_operators()) + "\n" +
         section("Heads for the outputs of ONNX networks (--heads)", head_kinds());
}

}  // namespace vpinfer
