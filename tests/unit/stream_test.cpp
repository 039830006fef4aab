#include "session/stream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "search/planner.hpp"
#include "support/distributed_run.hpp"
#include "support/every_plan.hpp"
#include "support/loopback.hpp"
#include "support/random_network.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// So many different frames and what a model makes of them.
struct Film {
  Film(const SeededModel& model, std::uint32_t frames) {
    for (std::uint32_t i = 0; i < frames; ++i) {
      inputs.push_back(seeded_input(model.network, i));
      references.push_back(reference_run(model.network, model.weights, inputs.back()));
    }
  }

  std::vector<std::vector<float>> inputs;
  std::vector<Outputs> references;
};

void check_stream(const SeededModel& model, const Plan& plan, const Film& film,
                  const FramesInFlight& in_flight, std::uint32_t seed) {
  SCOPED_TRACE(std::to_string(film.inputs.size()) + " frames, window " +
               std::to_string(in_flight.window) + ", lanes " + std::to_string(in_flight.lanes));
  const Delivery delivery = result_layers(model.network);
  DistributedRun run(model, plan, delivery, film.inputs);
  run.stream(seed, in_flight);
  expect_same_as_reference(model, plan, delivery, run, film.references);
}

/// A parameter is a range of seeds so that ctest can run them side by side.
class StreamSweep : public testing::TestWithParam<std::uint32_t> {};

constexpr std::uint32_t kSeedsPerTest = 5;

