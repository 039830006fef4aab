#include "search/simulation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <optional>

#include "search/evaluation.hpp"
#include "search/planner.hpp"
#include "search/prediction.hpp"
#include "search/simulated_network.hpp"
#include "support/every_plan.hpp"
#include "support/random_cluster.hpp"
#include "support/random_network.hpp"
#include "support/yolov2.hpp"

namespace vpinfer {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Simulation simulated(const Network& network, const Plan& plan, const Cluster& cluster, int frames,
                     int in_flight) {
  std::vector<Program> programs;
  for (int rank = 0; rank < plan.ranks; ++rank) {
    programs.push_back(
        make_program({network, plan}, result_layers(network), rank, {.lanes = in_flight}));
  }
  return simulate(network, programs, cluster, frames, in_flight);
}

double latency(const Network& network, const Plan& plan, const Cluster& cluster) {
  return simulated(network, plan, cluster, 1, 1).frame_seconds.front();
}

double period(const Network& network, const Plan& plan, const Cluster& cluster, int in_flight) {
  return simulated(network, plan, cluster, 40, in_flight).period_seconds;
}

/// How long a rank is at something, of all layers or of one.
double seconds_of(const Simulation& simulation, int rank, Doing doing,
                  std::optional<int> position = {}) {
  double seconds = 0;
  for (const Activity& activity : simulation.timelines[static_cast<std::size_t>(rank)]) {
    if (activity.doing != doing || activity.position != position.value_or(activity.position)) {
      continue;
    }
    seconds += activity.seconds();
  }
  return seconds;
}

/// What a rank does for a frame, waiting left out.
double busy_seconds(const Simulation& simulation, int rank) {
  return seconds_of(simulation, rank, Doing::kCompute) +
         seconds_of(simulation, rank, Doing::kMessages);
}

/// An input of 4 x 4 x 2 elements and a convolution of single pixels with 3 filters by BLAS, on
/// hosts that are slow enough for whole seconds.
class ByHand : public testing::Test {
 protected:
  ByHand() {
    add_input(network_, {4, 4, 2}, "test");
    add_layer(network_, Convolution{3, 1, {}, {}}, {0}, "test");
    host_.speed = {.direct_flop_per_second = kInfinity,
                   .winograd_flop_per_second = kInfinity,
                   .blas_flop_per_second = 2,
                   .loop_flop_per_second = 10,
                   .memory_bytes_per_second = kInfinity};
    host_.link = {.bytes_per_second = 64,
                  .message_seconds = 3,
                  .message_processor_seconds = 2,
                  .byte_processor_seconds = 0.01};
  }

  /// The input on rank 0, the convolution on another or the same.
  [[nodiscard]] Plan convolved_on(int rank, int ranks) const {
    Plan plan{Strategy::kSequential, ranks, {}};
    for (int position = 0; position < 2; ++position) {
      Layout layout(static_cast<std::size_t>(ranks));
      layout[static_cast<std::size_t>(position * rank)] = whole(network_.layer(position).output);
      plan.layers.push_back({layout});
    }
    return with_blas(plan);
  }

  static constexpr double kLoading = 60 * 4 * 4 * 2 / 10.0;
  static constexpr double kConvolving = 2 * 2 * 3 * 4 * 4 / 2.0;

