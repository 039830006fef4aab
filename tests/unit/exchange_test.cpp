#include "plan/exchange.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "plan/geometry.hpp"
#include "plan/planner.hpp"
#include "plan/program.hpp"
#include "support/every_plan.hpp"
#include "support/random_network.hpp"
#include "support/reference.hpp"

namespace vpinfer {
namespace {

/// A count for every element of an output.
class Tally {
 public:
  explicit Tally(const Shape& shape) : shape_(shape), counts_(shape.elements(), 0) {}

  void add(const Box& box) {
    if (box.empty()) return;
    ASSERT_TRUE(whole(shape_).contains(box)) << to_string(box);
    for (int row = box.rows.begin; row < box.rows.end; ++row) {
      for (int col = box.cols.begin; col < box.cols.end; ++col) {
        for (int channel = box.channels.begin; channel < box.channels.end; ++channel) {
          ++counts_[flat_index(shape_, row, col, channel)];
        }
      }
    }
  }
  [[nodiscard]] const std::vector<int>& counts() const { return counts_; }

 private:
  Shape shape_;
  std::vector<int> counts_;
};

void check_exchange_of(const Network& network, const Plan& plan, const Delivery& delivery,
                       int position) {
  const Shape& shape = network.layer(position).output;
  const std::vector<Transfer> transfers = exchange({network, delivery}, plan, position);
  EXPECT_TRUE(
      std::is_sorted(transfers.begin(), transfers.end(), [](const Transfer& a, const Transfer& b) {
        return a.to != b.to ? a.to < b.to : a.from < b.from;
      }));
  for (int rank = 0; rank < plan.ranks; ++rank) {
    Tally owned(shape);
    Tally needed(shape);
    Tally received(shape);
    owned.add(plan.owned(position, rank));
    const Box hull_of = hull_of_needs({network, delivery}, plan, position, rank);
    for (const Box& box : needed_boxes({network, delivery}, plan, position, rank)) {
      needed.add(box);
      EXPECT_TRUE(hull_of.contains(box));
    }
    for (const Transfer& transfer : transfers) {
      if (transfer.to != rank) continue;
      EXPECT_NE(transfer.from, rank);
      EXPECT_FALSE(transfer.box.empty());
      EXPECT_TRUE(plan.owned(position, transfer.from).contains(transfer.box));
      received.add(transfer.box);
    }
    for (std::size_t i = 0; i < shape.elements(); ++i) {
      const bool wanted = needed.counts()[i] > 0 && owned.counts()[i] == 0;
      ASSERT_EQ(received.counts()[i], wanted ? 1 : 0) << "rank " << rank << ", element " << i;
    }
  }
}

TEST(Exchange, BringsWhatIsNeededAndNotOwnedOnce) {
  for_every_plan({0, 40}, [](const Network& network, const Plan& plan) {
    for (const Delivery& delivery : {Delivery{}, result_layers(network), all_layers(network)}) {
      for (int position = 0; position < network.size(); ++position) {
        check_exchange_of(network, plan, delivery, position);
      }
    }
  });
}

TEST(Exchange, NeedsAreTheReceptiveFieldsOfAllConsumers) {
  for_every_plan({0, 20}, [](const Network& network, const Plan& plan) {
    for (int rank = 0; rank < plan.ranks; ++rank) {
      for (int consumer = 1; consumer < network.size(); ++consumer) {
        const std::vector<int>& inputs = network.layer(consumer).inputs;
        for (std::size_t i = 0; i < inputs.size(); ++i) {
          const std::optional<Interval> summed = plan.summed(consumer, rank);
          Box box = required_input(
              network, consumer, i,
              summed ? whole(network.layer(consumer).output) : plan.owned(consumer, rank));
          if (summed) box.channels = *summed;
          const std::vector<Box> needed = needed_boxes({network, {}}, plan, inputs[i], rank);
          EXPECT_TRUE(box.empty() || std::count(needed.begin(), needed.end(), box) > 0);
        }
      }
    }
  });
}

TEST(ExchangeOfSums, BringsEveryOwnerWhatTheOthersHave) {
  for_every_plan({0, 40}, [](const Network& network, const Plan& plan) {
    for (const auto& [position, shares] : plan.sums) {
      std::size_t expected = 0;
      for (int to = 0; to < plan.ranks; ++to) {
        for (int from = 0; from < plan.ranks; ++from) {
          const bool sums = !shares[static_cast<std::size_t>(from)].empty();
          expected += from != to && sums && !plan.owned(position, to).empty() ? 1 : 0;
        }
      }
      const std::vector<Transfer> transfers = exchange_of_sums(network, plan, position);
      EXPECT_EQ(transfers.size(), expected);
      for (const Transfer& transfer : transfers) {
        EXPECT_NE(transfer.from, transfer.to);
        EXPECT_EQ(transfer.box, plan.owned(position, transfer.to));
      }
    }
  });
}

TEST(Exchange, RankZeroNeedsAllOfWhatIsDelivered) {
  for_every_plan({0, 10}, [](const Network& network, const Plan& plan) {
    const Delivery delivery{network.size() - 1};
    const Box all = whole(network.layer(delivery.front()).output);
    EXPECT_EQ(hull_of_needs({network, delivery}, plan, delivery.front(), 0), all);
    EXPECT_TRUE(needed_boxes({network, {}}, plan, delivery.front(), 0).empty());
  });
}

TEST(Exchange, SentReceivedAndMovedAreTheSame) {
  for_every_plan({0, 20}, [](const Network& network, const Plan& plan) {
    const Delivery delivery = result_layers(network);
    std::size_t sent = 0;
    std::size_t received = 0;
    for (int rank = 0; rank < plan.ranks; ++rank) {
      const Program program = make_program(network, plan, delivery, rank);
      for (const Tensor& tensor : program.tensors) {
        for (const Message& message : tensor.sends) sent += message.floats * sizeof(float);
        for (const Message& message : tensor.receives) received += message.floats * sizeof(float);
      }
    }
    EXPECT_EQ(sent, bytes_moved(all_exchanges({network, delivery}, plan), plan.wire));
    EXPECT_EQ(received, sent);
  });
}

void expect_same(const Exchanges& actual, const Exchanges& expected) {
  ASSERT_EQ(actual.outputs.size(), expected.outputs.size());
  for (std::size_t i = 0; i < actual.outputs.size(); ++i) {
    EXPECT_EQ(*actual.outputs[i], *expected.outputs[i]);
  }
  ASSERT_EQ(actual.sums.size(), expected.sums.size());
  for (const auto& [position, sums] : actual.sums) EXPECT_EQ(*sums, *expected.sums.at(position));
}

TEST(AllExchanges, TakesFromKnownOnesOnlyWhatIsTheSame) {
  for (std::uint32_t seed = 0; seed < 30; ++seed) {
    const Network network = random_network(seed);
    const Demand demand(network, result_layers(network));
    const Plan known_plan = make_plan(network, Strategy::kVertical, 3);
    const Exchanges known = all_exchanges(demand, known_plan);
    for (const Strategy strategy : kStrategies) {
      const Plan plan = make_plan(network, strategy, 3);
      expect_same(all_exchanges(demand, plan, known_plan, known), all_exchanges(demand, plan));
    }
    EXPECT_EQ(all_exchanges(demand, known_plan, known_plan, known).outputs, known.outputs);
    // One layer divided otherwise, or only its sums.
    for (int position = 1; position < network.size(); ++position) {
      const auto layer = static_cast<std::size_t>(position);
      Plan plan = known_plan;
      std::rotate(plan.layouts[layer].begin(), plan.layouts[layer].begin() + 1,
                  plan.layouts[layer].end());
      expect_same(all_exchanges(demand, plan, known_plan, known), all_exchanges(demand, plan));
      plan = known_plan;
      if (plan.sums.erase(position) == 0) continue;
      expect_same(all_exchanges(demand, plan, known_plan, known), all_exchanges(demand, plan));
    }
  }
}

TEST(Exchange, TakesFromTheNearestOwner) {
  Network network;
  network.layers.push_back({Input{}, {}, {4, 1, 1}});
  add_layer(network, MaxPool{}, {0}, "test");
  add_layer(network, MaxPool{}, {1}, "test");
  const Box all = whole({4, 1, 1});
  // Ranks 0 and 3 both own all of layer 1; ranks 1 and 2 read it.
  const Plan plan{Strategy::kData, 4, {{all, {}, {}, {}}, {all, {}, {}, all}, {{}, all, all, {}}}};
  EXPECT_EQ(exchange({network, {}}, plan, 1), (std::vector<Transfer>{{0, 1, all}, {3, 2, all}}));
}

}  // namespace
}  // namespace vpinfer
