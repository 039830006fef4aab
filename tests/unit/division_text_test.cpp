#include "report/division_text.hpp"

#include <gtest/gtest.h>

#include "search/division.hpp"

namespace vpinfer {
namespace {

constexpr Shape kOutput{16, 16, 32};

std::string text_of(const Division& division, int ranks, const Shape& output = kOutput,
                    int input_channels = 64) {
  return division_text(divide(division, output, input_channels, ranks, WireFormat::kFloat), output);
}

/// Such boxes by rank.
std::string text_of(const Layout& owned) {
  return division_text({owned}, kOutput);
}

Box rows(int begin, int end) {
  return {{begin, end}, {0, 16}, {0, 32}};
}

TEST(DivisionText, NamesTheOnlyRank) {
  EXPECT_EQ(text_of(on_rank(0), 1), "whole");
  EXPECT_EQ(text_of(on_rank(3), 5), "whole on rank 3");
}

TEST(DivisionText, CountsPartsAlongEachAxis) {
  EXPECT_EQ(text_of(in_rows(8), 8), "8 rows");
  EXPECT_EQ(text_of({.cols = 2, .ranks = {0, 1}}, 2), "2 cols");
  EXPECT_EQ(text_of(in_channels(4), 4), "4 channels");
  EXPECT_EQ(text_of(in_sums(4), 4), "4 sums");
  EXPECT_EQ(text_of({.rows = 2, .channels = 2, .ranks = {0, 1, 2, 3}}, 4), "2 rows x 2 channels");
  EXPECT_EQ(text_of({.rows = 2, .cols = 2, .sums = 2, .ranks = {0, 1, 2, 3, 4, 5, 6, 7}}, 8),
            "2 rows x 2 cols x 2 sums");
}

TEST(DivisionText, TellsUnevenShares) {
  EXPECT_EQ(text_of(in_rows(5), 5), "5 rows of 3-4");
  EXPECT_EQ(text_of({.rows = 2, .channels = 3, .ranks = {0, 1, 2, 3, 4, 5}}, 6),
            "2 rows x 3 channels of 10-11");
  EXPECT_EQ(text_of(in_sums(5), 5), "5 sums of 12-13");
  EXPECT_EQ(text_of({.rows = 3, .ranks = {0, 1, 2}, .proportions = {1, 2, 5}}, 3),
            "3 rows of 2-10");
}

TEST(DivisionText, CountsColumnsWithinTheirRows) {
  EXPECT_EQ(text_of({.rows = 2, .cols = 2, .ranks = {0, 1, 2, 3}, .proportions = {1, 1, 1, 3}}, 4),
            "2 rows of 5-11 x 2 cols of 4-12");
  EXPECT_EQ(text_of({.rows = 2, .cols = 2, .ranks = {0, 1, 2, 3}, .proportions = {1, 1, 1, 0}}, 4),
            "2 rows of 6-10 x 1-2 cols of 8-16, 3 of 4 ranks");
}

TEST(DivisionText, TellsHowManyTakePart) {
  EXPECT_EQ(text_of(in_rows(64), 64), "16 rows, 16 of 64 ranks");
  EXPECT_EQ(text_of({.rows = 2, .sums = 2, .ranks = {1, 2, 4, 7}}, 9),
            "2 rows x 2 sums, 4 of 9 ranks");
}

TEST(DivisionText, TellsWhatIsComputedMoreThanOnce) {
  const Box all = whole(kOutput);
  EXPECT_EQ(text_of({all, all, all}), "repeated");
  EXPECT_EQ(text_of({all, {}, all}), "repeated, 2 of 3 ranks");
  EXPECT_EQ(text_of({rows(0, 8), rows(8, 16), rows(0, 8), rows(8, 16)}), "2 rows, each on 2 ranks");
  EXPECT_EQ(text_of({rows(0, 9), rows(7, 16)}), "2 rows, overlapping");
  EXPECT_EQ(text_of({rows(0, 6), rows(4, 11), rows(9, 16)}), "3 rows of 6-7, overlapping");
}

/// Convolutions, each divided so.
std::string plan_text_of(const std::vector<Division>& divisions, int ranks) {
  Network network;
  add_input(network, kOutput, "test");
  const Window window{3, 1, 1, 1};
  Plan plan{Strategy::kAuto, ranks, {{divide(on_rank(0), kOutput, 0, ranks, WireFormat::kFloat)}}};
  for (const Division& division : divisions) {
    add_layer(network, Convolution{32, 1, window, window}, {network.size() - 1}, "test");
    plan.layers.push_back(divide(division, kOutput, 32, ranks, WireFormat::kFloat));
  }
  return division_text(network, plan);
}

TEST(DivisionTextOfAPlan, ListsTheWaysToCutInTheirOrder) {
  EXPECT_EQ(plan_text_of({on_rank(0)}, 3), "whole");
  EXPECT_EQ(plan_text_of({in_rows(5), in_rows(5), in_channels(5), in_rows(5), in_sums(5)}, 5),
            "5 rows, 5 channels, 5 sums")
      << "without sizes";
  EXPECT_EQ(plan_text_of({in_rows(4), on_rank(1), in_sums(4)}, 4), "4 rows, whole, 4 sums");
}

TEST(DivisionTextOfAPlan, LeavesOutTheRarestWays) {
  const Division grid{.rows = 2, .channels = 2, .ranks = {0, 1, 2, 3}};
  EXPECT_EQ(plan_text_of({in_rows(4), in_sums(4), grid, grid, in_channels(4), in_sums(4)}, 4),
            "4 rows, 4 sums, 2 rows x 2 channels and others")
      << "of equally rare ones the last";
}

TEST(DivisionTextOfAPlan, TellsStages) {
  const Division team{.rows = 2, .ranks = {1, 2}};
  EXPECT_EQ(plan_text_of({on_rank(0), team, team, on_rank(3)}, 4), "stages on 1, 2, 1 hosts");
  std::vector<Division> alone;
  for (int rank = 0; rank < 7; ++rank) alone.push_back(on_rank(rank));
  EXPECT_EQ(plan_text_of(alone, 7), "7 stages of 1 host");
  alone.push_back({.cols = 3, .ranks = {7, 8, 9}});
  EXPECT_EQ(plan_text_of(alone, 10), "8 stages of 1-3 hosts");
}

}  // namespace
}  // namespace vpinfer
