#include "report/scale.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace vpinfer {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::Gt;
using testing::Lt;

std::vector<std::string> labels_of(const std::vector<double>& values) {
  std::vector<std::string> labels;
  for (const Scale::Tick& tick : Scale(values).ticks()) labels.push_back(tick.label);
  return labels;
}

TEST(Scale, HasRoundTicks) {
  EXPECT_THAT(labels_of({10, 22}), ElementsAre("10", "12", "14", "16", "18", "20", "22"));
  EXPECT_THAT(labels_of({0.31, 0.92}),
              ElementsAre("0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9"));
  EXPECT_THAT(labels_of({1.02, 1.06}),
              ElementsAre("0.98", "1.00", "1.02", "1.04", "1.06", "1.08", "1.10"));
  EXPECT_THAT(labels_of({-3, 4}), ElementsAre("-2", "0", "2", "4"));
}

TEST(Scale, IsLogarithmicWhereValuesAreFarApart) {
  EXPECT_THAT(labels_of({180, 820}), ElementsAre("200", "300", "500", "700"));
  EXPECT_THAT(labels_of({0.11, 6.6}), ElementsAre("0.1", "0.2", "0.5", "1", "2", "5"));
  EXPECT_THAT(labels_of({1, 1e6}),
              ElementsAre("1", "10", "100", "1000", "10000", "100000", "1000000"));
  const Scale scale({1, 10000});
  EXPECT_NEAR(scale.place(100), 0.5, 1e-9);
}

TEST(Scale, StandsEqualValuesAndNone) {
  EXPECT_NEAR(Scale({5}).place(5), 0.5, 1e-9);
  EXPECT_NEAR(Scale({5, 5, 5}).place(5), 0.5, 1e-9);
  EXPECT_EQ(Scale({}).place(0.25), 0.25);
  EXPECT_GE(Scale({0}).ticks().size(), 2U);
}

TEST(Scale, HoldsValuesAndAFewTicksOfAnyRange) {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> exponents(-6, 9);
  for (int i = 0; i < 2000; ++i) {
    const double a = std::pow(10, exponents(random));
    const double b = i % 2 == 0 ? std::pow(10, exponents(random)) : a * (1 + 0.01 * (i % 500));
    const Scale scale({a, b});
    for (const double value : {a, b}) EXPECT_THAT(scale.place(value), AllOf(Gt(0), Lt(1)));
    const std::vector<Scale::Tick> ticks = scale.ticks();
    EXPECT_THAT(ticks.size(), AllOf(testing::Ge(2U), testing::Le(12U))) << a << " to " << b;
    double last = -1;
    for (const Scale::Tick& tick : ticks) {
      EXPECT_GT(tick.value, last);
      last = tick.value;
      EXPECT_THAT(scale.place(last), AllOf(testing::Ge(0), testing::Le(1)));
      EXPECT_NEAR(std::stod(tick.label), tick.value, 1e-9 * tick.value);
    }
  }
}

}  // namespace
}  // namespace vpinfer
