#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "search/planner.hpp"
#include "session/job.hpp"
#include "support/channels.hpp"
#include "support/error_line.hpp"
#include "support/every_plan.hpp"
#include "support/random_network.hpp"
#include "support/yolov2.hpp"

namespace vpinfer {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

Job some_job(const Network& network, const Plan& plan) {
  return {network,
          plan,
          result_layers(network),
          "0123abcd",
          true,
          InFlight{.frames = 6, .lanes = 2},
          std::chrono::duration<double>(0.125)};
}

void expect_same(const Job& actual, const Job& expected) {
  EXPECT_EQ(actual.network, expected.network);
  EXPECT_EQ(actual.plan, expected.plan);
  EXPECT_EQ(actual.delivery, expected.delivery);
  EXPECT_EQ(actual.checksum, expected.checksum);
  EXPECT_EQ(actual.partitioned, expected.partitioned);
  EXPECT_EQ(actual.in_flight, expected.in_flight);
  EXPECT_EQ(actual.timeout, expected.timeout);
}

TEST(Job, SurvivesItsWay) {
  for_every_plan({0, 5}, [](const Network& network, const Plan& plan) {
    const Job job = some_job(network, plan);
    expect_same(job_from_json(to_json(job), "there"), job);
  });
}

TEST(Job, ReachesEveryRankInOneMessage) {
  const Network network = random_network(1);
  const Job job = some_job(network, make_plan(network, Strategy::kVertical, 3));
  Loopback loopback(3, 1);
  const auto ends = run_channels(loopback, std::chrono::seconds(20), [&](Channel& channel) {
    if (channel.rank() == 0) return send_job(channel, job);
    expect_same(await_job(channel, "there"), job);
  });
  EXPECT_THAT(messages(ends), IsEmpty());
  EXPECT_THAT(loopback.complaints(), IsEmpty());
}

TEST(Job, OfAnotherProgramIsRefused) {
  for (const std::string text : {"", "{}", R"({"network": 3})", "[1]"}) {
    EXPECT_THAT(error_line<BadInput>([&] { (void)job_from_json(text, "m.h5"); }),
                StartsWith("m.h5: rank 0 sent what is no job"));
  }
}

TEST(Job, ThatDeliversEverythingRunsOneFrameAtATime) {
  const Network network = random_network(1);
  const Job job = delivering_everything(some_job(network, make_plan(network, Strategy::kData, 2)));
  EXPECT_EQ(job.delivery, all_layers(network));
  EXPECT_EQ(job.in_flight, InFlight());
}

InFlight in_flight(const Plan& plan, const InFlightLimits& limits) {
  const Network network = yolov2();
  return choose_in_flight(network, plan, result_layers(network), limits);
}

TEST(FramesInFlight, AreOneOfOne) {
  for (const Strategy strategy : kStrategies) {
    EXPECT_EQ(in_flight(make_plan(yolov2(), strategy, 4), {}), InFlight());
  }
}

TEST(FramesInFlight, AreTwoPerStageOfAPipelineUnderAnyName) {
  Plan plan = make_plan(yolov2(), Strategy::kSequential, 4);
  const InFlight expected{.frames = 8, .lanes = 2};
  EXPECT_EQ(in_flight(plan, {.many_frames = true}), expected);
  plan.strategy = Strategy::kVertical;
  EXPECT_EQ(in_flight(plan, {.many_frames = true}), expected);
  EXPECT_EQ(in_flight(plan, {.asked = 1}), InFlight());
  EXPECT_EQ(in_flight(plan, {.asked = 5}), (InFlight{.frames = 5, .lanes = 2}));
}

TEST(FramesInFlight, AreTwoOfWhatIsNoPipeline) {
  Plan plan = make_plan(yolov2(), Strategy::kData, 4);
  for (const Strategy name : {Strategy::kData, Strategy::kSequential}) {
    plan.strategy = name;
    EXPECT_EQ(in_flight(plan, {.many_frames = true}), (InFlight{.frames = 2, .lanes = 2}));
    EXPECT_EQ(in_flight(plan, {.asked = 5}), (InFlight{.frames = 5, .lanes = 5}));
  }
}

TEST(FramesInFlight, ShareALaneIfMemoryIsShort) {
  const Plan plan = make_plan(yolov2(), Strategy::kSequential, 4);
  EXPECT_EQ(in_flight(plan, {.many_frames = true, .memory_bytes = {1, 1, 1, 1}}),
            (InFlight{.frames = 8, .lanes = 1}));
  std::vector<std::size_t> enough(4, std::size_t{1} << 40U);
  EXPECT_EQ(in_flight(plan, {.many_frames = true, .memory_bytes = enough}),
            (InFlight{.frames = 8, .lanes = 2}));
  enough[2] = 1;
  EXPECT_EQ(in_flight(plan, {.many_frames = true, .memory_bytes = enough}),
            (InFlight{.frames = 8, .lanes = 1}));
  // Who asks for frames gets them, or an error.
  EXPECT_EQ(in_flight(plan, {.asked = 8, .memory_bytes = {1, 1, 1, 1}}),
            (InFlight{.frames = 8, .lanes = 2}));
}

}  // namespace
}  // namespace vpinfer
