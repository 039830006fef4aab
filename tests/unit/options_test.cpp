#include "app/options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/error_line.hpp"
#include "vpinfer/error.hpp"
#include "vpinfer/version.hpp"

namespace vpinfer {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

using Words = std::vector<const char*>;

Command parse(Words words) {
  words.insert(words.begin(), "vpinfer");
  return parse_command_line(static_cast<int>(words.size()), words.data());
}

template <typename Options>
Options parse_as(const Words& words) {
  const Command command = parse(words);
  if (const auto* options = std::get_if<Options>(&command)) return *options;
  ADD_FAILURE() << "another command was parsed";
  return {};
}

std::string refusal(const Words& words) {
  return error_line<BadUsage>([&] { (void)parse(words); });
}

/// The message for options of `run` beside the model.
std::string run_refusal(Words words) {
  words.insert(words.begin(), {"--model", "m.h5"});
  return refusal(words);
}

TEST(RunOptions, IsTheDefaultAndHasDefaults) {
  for (const Words& words : {Words{"--model", "m.h5"}, Words{"run", "--model=m.h5"}}) {
    const auto run = parse_as<RunOptions>(words);
    EXPECT_EQ(run.model, "m.h5");
    EXPECT_TRUE(run.input.empty() && run.output.empty() && run.plan.empty() && run.json.empty());
    EXPECT_FALSE(run.strategy);
    EXPECT_FALSE(run.planning.formats.wire);
    EXPECT_FALSE(run.planning.memory_limit_bytes);
    EXPECT_FALSE(run.compare_single);
    EXPECT_FALSE(run.threads);
    EXPECT_EQ(run.repeat, 1);
    EXPECT_EQ(run.threshold, std::nullopt);
    EXPECT_EQ(run.nms, 0.45F);
    EXPECT_EQ(run.timeout.count(), 60);
  }
}

TEST(RunOptions, TakesEveryOption) {
  const auto run = parse_as<RunOptions>(
      {"--model",         "m.h5",   "--input",       "in",     "--output",      "out",
       "--strategy",      "data",   "--json",        "r.json", "--nms",         "0.3",
       "--threshold",     "0.25",   "--dump-output", "t.h5",   "--dump-layers", "3,17",
       "--memory-limit",  "1.5MiB", "--repeat",      "9",      "--threads",     "4",
       "--timeout",       "2.5",    "--wire",        "half",   "--conv",        "blas",
       "--compare-single"});
  EXPECT_EQ(run.input, "in");
  EXPECT_EQ(run.output, "out");
  EXPECT_EQ(run.strategy, Strategy::kData);
  EXPECT_EQ(run.planning.formats.wire, WireFormat::kHalf);
  EXPECT_EQ(run.planning.formats.conv, ConvolutionPath::kBlas);
  EXPECT_EQ(run.json, "r.json");
  EXPECT_EQ(run.nms, 0.3F);
  EXPECT_EQ(run.threshold, 0.25F);
  EXPECT_EQ(run.dump_output, "t.h5");
  EXPECT_FALSE(run.dump_layers.all);
  EXPECT_THAT(run.dump_layers.numbers, ElementsAre(3, 17));
  EXPECT_EQ(run.planning.memory_limit_bytes, 1536U * 1024U);
  EXPECT_EQ(run.repeat, 9);
  EXPECT_EQ(run.threads, 4);
  EXPECT_EQ(run.timeout.count(), 2.5);
  EXPECT_TRUE(run.compare_single);
  EXPECT_THAT(run.command_line, StartsWith("vpinfer --model m.h5 --input in "));
  EXPECT_EQ(parse_as<RunOptions>({"--model", "m.h5", "--plan", "p.json"}).plan, "p.json");
  EXPECT_EQ(parse_as<RunOptions>({"--model", "m.h5", "--plan", "p.json", "--wire", "float"})
                .planning.formats.wire,
            WireFormat::kFloat);
  const auto chosen = parse_as<RunOptions>({"--model", "m.h5", "--wire", "auto"});
  EXPECT_TRUE(chosen.planning.chooses_wire);
  EXPECT_FALSE(chosen.planning.formats.wire);
  EXPECT_FALSE(run.planning.chooses_wire);
  EXPECT_TRUE(
      parse_as<RunOptions>({"--model", "m.h5", "--dump-output", "t.h5", "--dump-layers", "all"})
          .dump_layers.all);
}

TEST(RunOptions, RefusesWrongOptions) {
  EXPECT_THAT(refusal({"--input", "a.jpg"}), HasSubstr("--model"));
  EXPECT_THAT(run_refusal({"--bogus"}), HasSubstr("--bogus"));
  EXPECT_THAT(run_refusal({"surplus"}), HasSubstr("surplus"));
  EXPECT_THAT(run_refusal({"--input"}), HasSubstr("--input"));
  for (const char* option : {"--input", "--output", "--plan", "--json", "--dump-output"}) {
    EXPECT_THAT(run_refusal({option, ""}), HasSubstr(std::string(option) + ": is empty"));
  }
  EXPECT_THAT(
      run_refusal({"--strategy", "diagonal"}),
      HasSubstr(
          "unknown strategy 'diagonal'; there are auto, vertical, data, sequential, horizontal, "
          "single"));
  EXPECT_THAT(run_refusal({"--strategy", "data", "--plan", "p.json"}), HasSubstr("--plan"));
  EXPECT_THAT(run_refusal({"--wire", "int4"}),
              HasSubstr("unknown wire format 'int4'; there are float, half, int8, auto"));
  EXPECT_THAT(run_refusal({"--conv", "winograd"}),
              HasSubstr("unknown way to convolve 'winograd'; there are auto, direct, blas"));
  EXPECT_THAT(run_refusal({"--dump-layers", "3"}), HasSubstr("--dump-output"));
}

TEST(RunOptions, RefusesWrongValues) {
  const auto expect_refused = [](const char* option, const Words& values) {
    for (const char* value : values) {
      EXPECT_THAT(run_refusal({"--dump-output", "t.h5", option, value}), HasSubstr(option))
          << option << " " << value;
    }
  };
  expect_refused("--repeat", {"0", "-1", "two", "1.5", "99999999999999999999"});
  expect_refused("--threads", {"0", "-1", "many"});
  expect_refused("--threshold", {"-0.1", "1.1", "half", "nan"});
  expect_refused("--nms", {"-0.1", "1.1", "nan"});
  expect_refused("--timeout", {"0", "-5", "soon", "nan", "inf"});
  expect_refused("--dump-layers",
                 {"", "x", "3,", ",3", "3,,4", "-1", "3.5", "All", "99999999999999999999"});
}

TEST(RunOptions, TakesAnObjectiveForVerticalAndAuto) {
  const auto objective = [](const Words& words) {
    return parse_as<RunOptions>(words).planning.objective;
  };
  EXPECT_EQ(objective({"--model", "m.h5", "--strategy", "vertical"}), std::nullopt);
  EXPECT_EQ(objective({"--model", "m.h5", "--strategy", "auto"}), std::nullopt);
  EXPECT_EQ(objective({"--model", "m.h5", "--strategy", "auto", "--objective", "throughput"}),
            Objective::kThroughput);
  EXPECT_EQ(objective({"--model", "m.h5", "--strategy", "vertical", "--objective", "latency"}),
            Objective::kLatency);
  EXPECT_THAT(run_refusal({"--strategy", "vertical", "--objective", "beauty"}),
              HasSubstr("unknown objective 'beauty'; there are memory, latency, throughput"));
  EXPECT_THAT(run_refusal({"--strategy", "data", "--objective", "latency"}),
              HasSubstr("--objective is for --strategy vertical and auto"));
  EXPECT_THAT(run_refusal({"--objective", "latency"}), HasSubstr("--strategy"));
}

TEST(RunOptions, RefusesWrongMemoryLimits) {
  for (const char* value : {"", "lots", "64 parsecs", "-1MiB", "1e30GiB", "nan"}) {
    EXPECT_THAT(run_refusal({"--memory-limit", value}), HasSubstr(value));
  }
}

TEST(ImportOptions, TakesEveryOption) {
  const auto import =
      parse_as<ImportOptions>({"import", "n.cfg", "n.weights", "--labels", "n.names", "--half",
                               "--mean", "1,2,3", "--scale", "0.5,0.25,0.125", "--bgr", "--stretch",
                               "--fill", "114", "--threshold", "0.3", "-o", "m.h5"});
  EXPECT_EQ(import.source, "n.cfg");
  EXPECT_EQ(import.weights, "n.weights");
  EXPECT_FALSE(import.random_seed);
  EXPECT_EQ(import.labels, "n.names");
  EXPECT_EQ(import.output, "m.h5");
  EXPECT_EQ(import.precision, NumberFormat::kHalf);
  const std::array<float, 3> mean{1, 2, 3};
  const std::array<float, 3> scale{0.5F, 0.25F, 0.125F};
  EXPECT_EQ(import.input, (InputChoices{mean, scale, ChannelOrder::kBgr, Resize::kStretch, 114}));
  EXPECT_EQ(import.input.over({}),
            (InputNormalisation{mean, scale, ChannelOrder::kBgr, Resize::kStretch,
                                PixelGrid::kCorners, 114}));
  EXPECT_EQ(import.threshold, 0.3F);
  const auto random =
      parse_as<ImportOptions>({"import", "n.cfg", "--random-weights", "7", "-o", "m.h5"});
  EXPECT_EQ(random.random_seed, 7U);
  EXPECT_EQ(random.precision, NumberFormat::kFloat);
  EXPECT_EQ(random.input.over({}), InputNormalisation{});
}

TEST(ImportOptions, TakesOnnxFiles) {
  const auto import = parse_as<ImportOptions>({"import", "n.onnx", "--outputs", "a,b", "--size",
                                               "320x416", "--heads", "h.cfg", "-o", "m.h5"});
  EXPECT_EQ(import.source, "n.onnx");
  EXPECT_EQ(import.onnx.outputs, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(import.onnx.size->rows, 320);
  EXPECT_EQ(import.onnx.size->cols, 416);
  EXPECT_EQ(import.heads, "h.cfg");
}

TEST(ImportOptions, ListsLayers) {
  const auto request = parse_as<TextRequest>({"import", "--list-layers"});
  EXPECT_THAT(request.text, HasSubstr("shortcut"));
  EXPECT_THAT(request.text, HasSubstr("ConvTranspose"));
  EXPECT_THAT(request.text, HasSubstr("nanodet"));
}

TEST(ImportOptions, RefusesWrongOptions) {
  EXPECT_THAT(refusal({"import", "n.cfg", "-o", "m.h5"}), HasSubstr("--random-weights SEED"));
  EXPECT_THAT(refusal({"import", "n.cfg", "n.weights"}), HasSubstr("--output"));
  EXPECT_THAT(refusal({"import", "-o", "m.h5"}), HasSubstr("cfg"));
  EXPECT_THAT(refusal({"import", "n.onnx", "n.weights", "-o", "m.h5"}), HasSubstr("own weights"));
  EXPECT_THAT(refusal({"import", "n.cfg", "n.weights", "--heads", "h.cfg", "-o", "m.h5"}),
              HasSubstr("--heads"));
  for (const char* size : {"416", "416x", "x416", "416x0", "-1x3", "4x4x4"}) {
    EXPECT_THAT(refusal({"import", "n.onnx", "--size", size, "-o", "m.h5"}), HasSubstr("--size"))
        << size;
  }
  EXPECT_THAT(refusal({"import", "n.cfg", "n.weights", "--random-weights", "7", "-o", "m.h5"}),
              HasSubstr("--random-weights"));
  for (const char* seed : {"x", "-1", "1.5", "99999999999999999999"}) {
    EXPECT_THAT(refusal({"import", "n.cfg", "--random-weights", seed, "-o", "m.h5"}),
                HasSubstr("--random-weights"))
        << seed;
  }
  for (const char* mean : {"1", "1,2", "1,2,3,4", "1,2,x", "1,2,nan"}) {
    EXPECT_THAT(refusal({"import", "n.cfg", "n.weights", "-o", "m.h5", "--mean", mean}),
                HasSubstr("--mean"))
        << mean;
  }
}

TEST(InfoOptions, TakesAModel) {
  EXPECT_EQ(parse_as<InfoOptions>({"info", "m.h5"}).model, "m.h5");
  EXPECT_THAT(refusal({"info"}), HasSubstr("model"));
}

TEST(PlanOptions, TakesEveryOption) {
  const auto plan =
      parse_as<PlanOptions>({"plan", "m.h5", "--ranks", "8", "--strategy", "data", "--wire", "half",
                             "--conv", "blas", "--memory-limit", "64MiB", "-o", "p.json"});
  EXPECT_EQ(plan.model, "m.h5");
  EXPECT_EQ(plan.ranks, 8);
  EXPECT_EQ(plan.strategy, Strategy::kData);
  EXPECT_EQ(plan.planning.formats.wire, WireFormat::kHalf);
  EXPECT_EQ(plan.planning.formats.conv, ConvolutionPath::kBlas);
  EXPECT_EQ(plan.planning.memory_limit_bytes, 64U << 20U);
  EXPECT_EQ(plan.output, "p.json");
  EXPECT_EQ(parse_as<PlanOptions>({"plan", "m.h5", "--ranks", "2"}).strategy, std::nullopt);
  EXPECT_FALSE(parse_as<PlanOptions>({"plan", "m.h5", "--ranks", "2"}).planning.formats.wire);
}

TEST(RunOptions, RefuseNoMemory) {
  for (const char* nothing : {"0", "0MiB", "0.4"}) {
    EXPECT_THAT(run_refusal({"--memory-limit", nothing}), HasSubstr("write a size above 0"));
  }
}

TEST(RunOptions, TakeFramesInFlight) {
  const auto parsed = [](const char* text) {
    return parse_as<RunOptions>({"--model", "m.h5", "--in-flight", text});
  };
  EXPECT_EQ(parsed("64").in_flight, 64);
  EXPECT_FALSE(parsed("64").is_stream);
  EXPECT_EQ(parsed("auto").in_flight, std::nullopt);
  EXPECT_TRUE(parsed("auto").is_stream);
  for (const char* wrong : {"0", "65", "2x", "many"}) {
    EXPECT_THAT(run_refusal({"--in-flight", wrong}), HasSubstr("from 1 to 64, or auto")) << wrong;
  }
}

TEST(PlanOptions, TakesAFrontAndOneOfIt) {
  const auto front =
      parse_as<PlanOptions>({"plan", "m.h5", "--ranks", "2", "--front", "--svg", "f.svg"});
  EXPECT_TRUE(front.front);
  EXPECT_EQ(front.svg, "f.svg");
  EXPECT_FALSE(front.pick);
  EXPECT_EQ(parse_as<PlanOptions>(
                {"plan", "m.h5", "--ranks", "2", "--front", "--pick", "3", "-o", "p.json"})
                .pick,
            3);
  EXPECT_FALSE(parse_as<PlanOptions>({"plan", "m.h5", "--ranks", "2"}).front);
  const auto plan_refusal = [](Words words) {
    words.insert(words.begin(), {"plan", "m.h5", "--ranks", "2"});
    return refusal(words);
  };
  EXPECT_THAT(plan_refusal({"--svg", "f.svg"}), HasSubstr("--svg requires --front"));
  EXPECT_THAT(plan_refusal({"--pick", "1"}), HasSubstr("--pick requires --front"));
  EXPECT_THAT(plan_refusal({"--front", "--pick", "0"}), HasSubstr("--pick"));
  EXPECT_THAT(plan_refusal({"--front", "--strategy", "auto"}),
              AllOf(HasSubstr("--front"), HasSubstr("--strategy")));
  EXPECT_THAT(
      plan_refusal({"--front", "-o", "p.json"}),
      HasSubstr("--output takes one plan; choose it by --ranks, --strategy or --front --pick"));
}

TEST(PlanOptions, TakesThreads) {
  const auto plan = parse_as<PlanOptions>({"plan", "m.h5", "--ranks", "2", "--threads", "4"});
  EXPECT_EQ(plan.threads, 4);
}

TEST(PlanOptions, TakesRanksOrAClusterOrBoth) {
  const auto cluster = parse_as<PlanOptions>({"plan", "m.h5", "--cluster", "pi4:8@1gbit"});
  EXPECT_EQ(cluster.cluster, "pi4:8@1gbit");
  EXPECT_FALSE(cluster.ranks);
  const auto both = parse_as<PlanOptions>(
      {"plan", "m.h5", "--cluster", "c.json", "--ranks", "3", "--strategy", "auto"});
  EXPECT_EQ(both.cluster, "c.json");
  EXPECT_EQ(both.ranks, 3);
  EXPECT_EQ(both.strategy, Strategy::kAuto);
  EXPECT_EQ(parse_as<PlanOptions>({"plan", "m.h5", "--ranks", "3"}).cluster, "");
  EXPECT_THAT(refusal({"plan", "m.h5"}), HasSubstr("plan: give --ranks, --cluster or --hosts"));
  EXPECT_THAT(refusal({"plan", "m.h5", "--cluster", ""}), HasSubstr("--cluster: is empty"));
}

TEST(PlanOptions, TakesAHostfileAndALink) {
  const auto plan =
      parse_as<PlanOptions>({"plan", "m.h5", "--hosts", "p.txt", "--link", "100mbit"});
  EXPECT_EQ(plan.hosts, "p.txt");
  ASSERT_TRUE(plan.link_bytes_per_second);
  EXPECT_NEAR(*plan.link_bytes_per_second, 11.76e6, 0.01e6);
  EXPECT_FALSE(parse_as<PlanOptions>({"plan", "m.h5", "--hosts", "p.txt"}).link_bytes_per_second);
  EXPECT_THAT(refusal({"plan", "m.h5", "--hosts", "p.txt", "--cluster", "pi4"}),
              AllOf(HasSubstr("--hosts"), HasSubstr("--cluster")));
  EXPECT_THAT(refusal({"plan", "m.h5", "--ranks", "2", "--link", "fast"}),
              StartsWith("--link fast: write a rate, such as 100mbit"));
  EXPECT_THAT(refusal({"plan", "m.h5", "--link", "1gbit"}), HasSubstr("--cluster or --hosts"));
}

TEST(RunOptions, TakesACluster) {
  EXPECT_EQ(parse_as<RunOptions>({"--model", "m.h5"}).cluster, "");
  EXPECT_EQ(parse_as<RunOptions>({"--model", "m.h5", "--cluster", "c.json"}).cluster, "c.json");
  EXPECT_THAT(run_refusal({"--cluster", ""}), HasSubstr("--cluster: is empty"));
  EXPECT_THAT(run_refusal({"--cluster"}), HasSubstr("--cluster"));
}

TEST(CalibrateOptions, TakesEveryOption) {
  const auto plain = parse_as<CalibrateOptions>({"calibrate"});
  EXPECT_TRUE(plain.output.empty());
  EXPECT_FALSE(plain.threads);
  const auto calibrate =
      parse_as<CalibrateOptions>({"calibrate", "-o", "c.json", "--threads", "3"});
  EXPECT_EQ(calibrate.output, "c.json");
  EXPECT_EQ(calibrate.threads, 3);
  EXPECT_THAT(refusal({"calibrate", "--threads", "0"}), HasSubstr("--threads"));
  EXPECT_THAT(refusal({"calibrate", "-o", ""}), HasSubstr("is empty"));
  EXPECT_THAT(refusal({"calibrate", "m.h5"}), HasSubstr("m.h5"));
  EXPECT_THAT(parse_as<TextRequest>({"calibrate", "--help"}).text, HasSubstr("--threads"));
}

TEST(PlanOptions, RefusesWrongOptions) {
  for (const char* ranks : {"0", "-1", "4097", "x"}) {
    EXPECT_THAT(refusal({"plan", "m.h5", "--ranks", ranks}), HasSubstr("--ranks"));
  }
  EXPECT_THAT(refusal({"plan", "m.h5", "--ranks", "2", "--threads", "0"}), HasSubstr("--threads"));
}

TEST(PartitionOptions, TakesRanksOrAPlan) {
  const auto ranks =
      parse_as<PartitionOptions>({"partition", "m.h5", "--ranks", "3", "-o", "m-3.h5"});
  EXPECT_EQ(ranks.model, "m.h5");
  EXPECT_EQ(ranks.ranks, 3);
  EXPECT_EQ(ranks.output, "m-3.h5");
  EXPECT_EQ(ranks.files, PartitionFiles::kOne);
  EXPECT_FALSE(ranks.planning.formats.wire);
  EXPECT_FALSE(ranks.planning.formats.conv);
  const auto plan =
      parse_as<PartitionOptions>({"partition", "m.h5", "--plan", "p.json", "--split-files",
                                  "--wire", "half", "--conv", "auto", "-o", "m-3.h5"});
  EXPECT_EQ(plan.plan, "p.json");
  EXPECT_EQ(plan.planning.formats.wire, WireFormat::kHalf);
  EXPECT_EQ(plan.planning.formats.conv, ConvolutionPath::kAuto);
  EXPECT_FALSE(plan.ranks);
  EXPECT_EQ(plan.files, PartitionFiles::kOnePerRank);
}

TEST(PartitionOptions, RefusesWrongOptions) {
  EXPECT_FALSE(refusal({"partition", "m.h5", "-o", "m-3.h5"}).empty());
  EXPECT_THAT(refusal({"partition", "m.h5", "--ranks", "3"}), HasSubstr("--output"));
  EXPECT_FALSE(
      refusal({"partition", "m.h5", "--ranks", "3", "--plan", "p.json", "-o", "m-3.h5"}).empty());
  EXPECT_THAT(refusal({"partition", "m.h5", "--plan", "p.json", "--strategy", "data", "-o", "x"}),
              HasSubstr("--strategy"));
}

TEST(HelpOptions, ComesForTheProgramAndForCommands) {
  for (const Words& words : {Words{}, Words{"--help"}, Words{"-h"}}) {
    EXPECT_THAT(parse_as<TextRequest>(words).text,
                testing::AllOf(HasSubstr("import"), HasSubstr("partition"),
                               HasSubstr("5 a rank or link failed")));
  }
  EXPECT_THAT(parse_as<TextRequest>({"run", "--help"}).text, HasSubstr("--compare-single"));
  EXPECT_THAT(parse_as<TextRequest>({"import", "--help"}).text, HasSubstr("--random-weights"));
  EXPECT_THAT(parse_as<TextRequest>({"--model", "m.h5", "--help"}).text, HasSubstr("--repeat"));
  EXPECT_THAT(parse_as<TextRequest>({"--help-all"}).text, HasSubstr("--split-files"));
}

TEST(VersionOptions, NamesProgramVersionAndCommit) {
  EXPECT_EQ(parse_as<TextRequest>({"--version"}).text,
            "vpinfer " + std::string(version()) + " (" + std::string(git_hash()) + ")\n");
}

}  // namespace
}  // namespace vpinfer
