#include "plan/exchange.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "plan/geometry.hpp"
#include "program/program.hpp"
#include "search/planner.hpp"
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
  const std::vector<Transfer> transfers =
      transfers_of_output({network, delivery}, {network, plan}, position);
  EXPECT_TRUE(
      std::is_sorted(transfers.begin(), transfers.end(), [](const Transfer& a, const Transfer& b) {
        return a.to != b.to ? a.to < b.to : a.from < b.from;
      }));
  for (int rank = 0; rank < plan.ranks; ++rank) {
    Tally owned(shape);
    Tally needed(shape);
    Tally received(shape);
    owned.add(plan.owned(position, rank));
    const Box hull_of = Demand(network, delivery).hull_of_needs({network, plan}, position, rank);
    for (const Box& box : Demand(network, delivery).needed({network, plan}, position, rank)) {
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
          const std::optional<Interval> summed = Distribution(network, plan).summed(consumer, rank);
          Box box =
              required_input(network, consumer, i,
                             summed ? plan.layer(consumer).sums[static_cast<std::size_t>(rank)].box
                                    : plan.owned(consumer, rank));
          if (summed) box.channels = *summed;
          const std::vector<Box> needed =
              Demand(network, {}).needed({network, plan}, inputs[i], rank);
          EXPECT_TRUE(box.empty() || std::count(needed.begin(), needed.end(), box) > 0);
        }
      }
    }
  });
}

TEST(ExchangeOfSums, BringsEveryOwnerWhatTheOthersHave) {
  for_every_plan({0, 40}, [](const Network& network, const Plan& plan) {
    for (int position = 0; position < network.size(); ++position) {
      const std::vector<SumShare>& shares = plan.layer(position).sums;
      if (shares.empty()) continue;
      std::size_t expected = 0;
      for (int to = 0; to < plan.ranks; ++to) {
        for (int from = 0; from < plan.ranks; ++from) {
          const Box& summed = shares[static_cast<std::size_t>(from)].box;
          expected += from != to && !intersect(summed, plan.owned(position, to)).empty() ? 1 : 0;
        }
      }
      const std::vector<Transfer> transfers = transfers_of_sums({network, plan}, position);
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
    EXPECT_EQ(Demand(network, delivery).hull_of_needs({network, plan}, delivery.front(), 0), all);
    EXPECT_TRUE(Demand(network, {}).needed({network, plan}, delivery.front(), 0).empty());
  });
}

TEST(Exchange, SentReceivedAndMovedAreTheSame) {
  for_every_plan({0, 20}, [](const Network& network, const Plan& plan) {
    const Delivery delivery = result_layers(network);
    std::size_t sent = 0;
    std::size_t received = 0;
    for (int rank = 0; rank < plan.ranks; ++rank) {
      const Program program = make_program({network, plan}, delivery, rank);
      for (const Tensor& tensor : program.tensors) {
        for (const PlacedMessage& message : tensor.sends) sent += message.bytes;
        for (const PlacedMessage& message : tensor.receives) received += message.bytes;
      }
    }
    EXPECT_EQ(sent, Exchanges({network, delivery}, {network, plan}).bytes());
    EXPECT_EQ(received, sent);
  });
}

std::vector<Transfer> transfers_of(const Exchange& exchange, int ranks) {
  std::vector<Transfer> transfers;
  for (int rank = 0; rank < ranks; ++rank) {
    for (const Message& message : exchange.to(rank)) {
      for (const Box& box : message.boxes) transfers.push_back({message.from, message.to, box});
    }
  }
  return transfers;
}

TEST(Exchange, MakesOneMessageForEachPairOfRanks) {
  const Box a{{0, 1}, {0, 3}, {0, 5}};
  const Box b{{1, 2}, {0, 3}, {0, 5}};
  const std::vector<Transfer> transfers{{1, 0, a}, {1, 0, b}, {2, 0, a}, {0, 2, b}, {1, 2, a}};
  const Exchange exchange(3, WireFormat::kHalf, transfers);
  EXPECT_EQ(transfers_of(exchange, 3), transfers);
  ASSERT_EQ(exchange.to(0).size(), 2U);
  EXPECT_EQ(exchange.to(0).front().bytes, 60U);
  ASSERT_EQ(exchange.from(1).size(), 2U);
  EXPECT_EQ(exchange.from(1).back().to, 2);
  EXPECT_TRUE(exchange.to(1).empty());
  EXPECT_EQ(exchange.to(2).size(), 2U);
  EXPECT_EQ(exchange.received_bytes(0), 90U);
  EXPECT_EQ(exchange.sent_bytes(1), 90U);
  EXPECT_EQ(exchange.bytes(), 150U);
}

void expect_same(const Exchanges& actual, const Exchanges& expected, const Plan& plan) {
  for (int position = 0; position < static_cast<int>(plan.layers.size()); ++position) {
    EXPECT_EQ(transfers_of(*actual.output(position), plan.ranks),
              transfers_of(*expected.output(position), plan.ranks));
    ASSERT_EQ(actual.sums(position) == nullptr, expected.sums(position) == nullptr);
    if (!actual.sums(position)) continue;
    EXPECT_EQ(transfers_of(*actual.sums(position), plan.ranks),
              transfers_of(*expected.sums(position), plan.ranks));
  }
}

TEST(Exchanges, TakeFromKnownOnesOnlyWhatIsTheSame) {
  for (std::uint32_t seed = 0; seed < 30; ++seed) {
    const Network network = random_network(seed);
    const Demand demand(network, result_layers(network));
    const Plan known_plan = make_plan(network, Strategy::kVertical, 3);
    const Exchanges known(demand, {network, known_plan});
    const auto check = [&](const Plan& plan) {
      const Distribution distribution(network, plan);
      expect_same(Exchanges(demand, distribution, known_plan, known),
                  Exchanges(demand, distribution), plan);
    };
    for (const Strategy strategy : kStrategies) check(make_plan(network, strategy, 3));
    const Exchanges again(demand, {network, known_plan}, known_plan, known);
    for (int i = 0; i < network.size(); ++i) EXPECT_EQ(again.output(i), known.output(i));
    // One layer divided otherwise, or only its sums.
    for (std::size_t layer = 1; layer < network.layers.size(); ++layer) {
      Plan plan = known_plan;
      Layout& owned = plan.layers[layer].owned;
      std::rotate(owned.begin(), owned.begin() + 1, owned.end());
      if (!plan.layers[layer].divides_sums()) check(plan);
      plan = known_plan;
      if (!plan.layers[layer].divides_sums()) continue;
      plan.layers[layer].sums.clear();
      check(plan);
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
  const Plan plan{
      Strategy::kData, 4, {{{all, {}, {}, {}}}, {{all, {}, {}, all}}, {{{}, all, all, {}}}}};
  EXPECT_EQ(transfers_of_output({network, {}}, {network, plan}, 1),
            (std::vector<Transfer>{{0, 1, all}, {3, 2, all}}));
}

}  // namespace
}  // namespace vpinfer
