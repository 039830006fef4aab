#include "app/options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <functional>
#include <string_view>

#include "app/input_choices.hpp"
#include "app/options_values.hpp"
#include "app/supported_layers.hpp"
#include "base/units.hpp"
#include "vpinfer/error.hpp"
#include "vpinfer/version.hpp"

namespace vpinfer {
namespace {

constexpr std::string_view kExitCodes =
    "Exit codes: 0 done, 1 comparison failed, 2 bad usage, 3 bad input or model,\n"
    "4 not enough memory, 5 a rank or link failed, 70 a bug.";

/// Like CLI::Range, but NaN is out of every range.
CLI::Validator within(double low, double high) {
  const std::string range =
      "from " + CLI::detail::to_string(low) + " to " + CLI::detail::to_string(high);
  return {[=](const std::string& text) {
            double value = 0;
            const bool good =
                CLI::detail::lexical_cast(text, value) && value >= low && value <= high;
            return good ? std::string() : text + " is not a number " + range;
          },
          range};
}

/// An empty value is a shell variable that is not set, more likely than "nothing".
void refuse_empty_values(CLI::App& app) {
  for (CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    for (CLI::Option* option : sub->get_options()) {
      option->check(
          [](const std::string& text) { return std::string(text.empty() ? "is empty" : ""); });
    }
  }
}

CLI::Option* add_strategy(CLI::App& app, const std::function<void(Strategy)>& set,
                          PlanningOptions& planning) {
  CLI::Option* strategy = app.add_option_function<std::string>(
      "--strategy", [set](const std::string& name) { set(parse_strategy(name)); },
      "how layers are divided: vertical, data, sequential, horizontal, single, or auto, as is best "
      "for the hosts [vertical]");
  app.add_option_function<std::string>(
         "--fuse", [&planning](const std::string& text) { planning.fuse = parse_fuse(text); },
         "data: convolutions and poolings that share one deep border, or auto [1]")
      ->needs(strategy);
  app.add_option_function<std::string>(
         "--objective",
         [&planning](const std::string& name) { planning.objective = parse_objective(name); },
         "auto: latency, throughput or memory [latency]; vertical: memory, or latency: faster by "
         "prediction, with a seventh more memory or as much as --memory-limit allows [nearly the "
         "least memory, and what a process does not notice where it saves time]")
      ->needs(strategy);
  return strategy;
}

void add_wire_and_conv(CLI::App& app, PlanningOptions& planning, const std::string& by_default) {
  app.add_option_function<std::string>(
      "--wire",
      [&planning](const std::string& name) {
        planning.formats.wire = parse_wire(name);
        planning.chooses_wire = !planning.formats.wire;
      },
      "numbers that travel between ranks: float; half, for half the bytes; int8, for a quarter and "
      "little more; or auto, for each exchange what is fastest, within an error of 3 % [" +
          by_default + "float]");
  app.add_option_function<std::string>(
      "--conv",
      [&planning](const std::string& name) {
        planning.formats.conv = parse_convolution_path(name);
      },
      "convolutions: auto, each the usually fastest way; direct, that without Winograd's; or blas, "
      "all by im2col and BLAS [" +
          by_default + "auto]");
}

CLI::Option* add_memory_limit(CLI::App& app, std::optional<std::size_t>& limit) {
  return app.add_option_function<std::string>(
      "--memory-limit", [&limit](const std::string& text) { limit = parse_limit(text); },
      "refuse a plan that needs more per rank, for example 64MiB");
}

CLI::Option* add_cluster(CLI::App& sub, std::string& cluster) {
  return sub.add_option("--cluster", cluster,
                        "the hosts: a file of vpinfer calibrate, or kinds such as pi4:8@1gbit or "
                        "pi3:4+pi4:2@100mbit [pi4]");
}

CLI::App* add_run(CLI::App& app, RunOptions& run) {
  CLI::App* sub = app.add_subcommand("run", "run a model on all ranks of this MPI job (default)");
  sub->add_option("--model", run.model, "model (.h5), whole or partitioned; required");
  sub->add_option("--input", run.input,
                  "picture (JPEG, PNG), folder of pictures, Motion JPEG video (.mjpeg; - reads it "
                  "from the standard input), or .h5 with a dataset 'input' [a built-in test "
                  "picture]");
  sub->add_option("--output", run.output,
                  "folder for pictures and for what was found in them, as JSON");
  add_cluster(*sub, run.cluster);
  CLI::Option* plan = sub->add_option("--plan", run.plan, "plan file written by 'vpinfer plan -o'");
  add_strategy(
      *sub, [&run](Strategy s) { run.strategy = s; }, run.planning)
      ->excludes(plan);
  add_wire_and_conv(*sub, run.planning, "the plan's, or ");
  add_memory_limit(*sub, run.planning.memory_limit_bytes);
  sub->add_flag("--compare-single", run.compare_single,
                "run on one rank too and compare; exit code 1 if the results differ");
  sub->add_option("--repeat", run.repeat, "timed runs of every picture, after a warm-up [1]")
      ->check(CLI::Range(1, 1000000));
  sub->add_option_function<std::string>(
      "--in-flight",
      [&run](const std::string& text) {
        run.in_flight = parse_in_flight(text);
        run.is_stream = !run.in_flight;
      },
      "frames under way at once, or auto: 2, or 2 per stage [of a single picture 1; of more auto]");
  sub->add_option("--threads", run.threads, "threads per rank [cores per rank on this host]")
      ->check(CLI::Range(1, kMostThreads));
  sub->add_option("--json", run.json, "write the report to this file");
  CLI::Option* dump = sub->add_option("--dump-output", run.dump_output,
                                      "write the result tensors to this HDF5 file");
  sub->add_option_function<std::string>(
         "--dump-layers",
         [&run](const std::string& text) { run.dump_layers = parse_dump_layers(text); },
         "also write these layers' outputs to the dump: 3,17 or all")
      ->needs(dump);
  sub->add_option("--threshold", run.threshold, "least score of a detection [the model's, or 0.5]")
      ->check(within(0, 1));
  sub->add_option("--nms", run.nms, "greatest overlap of two detections of a class [0.45]")
      ->check(within(0, 1));
  sub->add_option_function<double>(
         "--timeout",
         [&run](double seconds) { run.timeout = std::chrono::duration<double>(seconds); },
         "seconds to wait for a peer before giving up [60]")
      ->check(within(0.001, 1e6));
  return sub;
}

CLI::App* add_import(CLI::App& app, ImportOptions& import) {
  CLI::App* sub = app.add_subcommand("import", "make a model from a Darknet or ONNX network");
  sub->add_option("network", import.source, "Darknet .cfg or .onnx file; required");
  CLI::Option* weights = sub->add_option("weights", import.weights, "Darknet .weights file");
  sub->add_option_function<std::string>(
         "--random-weights",
         [&import](const std::string& text) { import.random_seed = parse_seed(text); },
         "seeded random weights instead of a file")
      ->excludes(weights);
  sub->add_option(
         "--variance-epsilon", import.variance_epsilon,
         "Darknet: what batch normalisation adds to variances [1e-6 for files of Darknet's "
         "forks, as OpenCV; their own is 1e-5]")
      ->check(within(1e-12, 1))
      ->needs(weights);
  sub->add_option("--outputs", import.onnx.outputs,
                  "ONNX: take these tensors, separated by commas, instead of the graph's outputs")
      ->delimiter(',');
  sub->add_option_function<std::string>(
      "--size", [&import](const std::string& text) { import.onnx.size = parse_size(text); },
      "ONNX: rows x columns of the input, such as 416x416, where the graph leaves them open [as "
      "its metadata says]");
  sub->add_option(
      "--heads", import.heads,
      "ONNX: file that says how to decode the outputs, see --list-layers, or none [what "
      "the graph's end is recognised as]");
  sub->add_option("--labels", import.labels, "file with a class name per line");
  sub->add_flag_callback(
      "--half", [&import] { import.precision = NumberFormat::kHalf; },
      "store weights in half precision");
  add_input_choices(*sub, import.input);
  sub->add_option("--threshold", import.threshold,
                  "least score of a detection to keep in the model [as the network has it]")
      ->check(within(0, 1));
  sub->add_option("-o,--output", import.output, "model to write (.h5); required");
  sub->add_flag("--list-layers", import.list_layers, "print what is supported, and end");
  return sub;
}

/// What a parsed `import` asks for.
Command import_command(const ImportOptions& import) {
  if (import.list_layers) return TextRequest{describe_supported_layers()};
  if (import.source.empty())
    throw BadUsage("import: give a Darknet .cfg or an .onnx file; see vpinfer import --help");
  if (import.output.empty())
    throw BadUsage("import: --output is required; see vpinfer import --help");
  const bool has_weights = !import.weights.empty() || import.random_seed;
  const bool has_onnx_options =
      !import.heads.empty() || !import.onnx.outputs.empty() || import.onnx.size;
  if (is_onnx(import.source)) {
    if (has_weights) throw BadUsage("import: an .onnx file brings its own weights");
  } else if (has_onnx_options) {
    throw BadUsage("import: --outputs, --size and --heads are for .onnx files");
  } else if (!has_weights) {
    throw BadUsage(
        "import: give a .weights file or --random-weights SEED with a Darknet .cfg; names of ONNX "
        "files end in .onnx");
  }
  return import;
}

CLI::App* add_info(CLI::App& app, InfoOptions& info) {
  CLI::App* sub = app.add_subcommand("info", "print a model's layers and what ranks would hold");
  sub->add_option("model", info.model, "model (.h5), or an .onnx file to list")->required();
  return sub;
}

CLI::App* add_plan(CLI::App& app, PlanOptions& plan) {
  CLI::App* sub = app.add_subcommand("plan", "divide a model among ranks; print and save the plan");
  sub->add_option("model", plan.model, "model (.h5)")->required();
  sub->add_option("--ranks", plan.ranks, "number of ranks [as many as there are hosts]")
      ->check(CLI::Range(1, kMostHosts));
  CLI::Option* cluster = add_cluster(*sub, plan.cluster);
  sub->add_option("--hosts", plan.hosts,
                  "the hosts: an Open MPI hostfile with a rank on each, taken for Raspberry Pis 4")
      ->excludes(cluster);
  sub->add_option_function<std::string>(
      "--link", [&plan](const std::string& text) { plan.link_bytes_per_second = parse_link(text); },
      "what if every host had this link, such as 100mbit or 1gbit [its own]");
  CLI::Option* strategy = add_strategy(
      *sub, [&plan](Strategy s) { plan.strategy = s; }, plan.planning);
  CLI::Option* front =
      sub->add_flag(
             "--front", plan.front,
             "print the plans worth a choice: none beats another in memory, latency and frames per "
             "second")
          ->excludes(strategy);
  sub->add_option("--pick", plan.pick, "the plan of this number in the front, to print or write")
      ->check(CLI::Range(1, 1000))
      ->needs(front);
  sub->add_option("--svg", plan.svg, "picture of the front to write (.svg)")->needs(front);
  add_wire_and_conv(*sub, plan.planning, "");
  add_memory_limit(*sub, plan.planning.memory_limit_bytes);
  sub->add_option("--threads", plan.threads,
                  "threads that each rank will have, with a workspace each; times stay those of "
                  "the cluster's threads [as many]")
      ->check(CLI::Range(1, kMostThreads));
  sub->add_option("-o,--output", plan.output, "plan to write (.json)");
  return sub;
}

CLI::App* add_calibrate(CLI::App& app, CalibrateOptions& calibrate) {
  CLI::App* sub = app.add_subcommand(
      "calibrate", "measure the hosts of this MPI job and their links, for --cluster");
  sub->add_option("-o,--output", calibrate.output, "cluster to write (.json)");
  sub->add_option("--threads", calibrate.threads, "threads of each rank [its share of the cores]")
      ->check(CLI::Range(1, kMostThreads));
  return sub;
}

CLI::App* add_partition(CLI::App& app, PartitionOptions& partition) {
  CLI::App* sub = app.add_subcommand("partition", "store each rank's share of a model by itself");
  sub->add_option("model", partition.model, "model (.h5)")->required();
  CLI::Option_group* source = sub->add_option_group("division");
  source->add_option("--ranks", partition.ranks, "number of ranks")
      ->check(CLI::Range(1, kMostHosts));
  CLI::Option* plan = source->add_option("--plan", partition.plan, "plan file");
  source->require_option(1);
  add_strategy(
      *sub, [&partition](Strategy s) { partition.strategy = s; }, partition.planning)
      ->excludes(plan);
  add_wire_and_conv(*sub, partition.planning, "the plan's, or ");
  sub->add_flag_callback(
      "--split-files", [&partition] { partition.files = PartitionFiles::kOnePerRank; },
      "a file per rank, so that a device stores only its own");
  sub->add_option("-o,--output", partition.output, "partitioned model to write (.h5)")->required();
  return sub;
}

void check_planning(const PlanningOptions& planning, std::optional<Strategy> strategy) {
  if (planning.fuse != 1 && strategy != Strategy::kData) {
    throw BadUsage("--fuse is for --strategy data; the others have no runs of tiles");
  }
  if (planning.objective && strategy != Strategy::kVertical && strategy != Strategy::kAuto) {
    throw BadUsage("--objective is for --strategy vertical and auto; the others have no choice");
  }
  if (planning.objective == Objective::kThroughput && strategy != Strategy::kAuto) {
    throw BadUsage(
        "--objective throughput is for --strategy auto; vertical takes memory or latency");
  }
}

/// Puts `run` in front unless a subcommand or a request about the program itself comes first.
std::vector<std::string> with_default_subcommand(const CLI::App& app, int argc,
                                                 const char* const* argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  static constexpr std::array<std::string_view, 4> kGlobal{"-h", "--help", "--help-all",
                                                           "--version"};
  const auto is_global = [](const std::string& argument) {
    return std::find(kGlobal.begin(), kGlobal.end(), argument) != kGlobal.end();
  };
  const auto names_subcommand = [&app](const std::string& argument) {
    const auto all = app.get_subcommands([](const CLI::App*) { return true; });
    return std::any_of(all.begin(), all.end(),
                       [&](const CLI::App* sub) { return sub->get_name() == argument; });
  };
  if (arguments.empty()) return {"--help"};
  if (!is_global(arguments.front()) && !names_subcommand(arguments.front())) {
    arguments.insert(arguments.begin(), "run");
  }
  return arguments;
}

std::string joined(int argc, const char* const* argv) {
  std::string line;
  for (int i = 0; i < argc; ++i) line += (i == 0 ? "" : " ") + std::string(argv[i]);
  return line;
}

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

}  // namespace

Command parse_command_line(int argc, const char* const* argv) {
  CLI::App app("vpinfer: one CNN on many small computers, as if they were one machine", "vpinfer");
  app.footer(std::string(kExitCodes));
  app.require_subcommand(1);
  app.set_version_flag("--version",
                       "vpinfer " + std::string(version()) + " (" + std::string(git_hash()) + ")");
  app.set_help_all_flag("--help-all", "print the help of all subcommands");

  RunOptions run;
  ImportOptions import;
  InfoOptions info;
  PlanOptions plan;
  PartitionOptions partition;
  CalibrateOptions calibrate;
  run.command_line = joined(argc, argv);
  const CLI::App* run_app = add_run(app, run);
  const CLI::App* import_app = add_import(app, import);
  const CLI::App* info_app = add_info(app, info);
  const CLI::App* plan_app = add_plan(app, plan);
  add_partition(app, partition);
  const CLI::App* calibrate_app = add_calibrate(app, calibrate);
  refuse_empty_values(app);

  try {
    std::vector<std::string> arguments = with_default_subcommand(app, argc, argv);
    std::reverse(arguments.begin(), arguments.end());
    app.parse(arguments);
  } catch (const CLI::CallForHelp&) {
    const auto chosen = app.get_subcommands();
    return TextRequest{chosen.empty() ? app.help() : chosen.front()->help()};
  } catch (const CLI::CallForAllHelp&) {
    return TextRequest{app.help("", CLI::AppFormatMode::All)};
  } catch (const CLI::CallForVersion& e) {
    return TextRequest{std::string(e.what()) + "\n"};
  } catch (const CLI::ParseError& e) {
    throw BadUsage(one_line(e.what()) + "; see vpinfer --help-all");
  }
  if (run_app->parsed()) {
    // Not ->required(), which would complain before an option with a typing error.
    if (run.model.empty()) throw BadUsage("--model is required; see vpinfer --help-all");
    check_planning(run.planning, run.strategy);
    return run;
  }
  if (import_app->parsed()) return import_command(import);
  if (info_app->parsed()) return info;
  if (plan_app->parsed()) {
    if (!plan.ranks && plan.cluster.empty() && plan.hosts.empty()) {
      throw BadUsage("plan: give --ranks, --cluster or --hosts; see vpinfer --help-all");
    }
    const bool is_one_plan = plan.front ? plan.pick.has_value() : plan.ranks || plan.strategy;
    if (!plan.output.empty() && !is_one_plan) {
      throw BadUsage(
          "plan: --output takes one plan; choose it by --ranks, --strategy or --front --pick");
    }
    check_planning(plan.planning, plan.strategy);
    return plan;
  }
  if (calibrate_app->parsed()) return calibrate;
  check_planning(partition.planning, partition.strategy);
  return partition;
}

}  // namespace vpinfer