  Network network_;
  Host host_;
};

TEST_F(ByHand, OneRankTakesWhatItsStepsTake) {
  const Plan plan = convolved_on(0, 1);
  EXPECT_NEAR(latency(network_, plan, {{host_}}), kLoading + kConvolving, 1e-9);
  host_.speed.memory_bytes_per_second = sizeof(float);
  // Of 32 elements that are read, 48 that are written, 6 weights.
  const double copying = 0.4 * 32 + 1.2 * 48 + 0.3 * 6;
  EXPECT_NEAR(latency(network_, plan, {{host_}}), kLoading + kConvolving + copying, 1e-9);
  const Simulation stream = simulated(network_, plan, {{host_}}, 6, 1);
  EXPECT_EQ(stream.frame_seconds.size(), 6U);
  EXPECT_NEAR(stream.period_seconds, kLoading + kConvolving + copying, 1e-9);
  EXPECT_NEAR(seconds_of(stream, 0, Doing::kCompute, 0), kLoading, 1e-9);
  EXPECT_NEAR(seconds_of(stream, 0, Doing::kCompute, 1), kConvolving + copying, 1e-9);
  EXPECT_EQ(stream.timelines.front().size(), 2U) << "there is nothing to wait for";
}

TEST_F(ByHand, TwoRanksWaitForTheirMessages) {
  const Plan plan = convolved_on(1, 2);
  constexpr double kThereBytes = 4 * 4 * 2 * sizeof(float);
  constexpr double kBackBytes = 4 * 4 * 3 * sizeof(float);
  // Of the link alone: bytes are taken in as they come.
  const auto link = [](double bytes) { return bytes / 64 + 3 - 0.01 * bytes; };
  const auto message = [&link](double bytes) {
    const double processor = 2 + 0.01 * bytes;  // of either side
    return processor + link(bytes) + processor;
  };
  const double expected = kLoading + message(kThereBytes) + kConvolving + message(kBackBytes);
  const Simulation frame = simulated(network_, plan, cluster_of(2, host_), 1, 1);
  EXPECT_NEAR(frame.frame_seconds.front(), expected, 1e-9);
  EXPECT_NEAR(seconds_of(frame, 0, Doing::kMessages, 1), 2 + 0.01 * kBackBytes, 1e-9);
  EXPECT_NEAR(seconds_of(frame, 0, Doing::kAwaitLink, 1), link(kBackBytes), 1e-9);
  EXPECT_NEAR(seconds_of(frame, 0, Doing::kAwaitPeer),
              expected - busy_seconds(frame, 0) - link(kBackBytes) -
                  seconds_of(frame, 0, Doing::kAwaitLink, 0),
              1e-9)
      << "until the other has sent its result";
  EXPECT_NEAR(seconds_of(frame, 1, Doing::kCompute, 1), kConvolving, 1e-9);
  EXPECT_NEAR(seconds_of(frame, 1, Doing::kMessages, 1), 2 + 0.01 * kBackBytes, 1e-9);
  EXPECT_NEAR(seconds_of(frame, 1, Doing::kMessages, 0), 2 + 0.01 * kThereBytes, 1e-9);
  EXPECT_EQ(frame.timelines[1].front().doing, Doing::kAwaitPeer);
  EXPECT_EQ(frame.timelines[1].front().peer, 0);
}

TEST(Simulate, TellsWhatRanksDoWithoutGaps) {
  for_every_plan({0, 6}, [](const Network& network, const Plan& plan) {
    if (plan.ranks > 9) return;
    const Cluster cluster = random_cluster(plan.ranks, static_cast<std::uint32_t>(plan.ranks));
    const Simulation frame = simulated(network, plan, cluster, 1, 1);
    for (const Timeline& timeline : frame.timelines) {
      for (std::size_t i = 0; i < timeline.size(); ++i) {
        EXPECT_LT(timeline[i].begin, timeline[i].end);
        const double before = i == 0 ? timeline[i].begin : timeline[i - 1].end;
        EXPECT_NEAR(timeline[i].begin, before, 1e-9 * before);
      }
    }
    EXPECT_EQ(frame.timelines.front().front().begin, 0);
    EXPECT_EQ(frame.timelines.front().back().end, frame.frame_seconds.front());
  });
}

TEST_F(ByHand, WhatIsUnpackedWhileMoreIsAwaitedIsNoWait) {
  Plan plan = convolved_on(0, 3);
  plan.layers[1].owned = {{}, {{0, 2}, {0, 4}, {0, 3}}, {{2, 4}, {0, 4}, {0, 3}}};
  const Simulation frame = simulated(network_, plan, cluster_of(3, host_), 1, 1);
  EXPECT_NEAR(seconds_of(frame, 0, Doing::kMessages, 1), 2 * (2 + 0.01 * 96), 1e-9);
  const double waited =
      seconds_of(frame, 0, Doing::kAwaitPeer) + seconds_of(frame, 0, Doing::kAwaitLink);
  EXPECT_NEAR(waited + busy_seconds(frame, 0), frame.frame_seconds.front(), 1e-9);
}

TEST_F(ByHand, PredictionsTellWhereTheTimeGoes) {
  const Plan plan = convolved_on(1, 2);
  const Prediction prediction = predict({network_, plan}, {1}, cluster_of(2, host_), {});
  const LayerTime& input = prediction.layers[0];
  EXPECT_EQ(input.rank, 0);
  EXPECT_NEAR(input.compute_seconds, kLoading, 1e-9);
  EXPECT_EQ(input.compute_over_mean, 1) << "of those who take part";
  EXPECT_EQ(input.moved_bytes, 0U);
  const LayerTime& convolution = prediction.layers[1];
  EXPECT_EQ(convolution.rank, 1);
  EXPECT_NEAR(convolution.peer_seconds, 2 + 0.01 * 128, 1e-9) << "rank 0 packs and sends";
  EXPECT_EQ(convolution.peer, 0);
  EXPECT_NEAR(convolution.link_seconds, 128 / 64.0 + 3 - 0.01 * 128, 1e-9);
  EXPECT_NEAR(convolution.message_seconds, 2 + 0.01 * 128, 1e-9);
  EXPECT_NEAR(convolution.compute_seconds, kConvolving, 1e-9);
  EXPECT_EQ(convolution.moved_bytes, 128U);
  EXPECT_EQ(prediction.results.peer, 1);
  EXPECT_NEAR(prediction.results.link_seconds, 192 / 64.0 + 3 - 0.01 * 192, 1e-9);
  EXPECT_EQ(prediction.results.moved_bytes, 192U);
}

TEST_F(ByHand, PredictionsEndWithTheFrameThoughOtherRanksAreStillAtIt) {
  Plan plan = convolved_on(0, 2);
  plan.layers[1].owned[1] = plan.layers[1].owned[0];
  Cluster cluster = cluster_of(2, host_);
  cluster.hosts[1].speed.blas_flop_per_second /= 10;
  const Prediction prediction = predict({network_, plan}, {1}, cluster, {});
  EXPECT_NEAR(prediction.layers[0].seconds() + prediction.layers[1].seconds(),
              prediction.latency_seconds, 1e-9);
}

TEST_F(ByHand, TheSlowerOfTwoLinksCounts) {
  const Plan plan = convolved_on(1, 2);
  Cluster cluster = cluster_of(2, host_);
  const double alike = latency(network_, plan, cluster);
  cluster.hosts[1].link.bytes_per_second = 32;
  EXPECT_NEAR(latency(network_, plan, cluster) - alike, (128 + 192) / 64.0, 1e-9);
  cluster.hosts[0].link.bytes_per_second = 32;
  EXPECT_NEAR(latency(network_, plan, cluster) - alike, (128 + 192) / 64.0, 1e-9);
  cluster.hosts[0].link.message_seconds = 5;
  EXPECT_NEAR(latency(network_, plan, cluster) - alike, (128 + 192) / 64.0 + 4, 1e-9);
}

Cluster linked(const std::vector<double>& bytes_per_second) {
  Cluster cluster;
  for (const double rate : bytes_per_second) {
    cluster.hosts.push_back({.link = {.bytes_per_second = rate, .message_seconds = 1}});
  }
  return cluster;
}

TEST(SimulatedNetwork, ServesOneMessageAfterAnother) {
  const Cluster cluster = linked({10, 10, 10, 10});
  SimulatedNetwork network(cluster);
  EXPECT_EQ(network.send(0, 1, 100, 5).arrived, 16);
  EXPECT_EQ(network.send(0, 2, 100, 5).arrived, 26) << "leaves after the first";
  EXPECT_EQ(network.send(3, 1, 100, 5).arrived, 26) << "comes after the first";
  EXPECT_EQ(network.send(1, 0, 100, 5).arrived, 16) << "the other direction is free";
  EXPECT_EQ(network.send(2, 3, 100, 5).arrived, 16) << "other links are free";
  EXPECT_EQ(network.send(0, 1, 100, 1000).arrived, 1011) << "nothing is left to wait for";
}

TEST(SimulatedNetwork, LetsMessagesPassAtTheSlowerLinksRate) {
  const Cluster cluster = linked({10, 50, 10});
  const Passage slowed_by_sender = SimulatedNetwork(cluster).send(0, 1, 100, 0);
  EXPECT_EQ(slowed_by_sender.left, 10);
  EXPECT_EQ(slowed_by_sender.arrived, 11);
  const Passage slowed_by_receiver = SimulatedNetwork(cluster).send(1, 0, 100, 0);
  EXPECT_EQ(slowed_by_receiver.left, 2);
  EXPECT_EQ(slowed_by_receiver.arrived, 11);
  EXPECT_EQ(SimulatedNetwork(cluster).send(0, 2, 0, 7).arrived, 8) << "a message without bytes";
}

TEST(Simulate, IsNeverFasterWithASlowerHostOrLink) {
  const std::vector<std::function<void(Host&)>> worsenings{
      [](Host& host) { host.link.bytes_per_second /= 3; },
      [](Host& host) { host.link.message_seconds *= 3; },
      [](Host& host) { host.link.message_processor_seconds *= 3; },
      [](Host& host) { host.speed.memory_bytes_per_second /= 3; },
      [](Host& host) { host.speed.loop_flop_per_second /= 3; },
      [](Host& host) { host.speed.direct_flop_per_second /= 3; }};
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    const Network network = random_network(seed);
    const int ranks = 2 + static_cast<int>(seed % 4);
    const Cluster cluster = random_cluster(ranks, seed);
    for (const Strategy strategy :
         {Strategy::kVertical, Strategy::kData, Strategy::kSequential, Strategy::kHorizontal}) {
      const Plan plan = make_plan(network, strategy, ranks);
      const double seconds = latency(network, plan, cluster);
      for (std::size_t i = 0; i < worsenings.size(); ++i) {
        Cluster worse = cluster;
        worsenings[i](worse.hosts[seed % static_cast<std::uint32_t>(ranks)]);
        // What comes later may be served in a luckier order.
        EXPECT_GE(latency(network, plan, worse), 0.99 * seconds)
            << "seed " << seed << ", " << to_string(strategy) << ", worsening " << i;
        for (Host& host : worse.hosts) worsenings[i](host);
        EXPECT_GE(latency(network, plan, worse), 0.99 * seconds)
            << "seed " << seed << ", " << to_string(strategy) << ", worsening " << i;
      }
    }
  }
}

