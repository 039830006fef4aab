#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "import/onnx_graph.hpp"

namespace vpinfer {

/// The nodes of one attention (see the layer): a product of queries and keys, a softmax of it, and
/// a product of that and the values.
struct OnnxAttention {
  const OnnxNode* scores = nullptr;
  const OnnxNode* softmax = nullptr;
  const OnnxNode* product = nullptr;
  std::string queries;  ///< the names of the values that the products take
  std::string keys;
  std::string values;
  bool values_first = false;  ///< values x weights, both turned, instead of weights x values
  /// Scale scores or turn weights, each for the next one alone.
  std::vector<const OnnxNode*> between;
  /// Move or scale what becomes an operand, in the graph's order; others may read that, too.
  std::vector<const OnnxNode*> before;
  /// Move what one of these gives to something else.
  std::vector<const OnnxNode*> beside;
  /// Move the result, each for the next one alone.
  std::vector<const OnnxNode*> after;
};

/// Whether a node only moves elements of its first input.
[[nodiscard]] bool only_moves(const OnnxNode& node);

/// Who reads what in a graph.
class OnnxReaders {
 public:
  OnnxReaders(const OnnxGraph& graph, const std::vector<const OnnxNode*>& nodes,
              const std::vector<std::string>& outputs);

  /// The only one that reads what a node makes; null if there are others, or outputs.
  [[nodiscard]] const OnnxNode* only_reader(const OnnxNode& node) const;
  /// Who makes a value of the picture's numbers, and not of its extents alone; null if nobody does.
  [[nodiscard]] const OnnxNode* maker(const std::string& name) const;
  [[nodiscard]] bool depends_on_picture(const std::string& name) const {
    return dependent_.contains(name);
  }
  /// Those of what a node makes; null for an output of the graph.
  [[nodiscard]] std::vector<const OnnxNode*> of(const OnnxNode& node) const;

 private:
  std::map<std::string, const OnnxNode*> makers_;
  std::map<std::string, std::vector<const OnnxNode*>> readers_;
  std::set<std::string> dependent_;
};

/// All of a graph's.
[[nodiscard]] std::vector<OnnxAttention> find_attentions(const std::vector<const OnnxNode*>& nodes,
                                                         const OnnxReaders& readers);

}  // namespace vpinfer
