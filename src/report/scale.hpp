#pragma once

#include <string>
#include <vector>

namespace vpinfer {

/// A scale of a diagram that spans some values, logarithmic if the largest is many times the
/// smallest.
class Scale {
 public:
  struct Tick {
    double value = 0;
    std::string label;
  };

  /// With some room around finite values; without any, from 0 to 1.
  explicit Scale(const std::vector<double>& values);

  /// Where a value lies: 0 at the low end of the scale, 1 at its high end.
  [[nodiscard]] double place(double value) const;

  /// Round values within the scale, in increasing order, from 2 to 12 of them: 1, 2 or 5 times a
  /// power of ten apart, or where it is logarithmic, few times a power of ten.
  [[nodiscard]] std::vector<Tick> ticks() const;

 private:
  [[nodiscard]] std::vector<Tick> linear_ticks() const;
  [[nodiscard]] std::vector<Tick> logarithmic_ticks() const;

  bool logarithmic_ = false;
  double low_ = 0;
  double high_ = 1;
};

}  // namespace vpinfer
