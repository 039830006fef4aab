#include <iostream>

#include "app/commands.hpp"
#include "base/units.hpp"
#include "import/onnx.hpp"
#include "io/model_file.hpp"
#include "program/program.hpp"
#include "report/summary.hpp"
#include "report/table.hpp"
#include "search/planner.hpp"
#include "tensor/node_reader.hpp"
#include "vpinfer/model.hpp"

namespace vpinfer {
namespace {

std::size_t fullest_rank_bytes(const Network& network, Strategy strategy, int ranks) {
  const Plan plan = make_plan(network, strategy, ranks);
  return fullest(predict_memory({network, plan}, result_layers(network))).bytes;
}

std::string_view abbreviation(NumberFormat format) {
  switch (format) {
    case NumberFormat::kFloat: return "fp32";
    case NumberFormat::kHalf: return "fp16";
  }
  return "an unknown format";
}

/// What the fullest of P ranks would hold.
std::string describe_scaling(const Network& network) {
  Table table({{"ranks"}, {"vertical/MiB"}, {"data/MiB"}});
  for (const int ranks : {1, 2, 4, 8, 16}) {
    table.add({std::to_string(ranks),
               mebibytes(fullest_rank_bytes(network, Strategy::kVertical, ranks)),
               mebibytes(fullest_rank_bytes(network, Strategy::kData, ranks))});
  }
  return "predicted memory of the fullest rank\n" + table.text();
}

std::string extents(const OnnxTensorListing& tensor) {
  return tensor.dims ? to_string(*tensor.dims) : "unknown";
}

/// Inputs or outputs, one per line.
std::string describe_tensors(const std::string& title,
                             const std::vector<OnnxTensorListing>& tensors) {
  std::string text = title + "\n";
  for (const OnnxTensorListing& tensor : tensors) {
    text += "  " + printable(tensor.name) + "  " + extents(tensor) + "\n";
  }
  return text;
}

/// What cannot be imported of an ONNX file, and up to where the rest can.
std::string describe_problems(const OnnxListing& listing) {
  std::string text;
  for (const OnnxListing::Node& node : listing.nodes) {
    if (!node.problem.empty()) text += printable(node.problem) + "\n";
  }
  if (listing.cuts.empty()) return text;
  std::string names;
  for (const std::string& cut : listing.cuts) names += (names.empty() ? "" : ",") + cut;
  return text + "--outputs " + names + " would import the rest\n";
}

/// An ONNX file, supported or not: its tensors, which --outputs can name.
std::string describe_onnx(const std::filesystem::path& path) {
  const OnnxGraph graph = read_onnx(path);
  const OnnxListing listing = list_onnx(graph, path.string());
  Table table(
      {{"tensor", Align::kLeft}, {"shape"}, {"operator", Align::kLeft}, {"node", Align::kLeft}});
  for (const OnnxListing::Node& node : listing.nodes) {
    for (const OnnxTensorListing& output : node.outputs) {
      table.add(
          {printable(output.name), extents(output), printable(node.op), printable(node.name)});
    }
  }
  return printable(path.filename().string()) + ": operator set " + std::to_string(graph.opset) +
         ", " + std::to_string(graph.nodes.size()) + " nodes\n" +
         describe_tensors("inputs", listing.inputs) + describe_tensors("outputs", listing.outputs) +
         "\n" + table.text() + describe_problems(listing);
}

}  // namespace

ExitCode show_info(const InfoOptions& options) {
  if (is_onnx(options.model)) {
    std::cout << describe_onnx(options.model);
    return ExitCode::kDone;
  }
  const Model model(options.model);
  const Network& network = model.file().network();
  std::cout << describe_network(network) << describe_preparation(network) << "weights stored in "
            << abbreviation(network.precision) << ", checksum " << model.checksum() << "\n\n"
            << describe_layers(network) << '\n';
  if (const std::optional<Plan>& plan = model.partition()) {
    const Cluster cluster = cluster_of(plan->ranks, raspberry_pi_4());
    std::cout << "partitioned: " << describe_plan(network, *plan, predict(model, *plan, cluster));
  } else {
    std::cout << describe_scaling(network);
  }
  return ExitCode::kDone;
}

}  // namespace vpinfer
