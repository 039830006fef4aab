#include "report/layer_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "base/units.hpp"
#include "search/division.hpp"
#include "search/planner.hpp"
#include "search/prediction.hpp"
#include "support/every_plan.hpp"
#include "support/random_cluster.hpp"
#include "support/yolov2.hpp"

namespace vpinfer {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

Prediction predicted(const Network& network, const Plan& plan, const Cluster& cluster) {
  return predict({network, plan}, result_layers(network), cluster, {});
}

TEST(LayerTimes, AddUpToTheFrame) {
  for_every_plan({0, 10}, [](const Network& network, const Plan& plan) {
    if (plan.ranks > 9) return;
    const Cluster cluster = random_cluster(plan.ranks, static_cast<std::uint32_t>(plan.ranks));
    const Prediction prediction = predicted(network, plan, cluster);
    ASSERT_EQ(prediction.layers.size(), network.layers.size());
    double seconds = prediction.results.seconds();
    std::size_t bytes = prediction.results.moved_bytes;
    for (const LayerTime& time : prediction.layers) {
      EXPECT_GE(std::min({time.compute_seconds, time.message_seconds, time.link_seconds,
                          time.peer_seconds}),
                0);
      seconds += time.seconds();
      bytes += time.moved_bytes;
    }
    EXPECT_NEAR(seconds, prediction.latency_seconds, 1e-9 * prediction.latency_seconds);
    EXPECT_EQ(bytes, prediction.moved_bytes);
  });
}

/// Two convolutions, the second of which reads borders of the first, on hosts named pi-0 to pi-3
/// whose links take no time.
class Limits : public testing::Test {
 protected:
  Limits() : cluster_(cluster_of(4, raspberry_pi_4())) {
    const Window window{3, 1, 1, 1};
    add_input(network_, {64, 64, 32}, "test");
    add_layer(network_, Convolution{64, 1, window, window}, {0}, "test");
    add_layer(network_, Convolution{64, 1, window, window}, {1}, "test");
    for (Host& host : cluster_.hosts) {
      host.name = "pi-" + std::to_string(&host - cluster_.hosts.data());
      host.link = {.bytes_per_second = 1e15};
    }
  }

  [[nodiscard]] Plan in_rows_of(const std::vector<double>& proportions) const {
    Plan plan{Strategy::kData, 4, {}};
    const Shape input = network_.input_shape();
    plan.layers.push_back(divide(on_rank(0), input, 0, 4, WireFormat::kFloat));
    Division division = in_rows(4);
    division.proportions = proportions;
    for (int position = 1; position < network_.size(); ++position) {
      const Shape& output = network_.layer(position).output;
      plan.layers.push_back(divide(division, output, 0, 4, WireFormat::kFloat));
    }
    return plan;
  }

  /// Of the convolution at a position.
  [[nodiscard]] std::string limit(int position,
                                  const std::vector<double>& proportions = {1, 1, 1, 1}) const {
    const Plan plan = in_rows_of(proportions);
    const Prediction prediction = predicted(network_, plan, cluster_);
    return limit_of({network_, plan}, position,
                    prediction.layers[static_cast<std::size_t>(position)], cluster_);
  }

  void slow_down(int rank, double times) {
    Speed& speed = cluster_.hosts[static_cast<std::size_t>(rank)].speed;
    speed = slower(speed, times);
  }

