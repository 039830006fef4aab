#include "vpinfer/plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "base/float_buffer.hpp"
#include "io/model_file.hpp"
#include "program/program.hpp"
#include "search/choice.hpp"
#include "search/evaluation.hpp"
#include "search/planner.hpp"
#include "search/work.hpp"
#include "support/every_plan.hpp"
#include "support/random_network.hpp"
#include "support/yolov2.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

template <typename... Types>
bool is(const Network& network, int position) {
  return (std::holds_alternative<Types>(network.layer(position).operation) || ...);
}

/// Layers that are repeated wherever they are read.
bool only_moves(const Network& network, int position) {
  return is<Constant, Concat, Slice, Pad, Resample, Flatten, Reorg, SpaceToDepth, DepthToSpace,
            ShuffleChannels>(network, position);
}

void check_layouts(const Network& network, const Plan& plan) {
  ASSERT_EQ(plan.layers.size(), network.layers.size());
  EXPECT_EQ(plan.owned(0, 0), whole(network.input_shape()));
  for (int position = 0; position < network.size(); ++position) {
    const Shape& shape = network.layer(position).output;
    ASSERT_EQ(plan.layer(position).owned.size(), static_cast<std::size_t>(plan.ranks));
    for (int rank = 0; rank < plan.ranks; ++rank) {
      EXPECT_TRUE(whole(shape).contains(plan.owned(position, rank)));
    }
    const std::vector<Box> missing = uncovered(whole(shape), plan.layer(position).owned);
    EXPECT_TRUE(missing.empty()) << "nobody owns " << to_string(missing.front());
  }
}

bool owned_once(const Network& network, const Plan& plan, int position) {
  std::size_t elements = 0;
  for (int rank = 0; rank < plan.ranks; ++rank) elements += plan.owned(position, rank).elements();
  return elements == network.layer(position).output.elements();  // given that all is covered
}

Evaluation evaluated(const Network& network, const Plan& plan,
                     const Host& host = raspberry_pi_4()) {
  return Evaluator(network, cluster_of(plan.ranks, host), {}).evaluate(plan);
}

double seconds_of(const Network& network, const Plan& plan, const Host& host = raspberry_pi_4()) {
  return evaluated(network, plan, host).latency_seconds;
}

/// By position.
std::vector<int> layers_with_divided_sums(const Plan& plan) {
  std::vector<int> positions;
  for (std::size_t i = 0; i < plan.layers.size(); ++i) {
    if (plan.layers[i].divides_sums()) positions.push_back(static_cast<int>(i));
  }
  return positions;
}

/// The same plan, but inputs are gathered instead of sums divided.
Plan gathering_inputs(Plan plan) {
  for (LayerPlan& layer : plan.layers) layer.sums.clear();
  return plan;
}

/// What only moves elements, or is a small island or goes with one.
bool may_be_repeated(const Network& network, int position) {
  return only_moves(network, position) ||
         layers_with_islands(network)[static_cast<std::size_t>(position)];
}

TEST(Plan, CoversEveryOutput) {
  for_every_plan({0, 100}, check_layouts);
}

TEST(MakePlan, OwnsWhatIsComputedOnce) {
  for (std::uint32_t seed = 0; seed < 100; ++seed) {
    const Network network = random_network(seed);
    for (const Strategy strategy : kStrategies) {
      const Plan plan = make_plan(network, strategy, 1 + static_cast<int>(seed % 12));
      EXPECT_EQ(plan.strategy, strategy);
      for (int i = 0; i < network.size(); ++i) {
        EXPECT_TRUE(may_be_repeated(network, i) || owned_once(network, plan, i));
      }
    }
  }
}

TEST(MakePlan, SingleGivesEverythingToRankZero) {
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    const Network network = random_network(seed);
    const Plan plan = make_plan(network, Strategy::kSingle, 4);
    for (int i = 0; i < network.size(); ++i) {
      EXPECT_EQ(plan.owned(i, 0), whole(network.layer(i).output));
      for (int rank = 1; rank < 4; ++rank) EXPECT_TRUE(plan.owned(i, rank).empty());
    }
    EXPECT_EQ(evaluated(network, plan).moved_bytes, 0U);
  }
}

