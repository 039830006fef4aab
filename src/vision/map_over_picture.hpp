#pragma once

#include <span>
#include <vector>

#include "net/network.hpp"

namespace vpinfer {

/// Undoes what resizing a picture to a network's input did: where a map that lies over the input
/// shows the picture.
class MapOverPicture {
 public:
  MapOverPicture(Resize resize, int picture_rows, int picture_cols, const Shape& network_input,
                 const Shape& map);

  /// The map where it shows the picture, drawn in another size: [rows][cols][channels].
  /// `values` are [rows][cols] of the map and any number of channels; those between its pixels are
  /// interpolated, or that of the next one.
  [[nodiscard]] std::vector<float> resized(std::span<const float> values, int rows, int cols,
                                           Interpolation interpolation) const;

  /// For some rows of the picture, drawn with so many: those of the map that each lies between.
  [[nodiscard]] std::vector<Taps> row_taps(int rows, const Interval& part,
                                           Interpolation interpolation) const;
  [[nodiscard]] std::vector<Taps> col_taps(int cols, const Interval& part,
                                           Interpolation interpolation) const;

  /// How many pixels of the map show the picture, at least one.
  [[nodiscard]] int rows() const;
  [[nodiscard]] int cols() const;

 private:
  /// Of pixels of the map along one axis.
  struct Span {
    float begin = 0;
    float size = 1;
    /// Of so many positions over it.
    [[nodiscard]] Sampling sampling(int count) const;
  };

  Shape map_;
  Span rows_;
  Span cols_;
};

}  // namespace vpinfer
