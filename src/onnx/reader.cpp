// Reads the graphs of ONNX files.  This folder is the only one that knows ONNX's protobuf classes:
// a module of its own, which the program loads when it imports an ONNX file, so that whoever only
// runs models needs neither library.

#include <onnx/onnx_pb.h>

#include <exception>
#include <filesystem>
#include <fstream>
#include <memory>

#include "import/onnx_graph.hpp"
#include "import/onnx_module.hpp"
#include "onnx/malformed.hpp"
#include "onnx/tensors.hpp"

namespace vpinfer {
namespace {

std::string domain_of(const std::string& domain) {
  return domain == "ai.onnx" ? "" : domain;
}

OnnxValueInfo read_value(const onnx::ValueInfoProto& proto) {
  OnnxValueInfo value{proto.name(), true, std::nullopt};
  if (!proto.type().has_tensor_type()) {
    value.is_float = !proto.has_type();
    return value;
  }
  using Type = onnx::TensorProto;
  const auto& type = proto.type().tensor_type();
  value.is_float = type.elem_type() == Type::FLOAT || type.elem_type() == Type::FLOAT16 ||
                   type.elem_type() == Type::DOUBLE || type.elem_type() == Type::BFLOAT16;
  value.is_byte = type.elem_type() == Type::UINT8;
  if (!type.has_shape()) return value;
  value.dims.emplace();
  for (const auto& extent : type.shape().dim()) {
    if (extent.has_dim_value() && extent.dim_value() < 0) {
      throw Malformed("value '" + proto.name() + "' has an extent of " +
                      std::to_string(extent.dim_value()) + ", which cannot be");
    }
    value.dims->push_back(extent.has_dim_value() ? extent.dim_value() : -1);
  }
  return value;
}

/// Reads the graphs of one file.
class GraphReader {
 public:
  explicit GraphReader(const std::filesystem::path& file) : external_(file.parent_path()) {}

  OnnxGraph read(const onnx::GraphProto& proto) {
    OnnxGraph graph;
    if (proto.sparse_initializer_size() > 0) {
      throw Malformed("sparse tensors are not supported; save the model with dense ones");
    }
    for (const onnx::TensorProto& tensor : proto.initializer()) {
      if (!graph.initializers.emplace(tensor.name(), read_tensor(tensor, external_)).second) {
        throw Malformed("tensor '" + tensor.name() + "' is there twice");
      }
    }
    for (const onnx::NodeProto& node : proto.node()) graph.nodes.push_back(read_node(node));
    for (const auto& value : proto.input()) graph.inputs.push_back(read_value(value));
    for (const auto& value : proto.output()) graph.outputs.push_back(read_value(value));
    for (const auto& value : proto.value_info()) graph.values.push_back(read_value(value));
    return graph;
  }

 private:
  OnnxNode read_node(const onnx::NodeProto& proto) {
    OnnxNode node{proto.op_type(),
                  domain_of(proto.domain()),
                  proto.name(),
                  {proto.input().begin(), proto.input().end()},
                  {proto.output().begin(), proto.output().end()},
                  {},
                  {}};
    for (const onnx::AttributeProto& attribute : proto.attribute()) read_attribute(attribute, node);
    return node;
  }

  void read_attribute(const onnx::AttributeProto& attribute, OnnxNode& node) {
    using Type = onnx::AttributeProto;
    const auto set = [&](OnnxAttribute value) {
      if (!node.attributes.emplace(attribute.name(), std::move(value)).second) {
        throw Malformed("node '" + node.name + "' (" + node.op + ") has the attribute '" +
                        attribute.name() + "' twice");
      }
    };
    switch (attribute.type()) {
      case Type::FLOAT: return set(attribute.f());
      case Type::INT: return set(std::int64_t{attribute.i()});
      case Type::STRING: return set(attribute.s());
      case Type::FLOATS:
        return set(std::vector<float>(attribute.floats().begin(), attribute.floats().end()));
      case Type::INTS:
        return set(std::vector<std::int64_t>(attribute.ints().begin(), attribute.ints().end()));
      case Type::TENSOR: return set(read_tensor(attribute.t(), external_));
      case Type::GRAPH:
        node.graphs[attribute.name()] = std::make_shared<OnnxGraph>(read(attribute.g()));
        return;
      default: node.unreadable.push_back(attribute.name());
    }
  }

  OnnxExternalData external_;
};

OnnxGraph read_model(const onnx::ModelProto& model, const std::filesystem::path& file) {
  OnnxGraph graph = GraphReader(file).read(model.graph());
  graph.producer = model.producer_name();
  for (const onnx::OperatorSetIdProto& set : model.opset_import()) {
    if (domain_of(set.domain()).empty()) graph.opset = set.version();
  }
  for (const auto& entry : model.metadata_props()) graph.metadata[entry.key()] = entry.value();
  return graph;
}

}  // namespace
}  // namespace vpinfer

bool vpinfer_read_onnx(const char* path, vpinfer::OnnxGraph& graph, std::string& error) {
  try {
    std::ifstream file(path, std::ios::binary);
    onnx::ModelProto model;
    if (!model.ParseFromIstream(&file) || !model.has_graph()) {
      error = "is no ONNX model, or is cut off or damaged";
      return false;
    }
    graph = vpinfer::read_model(model, path);
    return true;
  } catch (const std::exception& e) {
    error = e.what();
    return false;
  }
}