TEST_P(StreamSweep, EveryPlanGivesTheReferencesInOrder) {
  for (std::uint32_t seed = GetParam() * kSeedsPerTest; seed < (GetParam() + 1) * kSeedsPerTest;
       ++seed) {
    const SeededModel model = random_model(seed);
    const Film film(model, 7);
    for (const int ranks : {1, 2, 3, 8}) {
      const std::vector<Plan> plans = every_plan(model.network, ranks, seed);
      for (std::size_t plan = 0; plan < plans.size(); ++plan) {
        SCOPED_TRACE("seed " + std::to_string(seed) + ", " + std::to_string(ranks) +
                     " ranks, plan " + std::to_string(plan));
        for (const FramesInFlight& in_flight :
             {FramesInFlight{1, 1}, FramesInFlight{2, 2}, FramesInFlight{5, 1},
              FramesInFlight{9, 2}, FramesInFlight{4, 3}}) {
          check_stream(model, plans[plan], film, in_flight, seed);
        }
        if (HasFatalFailure() || HasNonfatalFailure()) return;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, StreamSweep, testing::Range(0U, 6U));

TEST(Stream, HasAnyLength) {
  const SeededModel model = random_model(42);
  for (const std::uint32_t frames : {0U, 1U, 2U, 50U}) {
    const Film film(model, frames);
    for (const Strategy strategy : kStrategies) {
      SCOPED_TRACE(to_string(strategy));
      check_stream(model, make_plan(model.network, strategy, 3), film, {4, 2}, 5);
    }
  }
}

/// The first rank of a pipeline keeps no memory for frames that are under way elsewhere.
TEST(Program, HasSegmentsForAStageAndTheResults) {
  Network network;
  network.layers.push_back({Input{}, {}, {16, 16, 8}});
  const Window window{3, 1, 1, 1};
  for (int i = 0; i < 3; ++i) {
    add_layer(network, Convolution{8, 1, window, window, Activation::kRelu}, {i}, "test");
  }
  const Plan plan = make_plan(network, Strategy::kSequential, 3);
  EXPECT_EQ(make_program({network, plan}, {3}, 0, {.lanes = 1}).segments.size(), 2U);
  EXPECT_EQ(make_program({network, plan}, {3}, 1, {.lanes = 1}).segments.size(), 1U);
  const std::size_t lane = make_program({network, plan}, {3}, 0, {.lanes = 1}).memory.activations;
  EXPECT_EQ(make_program({network, plan}, {3}, 0, {.lanes = 2}).memory.activations, 2 * lane);
}

TEST(Stream, NamesASilentRankZero) {
  const SeededModel model = random_model(1);
  const Plan plan = make_plan(model.network, Strategy::kData, 2);
  const Program program = make_program({model.network, plan}, {}, 1);
  Weights weights({model.network, plan}, 1);
  Loopback loopback(2, 1);
  ThreadPool pool(1);
  Executor executor(model.network, program, weights, pool, loopback.rank(1), kTimeout);
  OrderReceiver orders(loopback.rank(1), std::chrono::milliseconds(50));
  try {
    follow_stream(executor, orders);
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ExitCode::kRankFailed);
    EXPECT_THAT(e.what(), HasSubstr("between frames: no word from rank 0 (host-0) for 0.1 s"));
  }
}

/// Has one frame, and never another.
class StuckCamera final : public FrameSupply {
 public:
  explicit StuckCamera(const std::vector<float>& frame) : frame_(frame) {}

  State state() override { return taken_ ? State::kNotYet : State::kReady; }
  FrameTask take() override {
    taken_ = true;
    return {
        [this](std::span<float> input) { std::copy(frame_.begin(), frame_.end(), input.begin()); }};
  }

 private:
  const std::vector<float>& frame_;
  bool taken_ = false;
};

/// That rank 0 is alive is no reason to wait longer for another rank's border.
TEST(Stream, KeepsTheDeadlineOfABorderWhileRankZeroIsAlive) {
  SeededModel model;
  const Window window{3, 1, 1, 1};
  add_input(model.network, {24, 8, 3}, "test");
  for (int i = 0; i < 3; ++i) {
    add_layer(model.network, Convolution{4, 1, window, window, Activation::kRelu}, {i}, "test");
  }
  model.weights = seeded_weights(model.network, 1);
  const std::vector<float> frame = seeded_input(model.network, 1);
  const Plan plan = make_plan(model.network, Strategy::kData, 3);
  Loopback loopback(3, 1);
  loopback.cut(1, 2);
  const std::chrono::milliseconds patience(100);
  const std::chrono::milliseconds far_longer(1500);
  double waited = 0;  // by rank 2, which alone writes it
  const auto errors = run_ranks(loopback, [&](Communicator& communicator) {
    const int rank = communicator.rank();
    const Program program = make_program({model.network, plan}, {}, rank);
    Weights weights({model.network, plan}, rank);
    ThreadPool pool(1);
    Executor executor(model.network, program, weights, pool, communicator,
                      rank == 2 ? std::chrono::duration<double>(patience) : far_longer);
    if (rank == 0) {
      StuckCamera camera(frame);
      OrderSender orders(communicator, patience);
      lead_stream(executor, orders, camera, 1);
      return;
    }
    const Clock::time_point start = Clock::now();
    try {
      OrderReceiver orders(communicator, far_longer);
      follow_stream(executor, orders);
    } catch (const Error& e) {
      if (rank != 2) throw;
      EXPECT_THAT(e.what(), HasSubstr("could not receive from rank 1 (host-1)"));
      waited = seconds_since(start);
    }
  });
  EXPECT_GT(waited, 0) << "rank 2 did not give up";
  EXPECT_LT(waited, 1);
  EXPECT_FALSE(errors.empty()) << "ranks 0 and 1 have no frame either";
}

/// Never has a frame until it has been asked often.
class SlowCamera final : public FrameSupply {
 public:
  State state() override {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return ++asked_ < 50 ? State::kNotYet : State::kEnded;
  }
  FrameTask take() override { return {}; }

 private:
  int asked_ = 0;
};

/// Frames may come more slowly than the timeout: rank 0 says that it is still there.
TEST(Stream, OutlastsASlowCamera) {
  const SeededModel model = random_model(1);
  const Plan plan = make_plan(model.network, Strategy::kData, 3);
  Loopback loopback(3, 1);
  const auto errors = run_ranks(loopback, [&](Communicator& communicator) {
    const Program program = make_program({model.network, plan}, {}, communicator.rank());
    Weights weights({model.network, plan}, communicator.rank());
    const std::chrono::milliseconds timeout(100);
    ThreadPool pool(1);
    Executor executor(model.network, program, weights, pool, communicator, timeout);
    if (communicator.rank() == 0) {
      SlowCamera camera;
      OrderSender orders(communicator, timeout);
      lead_stream(executor, orders, camera, 2);
    } else {
      OrderReceiver orders(communicator, timeout);
      follow_stream(executor, orders);
    }
  });
  EXPECT_THAT(errors, ElementsAre());
}

}  // namespace
}  // namespace vpinfer