TEST(MakePlan, DataCutsRowsOnly) {
  for (std::uint32_t seed = 0; seed < 50; ++seed) {
    const Network network = random_network(seed);
    const int ranks = 2 + static_cast<int>(seed % 30);
    const Plan plan = make_plan(network, Strategy::kData, ranks);
    for (int i = 1; i < network.size(); ++i) {
      if (may_be_repeated(network, i) || is_head(network.layer(i).operation)) continue;
      const Shape& shape = network.layer(i).output;
      for (int rank = 0; rank < ranks; ++rank) {
        const Box expected{share(shape.rows, ranks, rank), {0, shape.cols}, {0, shape.channels}};
        EXPECT_EQ(plan.owned(i, rank), expected.empty() ? Box{} : expected);
      }
    }
  }
}

TEST(MakePlan, HorizontalCutsChannelsOnly) {
  for (std::uint32_t seed = 0; seed < 50; ++seed) {
    const Network network = random_network(seed);
    const int ranks = 2 + static_cast<int>(seed % 30);
    const Plan plan = make_plan(network, Strategy::kHorizontal, ranks);
    for (int i = 1; i < network.size(); ++i) {
      if (may_be_repeated(network, i) || is_head(network.layer(i).operation)) continue;
      const Shape& shape = network.layer(i).output;
      for (int rank = 0; rank < ranks; ++rank) {
        const Box expected{{0, shape.rows}, {0, shape.cols}, share(shape.channels, ranks, rank)};
        EXPECT_EQ(plan.owned(i, rank), expected.empty() ? Box{} : expected);
      }
    }
  }
}

TEST(MakePlan, DividesSumsWhereThatMovesFewerBytes) {
  // 8 x 8 pixels: 16 -> 64 -> 8 -> 8 channels.
  Network network;
  network.layers.push_back({Input{}, {}, {8, 8, 16}});
  const Window window{3, 1, 1, 1};
  for (const int filters : {64, 8, 8}) {
    add_layer(network, Convolution{filters, 1, window, window}, {network.size() - 1}, "test");
  }
  const Plan plan = make_plan(network, Strategy::kHorizontal, 4);
  EXPECT_EQ(layers_with_divided_sums(plan), std::vector<int>{2});
  const Box all = whole(network.layer(2).output);
  EXPECT_EQ(
      plan.layer(2).sums,
      (std::vector<SumShare>{{all, {0, 16}}, {all, {16, 32}}, {all, {32, 48}}, {all, {48, 64}}}));
  const Plan gathering = gathering_inputs(plan);
  const auto bytes = [&](const Plan& p) { return evaluated(network, p).moved_bytes; };
  constexpr std::size_t kPixelBytes = 8 * 8 * sizeof(float);
  EXPECT_EQ(bytes(gathering) - bytes(plan), 3 * (64 - 8) * kPixelBytes);
}

/// The rank that computes all of a layer; none if several ranks take part.
std::optional<int> only_owner(const Plan& plan, int position) {
  std::optional<int> owner;
  for (int rank = 0; rank < plan.ranks; ++rank) {
    if (plan.owned(position, rank).empty()) continue;
    if (owner) return std::nullopt;
    owner = rank;
  }
  return owner;
}

TEST(MakePlan, SequentialGivesEachRankConsecutiveLayers) {
  for (std::uint32_t seed = 0; seed < 50; ++seed) {
    const Network network = random_network(seed);
    const Plan plan = make_plan(network, Strategy::kSequential, 1 + static_cast<int>(seed % 9));
    int stage = 0;
    for (int i = 1; i < network.size(); ++i) {
      if (only_moves(network, i) || is_head(network.layer(i).operation)) continue;
      const std::optional<int> owner = only_owner(plan, i);
      ASSERT_TRUE(owner);
      EXPECT_GE(*owner, stage);
      stage = *owner;
    }
  }
}

/// Convolutions of 3x3 pixels; each but the first takes as much work as the others.
Network even_layers(int count) {
  Network network;
  network.layers.push_back({Input{}, {}, {16, 16, 8}});
  const Window window{3, 1, 1, 1};
  for (int i = 0; i < count; ++i) {
    add_layer(network, Convolution{8, 1, window, window, Activation::kRelu}, {i}, "test");
  }
  return network;
}

