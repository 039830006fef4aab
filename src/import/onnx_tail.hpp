#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "import/onnx.hpp"
#include "import/onnx_makers.hpp"

namespace vpinfer {

/// Whether a node is a layer with weights: not what takes the mean of a distribution, nor what
/// makes corners of a box by a matrix.
[[nodiscard]] bool has_weights(const OnnxMakers& makers, const OnnxNode& node);

/// The end of a graph: what stands behind its last layers with weights.  These, the sources, can be
/// given any values, which shows what the graph makes of them.
class OnnxTail {
 public:
  struct Source {
    std::string name;
    OnnxDims dims;
    bool is_scaled = false;  ///< by one trained number (FCOS, Tian et al., 2019; SCRFD)
  };

  /// Looks back from some outputs.  The graph must outlive the tail.  Throws BadInput if there are
  /// outputs that come from the picture without a layer with weights.
  OnnxTail(const OnnxGraph& graph, const std::map<std::string, OnnxDims>& extents,
           const std::vector<std::string>& outputs, const std::string& where);

  [[nodiscard]] const OnnxGraph& graph() const { return graph_; }
  [[nodiscard]] const std::vector<Source>& sources() const { return sources_; }
  [[nodiscard]] bool has_operator(std::string_view op) const;
  /// The outputs if all that a source gives is one number, each source its own.  Throws BadInput if
  /// an operator cannot be computed.
  [[nodiscard]] std::vector<OnnxTensor> compute(const std::vector<float>& numbers) const;

 private:
  [[nodiscard]] bool is_source(const OnnxNode& node) const;
  [[nodiscard]] bool is_scaled(const OnnxNode& node) const;
  [[nodiscard]] bool is_biased(const OnnxNode& node) const;
  [[nodiscard]] const OnnxNode* layer(const std::string& value) const;
  [[nodiscard]] const std::vector<float>* numbers(const std::string& value) const;
  void add_source(const OnnxNode& node, const std::map<std::string, OnnxDims>& extents);
  void run(const OnnxNode& node, std::map<std::string, OnnxTensor>& values) const;

  const OnnxGraph& graph_;
  OnnxMakers makers_;
  std::vector<std::string> outputs_;
  std::string where_;
  std::vector<Source> sources_;
  std::vector<const OnnxNode*> nodes_;        // in the file's order
  std::map<std::string, OnnxTensor> shapes_;  // that nodes ask for
};

}  // namespace vpinfer
