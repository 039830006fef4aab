#include "search/division.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "support/random.hpp"
#include "vpinfer/box.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

using testing::ElementsAre;

TEST(Shares, AreThoseOfEqualPartsIfWeightsAreEqual) {
  for (int size = 0; size < 40; ++size) {
    for (int parts = 1; parts < 12; ++parts) {
      const std::vector<Interval> all =
          shares(size, std::vector<double>(static_cast<std::size_t>(parts), 0.3));
      for (int i = 0; i < parts; ++i) {
        EXPECT_NEAR(all[static_cast<std::size_t>(i)].begin, share(size, parts, i).begin, 1);
      }
      const std::vector<Interval> ones =
          shares(size, std::vector<double>(static_cast<std::size_t>(parts), 1));
      for (int i = 0; i < parts; ++i) {
        EXPECT_EQ(ones[static_cast<std::size_t>(i)], share(size, parts, i));
      }
    }
  }
}

TEST(Shares, FollowTheWeights) {
  EXPECT_THAT(shares(8, {1, 3}), ElementsAre(Interval{0, 2}, Interval{2, 8}));
  EXPECT_THAT(shares(13, {4, 4, 1}),
              ElementsAre(Interval{0, 5}, Interval{5, 11}, Interval{11, 13}));
  EXPECT_THAT(shares(5, {0, 1, 0}), ElementsAre(Interval{0, 0}, Interval{0, 5}, Interval{5, 5}));
  EXPECT_THAT(shares(5, {0, 0}), ElementsAre(Interval{0, 0}, Interval{0, 0}));
}

TEST(Shares, ReachTheEndWhateverTheWeights) {
  EXPECT_THAT(shares(1987, {2.8838944738895558}), ElementsAre(Interval{0, 1987}));
  Random random(3);
  for (int round = 0; round < 2000; ++round) {
    std::vector<double> weights;
    for (int i = random.between(1, 9); i > 0; --i) {
      weights.push_back(static_cast<double>(random.between(1, 1'000'000)) / 999'983);
    }
    const int size = random.between(1, 2000);
    EXPECT_EQ(shares(size, weights).back().end, size);
  }
}

TEST(Divide, CutsAGridOverTheGivenRanks) {
  const Division division{.rows = 2, .channels = 2, .ranks = {3, 0, 1, 4}};
  const LayerPlan plan = divide(division, {10, 7, 6}, 0, 5, WireFormat::kHalf);
  EXPECT_THAT(plan.owned,
              ElementsAre(Box{{0, 5}, {0, 7}, {3, 6}}, Box{{5, 10}, {0, 7}, {0, 3}}, Box{},
                          Box{{0, 5}, {0, 7}, {0, 3}}, Box{{5, 10}, {0, 7}, {3, 6}}));
  EXPECT_FALSE(plan.divides_sums());
  EXPECT_EQ(plan.wire, WireFormat::kHalf);
}

TEST(Divide, GivesSlowRanksLess) {
  // The second pair is three times as fast, and so is the second of each pair.
  const Division division{.rows = 2, .cols = 2, .ranks = {0, 1, 2, 3}, .proportions = {1, 3, 3, 9}};
  const LayerPlan plan = divide(division, {16, 8, 5}, 0, 4, WireFormat::kFloat);
  EXPECT_THAT(plan.owned, ElementsAre(Box{{0, 4}, {0, 2}, {0, 5}}, Box{{0, 4}, {2, 8}, {0, 5}},
                                      Box{{4, 16}, {0, 2}, {0, 5}}, Box{{4, 16}, {2, 8}, {0, 5}}));
}

TEST(Divide, SumsWithinEachCell) {
  const Division division{.rows = 2, .sums = 2, .ranks = {0, 1, 2, 3}};
  const LayerPlan plan = divide(division, {4, 4, 6}, 10, 4, WireFormat::kFloat);
  const Box upper{{0, 2}, {0, 4}, {0, 6}};
  const Box lower{{2, 4}, {0, 4}, {0, 6}};
  EXPECT_THAT(plan.sums, ElementsAre(SumShare{upper, {0, 5}}, SumShare{upper, {5, 10}},
                                     SumShare{lower, {0, 5}}, SumShare{lower, {5, 10}}));
  EXPECT_EQ(plan.owned[1], (Box{{0, 2}, {0, 4}, {3, 6}}));
}

TEST(Divide, CoversEveryElementOnceWhateverTheGrid) {
  Random random(1);
  for (int round = 0; round < 300; ++round) {
    Division division{.rows = random.between(1, 4),
                      .cols = random.between(1, 3),
                      .channels = random.between(1, 3),
                      .sums = random.between(1, 3)};
    const int cells = division.rows * division.cols * division.channels * division.sums;
    const int ranks = cells + random.between(0, 3);
    division.ranks.resize(static_cast<std::size_t>(ranks));
    std::iota(division.ranks.begin(), division.ranks.end(), 0);
    random.shuffle(division.ranks);
    division.ranks.resize(static_cast<std::size_t>(cells));
    for (int i = 0; i < cells; ++i)
      division.proportions.push_back(random.between(i == 0 ? 1 : 0, 5));
    const Shape output{random.between(1, 9), random.between(1, 9), random.between(1, 9)};
    const int channels = random.between(1, 20);
    const LayerPlan plan = divide(division, output, channels, ranks, WireFormat::kFloat);
    std::size_t owned = 0;
    std::size_t summed = 0;
    for (std::size_t rank = 0; rank < plan.owned.size(); ++rank) {
      owned += plan.owned[rank].elements();
      if (!plan.divides_sums()) continue;
      const SumShare& share = plan.sums[rank];
      summed += share.box.elements() * static_cast<std::size_t>(share.channels.size());
      EXPECT_TRUE(share.box.empty() || share.box.contains(plan.owned[rank]));
    }
    EXPECT_TRUE(uncovered(whole(output), plan.owned).empty());
    EXPECT_EQ(owned, output.elements());
    if (plan.divides_sums()) {
      EXPECT_EQ(summed, output.elements() * static_cast<std::size_t>(channels));
    }
  }
}

TEST(Divide, NeedsARankForEveryCell) {
  const Division division{.rows = 2, .ranks = {0}};
  EXPECT_THROW((void)divide(division, {4, 4, 4}, 0, 2, WireFormat::kFloat), Bug);
}

}  // namespace
}  // namespace vpinfer
