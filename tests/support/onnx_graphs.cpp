#include "support/onnx_graphs.hpp"

#include <gtest/gtest.h>

#include "support/random.hpp"
#include "support/random_network.hpp"
#include "support/reference.hpp"
#include "vpinfer/base/error.hpp"

namespace vpinfer {
namespace {

std::size_t count(const std::vector<std::int64_t>& dims) {
  std::size_t elements = 1;
  for (const std::int64_t extent : dims) elements *= static_cast<std::size_t>(extent);
  return elements;
}

/// From [rows][cols][channels] to [channels][rows][cols].
std::vector<float> channels_first(const std::vector<float>& values, const Shape& shape) {
  std::vector<float> result;
  for (int channel = 0; channel < shape.channels; ++channel) {
    for (int row = 0; row < shape.rows; ++row) {
      for (int col = 0; col < shape.cols; ++col) {
        result.push_back(values[flat_index(shape, row, col, channel)]);
      }
    }
  }
  return result;
}

}  // namespace

OnnxTensor floats(std::vector<std::int64_t> dims, std::vector<float> values) {
  return {std::move(dims), std::move(values)};
}

OnnxTensor integers(std::vector<std::int64_t> values) {
  return {{static_cast<std::int64_t>(values.size())}, std::move(values)};
}

OnnxTensor random_floats(std::vector<std::int64_t> dims, std::uint32_t seed) {
  const std::size_t elements = count(dims);
  return {std::move(dims), Random(seed).reals(elements, -1, 1)};
}

GraphMaker::GraphMaker(std::vector<std::int64_t> input, std::int64_t opset) {
  graph_.opset = opset;
  graph_.newest_opset = 17;
  graph_.inputs.push_back({"x", true, std::move(input)});
}

GraphMaker& GraphMaker::constant(const std::string& name, OnnxTensor tensor) {
  graph_.initializers[name] = std::move(tensor);
  return *this;
}

GraphMaker& GraphMaker::node(const std::string& op, std::vector<std::string> inputs,
                             const std::string& output,
                             std::map<std::string, OnnxAttribute> attributes) {
  graph_.nodes.push_back({op, "", "", std::move(inputs), {output}, std::move(attributes), {}});
  return *this;
}

GraphMaker& GraphMaker::output(const std::string& name) {
  graph_.outputs.push_back({name, true, std::nullopt});
  return *this;
}

OnnxModel GraphMaker::translate(const OnnxImportOptions& options) const {
  return translate_onnx(graph_, options, "m.onnx");
}

std::string GraphMaker::refusal(const OnnxImportOptions& options) const {
  try {
    (void)translate(options);
  } catch (const BadInput& e) {
    return e.what();
  }
  ADD_FAILURE() << "nothing was refused";
  return {};
}

std::vector<float> run_translated(const OnnxModel& model, std::uint32_t seed,
                                  std::vector<float>& input) {
  const Network& network = model.network;
  std::vector<LayerWeights> weights(network.layers.size());
  for (const auto& [position, trained] : model.weights) {
    weights[static_cast<std::size_t>(position)] = trained;
  }
  const std::vector<float> picture = seeded_input(network, seed);
  input = channels_first(picture, network.input_shape());
  const int position = network.outputs.front().position;
  const Outputs outputs = reference_run(network, weights, picture);
  return channels_first(outputs[static_cast<std::size_t>(position)],
                        network.layer(position).output);
}

std::vector<std::string> operations(const OnnxModel& model) {
  std::vector<std::string> names;
  for (int i = 1; i < model.network.size(); ++i) {
    names.emplace_back(operation_name(model.network.layer(i).operation));
  }
  return names;
}

}  // namespace vpinfer
