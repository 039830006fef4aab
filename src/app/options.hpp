#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "import/onnx.hpp"
#include "io/model_file.hpp"
#include "net/network.hpp"
#include "search/planner.hpp"
#include "vpinfer/plan.hpp"

namespace vpinfer {

struct ImportOptions {
  std::filesystem::path source;   ///< a Darknet .cfg or an .onnx file
  std::filesystem::path weights;  ///< Darknet's; empty: random weights
  std::optional<std::uint64_t> random_seed;
  std::optional<float> variance_epsilon;  ///< of a .weights file; nothing: by who wrote it
  OnnxImportOptions onnx;
  std::filesystem::path heads;  ///< how to decode an ONNX network's outputs; empty: not
  bool list_layers = false;
  std::filesystem::path labels;  ///< empty: none
  std::filesystem::path output;
  NumberFormat precision = NumberFormat::kFloat;
  InputNormalisation normalisation;
  bool has_scale = false;  ///< the user's, instead of the network's
};

struct InfoOptions {
  std::filesystem::path model;
};

struct PlanOptions {
  std::filesystem::path model;
  std::optional<int> ranks;     ///< nothing: as many as the cluster has
  std::string cluster;          ///< a file or kinds of hosts; empty: Raspberry Pis 4
  std::filesystem::path hosts;  ///< a hostfile that names them; empty: they have no names
  std::optional<double> link_bytes_per_second;  ///< of every host; nothing: as the cluster has it
  std::optional<Strategy> strategy;  ///< nothing: vertical, or without ranks a verdict on all
  PlanningOptions planning;
  std::optional<int> threads;    ///< nothing: those of the cluster
  bool front = false;            ///< all plans worth a choice instead of one
  std::optional<int> pick;       ///< one of the front, from 1
  std::filesystem::path svg;     ///< a drawing of the front; empty: none
  std::filesystem::path output;  ///< empty: only print
};

struct PartitionOptions {
  std::filesystem::path model;
  std::optional<int> ranks;
  std::filesystem::path plan;  ///< instead of `ranks`
  Strategy strategy = Strategy::kVertical;
  PlanningOptions planning;
  std::filesystem::path output;
  PartitionFiles files = PartitionFiles::kOne;
};

struct CalibrateOptions {
  std::filesystem::path output;  ///< empty: only print
  std::optional<int> threads;
  std::chrono::duration<double> patience{5};  ///< for all measurements together
  std::chrono::duration<double> timeout{60};
};

/// The layers to dump beside the results.
struct DumpLayers {
  bool all = false;
  std::vector<int> numbers;
};

/// What `--wire` says for each exchange in a format of its own.
inline constexpr std::string_view kChosenWire = "auto";

struct RunOptions {
  std::string command_line;
  std::filesystem::path model;
  std::filesystem::path input;   ///< empty: the built-in test picture; -: the standard input
  std::filesystem::path output;  ///< empty: no pictures
  std::optional<Strategy> strategy;
  std::filesystem::path plan;  ///< empty: planned anew
  std::string cluster;         ///< a file or kinds of hosts; empty: Raspberry Pis 4
  PlanningOptions planning;
  bool compare_single = false;
  int repeat = 1;
  std::optional<int> in_flight;  ///< frames under way at once; nothing: as many as pay
  bool is_stream = false;        ///< even a single picture that is repeated
  std::optional<int> threads;
  std::filesystem::path json;
  std::filesystem::path dump_output;
  DumpLayers dump_layers;
  float threshold = 0.5F;
  float nms = 0.45F;
  std::chrono::duration<double> timeout{60};

  [[nodiscard]] bool reads_standard_input() const { return input == "-"; }
};

/// A request that is answered by a text: --help or --version.
struct TextRequest {
  std::string text;
};

using Command = std::variant<TextRequest, RunOptions, ImportOptions, InfoOptions, PlanOptions,
                             PartitionOptions, CalibrateOptions>;

/// Reads the command line; `run` is the default subcommand.  Throws BadUsage, one line.
[[nodiscard]] Command parse_command_line(int argc, const char* const* argv);

}  // namespace vpinfer
