#include "import/query_heads.hpp"

#include <array>
#include <optional>
#include <set>
#include <string_view>

#include "import/name_list.hpp"
#include "import/onnx_makers.hpp"

namespace vpinfer {
namespace {

/// Follows values back to what they are made of.
class Origins {
 public:
  explicit Origins(const OnnxGraph& graph) : makers_(graph) {}

  [[nodiscard]] const OnnxNode* of(const std::string& value) const { return makers_.of(value); }

  /// The maker behind nodes that only move elements, or are named.
  [[nodiscard]] const OnnxNode* behind(const std::string& value, std::string_view also = "") const {
    constexpr std::array<std::string_view, 9> kMoving{"Identity", "Cast",      "Dropout",
                                                      "Reshape",  "Squeeze",   "Unsqueeze",
                                                      "Gather",   "Transpose", "Slice"};
    const OnnxNode* node = of(value);
    while (node != nullptr && (is_one_of(node->op, kMoving) || node->op == also)) {
      node = of(node->inputs.front());
    }
    return node;
  }

  /// What a linear layer reads, with its biases or without.
  [[nodiscard]] std::optional<std::string> read_by_linear(const OnnxNode* node) const {
    if (node != nullptr && node->op == "Add") {
      const std::size_t biases = makers_.constant(node->inputs[0]) != nullptr ? 0 : 1;
      if (makers_.constant(node->inputs[biases]) == nullptr) return std::nullopt;
      node = of(node->inputs[1 - biases]);
    }
    const bool is_linear = node != nullptr && (node->op == "MatMul" || node->op == "Gemm") &&
                           makers_.constant(node->inputs[1]) != nullptr;
    return is_linear ? std::optional(node->inputs[0]) : std::nullopt;
  }

  /// What a chain of so many linear layers with Relu between them reads.
  [[nodiscard]] std::optional<std::string> read_by_chain(const OnnxNode* last, int layers) const {
    std::optional<std::string> value = read_by_linear(last);
    for (int i = 1; value && i < layers; ++i) {
      const OnnxNode* relu = behind(*value);
      if (relu == nullptr || relu->op != "Relu") return std::nullopt;
      value = read_by_linear(behind(relu->inputs.front()));
    }
    return value;
  }

 private:
  OnnxMakers makers_;
};

}  // namespace

bool follows_attention(const OnnxGraph& graph, const std::string& value) {
  constexpr std::array<std::string_view, 2> kProducts{"MatMul", "Einsum"};
  const Origins origins(graph);
  std::set<std::string> known{value};
  std::vector<std::string> next{value};
  while (!next.empty()) {
    const OnnxNode* node = origins.of(next.back());
    next.pop_back();
    if (node == nullptr) continue;
    if (node->op == "Attention") return true;
    for (const std::string& input : node->inputs) {
      const OnnxNode* factor = is_one_of(node->op, kProducts) ? origins.behind(input) : nullptr;
      if (factor != nullptr && factor->op == "Softmax") return true;
      if (known.insert(input).second) next.push_back(input);
    }
  }
  return false;
}

bool have_heads_of_queries(const OnnxGraph& graph, const std::string& boxes,
                           const std::string& scores) {
  const Origins origins(graph);
  const auto queries = origins.read_by_chain(origins.behind(boxes, "Sigmoid"), 3);
  const OnnxNode* last = origins.behind(scores, "Softmax");
  const auto are_read = [&](int layers) {
    const auto read = origins.read_by_chain(last, layers);
    return read && origins.behind(*read) == origins.behind(*queries);
  };
  return queries && (are_read(1) || are_read(3));
}

}  // namespace vpinfer
