#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/front_svg.hpp"
#include "report/front_table.hpp"
#include "search/planner.hpp"

namespace vpinfer {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

/// A convolution on two ranks, and plans for it that are said to take so much.
class FrontReport : public testing::Test {
 protected:
  FrontReport() {
    const Window window{3, 1, 1, 1};
    add_input(network_, {16, 16, 8}, "test");
    add_layer(network_, Convolution{8, 1, window, window}, {0}, "test");
    front_ = {plan(Strategy::kData, 64, 0.1, 0.1), plan(Strategy::kHorizontal, 32, 0.2, 0.05)};
  }

  [[nodiscard]] PredictedPlan plan(Strategy strategy, std::size_t mebibytes, double latency,
                                   double period) const {
    PredictedPlan plan{make_plan(network_, strategy, 2), {}};
    plan.prediction.memory.resize(2);
    plan.prediction.memory[1].weights = mebibytes << 20U;
    plan.prediction.latency_seconds = latency;
    plan.prediction.period_seconds = period;
    return plan;
  }

  [[nodiscard]] std::string table(const std::vector<ComparedStrategy>& strategies) const {
    return describe_front(network_, front_, strategies);
  }

  Network network_;
  std::vector<PredictedPlan> front_;
};

TEST_F(FrontReport, TellsWhatPlansTakeAndAreBestFor) {
  const std::string text = table({});
  EXPECT_THAT(text, ContainsRegex("\n   1       100.0     10.00         64.0        0.0      2  "
                                  "2 rows      best latency\n"));
  EXPECT_THAT(text, ContainsRegex("\n   2       200.0     20.00         32.0        0.0      2  "
                                  "2 channels  best memory, throughput\n"));
}

TEST_F(FrontReport, ComparesStrategies) {
  EXPECT_THAT(table({{Strategy::kData, front_.front()}}),
              ContainsRegex("data .* plan 1 is as good\n"));
  const auto remark = [this](std::size_t mebibytes, double latency, double period) {
    const std::string text =
        table({{Strategy::kSingle, plan(Strategy::kSingle, mebibytes, latency, period)}});
    const std::string row = text.substr(text.find("single"));
    return row.substr(row.find("whole") + 5);
  };
  EXPECT_THAT(remark(40, 0.3, 0.05), HasSubstr("plan 2 beats it\n"));
  EXPECT_THAT(remark(64, 0.099, 0.1), HasSubstr("plan 1 nearly beats it\n"));
  EXPECT_EQ(remark(16, 0.3, 0.3), "\n") << "none beats it";
  EXPECT_THAT(table({{Strategy::kSingle}}), ContainsRegex("\nsingle +does not fit\n"));
}

TEST_F(FrontReport, IsDrawn) {
  const std::string svg =
      front_svg("a & b", "c < d", front_,
                {{Strategy::kData, plan(Strategy::kData, 200, 5, 1)}, {Strategy::kSingle}});
  EXPECT_THAT(svg, AllOf(HasSubstr("<title>a &amp; b</title>"), HasSubstr(">c &lt; d</text>")));
  EXPECT_THAT(svg, HasSubstr("<title>plan 2: 200.0 ms a frame, 20.00 frames/s, 32.0 MiB</title>"));
  EXPECT_THAT(svg,
              AllOf(HasSubstr(">1</text>"), HasSubstr(">2</text>"), HasSubstr(">data</text>")));
  EXPECT_THAT(svg, Not(HasSubstr(">single</text>")));
  EXPECT_THAT(svg, AllOf(Not(HasSubstr("nan")), Not(HasSubstr("inf"))));
}

TEST_F(FrontReport, NamesPlansInOnePlaceTogether) {
  front_.push_back(plan(Strategy::kSingle, 64, 0.1001, 0.1));
  front_.push_back(plan(Strategy::kSingle, 64, 0.1, 0.0999));
  const std::string svg =
      front_svg("a", "b", front_, {{Strategy::kData, plan(Strategy::kData, 64, 0.1, 0.1)}});
  EXPECT_THAT(svg, AllOf(HasSubstr(">1, 3, 4</text>"), HasSubstr(">2</text>"),
                         HasSubstr(">data</text>"), Not(HasSubstr(">3</text>"))));
}

TEST_F(FrontReport, IsDrawnOfOnePlan) {
  const std::string svg = front_svg("a", "b", {front_.front()}, {});
  EXPECT_THAT(svg, AllOf(HasSubstr(">1</text>"), Not(HasSubstr("nan")), Not(HasSubstr("inf"))));
}

}  // namespace
}  // namespace vpinfer
