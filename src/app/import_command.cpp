#include <algorithm>
#include <array>
#include <iostream>
#include <memory>
#include <optional>

#include "app/commands.hpp"
#include "app/output_files.hpp"
#include "import/darknet.hpp"
#include "import/heads.hpp"
#include "import/labels.hpp"
#include "import/onnx.hpp"
#include "import/onnx_metadata.hpp"
#include "report/summary.hpp"
#include "vision/interpretation.hpp"

namespace vpinfer {
namespace {

/// A network with its weights, wherever it came from.
struct Imported {
  Network network;
  WeightSource weights;
  std::vector<std::string> warnings;
  Resize resize = Resize::kLetterbox;
  std::vector<std::string> labels = {};  ///< that the file brings
};

Imported import_darknet(const ImportOptions& options) {
  const auto model = std::make_shared<DarknetModel>(read_darknet_cfg(options.source));
  const std::string weights = options.random_seed
                                  ? "random weights, seed " + std::to_string(*options.random_seed)
                                  : options.weights.filename().string();
  const WeightSource source =
      options.random_seed ? random_weights(*model, *options.random_seed)
                          : darknet_weights(*model, options.weights, options.variance_epsilon);
  Imported imported{model->network, [model, source](int position) { return source(position); },
                    model->warnings, model->resize};
  imported.network.origin = options.source.filename().string() + ", " + weights;
  return imported;
}

Imported import_onnx(const ImportOptions& options) {
  const OnnxGraph graph = read_onnx(options.source);
  const auto model =
      std::make_shared<OnnxModel>(translate_onnx(graph, options.onnx, options.source.string()));
  Imported imported{std::move(model->network),
                    [model](int position) { return std::move(model->weights.at(position)); },
                    std::move(model->warnings)};
  imported.labels = labels_of(graph.metadata);
  imported.network.name = options.source.stem().string();
  imported.network.origin =
      options.source.filename().string() + ", operator set " + std::to_string(graph.opset);
  if (!graph.producer.empty()) imported.network.origin += " by " + graph.producer;
  if (!options.heads.empty()) {
    const std::vector<std::string> unknown = add_heads(imported.network, options.heads);
    imported.warnings.insert(imported.warnings.end(), unknown.begin(), unknown.end());
  }
  return imported;
}

bool has_grid_head(const Network& network) {
  return std::any_of(network.layers.begin(), network.layers.end(), [](const Layer& layer) {
    return std::holds_alternative<GridHead>(layer.operation);
  });
}

/// Names what the network tells apart: as the user says or, if it suits, the file.
void add_labels(Network& network, const ImportOptions& options,
                const std::vector<std::string>& brought) {
  const Interpretation meaning = interpret(network, options.source.string());
  if (options.labels.empty()) {
    const bool suits = !meaning.gives_tensors_only() &&
                       static_cast<int>(brought.size()) == std::max(1, meaning.classes);
    if (suits) network.labels = brought;
    return;
  }
  network.labels = read_labels(options.labels);
  if (meaning.gives_tensors_only()) {
    throw BadUsage("--labels: " + options.source.string() +
                   " has no classes to name, it ends in no detector's head and no softmax");
  }
  const int classes = std::max(1, meaning.classes);  // without classes there is one thing to see
  if (static_cast<int>(network.labels.size()) != classes) {
    throw BadInput(options.labels.string() + ": has " + std::to_string(network.labels.size()) +
                   " labels, the network has " + std::to_string(classes) + " classes");
  }
}

}  // namespace

ExitCode import_model(const ImportOptions& options) {
  check_output_file("--output", options.output,
                    {options.source, options.weights, options.labels, options.heads});
  Imported imported = is_onnx(options.source) ? import_onnx(options) : import_darknet(options);
  for (const std::string& warning : imported.warnings) {
    std::cerr << "warning: " << printable(warning) << '\n';
  }
  Network& network = imported.network;
  const std::array<float, 3> scale = network.normalisation.scale;
  network.normalisation = options.normalisation;
  if (!options.has_scale) network.normalisation.scale = scale;
  // As the frameworks resize that networks come from, and Darknet for YOLOv1.
  if (is_onnx(options.source)) network.normalisation.grid = PixelGrid::kCentres;
  if (imported.resize == Resize::kStretch || has_grid_head(network)) {
    network.normalisation.resize = Resize::kStretch;
  }
  add_labels(network, options, imported.labels);
  network.precision = options.precision;
  write_model(options.output, network, imported.weights);
  std::cout << describe_network(network) << "written to " << options.output.string() << '\n';
  return ExitCode::kDone;
}

}  // namespace vpinfer