TEST(MakePlan, SequentialBalancesTheStages) {
  const Network network = even_layers(12);
  const Plan plan = make_plan(network, Strategy::kSequential, 4);
  for (int rank = 0; rank < 4; ++rank) {
    int layers = 0;
    for (int i = 1; i < network.size(); ++i) layers += plan.owned(i, rank).empty() ? 0 : 1;
    EXPECT_EQ(layers, 3) << "rank " << rank;
  }
}

/// Two layers with nearly all the work, then two with nearly all the weights.
TEST(MakePlan, SequentialKeepsTheMemoryLimit) {
  Network network;
  network.layers.push_back({Input{}, {}, {32, 32, 8}});
  const Window window{3, 1, 1, 1};
  const Window all{32};
  add_layer(network, Convolution{128, 1, window, window, Activation::kRelu}, {0}, "test");
  add_layer(network, Convolution{128, 1, window, window, Activation::kRelu}, {1}, "test");
  add_layer(network, Convolution{8, 1, {}, {}, Activation::kRelu}, {2}, "test");
  add_layer(network, Convolution{1024, 1, all, all, Activation::kRelu}, {3}, "test");
  add_layer(network, Convolution{8192, 1, {}, {}, Activation::kRelu}, {4}, "test");
  const auto fullest = [&](const PlanningOptions& options) {
    const Plan plan = make_plan(network, Strategy::kSequential, 2, options);
    std::size_t most = 0;
    for (const RankMemory& rank : predict_memory({network, plan}, result_layers(network))) {
      most = std::max(most, rank.total());
    }
    return most;
  };
  const std::size_t free = fullest({});
  EXPECT_LE(fullest({.memory_limit_bytes = free - (16U << 20U)}), free - (16U << 20U));
}

TEST(MakePlan, FusesRunsOfTiles) {
  const Network network = even_layers(6);
  const auto exchanges = [&](std::optional<int> fuse) {
    const Plan plan = make_plan(network, Strategy::kData, 4, {.fuse = fuse});
    int count = 0;
    for (int i = 1; i + 1 < network.size(); ++i) {
      count += transfers_of_output({network, {}}, {network, plan}, i).empty() ? 0 : 1;
    }
    return count;
  };
  EXPECT_EQ(exchanges(1), 5);
  EXPECT_EQ(exchanges(2), 2);
  EXPECT_EQ(exchanges(3), 1);
  EXPECT_EQ(exchanges(6), 0);
  // On maps this small an exchange costs more than computing all borders twice.
  EXPECT_EQ(exchanges(std::nullopt), 0);
  const Plan fused = make_plan(network, Strategy::kData, 4, {.fuse = 3});
  EXPECT_EQ(fused.owned(1, 1).rows, (Interval{2, 10}));
  EXPECT_EQ(fused.owned(2, 1).rows, (Interval{3, 9}));
  EXPECT_EQ(fused.owned(3, 1).rows, (Interval{4, 8}));
}

TEST(MakePlan, IsDeterministic) {
  for (std::uint32_t seed = 0; seed < 30; ++seed) {
    for (const Strategy strategy : kStrategies) {
      EXPECT_EQ(make_plan(random_network(seed), strategy, 5),
                make_plan(random_network(seed), strategy, 5));
    }
  }
}

TEST(MakePlan, OfOneRankIsThatRank) {
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    const Network network = random_network(seed);
    for (const Strategy strategy : kStrategies) {
      EXPECT_EQ(make_plan(network, strategy, 1).layers,
                make_plan(network, Strategy::kSingle, 1).layers);
    }
  }
}

TEST(MakePlan, NeedsARank) {
  const Network network = random_network(1);
  EXPECT_THROW((void)make_plan(network, Strategy::kData, 0), BadUsage);
  EXPECT_THROW((void)make_plan(network, Strategy::kVertical, -1), BadUsage);
}

