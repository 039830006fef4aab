#include "import/onnx_attention_fusion.hpp"

#include <algorithm>
#include <utility>

#include "import/onnx_attention_layer.hpp"
#include "import/onnx_reads.hpp"

namespace vpinfer {
namespace {

/// The nodes of an attention but those after its product.
std::vector<const OnnxNode*> up_to_product(const OnnxAttention& attention) {
  std::vector<const OnnxNode*> nodes = attention.before;
  nodes.insert(nodes.end(), attention.beside.begin(), attention.beside.end());
  nodes.insert(nodes.end(), attention.between.begin(), attention.between.end());
  nodes.insert(nodes.end(), {attention.scores, attention.softmax, attention.product});
  return nodes;
}

/// Those of them that nothing needs but each other and some others.
std::set<const OnnxNode*> inner_nodes(const OnnxAttention& attention, const OnnxReaders& readers,
                                      const std::set<const OnnxNode*>& others) {
  std::set<const OnnxNode*> inner{attention.scores, attention.softmax, attention.product};
  inner.insert(attention.between.begin(), attention.between.end());
  for (auto node = attention.before.rbegin(); node != attention.before.rend(); ++node) {
    const std::vector<const OnnxNode*> all = readers.of(**node);
    const bool is_inner = std::all_of(all.begin(), all.end(), [&](const OnnxNode* reader) {
      return inner.contains(reader) || others.contains(reader);
    });
    if (is_inner) inner.insert(*node);
  }
  return inner;
}

}  // namespace

AttentionFusion::AttentionFusion(const OnnxGraph& graph, const std::vector<const OnnxNode*>& nodes,
                                 const std::vector<std::string>& outputs, OnnxBuilder& builder,
                                 const std::string& where)
    : builder_(builder), where_(where), opset_(graph.opset), readers_(graph, nodes, outputs) {
  for (OnnxAttention& attention : find_attentions(nodes, readers_)) {
    const std::set<const OnnxNode*> beside(attention.beside.begin(), attention.beside.end());
    std::set<const OnnxNode*> waits = inner_nodes(attention, readers_, beside);
    waits.insert(beside.begin(), beside.end());
    candidates_.push_back({std::move(attention), std::move(waits), {}});
  }
}

std::vector<const OnnxNode*> AttentionFusion::due(const OnnxNode& node) {
  if (Candidate* candidate = fused_.contains(&node) ? nullptr : open_candidate_with(node)) {
    const bool is_last = &node == candidate->nodes.product;
    if (is_last || knows_what_it_reads(*candidate)) {
      fuse(*candidate);
    } else if (candidate->may_wait.contains(&node)) {
      candidate->waiting.push_back(&node);
      return {};
    }
    std::vector<const OnnxNode*> nodes = std::exchange(candidate->waiting, {});
    nodes.push_back(&node);
    std::erase_if(nodes, [&](const OnnxNode* one) { return fused_.contains(one); });
    return nodes;
  }
  return fused_.contains(&node) ? std::vector<const OnnxNode*>{} : std::vector{&node};
}

AttentionFusion::Candidate* AttentionFusion::open_candidate_with(const OnnxNode& node) {
  const auto found =
      std::find_if(candidates_.begin(), candidates_.end(), [&](const Candidate& candidate) {
        const auto nodes = up_to_product(candidate.nodes);
        return candidate.is_open && std::find(nodes.begin(), nodes.end(), &node) != nodes.end();
      });
  return found == candidates_.end() ? nullptr : &*found;
}

/// Whether all is there that its nodes read from outside, those after the product included.
bool AttentionFusion::knows_what_it_reads(const Candidate& candidate) const {
  std::vector<const OnnxNode*> nodes = up_to_product(candidate.nodes);
  nodes.insert(nodes.end(), candidate.nodes.after.begin(), candidate.nodes.after.end());
  const auto is_made_within = [&](const std::string& name) {
    return std::find(nodes.begin(), nodes.end(), readers_.maker(name)) != nodes.end();
  };
  return std::all_of(nodes.begin(), nodes.end(), [&](const OnnxNode* node) {
    const std::vector<std::string> names = values_read(*node);
    return std::all_of(names.begin(), names.end(), [&](const std::string& name) {
      return is_made_within(name) || builder_.find(name) != nullptr;
    });
  });
}

void AttentionFusion::fuse(Candidate& candidate) {
  candidate.is_open = false;
  const OnnxAttention& nodes = candidate.nodes;
  const auto result = add_attention(builder_, nodes, readers_, where_, opset_);
  if (!result) return;
  std::map<const OnnxNode*, FeatureMap> made{{result->last, result->map}};
  std::set<const OnnxNode*> beside;
  for (const OnnxNode* node : nodes.beside) {
    const auto channels = add_channels(builder_, nodes, readers_, *node, where_, opset_);
    if (!channels) continue;
    made[node] = *channels;
    beside.insert(node);
  }
  std::set<const OnnxNode*> fused = inner_nodes(nodes, readers_, beside);
  fused.insert(beside.begin(), beside.end());
  const auto last = std::find(nodes.after.begin(), nodes.after.end(), result->last);
  if (last != nodes.after.end()) fused.insert(nodes.after.begin(), last + 1);
  for (const OnnxNode* node : fused) builder_.release(values_read(*node));
  for (const auto& [node, map] : made) builder_.define(node->outputs.front(), map);
  fused_.insert(fused.begin(), fused.end());
}

}  // namespace vpinfer