TEST(Simulate, TakesNoLongerPerFrameWithMoreUnderWay) {
  const Network network = yolov2();
  for (const Strategy strategy : {Strategy::kSingle, Strategy::kVertical, Strategy::kData,
                                  Strategy::kSequential, Strategy::kHorizontal}) {
    for (const int ranks : {2, 4}) {
      const Cluster cluster = cluster_of(ranks, raspberry_pi_4());
      const Plan plan = make_plan(network, strategy, ranks);
      double before = period(network, plan, cluster, 1);
      EXPECT_NEAR(before, latency(network, plan, cluster), 0.01 * before);
      for (const int in_flight : {2, 4, 8}) {
        const double now = period(network, plan, cluster, in_flight);
        EXPECT_LE(now, 1.005 * before) << to_string(strategy) << ", " << in_flight << " under way";
        before = now;
      }
    }
  }
}

TEST(Simulate, FindsThePeriodOfAPipelineThatOfItsSlowestStage) {
  const Network network = yolov2();
  Cluster cluster = cluster_of(4, raspberry_pi_4());
  for (const double rate : {1.0, 0.5}) {  // of one host
    cluster.hosts[2].speed.direct_flop_per_second *= rate;
    cluster.hosts[2].speed.winograd_flop_per_second *= rate;
    const Plan plan = make_plan(network, Strategy::kSequential, 4);
    const Simulation stream = simulated(network, plan, cluster, 60, 8);
    double slowest = 0;
    for (int rank = 0; rank < 4; ++rank) slowest = std::max(slowest, busy_seconds(stream, rank));
    // The first frame, which the times are of, finds some messages later than the others do.
    EXPECT_GE(stream.period_seconds, 0.98 * slowest);
    EXPECT_LE(stream.period_seconds, 1.1 * slowest);
    EXPECT_LT(stream.period_seconds, 0.7 * latency(network, plan, cluster));
  }
}