TEST(WeightsBytes, AddUp) {
  for_every_plan({0, 30}, [](const Network& network, const Plan& plan) {
    const Distribution distribution(network, plan);
    for (int rank = 0; rank < plan.ranks; ++rank) {
      std::size_t bytes = 0;
      for (int i = 0; i < network.size(); ++i) {
        const WeightShape shape = weight_shape(network, i);
        const WeightRange range = distribution.weights(i, rank);
        const bool computes = !plan.owned(i, rank).empty();
        if (shape.filters == 0) {
          EXPECT_TRUE(range.empty());
        } else if (const std::optional<Interval> summed = distribution.summed(i, rank)) {
          // Without channels of its own a rank needs the biases of what it adds up.
          const Interval biases = computes ? plan.owned(i, rank).channels : Interval{};
          const Interval filters =
              summed->empty() ? biases : hull(biases, distribution.computed(i, rank).channels);
          EXPECT_EQ(range.filters, filters);
          EXPECT_EQ(range.channels.size(), filters.empty() ? 0 : summed->size());
        } else {
          EXPECT_EQ(range, computes
                               ? (WeightRange{plan.owned(i, rank).channels, {0, shape.channels}})
                               : WeightRange{});
        }
        bytes +=
            bytes_in_whole_lines(
                stored_bytes(distribution.stored(i, rank).storage, shape.of(range))) +
            bytes_in_whole_lines(sizeof(float) * static_cast<std::size_t>(range.filters.size()));
      }
      EXPECT_EQ(distribution.weight_bytes(rank).total(), bytes);
    }
  });
}

TEST(Strategy, HasNames) {
  for (const Strategy strategy : kStrategies) {
    EXPECT_EQ(parse_strategy(to_string(strategy)), strategy);
  }
  EXPECT_THROW((void)parse_strategy("diagonal"), BadUsage);
}

/// The promise of the project: near one P-th of the memory on each of P ranks.
TEST(Yolov2, FitsEightSmallRanks) {
  const Network network = yolov2();
  const auto check = [&](std::optional<Objective> objective, std::size_t weights,
                         std::size_t total) {
    const Plan plan = make_plan(network, Strategy::kVertical, 8, {.objective = objective});
    check_layouts(network, plan);
    for (const RankMemory& rank : predict_memory({network, plan}, result_layers(network))) {
      EXPECT_LE(rank.weights, weights);
      EXPECT_LE(rank.total(), total);
    }
  };
  check(Objective::kMemory, 30'000'000, 40'000'000);
  check(std::nullopt, 34'000'000, 44'000'000);
}

TEST(Yolov2, TakesMemoryForLatencyWithinTheLimit) {
  const Network network = yolov2();
  const auto plan_for = [&](Objective objective, std::optional<std::size_t> limit) {
    return make_plan(network, Strategy::kVertical, 8,
                     {.objective = objective, .memory_limit_bytes = limit});
  };
  const auto memory = [&](const Plan& plan, int lanes = 1) {
    return fullest(predict_memory({network, plan}, result_layers(network), {.lanes = lanes})).bytes;
  };
  const auto seconds = [&](const Plan& plan) { return seconds_of(network, plan); };
  const Plan lean = plan_for(Objective::kMemory, std::nullopt);
  const Plan fast = plan_for(Objective::kLatency, std::nullopt);
  EXPECT_FALSE(layers_with_divided_sums(lean).empty());
  EXPECT_LT(seconds(fast), seconds(lean));
  EXPECT_LT(memory(lean), memory(fast));
  EXPECT_LE(memory(fast), 45'000'000U);
  const std::size_t between = (memory(lean) + memory(fast)) / 2;
  EXPECT_LE(memory(plan_for(Objective::kLatency, between)), between);
  const Plan two_frames = make_plan(network, Strategy::kVertical, 8,
                                    {.objective = Objective::kLatency,
                                     .memory_limit_bytes = 45'000'000,
                                     .concurrency = {.lanes = 2}});
  EXPECT_LE(memory(two_frames, 2), 45'000'000U);
  const Plan fastest = plan_for(Objective::kLatency, 100'000'000);
  EXPECT_LT(seconds(fastest), seconds(fast));
  EXPECT_LE(memory(fastest), 100'000'000U);
}

TEST(MemoryWithin, IsThatOfEveryRankOrNothing) {
  for_every_plan({0, 10}, [](const Network& network, const Plan& plan) {
    const std::vector<int> delivery = result_layers(network);
    const Demand demand(network, delivery);
    const Distribution distribution(network, plan);
    const Exchanges exchanges(demand, distribution);
    const Traffic traffic{demand, distribution, exchanges};
    const Outlines outlines(traffic);
    const std::vector<RankMemory> memory = predict_memory(distribution, delivery, {.lanes = 2});
    const Fullest most = fullest(memory);
    EXPECT_EQ(memory[static_cast<std::size_t>(most.rank)].total(), most.bytes);
    const auto within = [&](std::size_t bytes) {
      return memory_within(traffic, outlines, {.lanes = 2}, bytes, plan.ranks - 1);
    };
    EXPECT_EQ(within(most.bytes), memory);
    EXPECT_TRUE(within(most.bytes - 1).empty());
  });
}

