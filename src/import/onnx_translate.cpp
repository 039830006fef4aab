#include <algorithm>
#include <set>

#include "import/onnx.hpp"
#include "import/onnx_builder.hpp"
#include "tensor/operators.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

constexpr std::int64_t kOldestOpset = 7;
constexpr std::int64_t kNewestOpset = 17;  // Debian 12's ONNX library reads no newer ones

const std::vector<OnnxOperator>& operators() {
  static const std::vector<OnnxOperator> table = [] {
    std::vector<OnnxOperator> all;
    for (const auto& part :
         {onnx_weighted_operators(), onnx_pooling_operators(), onnx_elementwise_operators(),
          onnx_activation_operators(), onnx_moving_operators(), onnx_shape_operators()}) {
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }();
  return table;
}

/// Translates one graph.
class Translation {
 public:
  Translation(const OnnxGraph& graph, const OnnxImportOptions& options, const std::string& where)
      : graph_(graph), options_(options), where_(where) {}

  OnnxModel translate() {
    check_opset();
    check_names();
    choose_outputs();
    find_needed_nodes();
    OnnxBuilder builder(where_, count_uses(), declared_shapes());
    for (const auto& [name, tensor] : graph_.initializers) {
      builder.define(name, OnnxConstant(OnnxConstant(), &tensor));  // the graph owns it
    }
    add_input_to(builder);
    for (const OnnxNode* node : needed_) translate_node(builder, *node);
    add_outputs_to(builder);
    if (builder.network().size() < 2) refuse("there is no layer in this graph");
    OnnxModel model = builder.take();
    model.warnings = std::move(warnings_);
    return model;
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const { throw BadInput(where_ + ": " + why); }

  void check_opset() const {
    if (graph_.opset < kOldestOpset || graph_.opset > kNewestOpset) {
      refuse("operator set " + std::to_string(graph_.opset) + " is not supported; " +
             std::to_string(kOldestOpset) + " to " + std::to_string(kNewestOpset) +
             " are, convert the model");
    }
  }

  /// Every value is made once.
  void check_names() const {
    std::set<std::string> made;
    for (const OnnxValueInfo& input : graph_.inputs) {
      if (!made.insert(input.name).second) refuse("the input '" + input.name + "' is there twice");
    }
    for (const OnnxNode& node : graph_.nodes) {
      for (const std::string& name : node.outputs) {
        if (name.empty()) continue;
        if (graph_.initializers.contains(name) || !made.insert(name).second) {
          refuse("'" + name + "' is made twice; the file is damaged");
        }
      }
    }
  }

  void choose_outputs() {
    outputs_ = options_.outputs;
    if (outputs_.empty()) {
      for (const OnnxValueInfo& output : graph_.outputs) outputs_.push_back(output.name);
    }
    if (outputs_.empty()) refuse("this graph has no output");
    for (const std::string& name : outputs_) {
      if (std::count(outputs_.begin(), outputs_.end(), name) > 1) {
        refuse("the output '" + name + "' is there twice");
      }
    }
  }

  /// The nodes that lead to the outputs, in the file's order.
  void find_needed_nodes() {
    std::set<std::string> wanted(outputs_.begin(), outputs_.end());
    std::vector<const OnnxNode*> backwards;
    for (auto node = graph_.nodes.rbegin(); node != graph_.nodes.rend(); ++node) {
      const bool needed =
          std::any_of(node->outputs.begin(), node->outputs.end(),
                      [&](const std::string& name) { return wanted.contains(name); });
      if (!needed) continue;
      backwards.push_back(&*node);
      wanted.insert(node->inputs.begin(), node->inputs.end());
      wanted.erase("");  // an optional input that is left out
    }
    needed_.assign(backwards.rbegin(), backwards.rend());
  }

  [[nodiscard]] std::map<std::string, int> count_uses() const {
    std::map<std::string, int> uses;
    for (const std::string& name : outputs_) ++uses[name];
    for (const OnnxNode* node : needed_) {
      for (const std::string& name : node->inputs) ++uses[name];
    }
    return uses;
  }

  [[nodiscard]] std::map<std::string, std::vector<std::int64_t>> declared_shapes() const {
    std::map<std::string, std::vector<std::int64_t>> declared;
    for (const auto* list : {&graph_.outputs, &graph_.values}) {
      for (const OnnxValueInfo& value : *list) {
        if (value.dims) declared[value.name] = *value.dims;
      }
    }
    return declared;
  }

  /// The one input that is no constant.
  [[nodiscard]] const OnnxValueInfo& picture_input() const {
    std::vector<const OnnxValueInfo*> inputs;
    std::string names;
    for (const OnnxValueInfo& input : graph_.inputs) {
      if (graph_.initializers.contains(input.name)) continue;
      inputs.push_back(&input);
      names += (names.empty() ? "" : ", ") + input.name;
    }
    if (inputs.empty()) refuse("this graph has no input");
    if (inputs.size() > 1) {
      refuse("this graph has " + std::to_string(inputs.size()) + " inputs (" + names +
             "), which is not supported; one picture is");
    }
    return *inputs.front();
  }

  /// Whether pictures come with their channels last: all readers transpose them.
  [[nodiscard]] bool has_channels_last(const std::string& input) const {
    const std::vector<std::int64_t> to_front{0, 3, 1, 2};
    bool any = false;
    for (const OnnxNode* node : needed_) {
      if (std::count(node->inputs.begin(), node->inputs.end(), input) == 0) continue;
      const auto perm = node->attributes.find("perm");
      if (node->op != "Transpose" || perm == node->attributes.end() ||
          perm->second != OnnxAttribute(to_front)) {
        return false;
      }
      any = true;
    }
    return any;
  }

  void add_input_to(OnnxBuilder& builder) {
    const OnnxValueInfo& input = picture_input();
    const std::string label = "the input '" + input.name + "'";
    if (!input.is_float) refuse(label + " must hold floats");
    if (!input.dims) refuse(label + " has no shape, which is not supported");
    std::vector<std::int64_t> dims = *input.dims;
    if (dims.size() != 2 && dims.size() != 4) {
      refuse(label + " of " + to_string(dims) +
             " is not supported; pictures (NCHW) and vectors (NC) are");
    }
    if (dims[0] < 0) dims[0] = 1;  // an open batch is one picture
    if (dims[0] > 1) {
      warnings_.push_back(label + " is for " + std::to_string(dims[0]) +
                          " pictures; vpinfer takes one at a time");
    }
    builder.set_batch(dims[0]);
    if (dims.size() == 2 && options_.size) refuse(label + " is a vector, --size is for pictures");
    const auto is_colour = [](std::int64_t extent) { return extent == 1 || extent == 3; };
    const bool channels_last = dims.size() == 4 && is_colour(dims[3]) && !is_colour(dims[1]) &&
                               has_channels_last(input.name);
    const std::size_t rows = channels_last ? 1 : 2;
    if (dims.size() == 4) {
      settle(dims[rows], options_.size ? options_.size->rows : -1, label);
      settle(dims[rows + 1], options_.size ? options_.size->cols : -1, label);
    }
    for (const std::int64_t extent : dims) {
      if (extent < 1 || extent > 65536) {
        refuse(label + " of " + to_string(dims) + " is not possible; its extents are 1 to 65536");
      }
    }
    const auto extent = [&](std::size_t axis) { return static_cast<int>(dims[axis]); };
    FeatureMap map{0, dims};
    Shape shape{1, 1, extent(1)};
    if (channels_last) {
      shape = {extent(1), extent(2), extent(3)};
      map.order = kChannelsLast;
    } else if (dims.size() == 4) {
      shape = {extent(2), extent(3), extent(1)};
    }
    add_input(builder.network(), shape, where_);
    builder.define(input.name, map);
  }

  /// An open extent becomes the wanted one.
  void settle(std::int64_t& extent, int wanted, const std::string& label) const {
    if (extent < 0 && wanted < 0) {
      refuse(label + " leaves rows or columns open; say which with --size ROWSxCOLUMNS");
    }
    if (extent < 0) extent = wanted;
    if (wanted >= 0 && extent != wanted) {
      refuse(label + " has " + std::to_string(extent) + " rows or columns, --size says " +
             std::to_string(wanted));
    }
  }

  void translate_node(OnnxBuilder& builder, const OnnxNode& node) const {
    const OnnxNodeReader reader(node, where_, graph_.opset);
    if (!node.domain.empty()) reader.unsupported("an operator of '" + node.domain + "'");
    if (!node.unreadable.empty()) {
      reader.unsupported("the attribute '" + node.unreadable.front() + "'");
    }
    if (!fold(builder, reader)) translate_or_add_islands(builder, reader);
    builder.release(node);
  }

  /// What no layer on pictures expresses becomes an island.
  static void translate_or_add_islands(OnnxBuilder& builder, const OnnxNodeReader& reader) {
    const OnnxNode& node = reader.node();
    const auto found =
        std::find_if(operators().begin(), operators().end(),
                     [&](const OnnxOperator& candidate) { return candidate.name == node.op; });
    const bool is_layer = found != operators().end();
    if (!is_layer && !can_evaluate(node.op)) {
      reader.refuse(
          "this operator is not supported; 'vpinfer import --list-layers' shows those that are, "
          "--outputs ends the network before it");
    }
    if (is_layer && node.inputs.size() > found->most_inputs) {
      reader.refuse("it has " + std::to_string(node.inputs.size()) + " inputs, " +
                    std::to_string(found->most_inputs) + " are possible");
    }
    if (!has_an_output(reader)) reader.refuse("it has no output");
    if (!is_layer || reads_integers(builder, reader)) return builder.add_islands(reader);
    if (!reader.has_output(0)) reader.unsupported("leaving out its first output");
    const OnnxBuilder::Checkpoint checkpoint = builder.checkpoint();
    try {
      found->translate(builder, reader);
    } catch (const Unsupported&) {
      if (!can_evaluate(node.op) || builder.batch() != 1) throw;
      builder.go_back(checkpoint, node);
      builder.add_islands(reader);
    }
  }

  static bool has_an_output(const OnnxNodeReader& reader) {
    const std::vector<std::string>& outputs = reader.node().outputs;
    return std::any_of(outputs.begin(), outputs.end(),
                       [](const std::string& name) { return !name.empty(); });
  }

  /// Whether a node computes with whole numbers that depend on the picture.
  static bool reads_integers(const OnnxBuilder& builder, const OnnxNodeReader& reader) {
    for (std::size_t i = 0; i < reader.node().inputs.size(); ++i) {
      if (!reader.has_input(i)) continue;
      const auto* map = std::get_if<FeatureMap>(&builder.value(reader, i));
      if (map != nullptr && !map->is_float) return reader.node().op != "Shape";
    }
    return false;
  }

  /// Computes a node that depends on constants only; false if it does not.
  static bool fold(OnnxBuilder& builder, const OnnxNodeReader& reader) {
    if (!has_an_output(reader) || !can_evaluate(reader.node().op)) return false;
    std::vector<const OnnxTensor*> inputs;
    for (std::size_t i = 0; i < reader.node().inputs.size(); ++i) {
      if (!reader.has_input(i)) {
        inputs.push_back(nullptr);
        continue;
      }
      const auto* constant = std::get_if<OnnxConstant>(&builder.value(reader, i));
      if (constant == nullptr) return false;
      inputs.push_back(constant->get());
    }
    std::vector<OnnxTensor> results = evaluate(reader, inputs);
    for (std::size_t i = 0; i < reader.node().outputs.size(); ++i) {
      const std::string& name = reader.node().outputs[i];
      if (name.empty() || !builder.is_read(name)) continue;
      if (i >= results.size()) reader.unsupported("its output number " + std::to_string(i + 1));
      builder.define(name, std::make_shared<OnnxTensor>(std::move(results[i])));
    }
    return true;
  }

  /// A layer can be an output once, and the input none: others get a copy.
  void add_outputs_to(OnnxBuilder& builder) {
    Network& network = builder.network();
    std::set<int> taken{0};
    for (const std::string& name : outputs_) {
      const OnnxValue* value = builder.find(name);
      if (value == nullptr) refuse("no node makes the output '" + name + "'");
      const auto* map = std::get_if<FeatureMap>(value);
      if (map == nullptr) {
        refuse("the output '" + name + "' is a constant, which is not supported");
      }
      const FeatureMap ordered = in_order(builder, builder.with_margin(*map, where_), name);
      int position = ordered.position;
      if (taken.contains(position)) {
        position = add_layer(network, Concat{}, {position}, where_, name);
      }
      taken.insert(position);
      add_output(network, position, name, where_);
      builder.add_result({name, position, {ordered.dims, ordered.order, ordered.is_float}});
    }
  }

  /// An output's elements as NCHW or NHWC.
  [[nodiscard]] FeatureMap in_order(OnnxBuilder& builder, const FeatureMap& map,
                                    const std::string& name) const {
    if (builder.same_order(map, kChannelsFirst) || builder.same_order(map, kChannelsLast)) {
      return map;
    }
    const OnnxNode node{"Identity", "", name, {}, {name}, {}, {}};
    return builder.laid_out(OnnxNodeReader(node, where_, graph_.opset), map);
  }

  const OnnxGraph& graph_;
  const OnnxImportOptions& options_;
  const std::string& where_;
  std::vector<std::string> outputs_;
  std::vector<const OnnxNode*> needed_;
  std::vector<std::string> warnings_;
};

}  // namespace

std::vector<OnnxOperatorHelp> onnx_operators() {
  std::vector<OnnxOperatorHelp> list;
  for (const OnnxOperator& op : operators()) list.push_back({op.name, op.help});
  for (const std::string_view op : evaluated_operators()) {
    const bool listed = std::any_of(list.begin(), list.end(),
                                    [&](const OnnxOperatorHelp& help) { return help.name == op; });
    if (!listed) list.push_back({op, "as an island, whole on one rank"});
  }
  return list;
}

OnnxModel translate_onnx(const OnnxGraph& graph, const OnnxImportOptions& options,
                         const std::string& where) {
  return Translation(graph, options, where).translate();
}

}  // namespace vpinfer
