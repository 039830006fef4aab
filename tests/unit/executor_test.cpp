#include "exec/executor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.hpp"
#include "search/planner.hpp"
#include "support/distributed_run.hpp"
#include "support/every_plan.hpp"
#include "support/loopback.hpp"
#include "support/random_network.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

void ignore(int /*position*/, std::span<const float> /*output*/) {}

/// Many networks; a parameter is a range of seeds so that ctest can run them side by side.
class ExecutorSweep : public testing::TestWithParam<std::uint32_t> {};

constexpr std::uint32_t kSeedsPerTest = 10;

TEST_P(ExecutorSweep, EveryPlanGivesTheReference) {
  for (std::uint32_t seed = GetParam() * kSeedsPerTest; seed < (GetParam() + 1) * kSeedsPerTest;
       ++seed) {
    const SeededModel model = random_model(seed);
    // With all layers delivered rank 0 has everything; with the results only, it has not.
    const Delivery delivery =
        seed % 2 == 0 ? all_layers(model.network) : result_layers(model.network);
    std::vector<std::vector<float>> inputs;
    std::vector<Outputs> references;
    for (std::uint32_t frame = 0; frame < 3; ++frame) {
      inputs.push_back(seeded_input(model.network, seed * 10 + frame));
      references.push_back(reference_run(model.network, model.weights, inputs.back()));
    }
    for (const int ranks : {1, 2, 3, 5, 8, 9}) {
      const std::vector<Plan> plans = every_plan(model.network, ranks, seed);
      for (std::size_t plan = 0; plan < plans.size(); ++plan) {
        SCOPED_TRACE("seed " + std::to_string(seed) + ", " + std::to_string(ranks) +
                     " ranks, plan " + std::to_string(plan));
        DistributedRun run(model, plans[plan], delivery, inputs);
        run.run(seed);
        expect_same_as_reference(model, plans[plan], delivery, run, references);
        if (HasFatalFailure() || HasNonfatalFailure()) return;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ExecutorSweep, testing::Range(0U, 8U));

TEST(Executor, ManyRanksGiveWhatOneGives) {
  for (std::uint32_t seed = 500; seed < 510; ++seed) {
    const SeededModel model = random_model(seed);
    const Delivery delivery = all_layers(model.network);
    const std::vector<std::vector<float>> inputs{seeded_input(model.network, seed)};
    const Plan single = make_plan(model.network, Strategy::kSingle, 1);
    const Plan vertical = make_plan(model.network, Strategy::kVertical, 6);
    DistributedRun alone(model, single, delivery, inputs);
    DistributedRun together(model, vertical, delivery, inputs);
    alone.run(seed);
    together.run(seed);
    for (const auto& [position, output] : alone.frames().front()) {
      expect_close(together.frames().front().at(position), output,
                   tolerance_of(vertical.coarsest_wire()),
                   "seed " + std::to_string(seed) + ", position " + std::to_string(position));
    }
  }
}

TEST(Executor, RoundsWhatTravelsAndNothingElse) {
  // Rank 1 computes the lower half from what rank 0 has computed, and sends it back.
  SeededModel model;
  model.network.layers.push_back({Input{}, {}, {6, 5, 3}});
  add_layer(model.network, MaxPool{}, {0}, "test");
  model.weights = seeded_weights(model.network, 1);
  const Box all = whole({6, 5, 3});
  const Layout halves{{{0, 3}, all.cols, all.channels}, {{3, 6}, all.cols, all.channels}};
  const Plan plan = with_wire({Strategy::kData, 2, {{{all, {}}}, {halves}}}, WireFormat::kHalf);
  const std::vector<float> input = seeded_input(model.network, 1);
  const Delivery delivery{1};
  DistributedRun run(model, plan, delivery, {input});
  run.run(1);
  std::vector<float> expected = input;
  for (std::size_t i = expected.size() / 2; i < expected.size(); ++i) {
    expected[i] = half_to_float(float_to_half(expected[i]));
  }
  EXPECT_EQ(run.frames().front().at(1), expected);
  EXPECT_NE(expected, input);
  // 45 numbers there and 45 back, of two bytes each.
  EXPECT_EQ(run.counters()[0].sent_bytes, 90U);
  EXPECT_EQ(run.counters()[1].sent_bytes, 90U);
}

/// A network and a plan of two ranks that must exchange something after layer 0.
struct TwoRanks {
  TwoRanks() {
    const Window window{3, 1, 1, 1};
    model.network.layers.push_back({Input{}, {}, {8, 6, 3}});
    add_layer(model.network, Convolution{4, 1, window, window, Activation::kRelu}, {0}, "test");
    add_layer(model.network, Convolution{4, 1, window, window, Activation::kRelu}, {1}, "test");
    model.weights = seeded_weights(model.network, 1);
    plan = make_plan(model.network, Strategy::kData, 2);
    delivery = result_layers(model.network);
  }

  /// The message of the Error of one rank that runs while the other is silent.
  std::string failure_of(int rank, double timeout_seconds) const {
    Loopback loopback(2, 1);
    const Program program = make_program({model.network, plan}, delivery, rank);
    Weights weights({model.network, plan}, rank);
    for (int i = 0; i < model.network.size(); ++i) weights.load(i, reader_of(model));
    ThreadPool pool(1);
    Executor executor(model.network, program, weights, pool, loopback.rank(rank),
                      std::chrono::duration<double>(timeout_seconds));
    try {
      const std::vector<float> input = seeded_input(model.network, 1);
      executor.run({writer_of(input), ignore});
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ExitCode::kRankFailed);
      return e.what();
    }
    return "no error";
  }

  SeededModel model;
  Plan plan;
  Delivery delivery;
};

TEST(Executor, NamesThePeerThatNeverAnswers) {
  const TwoRanks two;
  const Clock::time_point start = Clock::now();
  const std::string of_rank_0 = two.failure_of(0, 0.2);
  EXPECT_LT(seconds_since(start), 5);
  EXPECT_THAT(of_rank_0, HasSubstr("rank 1 (host-1)"));
  EXPECT_THAT(of_rank_0, HasSubstr("layer "));
  EXPECT_THAT(two.failure_of(1, 0.2),
              HasSubstr("the input: could not receive from rank 0 (host-0)"));
}

/// A convolution that sums over the channels of one rank after another waits for them one by one,
/// those of the last rank first.
TEST(Executor, NamesThePeerThatItWaitsForAndNoOther) {
  SeededModel model;
  const Window window{};
  model.network.layers.push_back({Input{}, {}, {4, 4, 3}});
  add_layer(model.network, Convolution{192, 1, window, window, Activation::kRelu}, {0}, "test");
  add_layer(model.network, Convolution{6, 1, window, window, Activation::kRelu}, {1}, "test");
  model.weights = seeded_weights(model.network, 1);
  Plan plan{Strategy::kHorizontal, 3, {}};
  for (const Layer& layer : model.network.layers) {
    Layout layout(3, whole(layer.output));
    for (int rank = 0; rank < 3; ++rank) {
      layout[static_cast<std::size_t>(rank)].channels = share(layer.output.channels, 3, rank);
    }
    plan.layers.push_back({layout});
  }
  plan.layers.front().owned = {whole({4, 4, 3}), {}, {}};
  Loopback loopback(3, 1);
  loopback.silence(1);
  loopback.silence(2);
  const std::vector<float> input = seeded_input(model.network, 1);
  const std::vector<std::string> errors = run_ranks(loopback, [&](Communicator& communicator) {
    const int rank = communicator.rank();
    const Program program = make_program({model.network, plan}, {2}, rank);
    Weights weights({model.network, plan}, rank);
    for (int i = 0; i < model.network.size(); ++i) weights.load(i, reader_of(model));
    ThreadPool pool(1);
    Executor executor(model.network, program, weights, pool, communicator,
                      std::chrono::milliseconds(rank == 0 ? 100 : 300));
    executor.run({writer_of(input), ignore});
  });
  ASSERT_FALSE(errors.empty());
  EXPECT_THAT(errors.front(), HasSubstr("layer 0: could not receive from rank 2 (host-2)"));
}

TEST(Executor, CountersStartAnew) {
  const TwoRanks two;
  Loopback loopback(2, 3);
  const std::vector<float> input = seeded_input(two.model.network, 2);
  const std::vector<std::string> errors = run_ranks(loopback, [&](Communicator& communicator) {
    const int rank = communicator.rank();
    const Program program = make_program({two.model.network, two.plan}, two.delivery, rank);
    Weights weights({two.model.network, two.plan}, rank);
    for (int i = 0; i < two.model.network.size(); ++i) weights.load(i, reader_of(two.model));
    ThreadPool pool(1);
    Executor executor(two.model.network, program, weights, pool, communicator, kTimeout);
    executor.run({writer_of(input), ignore});
    EXPECT_GT(executor.counters().compute_seconds, 0);
    EXPECT_GT(executor.counters().sent_bytes, 0U);
    executor.reset_counters();
    EXPECT_EQ(executor.counters().sent_bytes + executor.counters().received_bytes, 0U);
    EXPECT_EQ(executor.counters().compute_seconds + executor.counters().wait_seconds, 0);
  });
  EXPECT_THAT(errors, IsEmpty());
  EXPECT_THAT(loopback.complaints(), IsEmpty());
}

}  // namespace
}  // namespace vpinfer
