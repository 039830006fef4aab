#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "base/units.hpp"
#include "report/comparison.hpp"
#include "report/run_report.hpp"
#include "report/table.hpp"
#include "vpinfer/version.hpp"

namespace vpinfer {
namespace {

TEST(Fixed, TellsNumbersOfAnyLength) {
  EXPECT_EQ(fixed(-1.25, 1), "-1.2");
  EXPECT_EQ(fixed(1e300, 2).size(), 304U);
}

using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr std::size_t kMebi = 1024 * 1024;
constexpr double kTolerance = 1e-4;

RankReport rank_report(int rank) {
  RankReport r;
  r.rank = rank;
  r.host = "pi-" + std::to_string(rank);
  r.interface = "eth0";
  r.link_mbit = 1000;
  r.cores = "0-3";
  r.blas = "OpenBLAS 0.3.21 Generic";
  r.micro_kernel = "NEON";
  r.boxes = "2 tiles";
  r.memory = {4 * kMebi, 3 * kMebi, 2 * kMebi, 1 * kMebi, 5 * kMebi};
  r.weights = {kMebi, 2 * kMebi, kMebi};
  r.load_seconds = 0.5;
  r.peak_rss_bytes = 20 * kMebi;
  r.compute_seconds = 0.5;
  r.pack_seconds = 0.125;
  r.message_seconds = 0.0625;
  r.wait_seconds = 0.25;
  r.utilisation = 0.75;
  r.sent_bytes = 1000;
  r.received_bytes = 2000;
  return r;
}

/// Two ranks, three frames.
RunReport two_ranks() {
  RunReport report;
  report.context = {"vpinfer --model m.h5", "m.h5",           "0123456789abcdef",
                    "m.cfg, seed 7",        "vertical",       WireFormat::kFloat,
                    ConvolutionPath::kAuto, "Open MPI 4.1.4", 2};
  report.ranks = {rank_report(0), rank_report(1)};
  report.ranks[0].frame_seconds = {0.4, 0.1, 0.3};
  report.ranks[1].frame_seconds = {0.1, 0.2, 0.2};
  report.frames_per_second = 4;
  return report;
}

TEST(Table, AlignsColumnsUnderARule) {
  Table table({{"name", Align::kLeft}, {"MiB"}, {"note", Align::kLeft}});
  table.add({"a", "1.5", ""});
  table.add({"longer", "100.25", "x"});
  EXPECT_EQ(table.text(),
            "name       MiB  note\n"
            "------  ------  ----\n"
            "a          1.5\n"
            "longer  100.25  x\n");
}

TEST(Table, MayBeEmpty) {
  EXPECT_EQ(Table({{"rank"}, {"host", Align::kLeft}}).text(), "rank  host\n----  ----\n");
}

TEST(Spread, MedianOfOddAndEvenCounts) {
  const Spread odd = spread({3, 1, 2});
  EXPECT_EQ(odd.min, 1);
  EXPECT_EQ(odd.median, 2);
  EXPECT_EQ(odd.max, 3);
  EXPECT_EQ(spread({4, 1, 2, 3}).median, 2.5);
  EXPECT_EQ(spread({7}).median, 7);
}

TEST(RunReport, AFrameTakesAsLongAsRankZeroHasToDoWithIt) {
  EXPECT_THAT(two_ranks().latencies(), ElementsAre(0.4, 0.1, 0.3));
  EXPECT_EQ(two_ranks().bytes_moved(), 2000U);
}

TEST(RankReport, RoundTripThroughJson) {
  RankReport report = rank_report(3);
  report.frame_seconds = {0.125, 0.1};
  const RankReport copy = rank_report_from_json(to_json(report));
  EXPECT_EQ(to_json(copy), to_json(report));
  EXPECT_EQ(copy.memory.total(), report.memory.total());
  EXPECT_EQ(copy.frame_seconds, report.frame_seconds);
}

TEST(RunReport, JsonHasTheKeysThatScriptsRelyOn) {
  RunReport report = two_ranks();
  report.comparison =
      Comparison{{1e-6, 2e-6, true}, kTolerance, std::nullopt, 1.5, 0.6, 50 * kMebi};
  const json j = json::parse(to_json(report, {R"([{"image_id": 1}])", R"([{"file_name": "a"}])"}));
  EXPECT_TRUE(j.at("schema").is_number());
  EXPECT_EQ(j.at("latency_seconds").at("min"), 0.1);
  EXPECT_EQ(j.at("latency_seconds").at("median"), 0.3);
  EXPECT_EQ(j.at("latency_seconds").at("max"), 0.4);
  EXPECT_EQ(j.at("frames_per_second"), 4);
  EXPECT_EQ(j.at("bytes_moved"), 2000);
  EXPECT_EQ(j.at("detections").at(0).at("image_id"), 1);
  EXPECT_EQ(j.at("classifications").at(0).at("file_name"), "a");
  ASSERT_EQ(j.at("ranks").size(), 2U);
  const json& rank = j.at("ranks").at(1);
  EXPECT_EQ(rank.at("rank"), 1);
  EXPECT_EQ(rank.at("host"), "pi-1");
  EXPECT_EQ(rank.at("interface"), "eth0");
  EXPECT_EQ(rank.at("wireless"), false);
  EXPECT_EQ(rank.at("link_mbit"), 1000);
  EXPECT_EQ(rank.at("weights_bytes"), 4 * kMebi);
  EXPECT_EQ(rank.at("weights_bytes_by_form").at("rows"), kMebi);
  EXPECT_EQ(rank.at("weights_bytes_by_form").at("panels"), 2 * kMebi);
  EXPECT_EQ(rank.at("weights_bytes_by_form").at("half_panels"), kMebi);
  EXPECT_EQ(rank.at("load_seconds"), 0.5);
  EXPECT_EQ(rank.at("activations_bytes"), 3 * kMebi);
  EXPECT_EQ(rank.at("workspace_bytes"), 2 * kMebi);
  EXPECT_EQ(rank.at("message_bytes"), kMebi);
  EXPECT_EQ(rank.at("predicted_bytes"), 15 * kMebi);
  EXPECT_EQ(rank.at("peak_rss_bytes"), 20 * kMebi);
  EXPECT_EQ(rank.at("compute_seconds"), 0.5);
  EXPECT_EQ(rank.at("pack_seconds"), 0.125);
  EXPECT_EQ(rank.at("message_seconds"), 0.0625);
  EXPECT_EQ(rank.at("wait_seconds"), 0.25);
  EXPECT_EQ(rank.at("utilisation"), 0.75);
  EXPECT_EQ(rank.at("sent_bytes"), 1000);
  EXPECT_EQ(rank.at("received_bytes"), 2000);
}

TEST(RunReport, JsonSaysHowToRepeatTheRun) {
  const json context = json::parse(to_json(two_ranks(), Findings{})).at("context");
  EXPECT_EQ(context.at("version"), version());
  EXPECT_EQ(context.at("git_hash"), git_hash());
  EXPECT_EQ(context.at("command_line"), "vpinfer --model m.h5");
  EXPECT_EQ(context.at("model"), "m.h5");
  EXPECT_EQ(context.at("model_checksum"), "0123456789abcdef");
  EXPECT_EQ(context.at("model_origin"), "m.cfg, seed 7");
  EXPECT_EQ(context.at("strategy"), "vertical");
  EXPECT_EQ(context.at("wire"), "float");
  EXPECT_EQ(context.at("ranks"), 2);
  EXPECT_EQ(context.at("mpi"), "Open MPI 4.1.4");
  EXPECT_EQ(context.at("threads"), 2);
}

TEST(RunReport, JsonHasAComparisonOnlyIfThereWasOne) {
  RunReport report = two_ranks();
  EXPECT_FALSE(json::parse(to_json(report, Findings{})).contains("comparison"));
  report.comparison = Comparison{{0.5, 0.25, true}, kTolerance, 7, 1.5, 0.6, 50 * kMebi};
  const json failed = json::parse(to_json(report, Findings{})).at("comparison");
  EXPECT_EQ(failed.at("pass"), false);
  EXPECT_EQ(failed.at("max_abs"), 0.5);
  EXPECT_EQ(failed.at("max_rel"), 0.25);
  EXPECT_EQ(failed.at("tolerance"), kTolerance);
  EXPECT_EQ(failed.at("first_layer"), 7);
  EXPECT_EQ(failed.at("speedup"), 1.5);
  report.comparison = Comparison{{}, kTolerance, {}};
  const json passed = json::parse(to_json(report, Findings{})).at("comparison");
  EXPECT_EQ(passed.at("pass"), true);
  EXPECT_TRUE(passed.at("first_layer").is_null());
}

TEST(RunReport, TellsWhatWasPredictedIfTheHostsAreKnown) {
  RunReport report = two_ranks();
  EXPECT_FALSE(json::parse(to_json(report, Findings{})).contains("predicted"));
  EXPECT_THAT(to_text(report), Not(HasSubstr("predicted: ")));
  report.predicted = PredictedTimes{.latency_seconds = 0.25, .frames_per_second = 5.5};
  const json predicted = json::parse(to_json(report, Findings{})).at("predicted");
  EXPECT_EQ(predicted, (json{{"latency_seconds", 0.25}, {"frames_per_second", 5.5}}));
  EXPECT_THAT(
      to_text(report),
      HasSubstr("\npredicted: 250.0 ms for a frame alone, 5.50 frames per second in a stream\n"));
}

TEST(RunReport, TextHasARowPerRankAndTheLatency) {
  const std::string text = to_text(two_ranks());
  EXPECT_THAT(text, AllOf(HasSubstr("pi-0"), HasSubstr("pi-1"), HasSubstr("2 tiles")));
  EXPECT_THAT(text, HasSubstr("vertical on 2 ranks: latency 300.0 ms (min 100.0, max 400.0, 3 "));
  EXPECT_THAT(text, Not(AnyOf(HasSubstr("PASS"), HasSubstr("FAIL"))));
}

TEST(RunReport, TellsThroughputOfFramesInFlight) {
  RunReport report = two_ranks();
  report.context.frames_in_flight = 3;
  EXPECT_THAT(to_text(report), HasSubstr("3 frames), 4.00 frames per second with 3 under way, "));
  EXPECT_EQ(json::parse(to_json(report, Findings{})).at("context").at("frames_in_flight"), 3);
}

TEST(RunReport, NamesTheNetwork) {
  RunReport report = two_ranks();
  EXPECT_THAT(to_text(report), HasSubstr("network: eth0, 1000 Mbit/s, on pi-0, pi-1\n"));
  RankReport zero = rank_report(2);
  zero.interface = "wlan0";
  zero.wireless = true;
  zero.link_mbit = 0;
  report.ranks.push_back(zero);
  EXPECT_THAT(to_text(report), HasSubstr("on pi-0, pi-1; wlan0, wireless, on pi-2\n"));
  EXPECT_TRUE(json::parse(to_json(report, Findings{})).at("ranks").at(2).at("link_mbit").is_null());
  for (RankReport& rank : report.ranks) rank.interface.clear();
  EXPECT_THAT(to_text(report), Not(HasSubstr("network:")));
  EXPECT_TRUE(json::parse(to_json(report, Findings{})).at("ranks").at(0).at("interface").is_null());
}

TEST(RunReport, SaysThatHalvesTravelled) {
  RunReport report = two_ranks();
  report.context.wire = WireFormat::kHalf;
  EXPECT_THAT(to_text(report), HasSubstr("vertical, half on the wire, on 2 ranks: latency "));
  report.context.conv = ConvolutionPath::kBlas;
  EXPECT_THAT(to_text(report),
              HasSubstr("vertical, half on the wire, convolved by BLAS, on 2 ranks: latency "));
  EXPECT_EQ(json::parse(to_json(report, Findings{})).at("context").at("wire"), "half");
}

TEST(RunReport, TextEndsInTheVerdict) {
  RunReport report = two_ranks();
  report.comparison =
      Comparison{{1e-6, 2e-6, true}, kTolerance, std::nullopt, 1.5, 0.6, 30 * kMebi};
  const std::string passed = to_text(report);
  EXPECT_THAT(
      passed,
      AllOf(HasSubstr("PASS: largest difference 1.00e-06 absolute, 2.00e-06 relative of 1e-04 "
                      "allowed\n"),
            HasSubstr("speed-up 1.50"), HasSubstr("50.0 % of one rank's")));
  EXPECT_THAT(passed, Not(HasSubstr("first in layer")));
  report.comparison = Comparison{{0.5, 0.25, true}, kTolerance, 7, 1.5, 0.6, 30 * kMebi};
  EXPECT_THAT(to_text(report), AllOf(HasSubstr("FAIL"), HasSubstr("first in layer 7\n")));
  report.comparison = Comparison{{0, 0, false}, kTolerance, 7, 1.5, 0.6, 30 * kMebi};
  EXPECT_THAT(to_text(report), AllOf(HasSubstr("FAIL"), HasSubstr("not all numbers are finite")));
}

Difference compare(std::vector<float> values, std::vector<float> reference) {
  return difference(values, reference);
}

TEST(Difference, IsRelativeToTheLargestMagnitude) {
  const Difference d = compare({1, -7.5F, 0}, {1, -8, 0.25F});
  EXPECT_EQ(d.max_abs, 0.5);
  EXPECT_EQ(d.max_rel, 0.0625);
  EXPECT_TRUE(d.finite);
  EXPECT_EQ(compare({0.5F}, {0}).max_rel, 0.5);
  EXPECT_EQ(compare({}, {}).max_abs, 0);
}

TEST(Difference, AgreesUpToTheTolerance) {
  EXPECT_TRUE(agrees(compare({1, 10000}, {1, 10000}), kTolerance));
  EXPECT_TRUE(agrees(compare({0.5F, 10000}, {1, 10000}), kTolerance));
  EXPECT_FALSE(agrees(compare({3, 10000}, {1, 10000}), kTolerance));
  EXPECT_FALSE(agrees(compare({1, -10000}, {1, 10000}), kTolerance));
}

TEST(Difference, MayBeLargerWithHalvesOnTheWire) {
  const Difference d = compare({8, 1000}, {1, 1000});
  EXPECT_FALSE(agrees(d, tolerance(WireFormat::kFloat)));
  EXPECT_TRUE(agrees(d, tolerance(WireFormat::kHalf)));
  EXPECT_FALSE(agrees(compare({12, 1000}, {1, 1000}), tolerance(WireFormat::kHalf)));
}

TEST(Difference, NeverAgreesIfOneSideIsNotFinite) {
  for (const float bad : {kNan, kInfinity, -kInfinity}) {
    EXPECT_FALSE(agrees(compare({bad, 1}, {2, 1}), kTolerance));
    EXPECT_FALSE(agrees(compare({2, 1}, {bad, 1}), kTolerance));
  }
}

TEST(Difference, NeverAgreesIfBothSidesAreNotFinite) {
  EXPECT_FALSE(agrees(compare({kNan, 1}, {kNan, 1}), kTolerance));
  EXPECT_FALSE(agrees(compare({kInfinity, 1}, {kInfinity, 1}), kTolerance));
  EXPECT_FALSE(agrees(compare({kInfinity, 1}, {-kInfinity, 1}), kTolerance));
  EXPECT_FALSE(agrees(compare({kNan, 1}, {kInfinity, 1}), kTolerance));
  EXPECT_FALSE(agrees(compare({kInfinity, 1}, {kNan, 1}), kTolerance));
}

}  // namespace
}  // namespace vpinfer
