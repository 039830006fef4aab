// The one file that knows ONNX's protobuf classes.  It is a module of its own, which the program
// loads when it imports an ONNX file: whoever only runs models needs neither library.

#include <onnx/onnx_pb.h>

#include <bit>
#include <cstring>
#include <fstream>
#include <stdexcept>

#include "base/half.hpp"
#include "import/onnx_graph.hpp"
#include "import/onnx_module.hpp"

namespace vpinfer {
namespace {

static_assert(std::endian::native == std::endian::little, "raw tensors are little-endian");

/// What is wrong with the file; the message says where.
class Malformed : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

constexpr std::int64_t kMostElements = std::int64_t{1} << 31U;

std::int64_t count_elements(const onnx::TensorProto& tensor) {
  std::int64_t count = 1;
  for (const std::int64_t extent : tensor.dims()) {
    if (extent < 0 || (extent > 0 && count > kMostElements / extent)) {
      throw Malformed("tensor '" + tensor.name() + "' has an extent of " + std::to_string(extent) +
                      ", which cannot be");
    }
    count *= extent;
  }
  return count;
}

/// The elements of a tensor's raw bytes, each read as `Stored`.
template <typename Stored>
std::vector<Stored> from_raw(const onnx::TensorProto& tensor, std::int64_t count) {
  const std::string& bytes = tensor.raw_data();
  if (bytes.size() != static_cast<std::size_t>(count) * sizeof(Stored)) {
    throw Malformed("tensor '" + tensor.name() + "' holds " + std::to_string(bytes.size()) +
                    " bytes instead of " + std::to_string(count * std::int64_t{sizeof(Stored)}));
  }
  std::vector<Stored> values(static_cast<std::size_t>(count));
  if (count > 0) std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

/// The elements of a tensor, stored as raw bytes of type `Stored` or one by one in `list`;
/// `convert` turns each into a `Value`.
template <typename Value, typename Stored, typename List, typename Convert>
std::vector<Value> elements(const onnx::TensorProto& tensor, const List& list,
                            const Convert& convert) {
  const std::int64_t count = count_elements(tensor);
  const int kinds = static_cast<int>(tensor.float_data_size() > 0) +
                    static_cast<int>(tensor.double_data_size() > 0) +
                    static_cast<int>(tensor.int32_data_size() > 0) +
                    static_cast<int>(tensor.int64_data_size() > 0) +
                    static_cast<int>(tensor.uint64_data_size() > 0) +
                    static_cast<int>(tensor.has_raw_data() && !tensor.raw_data().empty());
  if (kinds > 1) throw Malformed("tensor '" + tensor.name() + "' is stored twice");
  std::vector<Value> values;
  if (tensor.has_raw_data() && list.empty()) {
    for (const Stored stored : from_raw<Stored>(tensor, count)) values.push_back(convert(stored));
    return values;
  }
  if (list.size() != count) {
    throw Malformed("tensor '" + tensor.name() + "' holds " + std::to_string(list.size()) +
                    " numbers instead of " + std::to_string(count));
  }
  for (const auto& item : list) values.push_back(convert(static_cast<Stored>(item)));
  return values;
}

OnnxTensor read_tensor(const onnx::TensorProto& tensor) {
  using Type = onnx::TensorProto;
  const bool external = tensor.data_location() == Type::EXTERNAL || tensor.external_data_size() > 0;
  if (external) {
    throw Malformed("tensor '" + tensor.name() +
                    "' lies outside the file, which is not supported; save the model with its "
                    "weights inside");
  }
  if (tensor.has_segment()) throw Malformed("tensor '" + tensor.name() + "' is split in segments");
  OnnxTensor result;
  const auto as_float = [](auto value) { return static_cast<float>(value); };
  const auto as_integer = [](auto value) { return static_cast<std::int64_t>(value); };
  const auto from_half = [](std::uint16_t bits) { return half_to_float(bits); };
  switch (tensor.data_type()) {
    case Type::FLOAT:
      result.values = elements<float, float>(tensor, tensor.float_data(), as_float);
      break;
    case Type::DOUBLE:
      result.values = elements<float, double>(tensor, tensor.double_data(), as_float);
      break;
    case Type::FLOAT16:
      result.values = elements<float, std::uint16_t>(tensor, tensor.int32_data(), from_half);
      break;
    case Type::INT64:
      result.values = elements<std::int64_t, std::int64_t>(tensor, tensor.int64_data(), as_integer);
      break;
    case Type::INT32:
      result.values = elements<std::int64_t, std::int32_t>(tensor, tensor.int32_data(), as_integer);
      break;
    case Type::INT16:
      result.values = elements<std::int64_t, std::int16_t>(tensor, tensor.int32_data(), as_integer);
      break;
    case Type::INT8:
      result.values = elements<std::int64_t, std::int8_t>(tensor, tensor.int32_data(), as_integer);
      break;
    case Type::UINT16:
      result.values =
          elements<std::int64_t, std::uint16_t>(tensor, tensor.int32_data(), as_integer);
      break;
    case Type::UINT8:
    case Type::BOOL:
      result.values = elements<std::int64_t, std::uint8_t>(tensor, tensor.int32_data(), as_integer);
      break;
    default:
      throw Malformed("tensor '" + tensor.name() + "' has a type that is not supported (" +
                      Type::DataType_Name(tensor.data_type()) +
                      "); floats, doubles, halves and integers are");
  }
  result.dims.assign(tensor.dims().begin(), tensor.dims().end());
  result.type = read_integer_type(tensor.data_type());
  return result;
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
    case Type::TENSOR: return set(read_tensor(attribute.t()));
    default: node.unreadable.push_back(attribute.name());
  }
}

OnnxNode read_node(const onnx::NodeProto& proto) {
  OnnxNode node{proto.op_type(),
                proto.domain() == "ai.onnx" ? "" : proto.domain(),
                proto.name(),
                {proto.input().begin(), proto.input().end()},
                {proto.output().begin(), proto.output().end()},
                {},
                {}};
  for (const onnx::AttributeProto& attribute : proto.attribute()) read_attribute(attribute, node);
  return node;
}

OnnxValueInfo read_value(const onnx::ValueInfoProto& proto) {
  OnnxValueInfo value{proto.name(), true, std::nullopt};
  if (!proto.type().has_tensor_type()) {
    value.is_float = !proto.has_type();
    return value;
  }
  const auto& type = proto.type().tensor_type();
  value.is_float = type.elem_type() == onnx::TensorProto::FLOAT ||
                   type.elem_type() == onnx::TensorProto::FLOAT16 ||
                   type.elem_type() == onnx::TensorProto::DOUBLE;
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

OnnxGraph read_graph(const onnx::ModelProto& model) {
  const onnx::GraphProto& proto = model.graph();
  OnnxGraph graph;
  graph.producer = model.producer_name();
  for (const onnx::StringStringEntryProto& note : model.metadata_props()) {
    graph.metadata[note.key()] = note.value();
  }
  for (const onnx::OperatorSetIdProto& set : model.opset_import()) {
    if (set.domain().empty() || set.domain() == "ai.onnx") graph.opset = set.version();
  }
  if (proto.sparse_initializer_size() > 0) throw Malformed("sparse tensors are not supported");
  if (model.functions_size() > 0) throw Malformed("functions of its own are not supported");
  for (const onnx::TensorProto& tensor : proto.initializer()) {
    if (!graph.initializers.emplace(tensor.name(), read_tensor(tensor)).second) {
      throw Malformed("tensor '" + tensor.name() + "' is there twice");
    }
  }
  for (const onnx::NodeProto& node : proto.node()) graph.nodes.push_back(read_node(node));
  for (const onnx::ValueInfoProto& value : proto.input()) graph.inputs.push_back(read_value(value));
  for (const onnx::ValueInfoProto& value : proto.output()) {
    graph.outputs.push_back(read_value(value));
  }
  for (const onnx::ValueInfoProto& value : proto.value_info()) {
    graph.values.push_back(read_value(value));
  }
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
    graph = vpinfer::read_graph(model);
    return true;
  } catch (const std::exception& e) {
    error = e.what();
    return false;
  }
}
