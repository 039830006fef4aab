#include "search/wire_choice.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "io/model_file.hpp"
#include "program/memory.hpp"
#include "search/evaluation.hpp"
#include "search/planner.hpp"
#include "support/every_plan.hpp"
#include "support/random_cluster.hpp"
#include "support/random_network.hpp"
#include "support/yolov2.hpp"

namespace vpinfer {
namespace {

constexpr double kMegabit = 1e6 / 8;

Cluster on_links_of(double bytes_per_second, int ranks) {
  Cluster cluster = cluster_of(ranks, raspberry_pi_4());
  for (Host& host : cluster.hosts) host.link.bytes_per_second = bytes_per_second;
  return cluster;
}

Network nanodet() {
  return ModelFile(std::filesystem::path(VPINFER_SOURCE_DIR) / "inputs/nanodet/nanodet.h5")
      .network();
}

/// Of outputs that do travel, so many are in a format.
int outputs_in(const Network& network, const Plan& plan, WireFormat format) {
  const Exchanges exchanges({network, result_layers(network)}, {network, plan});
  int number = 0;
  for (int i = 0; i < network.size(); ++i) {
    if (!exchanges.output(i)->empty() && plan.layer(i).wire == format) ++number;
  }
  return number;
}

/// The most outputs in bytes on any path.
int deepest_path_in_bytes(const Network& network, const Plan& plan) {
  const Exchanges exchanges({network, result_layers(network)}, {network, plan});
  std::vector<int> depths;
  for (int i = 0; i < network.size(); ++i) {
    int depth = 0;
    for (const int input : network.layer(i).inputs) {
      depth = std::max(depth, depths[static_cast<std::size_t>(input)]);
    }
    const bool is_in_bytes = plan.layer(i).wire == WireFormat::kInt8;
    depths.push_back(depth + (is_in_bytes && !exchanges.output(i)->empty() ? 1 : 0));
  }
  return *std::max_element(depths.begin(), depths.end());
}

TEST(FastestWires, KeepBoxesAndWhatMustBeExact) {
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    const Network network = random_network(seed);
    const int ranks = 2 + static_cast<int>(seed % 8);
    for (const Plan& plan : every_plan(network, ranks, seed)) {
      const Plan chosen = with_fastest_wires(network, random_cluster(ranks, seed), plan);
      EXPECT_EQ(with_usual_formats(chosen), with_usual_formats(plan));
      for (const LayerPlan& layer : chosen.layers) {
        EXPECT_LE(layer.sums_wire, WireFormat::kHalf);
      }
      for (const int result : result_layers(network)) {
        EXPECT_LE(chosen.layer(result).wire, WireFormat::kHalf);
      }
    }
  }
}

TEST(FastestWires, AreBytesOnSlowLinksAndFloatsOnLinksThatAreFasterThanEncoding) {
  const Network network = yolov2();
  const Plan plan = make_plan(network, Strategy::kVertical, 8);
  const Plan slow = with_fastest_wires(network, on_links_of(100 * kMegabit, 8), plan);
  EXPECT_GE(outputs_in(network, slow, WireFormat::kInt8), 15);
  Cluster on_fast_links = on_links_of(1e6 * kMegabit, 8);
  for (Host& host : on_fast_links.hosts) host.link.byte_processor_seconds = 0;
  const Plan fast = with_fastest_wires(network, on_fast_links, plan);
  EXPECT_EQ(fast.coarsest_wire(), WireFormat::kFloat);
}

TEST(FastestWires, StayWithinTheNoise) {
  // 26 times the noise of bytes, in squares, is more than the bound.
  const Network network = nanodet();
  for (const int ranks : {2, 5, 9}) {
    const Plan plan = make_plan(network, Strategy::kVertical, ranks);
    const Plan chosen = with_fastest_wires(network, on_links_of(10 * kMegabit, ranks), plan);
    EXPECT_LE(deepest_path_in_bytes(network, chosen), 25);
    EXPECT_GE(deepest_path_in_bytes(network, chosen), 15);
  }
}

TEST(FastestWires, TakeNoLongerThanAnyFormatThatIsAsExact) {
  const Network network = yolov2();
  for (std::uint32_t seed = 0; seed < 5; ++seed) {
    const Cluster cluster = random_cluster(4, seed);
    const Evaluator evaluator(network, cluster, {});
    for (const Strategy strategy : {Strategy::kVertical, Strategy::kData}) {
      const Plan plan = make_plan(network, strategy, cluster);
      const auto seconds = [&](const Plan& of) { return evaluator.evaluate(of).latency_seconds; };
      const double chosen = seconds(with_fastest_wires(network, cluster, plan));
      for (const WireFormat wire : {WireFormat::kFloat, WireFormat::kHalf}) {
        EXPECT_LE(chosen, seconds(with_wire(plan, wire)) * (1 + 1e-9));
      }
    }
  }
}

TEST(ChosenWires, AreWhatStrategiesPlanFor) {
  const Network network = yolov2();
  const Cluster cluster = on_links_of(100 * kMegabit, 4);
  for (const Strategy strategy : {Strategy::kVertical, Strategy::kData, Strategy::kAuto}) {
    const Plan plan = make_plan(network, strategy, cluster, {.chooses_wire = true});
    EXPECT_EQ(plan.coarsest_wire(), WireFormat::kInt8);
    EXPECT_EQ(with_fastest_wires(network, cluster, plan), plan);
    EXPECT_EQ(make_plan(network, strategy, cluster).coarsest_wire(), WireFormat::kFloat);
  }
}

TEST(ChosenWires, KeepTheLimitOfMemory) {
  const Network network = yolov2();
  for (const std::size_t limit : {45'000'000U, 50'000'000U, 70'000'000U}) {
    const Plan plan = make_plan(
        network, Strategy::kVertical, 8,
        {.chooses_wire = true, .objective = Objective::kLatency, .memory_limit_bytes = limit});
    EXPECT_LE(fullest(predict_memory({network, plan}, result_layers(network))).bytes, limit);
  }
}

}  // namespace
}  // namespace vpinfer
