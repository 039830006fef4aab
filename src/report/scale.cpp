#include "report/scale.hpp"

#include <algorithm>
#include <cmath>

#include "base/units.hpp"

namespace vpinfer {
namespace {

/// With as many decimals as its unit, a round number, has.
std::string label_of(double value, double unit) {
  const int decimals = static_cast<int>(-std::floor(std::log10(unit) + 1e-9));
  return fixed(value, std::max(0, decimals));
}

/// The least of 1, 2 and 5 times a power of ten that is no less.
double round_up(double value) {
  const double power = std::pow(10.0, std::floor(std::log10(value)));
  for (const double factor : {1, 2, 5}) {
    if (factor * power >= value * (1 - 1e-9)) return factor * power;
  }
  return 10 * power;
}

}  // namespace

Scale::Scale(const std::vector<double>& values) {
  constexpr double kManyTimes = 4;
  constexpr double kRoom = 0.08;
  if (values.empty()) return;
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  logarithmic_ = *least > 0 && *most > kManyTimes * *least;
  if (logarithmic_) {
    const double factor = std::pow(*most / *least, kRoom);
    low_ = *least / factor;
    high_ = *most * factor;
    return;
  }
  // Equal values, or nearly, in the middle of a tenth of them.
  const double span = std::max({*most - *least, 0.1 * std::abs(*most), 1e-9});
  const double middle = 0.5 * (*least + *most);
  low_ = middle - (0.5 + kRoom) * span;
  high_ = middle + (0.5 + kRoom) * span;
  if (*least >= 0) low_ = std::max(low_, 0.0);
}

double Scale::place(double value) const {
  if (logarithmic_) return std::log(value / low_) / std::log(high_ / low_);
  return (value - low_) / (high_ - low_);
}

std::vector<Scale::Tick> Scale::ticks() const {
  return logarithmic_ ? logarithmic_ticks() : linear_ticks();
}

std::vector<Scale::Tick> Scale::linear_ticks() const {
  constexpr double kSteps = 8;
  const double step = round_up((high_ - low_) / kSteps);
  std::vector<Tick> ticks;
  for (double count = std::ceil(low_ / step); count * step <= high_; ++count) {
    ticks.push_back({count * step, label_of(count * step, step)});
  }
  return ticks;
}

std::vector<Scale::Tick> Scale::logarithmic_ticks() const {
  constexpr int kMostPowers = 10;
  const double decades = std::log10(high_ / low_);
  std::vector<double> factors{1};
  if (decades < 4) factors = {1, 2, 5};
  if (decades < 1.5) factors = {1, 2, 3, 5, 7};
  const int stride = 1 + static_cast<int>(decades) / kMostPowers;
  std::vector<Tick> ticks;
  for (int exponent = static_cast<int>(std::floor(std::log10(low_)));; exponent += stride) {
    const double unit = std::pow(10.0, exponent);
    for (const double factor : factors) {
      const double value = factor * unit;
      if (value > high_) return ticks;
      if (value >= low_) ticks.push_back({value, label_of(value, unit)});
    }
  }
}

}  // namespace vpinfer
