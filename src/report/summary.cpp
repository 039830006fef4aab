#include "report/summary.hpp"

#include <array>
#include <sstream>
#include <variant>

#include "base/units.hpp"
#include "program/program.hpp"
#include "report/table.hpp"

namespace vpinfer {
namespace {

std::string window_text(const Window& rows, const Window& cols) {
  std::string text = std::to_string(rows.size) + "x" + std::to_string(cols.size);
  if (rows.stride != cols.stride) {
    text += "/" + std::to_string(rows.stride) + "x" + std::to_string(cols.stride);
  } else if (rows.stride != 1) {
    text += "/" + std::to_string(rows.stride);
  }
  if (rows.dilation != 1) text += " dilated " + std::to_string(rows.dilation);
  return text;
}

std::string block_text(int rows, int cols) {
  return "blocks of " + std::to_string(rows) + "x" + std::to_string(cols);
}

std::string name_of(const Activation& activation) {
  return std::string(to_string(activation.function));
}

/// The parameters of an operation that matter to a reader.
struct Parameters {
  std::string operator()(const Convolution& c) const {
    std::string text = window_text(c.rows, c.cols);
    if (c.groups != 1) text += " groups " + std::to_string(c.groups);
    return text + " " + name_of(c.activation);
  }
  std::string operator()(const LocallyConnected& l) const {
    return window_text(l.rows, l.cols) + " " + name_of(l.activation);
  }
  std::string operator()(const MaxPool& p) const { return window_text(p.rows, p.cols); }
  std::string operator()(const AveragePool& p) const { return window_text(p.rows, p.cols); }
  std::string operator()(const Elementwise& e) const {
    constexpr std::array kNames{"add", "subtract", "multiply", "divide", "maximum", "minimum"};
    return kNames[static_cast<std::size_t>(e.function)] + (" " + name_of(e.activation));
  }
  std::string operator()(const Shortcut& s) const { return name_of(s.activation); }
  std::string operator()(const Sum& s) const {
    return (s.weighted ? "weighted " : "") + name_of(s.activation);
  }
  std::string operator()(const Activate& a) const { return name_of(a.activation); }
  std::string operator()(const Attention& a) const { return std::to_string(a.heads) + " heads"; }
  std::string operator()(const Softmax& s) const {
    if (!s.tree.empty()) return "tree of " + std::to_string(s.tree.size()) + " classes";
    return s.groups == 1 ? "" : "groups " + std::to_string(s.groups);
  }
  std::string operator()(const Reorg& r) const {
    return "stride " + std::to_string(r.stride) + (r.reverse ? " reverse" : "");
  }
  std::string operator()(const SpaceToDepth& s) const { return block_text(s.rows, s.cols); }
  std::string operator()(const DepthToSpace& d) const { return block_text(d.rows, d.cols); }
  std::string operator()(const ShuffleChannels& s) const {
    return "groups " + std::to_string(s.groups);
  }
  std::string operator()(const Island& i) const { return i.node.op; }
  std::string operator()(const Region& r) const {
    return std::to_string(r.anchors.size()) + " anchors, " + std::to_string(r.classes) + " classes";
  }
  std::string operator()(const GridHead& h) const {
    return std::to_string(h.side) + "x" + std::to_string(h.side) + " cells, " +
           std::to_string(h.classes) + " classes";
  }
  std::string operator()(const NanoDet& h) const {
    return "stride " + std::to_string(h.stride) + ", " + std::to_string(h.classes) + " classes";
  }
  std::string operator()(const Candidates& c) const {
    constexpr std::array kBoxes{"centre", "corners", "offsets", "sizes", "distances"};
    return std::string(kBoxes[static_cast<std::size_t>(c.box)]) + ", " +
           std::to_string(c.classes()) + (c.classes() == 1 ? " class" : " classes") +
           (c.point_values() == 0
                ? ""
                : ", " + std::to_string(c.point_values() / c.values_per_point) + " points") +
           (c.mask_coefficients() == 0
                ? ""
                : ", " + std::to_string(c.mask_coefficients()) + " coefficients of masks");
  }
  /// The shapes of inputs and output say it all.
  template <typename Other>
  std::string operator()(const Other&) const {
    return "";
  }
};

std::size_t parameter_bytes(const Network& network, int position) {
  return weight_shape(network, position).numbers() * sizeof(float);
}

struct Totals {
  double flop = 0;
  std::size_t weights_bytes = 0;
};

Totals totals(const Network& network) {
  Totals sum;
  for (int i = 0; i < network.size(); ++i) {
    sum.flop += flop(network, i, whole(network.layer(i).output));
    sum.weights_bytes += parameter_bytes(network, i);
  }
  return sum;
}

std::string input_numbers(const Layer& layer) {
  std::string text;
  for (const int input : layer.inputs) {
    text += text.empty() ? "" : " ";
    text += input == 0 ? "input" : std::to_string(Network::number(input));
  }
  return text;
}

/// A number without zeros at its end.
std::string short_number(float number) {
  std::ostringstream text;
  text << number;
  return text.str();
}

/// Three numbers, or the one that all are.
std::string per_channel(const std::array<float, 3>& numbers) {
  std::string first = short_number(numbers[0]);
  if (numbers[1] == numbers[0] && numbers[2] == numbers[0]) return first;
  return first + "," + short_number(numbers[1]) + "," + short_number(numbers[2]);
}

std::string resize_text(const InputNormalisation& n) {
  const std::string filled = " filled with " + short_number(n.fill);
  switch (n.resize) {
    case Resize::kLetterbox: return "letterboxed," + filled;
    case Resize::kStretch: return "stretched";
    case Resize::kTopLeft: return "put top left," + filled;
  }
  return "";
}

std::string counted(int count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

}  // namespace

std::string describe_layers(const Network& network) {
  Table table({{"layer"},
               {"operation", Align::kLeft},
               {"parameters", Align::kLeft},
               {"inputs", Align::kLeft},
               {"output", Align::kLeft},
               {"MFLOP"},
               {"weights/MiB"}});
  for (int i = 1; i < network.size(); ++i) {
    const Layer& layer = network.layer(i);
    const double mflop = flop(network, i, whole(layer.output)) / 1e6;
    const std::size_t bytes = parameter_bytes(network, i);
    table.add({std::to_string(Network::number(i)), std::string(operation_name(layer.operation)),
               std::visit(Parameters{}, layer.operation), input_numbers(layer),
               to_string(layer.output), bytes == 0 ? "" : fixed(mflop, 1),
               bytes == 0 ? "" : fixed(static_cast<double>(bytes) / kMebibyte, 3)});
  }
  return table.text();
}

std::string describe_network(const Network& network) {
  const Totals sum = totals(network);
  std::string text = network.name + ": " + std::to_string(network.size() - 1) + " layers, " +
                     fixed(sum.flop / 1e9, 2) + " GFLOP, " + mebibytes(sum.weights_bytes) +
                     " MiB of weights in fp32, input " + to_string(network.input_shape()) +
                     " (rows x cols x channels)\n";
  text += "from " + network.origin + "\n";
  if (!network.labels.empty()) {
    text += std::to_string(network.labels.size()) + " labels: " + network.labels.front();
    text += network.labels.size() > 1 ? " ... " + network.labels.back() + "\n" : "\n";
  }
  return text;
}

std::string describe_preparation(const Network& network) {
  const InputNormalisation& n = network.normalisation;
  const int channels = network.input_shape().channels;
  if (channels != 1 && channels != 3) return "";
  std::string text = "pictures: ";
  text += channels == 1 ? "grey" : n.order == ChannelOrder::kBgr ? "BGR" : "RGB";
  text += ", (value - " + per_channel(n.mean) + ") * " + per_channel(n.scale) + ", " +
          resize_text(n) + "\n";
  for (const Depiction& depiction : network.depictions) {
    text += Network::label(depiction.position) + " is " + describe(depiction) + "\n";
  }
  if (network.threshold) {
    text += "threshold: " + short_number(*network.threshold) + " unless --threshold is given\n";
  }
  return text;
}

std::string describe_boxes(const Network& network, const Plan& plan, int rank) {
  int tiles = 0;
  int shares = 0;
  int sums = 0;
  int wholes = 0;
  const Distribution distribution(network, plan);
  for (int i = 1; i < network.size(); ++i) {
    const Box& box = plan.owned(i, rank);
    if (distribution.weights(i, rank).empty()) continue;
    const Box all = whole(network.layer(i).output);
    if (plan.layer(i).divides_sums()) {
      ++sums;
    } else if (box == all) {
      ++wholes;
    } else if (box.channels == all.channels) {
      ++tiles;
    } else {
      ++shares;
    }
  }
  std::string text;
  const auto add = [&text](int count, const std::string& noun) {
    if (count == 0) return;
    text += (text.empty() ? "" : ", ") + counted(count, noun);
  };
  add(wholes, "whole layer");
  add(tiles, "tile");
  add(shares, "channel share");
  add(sums, "divided sum");
  return text.empty() ? "nothing" : text;
}

std::string describe_times(const Prediction& prediction) {
  return "a frame alone takes " + fixed(1e3 * prediction.latency_seconds, 1) + " ms, in a stream " +
         fixed(1 / prediction.period_seconds, 2) + " frames pass per second, predicted\n";
}

std::string formats_remark(WireFormat wire, ConvolutionPath conv) {
  std::string text;
  if (wire != WireFormat::kFloat) text += ", " + std::string(to_string(wire)) + " on the wire";
  if (conv == ConvolutionPath::kDirect) text += ", convolved without Winograd";
  if (conv == ConvolutionPath::kBlas) text += ", convolved by BLAS";
  return text.empty() ? "" : text + ",";
}

std::string describe_plan(const Network& network, const Plan& plan, const Prediction& prediction,
                          const Concurrency& concurrency) {
  Table table({{"rank"},
               {"convolutions", Align::kLeft},
               {"weights"},
               {"activations"},
               {"workspace"},
               {"messages"},
               {"library"},
               {"results"},
               {"total/MiB"}});
  int rank = 0;
  for (const RankMemory& m : prediction.memory) {
    table.add({std::to_string(rank), describe_boxes(network, plan, rank), mebibytes(m.weights),
               mebibytes(m.activations), mebibytes(m.workspace), mebibytes(m.messages),
               mebibytes(m.library), mebibytes(m.results), mebibytes(m.total())});
    ++rank;
  }
  return std::string(to_string(plan.strategy)) + formats_remark(plan.coarsest_wire(), plan.conv) +
         " on " + counted(plan.ranks, "rank") +
         (concurrency.threads > 1 ? " of " + counted(concurrency.threads, "thread") : "") +
         (concurrency.lanes > 1 ? " with " + counted(concurrency.lanes, "frame") : "") +
         ": predicted memory per rank, MiB\n" + table.text() + "fullest rank " +
         mebibytes(fullest(prediction.memory).bytes) + " MiB, " +
         mebibytes(prediction.moved_bytes) + " MiB moved per frame by all ranks together\n";
}

std::string describe_idle_hosts(const Plan& plan, const Cluster& cluster) {
  std::vector<int> idle;
  for (int rank = 0; rank < plan.ranks; ++rank) {
    const auto owns_nothing = [rank](const LayerPlan& layer) {
      return layer.owned[static_cast<std::size_t>(rank)].empty() &&
             (!layer.divides_sums() || layer.sums[static_cast<std::size_t>(rank)].box.empty());
    };
    if (std::all_of(plan.layers.begin(), plan.layers.end(), owns_nothing)) idle.push_back(rank);
  }
  if (idle.empty()) return "";
  const std::string& name = cluster.host(idle.front()).name;
  const std::string who =
      idle.size() > 1 ? std::to_string(idle.size()) + " of " + counted(plan.ranks, "host") + " get"
                      : "rank " + std::to_string(idle.front()) +
                            (name.empty() ? "" : " (" + name + ")") + " gets";
  return who + " nothing: that is the fastest plan found\n";
}

std::string describe_stream(const Distribution& distribution, int threads) {
  const std::vector<RankMemory> memory =
      predict_memory(distribution, result_layers(distribution.network()), {2, threads});
  return "fullest rank in a stream, which keeps two frames: " + mebibytes(fullest(memory).bytes) +
         " MiB\n";
}

}  // namespace vpinfer
