#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <span>
#include <sstream>

#include "base/checksum.hpp"
#include "import/darknet.hpp"
#include "io/model_file.hpp"
#include "search/evaluation.hpp"
#include "search/planner.hpp"
#include "support/random_network.hpp"
#include "support/yolov2.hpp"

namespace vpinfer {
namespace {

namespace fs = std::filesystem;

/// What a plan takes, and its boxes in short.
struct Figures {
  std::size_t fullest_bytes = 0;
  std::size_t moved_bytes = 0;
  long microseconds = 0;  ///< of a frame on Raspberry Pis, predicted
  std::string boxes;      ///< their checksum
};

/// A way to plan, by its name in the records.
struct Way {
  std::string name;
  Strategy strategy;
  /// Whether a plan is better than another in what the way minimises.
  std::function<bool(const Figures& plan, const Figures& other)> takes_less;
  PlanningOptions options{};
};

const std::vector<Way>& ways() {
  const auto nothing = [](const Figures&, const Figures&) { return false; };
  const auto time = [](const Figures& a, const Figures& b) {
    return a.microseconds < b.microseconds;
  };
  const auto bytes = [](const Figures& a, const Figures& b) {
    return a.moved_bytes < b.moved_bytes;
  };
  // Within a 64th of the least memory the fastest plan counts.
  const auto memory = [](const Figures& a, const Figures& b) {
    return a.fullest_bytes <= b.fullest_bytes &&
           (a.fullest_bytes < b.fullest_bytes || a.microseconds < b.microseconds);
  };
  static const std::vector<Way> all{
      {"single", Strategy::kSingle, nothing},
      {"data", Strategy::kData, nothing},
      {"data-fused", Strategy::kData, time, {.fuse = std::nullopt}},
      {"sequential", Strategy::kSequential, nothing},
      {"horizontal", Strategy::kHorizontal, bytes},
      {"vertical-memory", Strategy::kVertical, memory, {.objective = Objective::kMemory}},
      {"vertical", Strategy::kVertical, time},
      {"vertical-latency", Strategy::kVertical, time, {.objective = Objective::kLatency}}};
  return all;
}

std::string boxes_of(const Network& network, const Plan& plan) {
  std::string text;
  for (int position = 0; position < network.size(); ++position) {
    for (int rank = 0; rank < plan.ranks; ++rank) {
      text += to_string(plan.owned(position, rank)) + " ";
      if (const auto summed = Distribution(network, plan).summed(position, rank)) {
        text += std::to_string(summed->begin) + ":" + std::to_string(summed->end) + " ";
      }
    }
  }
  Checksum checksum;
  checksum.add(std::as_bytes(std::span(text)));
  return checksum.text();
}

Figures figures_of(const Network& network, const Plan& plan) {
  const Cluster cluster = cluster_of(plan.ranks, raspberry_pi_4());
  const Evaluator evaluator(network, cluster, {});
  Evaluation evaluation = evaluator.evaluate(plan);
  evaluator.add_memory(evaluation, std::numeric_limits<std::size_t>::max());
  return {fullest(evaluation.memory).bytes, evaluation.moved_bytes,
          std::lround(1e6 * evaluation.latency_seconds), boxes_of(network, plan)};
}

Network from_cfg(const std::string& name) {
  return read_darknet_cfg(fs::path("/usr/share/darknet/cfg") / (name + ".cfg")).network;
}

Network network_called(const std::string& name) {
  const fs::path inputs = fs::path(VPINFER_SOURCE_DIR) / "inputs";
  if (name == "yolov2") return yolov2();
  if (name == "nanodet") return ModelFile(inputs / "nanodet/nanodet.h5").network();
  if (name == "face") return ModelFile(inputs / "face/face.h5").network();
  if (name.starts_with("random-"))
    return random_network(static_cast<std::uint32_t>(std::stoul(name.substr(7))));
  return from_cfg(name);
}

/// Of one network's plans: by the name of the way and the number of ranks.
using Records = std::map<std::pair<std::string, int>, Figures>;

/// What was planned before: see the file.
Records recorded(const std::string& name) {
  std::ifstream file(fs::path(VPINFER_SOURCE_DIR) / "tests/unit/recorded_plans.txt");
  Records records;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string network;
    std::string way;
    int ranks = 0;
    Figures figures;
    words >> network >> way >> ranks >> figures.fullest_bytes >> figures.moved_bytes >>
        figures.microseconds >> figures.boxes;
    if (network == name) records[{way, ranks}] = figures;
  }
  return records;
}

class RecordedPlans : public testing::TestWithParam<std::string> {};

/// Plans stay what they were, or take less of what their strategy minimises.
TEST_P(RecordedPlans, AreAsGoodAsEver) {
  const Network network = network_called(GetParam());
  const Records records = recorded(GetParam());
  for (const Way& way : ways()) {
    for (const int ranks : {1, 3, 8, 13}) {
      const Figures now = figures_of(network, make_plan(network, way.strategy, ranks, way.options));
      const std::string line = GetParam() + " " + way.name + " " + std::to_string(ranks) + " " +
                               std::to_string(now.fullest_bytes) + " " +
                               std::to_string(now.moved_bytes) + " " +
                               std::to_string(now.microseconds) + " " + now.boxes;
      const auto record = records.find({way.name, ranks});
      if (record == records.end()) {
        ADD_FAILURE() << "not recorded: " << line;
      } else if (now.boxes != record->second.boxes) {
        EXPECT_TRUE(way.takes_less(now, record->second)) << line;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Networks, RecordedPlans,
                         testing::Values("yolov2", "vgg-16", "resnet50", "densenet201", "nanodet",
                                         "face", "darknet19", "yolov3-tiny", "yolov3", "random-1",
                                         "random-2", "random-3", "random-4"),
                         [](const auto& network) {
                           std::string name = network.param;
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace vpinfer
