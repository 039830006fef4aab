#include <iostream>

#include "vpinfer/app/commands.hpp"
#include "vpinfer/app/output_files.hpp"
#include "vpinfer/import/darknet.hpp"
#include "vpinfer/import/labels.hpp"
#include "vpinfer/report/summary.hpp"

namespace vpinfer {
namespace {

std::string origin(const ImportOptions& options) {
  const std::string weights = options.random_seed
                                  ? "random weights, seed " + std::to_string(*options.random_seed)
                                  : options.weights.filename().string();
  return options.cfg.filename().string() + ", " + weights;
}

int classes_of(const Network& network) {
  for (const Layer& layer : network.layers) {
    if (const auto* region = std::get_if<Region>(&layer.operation)) return region->classes;
  }
  return 0;
}

void add_labels(Network& network, const ImportOptions& options) {
  if (options.labels.empty()) return;
  network.labels = read_labels(options.labels);
  const int classes =
      std::max(1, classes_of(network));  // without classes there is one thing to see
  if (static_cast<int>(network.labels.size()) != classes) {
    throw BadInput(options.labels.string() + ": has " + std::to_string(network.labels.size()) +
                   " labels, the network has " + std::to_string(classes) + " classes");
  }
}

}  // namespace

ExitCode import_model(const ImportOptions& options) {
  check_output_file("--output", options.output, {options.cfg, options.weights, options.labels});
  DarknetModel model = read_darknet_cfg(options.cfg);
  for (const std::string& warning : model.warnings) std::cerr << "warning: " << warning << '\n';
  model.network.normalisation = options.normalisation;
  model.network.origin = origin(options);
  add_labels(model.network, options);
  const WeightSource weights = options.random_seed ? random_weights(model, *options.random_seed)
                                                   : darknet_weights(model, options.weights);
  write_model(options.output, model.network, options.precision, weights);
  std::cout << describe_network(model.network) << "written to " << options.output.string() << '\n';
  return ExitCode::kDone;
}

}  // namespace vpinfer