  Network network_;
  Cluster cluster_;
};

TEST_F(Limits, ComputingWhereSharesAndHostsAreAlike) {
  EXPECT_EQ(limit(1), "compute");
  EXPECT_EQ(limit(2), "compute");
}

TEST_F(Limits, ASlowHostByItsName) {
  slow_down(2, 2);
  EXPECT_EQ(limit(1), "slow host pi-2");
  EXPECT_EQ(limit(2), "slow host pi-2");
  EXPECT_EQ(limit(2, {2, 2, 1, 2}), "compute") << "has less to do";
}

TEST_F(Limits, AShareThatIsLargerThanOthers) {
  EXPECT_EQ(limit(2, {1, 3, 1, 1}), "largest share, rank 1");
  slow_down(1, 1.5);
  EXPECT_EQ(limit(2, {1, 3, 1, 1}), "largest share, rank 1");
}

TEST_F(Limits, ASlowLink) {
  for (Host& host : cluster_.hosts) host.link.bytes_per_second = 1e5;
  EXPECT_EQ(limit(2), "link");
}

TEST_F(Limits, MessagesThatKeepProcessorsBusy) {
  for (Host& host : cluster_.hosts) host.link.message_processor_seconds = 1;
  EXPECT_EQ(limit(1), "waiting for rank 0") << "which sends everyone a part of the input";
  EXPECT_EQ(limit(2), "messages");
}

TEST_F(Limits, PartialSumsOfASlowRank) {
  slow_down(3, 10);
  Plan plan = in_rows_of({1, 1, 1, 1});
  const Layer& last = network_.layer(2);
  plan.layers[2] = divide(in_sums(4), last.output, 64, 4, WireFormat::kFloat);
  for (Host& host : cluster_.hosts) host.speed.memory_bytes_per_second = 1e15;
  // What rank 3 owns of the output, and so adds up, is nothing.
  for (Box& box : plan.layers[2].owned) box = {};
  plan.layers[2].owned[0] = whole(last.output);
  const Prediction prediction = predicted(network_, plan, cluster_);
  EXPECT_EQ(limit_of({network_, plan}, 2, prediction.layers[2], cluster_), "waiting for rank 3");
}

TEST_F(Limits, StandInATableWithTheWayOfResults) {
  slow_down(2, 2);
  const Plan plan = in_rows_of({1, 1, 1, 1});
  const std::string text =
      describe_layer_times({network_, plan}, predicted(network_, plan, cluster_), cluster_);
  EXPECT_THAT(text, AllOf(HasSubstr("  4 rows "), HasSubstr("  slow host pi-2\n"),
                          HasSubstr("results      to rank 0")));
}

/// The figures of a line's end, without its words.
std::vector<double> figures(const std::string& line) {
  std::istringstream words(line);
  std::vector<double> all;
  std::string word;
  words >> word;
  for (double figure = 0; words >> figure;) all.push_back(figure);
  return all;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST(DescribeLayerTimes, HasALinePerLayerAndOneThatAddsUp) {
  const Network network = yolov2();
  for (const int ranks : {1, 8, 64}) {
    const Cluster cluster = cluster_of(ranks, raspberry_pi_4());
    const Plan plan = make_plan(network, Strategy::kVertical, ranks);
    const Prediction prediction = predicted(network, plan, cluster);
    const std::vector<std::string> lines =
        lines_of(describe_layer_times({network, plan}, prediction, cluster));
    ASSERT_EQ(lines.size(), 4U + network.layers.size() + 1);
    const std::vector<double> sums = figures(lines.back());
    ASSERT_EQ(sums.size(), 4U) << lines.back();
    EXPECT_NEAR(sums[0] + sums[1] + sums[2], 1e3 * prediction.latency_seconds, 0.02);
    EXPECT_NEAR(1024 * sums[3], static_cast<double>(prediction.moved_bytes), 103);
    for (const std::string& line : lines) EXPECT_LE(line.size(), 160U) << line;
  }
}

TEST(LayerTimes, CountBytesWhereTheTimeOfStripsIs) {
  const Network network = yolov2();
  const Plan plan = make_plan(network, Strategy::kHorizontal, 2);
  const Prediction prediction = predicted(network, plan, cluster_of(2, raspberry_pi_4()));
  ASSERT_TRUE(prediction.layers[1].is_within_other());
  EXPECT_EQ(prediction.layers[1].moved_bytes, 0U);
  EXPECT_EQ(prediction.layers[2].moved_bytes, network.input_shape().elements() * sizeof(float));
}

TEST(DescribeLayerTimes, TellsWhatIsComputedInStrips) {
  const Network network = yolov2();
  const Plan single = make_plan(network, Strategy::kSingle, 1);
  const Cluster one = cluster_of(1, raspberry_pi_4());
  const Prediction prediction = predicted(network, single, one);
  EXPECT_EQ(prediction.layers[1].computed_in, 2);
  const std::string text = describe_layer_times({network, single}, prediction, one);
  EXPECT_THAT(text, HasSubstr("in strips, with layer 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("results")));
}

}  // namespace
}  // namespace vpinfer
