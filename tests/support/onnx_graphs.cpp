#include "support/onnx_graphs.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "support/error_line.hpp"
#include "support/random.hpp"
#include "support/random_network.hpp"
#include "support/reference.hpp"
#include "vpinfer/error.hpp"

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
  graph_.inputs.push_back({"x", true, std::move(input)});
}

GraphMaker& GraphMaker::constant(const std::string& name, OnnxTensor tensor) {
  graph_.initializers[name] = std::move(tensor);
  return *this;
}

GraphMaker& GraphMaker::node(const std::string& op, std::vector<std::string> inputs,
                             const std::string& output,
                             std::map<std::string, OnnxAttribute> attributes) {
  return node_of(op, std::move(inputs), {output}, std::move(attributes));
}

GraphMaker& GraphMaker::node_of(const std::string& op, std::vector<std::string> inputs,
                                std::vector<std::string> outputs,
                                std::map<std::string, OnnxAttribute> attributes) {
  graph_.nodes.push_back(
      {op, "", "", std::move(inputs), std::move(outputs), std::move(attributes), {}});
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
  return error_line<BadInput>([&] { (void)translate(options); });
}

std::vector<std::vector<float>> run_all_outputs(const OnnxModel& model, std::uint32_t seed,
                                                std::vector<float>& input) {
  const Network& network = model.network;
  std::vector<LayerWeights> weights(network.layers.size());
  for (const auto& [position, trained] : model.weights) {
    weights[static_cast<std::size_t>(position)] = trained;
  }
  const std::vector<float> picture = seeded_input(network, seed);
  input = channels_first(picture, network.input_shape());
  const Outputs layers = reference_run(network, weights, picture);
  std::vector<std::vector<float>> outputs;
  for (std::size_t i = 0; i < network.outputs.size(); ++i) {
    const int position = network.outputs[i].position;
    const std::vector<float>& box = layers[static_cast<std::size_t>(position)];
    const bool is_picture = model.results[i].form.dims.size() != 3;
    outputs.push_back(is_picture ? channels_first(box, network.layer(position).output) : box);
  }
  return outputs;
}

std::vector<float> run_translated(const OnnxModel& model, std::uint32_t seed,
                                  std::vector<float>& input) {
  return run_all_outputs(model, seed, input).front();
}

OnnxModel expect_translations(
    const GraphMaker& maker,
    const std::function<std::vector<NdArray>(const NdArray&)>& definition) {
  OnnxModel model = maker.translate();
  std::vector<float> input;
  const std::vector<std::vector<float>> actual = run_all_outputs(model, 3, input);
  const Shape& shape = model.network.input_shape();
  const Ints& dims = *maker.graph().inputs.front().dims;
  const bool vector = dims.size() == 2;
  const std::vector<NdArray> expected = definition(
      {vector ? Ints{1, shape.channels} : Ints{1, shape.channels, shape.rows, shape.cols},
       {input.begin(), input.end()}});
  EXPECT_EQ(actual.size(), expected.size());
  for (std::size_t output = 0; output < std::min(actual.size(), expected.size()); ++output) {
    const std::vector<double>& values = expected[output].values;
    EXPECT_EQ(actual[output].size(), values.size()) << "output " << output;
    if (actual[output].size() != values.size()) continue;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double tolerance = 1e-4 * (1 + std::abs(values[i]));
      EXPECT_NEAR(static_cast<double>(actual[output][i]), values[i], tolerance)
          << "element " << i << " of output " << output;
      if (!(std::abs(static_cast<double>(actual[output][i]) - values[i]) <= tolerance)) break;
    }
  }
  return model;
}

OnnxModel expect_translation(const GraphMaker& maker,
                             const std::function<NdArray(const NdArray&)>& definition) {
  return expect_translations(maker,
                             [&](const NdArray& x) { return std::vector<NdArray>{definition(x)}; });
}

std::vector<std::string> operations(const OnnxModel& model) {
  std::vector<std::string> names;
  for (int i = 1; i < model.network.size(); ++i) {
    names.emplace_back(operation_name(model.network.layer(i).operation));
  }
  return names;
}

}  // namespace vpinfer
