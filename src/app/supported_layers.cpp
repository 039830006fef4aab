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

/// Names one after another, in lines of fewer than 100 characters.
std::string paragraph(const std::string& heading, const std::vector<std::string_view>& names) {
  constexpr std::size_t kWidth = 100;
  std::string text = heading + "\n";
  std::string line = " ";
  for (const std::string_view name : names) {
    if (line.size() + 1 + name.size() >= kWidth) {
      text += line + "\n";
      line = " ";
    }
    line += " " + std::string(name);
  }
  return text + line + "\n";
}

}  // namespace

std::string describe_supported_layers() {
  return section("Darknet layers and their keys", darknet_layers()) + "\n" +
         section("ONNX operators, operator sets " + onnx_operator_sets(), onnx_operators()) + "\n" +
         paragraph("Other ONNX operators, and these on other tensors: islands, whole on one rank",
                   onnx_island_operators()) +
         "\n" + section("Heads for the outputs of ONNX networks (--heads)", head_kinds());
}

}  // namespace vpinfer