TEST(Simulate, ComesToAnEndWithEveryPlan) {
  for_every_plan({0, 12}, [](const Network& network, const Plan& plan) {
    if (plan.ranks > 9) return;
    const Cluster cluster = random_cluster(plan.ranks, static_cast<std::uint32_t>(plan.ranks));
    const Simulation stream = simulated(network, plan, cluster, 5, 2);
    EXPECT_EQ(stream.frame_seconds.size(), 5U);
    for (const double seconds : stream.frame_seconds) EXPECT_GT(seconds, 0);
    EXPECT_GT(stream.period_seconds, 0);
    EXPECT_EQ(stream.timelines.size(), static_cast<std::size_t>(plan.ranks));
  });
}

TEST(Predict, TellsMemoryBytesAndTimes) {
  for (std::uint32_t seed = 0; seed < 10; ++seed) {
    const Network network = random_network(seed);
    const Cluster cluster = random_cluster(4, seed);
    const Plan plan = make_plan(network, Strategy::kVertical, 4);
    const Delivery delivery = result_layers(network);
    const Prediction prediction = predict({network, plan}, delivery, cluster, {.lanes = 2});
    EXPECT_EQ(prediction.memory, predict_memory({network, plan}, delivery, {.lanes = 2}));
    EXPECT_EQ(prediction.moved_bytes, Exchanges({network, delivery}, {network, plan}).bytes());
    EXPECT_DOUBLE_EQ(prediction.latency_seconds, latency(network, plan, cluster));
    EXPECT_LE(prediction.period_seconds, 1.05 * prediction.latency_seconds);
  }
}

}  // namespace
}  // namespace vpinfer
