#pragma once

#include <set>
#include <string>
#include <vector>

#include "import/onnx_attention.hpp"
#include "import/onnx_builder.hpp"

namespace vpinfer {

/// Makes layers of the attentions in a graph while its nodes are translated one after another.
class AttentionFusion {
 public:
  /// All must outlive it; `nodes` are those that the outputs need, in the graph's order.
  AttentionFusion(const OnnxGraph& graph, const std::vector<const OnnxNode*>& nodes,
                  const std::vector<std::string>& outputs, OnnxBuilder& builder,
                  const std::string& where);

  /// The nodes to translate when it is a node's turn: itself; none if it became part of a layer, or
  /// may yet do so; with those that waited in vain if it did not.
  [[nodiscard]] std::vector<const OnnxNode*> due(const OnnxNode& node);

 private:
  struct Candidate {
    OnnxAttention nodes;
    std::set<const OnnxNode*> may_wait;    ///< because nothing else needs them
    std::vector<const OnnxNode*> waiting;  ///< of these
    bool is_open = true;                   ///< whether it may still become a layer
  };

  [[nodiscard]] Candidate* open_candidate_with(const OnnxNode& node);
  [[nodiscard]] bool knows_what_it_reads(const Candidate& candidate) const;
  void fuse(Candidate& candidate);

  OnnxBuilder& builder_;
  const std::string& where_;
  std::int64_t opset_;
  OnnxReaders readers_;
  std::vector<Candidate> candidates_;
  std::set<const OnnxNode*> fused_;
};

}  // namespace vpinfer
