#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>

#include "app/commands.hpp"
#include "app/output_files.hpp"
#include "import/darknet.hpp"
#include "import/depiction_recognition.hpp"
#include "import/heads.hpp"
#include "import/known_labels.hpp"
#include "import/labels.hpp"
#include "import/onnx.hpp"
#include "import/onnx_metadata.hpp"
#include "import/recognition.hpp"
#include "report/summary.hpp"
#include "vision/interpretation.hpp"

namespace vpinfer {
namespace {

/// A network with its weights, wherever it came from.
struct Imported {
  Network network;
  WeightSource weights;
  std::vector<std::string> warnings;
  std::string remark{};                  ///< a line on what the outputs were recognised as
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
                    model->warnings};
  imported.network.normalisation.resize = model->resize;
  imported.network.origin = options.source.filename().string() + ", " + weights;
  return imported;
}

/// What the end of a graph shows; a detector counts first.
struct Recognised {
  std::optional<Recognition> detector{};
  std::optional<Depiction> depiction{};
};

/// A line on what was recognised, and what stays to be said by the user.
std::string describe_recognition(const Recognised& found) {
  if (!found.detector && !found.depiction) {
    return "no way to decode the outputs was recognised: 'run' will give tensors; --heads says how "
           "to decode them, see --list-layers\n";
  }
  std::string text = "recognised: ";
  if (found.detector) {
    const int classes = found.detector->head.classes();
    text += "ends like " + found.detector->kind + ", " + std::to_string(classes) +
            (classes == 1 ? " class" : " classes") +
            (found.detector->prototypes ? " with masks" : "");
  } else {
    text += "the first output is " + describe(*found.depiction);
  }
  text += "; --heads none for tensors\n";
  if (!found.detector || !found.detector->knows_input) {
    text +=
        "how pictures become its input is not to be seen and taken as usual; --mean, --scale, "
        "--bgr, --resize and --fill change it\n";
  }
  return text;
}

/// What the outputs show, by the user's file or as the graph's end shows.
void add_meaning(Imported& imported, const ImportOptions& options, const Recognised& found) {
  Network& network = imported.network;
  network.normalisation.grid = PixelGrid::kCentres;  // as the frameworks resize
  if (options.heads == kNoHeads) return;
  if (!options.heads.empty()) {
    const std::vector<std::string> unknown = add_heads(network, options.heads);
    imported.warnings.insert(imported.warnings.end(), unknown.begin(), unknown.end());
    return;
  }
  if (found.detector) {
    add_recognised(network, *found.detector, options.source.string());
  } else if (interpret(network, options.source.string()).classifier) {
    return;
  } else if (found.depiction) {
    add_depiction(network, *found.depiction, options.source.string());
    const auto* map = std::get_if<ClassMap>(&found.depiction->content);
    if (map != nullptr) network.labels = known_map_labels(map->classes);
  }
  imported.remark = describe_recognition(found);
}

Imported import_onnx(const ImportOptions& options) {
  const OnnxGraph graph = read_onnx(options.source);
  const std::string where = options.source.string();
  const bool recognises = options.heads.empty();
  auto chosen = recognises ? recognise_before_choice(graph, options.onnx, where) : std::nullopt;
  const auto model = std::make_shared<OnnxModel>(
      chosen ? std::move(chosen->model) : translate_onnx(graph, options.onnx, where));
  Recognised found;
  if (chosen) {
    found.detector = std::move(chosen->found);
  } else if (recognises) {
    found = {recognise_detector(graph, *model), recognise_depiction(graph, *model)};
  }
  Imported imported{std::move(model->network),
                    [model](int position) { return std::move(model->weights.at(position)); },
                    std::move(model->warnings)};
  imported.labels = labels_of(graph.metadata);
  imported.network.name = options.source.stem().string();
  imported.network.origin =
      options.source.filename().string() + ", operator set " + std::to_string(graph.opset);
  if (!graph.producer.empty()) imported.network.origin += " by " + graph.producer;
  add_meaning(imported, options, found);
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
                    {options.source, options.weights, options.labels,
                     options.heads == kNoHeads ? "" : options.heads});
  Imported imported = is_onnx(options.source) ? import_onnx(options) : import_darknet(options);
  for (const std::string& warning : imported.warnings) {
    std::cerr << "warning: " << printable(warning) << '\n';
  }
  Network& network = imported.network;
  if (has_grid_head(network)) network.normalisation.resize = Resize::kStretch;  // as Darknet
  network.normalisation = options.input.over(network.normalisation);
  if (options.threshold) network.threshold = options.threshold;
  add_labels(network, options, imported.labels);
  network.precision = options.precision;
  write_model(options.output, network, imported.weights);
  std::cout << imported.remark << describe_network(network) << describe_preparation(network)
            << "written to " << options.output.string() << '\n';
  return ExitCode::kDone;
}

}  // namespace vpinfer