/// No format moves more bytes than a more exact one, nor do chosen ones more than floats.
void expect_fewer_bytes_in_coarser_formats(const Network& network, int ranks) {
  for (const Strategy strategy : {Strategy::kVertical, Strategy::kData, Strategy::kHorizontal}) {
    const auto bytes = [&](PlanningOptions options) {
      options.concurrency.lanes = 1 + ranks % 2;
      const Plan plan = make_plan(network, strategy, ranks, options);
      return Exchanges({network, result_layers(network)}, {network, plan}).bytes();
    };
    const std::size_t floats = bytes({});
    const std::size_t halves = bytes({.formats = {.wire = WireFormat::kHalf}});
    const std::size_t in_bytes = bytes({.formats = {.wire = WireFormat::kInt8}});
    EXPECT_LE(halves, floats) << to_string(strategy) << " on " << ranks;
    EXPECT_LE(in_bytes, halves) << to_string(strategy) << " on " << ranks;
    EXPECT_LE(bytes({.chooses_wire = true}), floats) << to_string(strategy) << " on " << ranks;
  }
}

TEST(MakePlan, MovesNoMoreBytesInCoarserFormats) {
  const Network nanodet =
      ModelFile(std::filesystem::path(VPINFER_SOURCE_DIR) / "inputs/nanodet/nanodet.h5").network();
  for (int ranks = 2; ranks <= 9; ++ranks) {
    expect_fewer_bytes_in_coarser_formats(yolov2(), ranks);
    expect_fewer_bytes_in_coarser_formats(nanodet, ranks);
    expect_fewer_bytes_in_coarser_formats(random_network(static_cast<std::uint32_t>(ranks)), ranks);
  }
}

TEST(PredictedSeconds, CountDividedSums) {
  // A gather of 64 channels, or partial sums of 8.
  Network network;
  network.layers.push_back({Input{}, {}, {32, 32, 16}});
  for (const int filters : {64, 8}) {
    add_layer(network, Convolution{filters, 1, {}, {}}, {network.size() - 1}, "test");
  }
  const Plan divided = make_plan(network, Strategy::kHorizontal, 4);
  ASSERT_EQ(layers_with_divided_sums(divided).size(), 1U);
  EXPECT_LT(seconds_of(network, divided), seconds_of(network, gathering_inputs(divided)));
  Host fast_link = raspberry_pi_4();
  fast_link.link = {.bytes_per_second = 1e15, .message_seconds = 1};
  EXPECT_NEAR(seconds_of(network, divided, fast_link), 3, 0.1);  // picture, sums, result
}

TEST(Work, IsThatOfTheChosenAlgorithm) {
  Network network;
  add_input(network, {64, 64, 64}, "test");
  const Window window{3, 1, 1, 1};
  add_layer(network, Convolution{64, 1, window, window}, {0}, "test");
  const auto work_by = [&](ConvolutionPath path) {
    return work_of(network, path, 1, whole(network.layer(1).output))
        .seconds(raspberry_pi_4().speed);
  };
  EXPECT_LT(work_by(ConvolutionPath::kAuto), 0.6 * work_by(ConvolutionPath::kDirect));
  EXPECT_EQ(work_by(ConvolutionPath::kDirect), work_by(ConvolutionPath::kBlas));
}

TEST(Yolov2, VerticalNeedsLessThanData) {
  const Network network = yolov2();
  const auto fullest = [&](Strategy strategy) {
    const Plan plan = make_plan(network, strategy, 4);
    std::size_t most = 0;
    for (const RankMemory& rank : predict_memory({network, plan}, result_layers(network))) {
      most = std::max(most, rank.total());
    }
    return most;
  };
  const std::size_t single = fullest(Strategy::kSingle);
  EXPECT_LT(fullest(Strategy::kData), single);
  EXPECT_LT(fullest(Strategy::kVertical), single / 2);
}

}  // namespace
}  // namespace vpinfer
