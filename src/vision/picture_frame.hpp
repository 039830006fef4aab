#pragma once

#include "net/network.hpp"
#include "vision/detection.hpp"
#include "vpinfer/box.hpp"

namespace vpinfer {

/// A box by its centre and extent, as shares of the network's input.
struct CentredBox {
  float x = 0;
  float y = 0;
  float width = 0;
  float height = 0;
};

/// Undoes what resizing a picture to a network's input did to the places of things in it, as
/// Darknet's correct_region_boxes does.
class PictureFrame {
 public:
  PictureFrame(Resize resize, int picture_rows, int picture_cols, const Shape& network_input);

  [[nodiscard]] const Shape& network_input() const { return input_; }
  /// The box in pixels of the picture, clipped to it; class and score are left to the caller.
  [[nodiscard]] Detection detection(const CentredBox& box) const;
  /// A point, by shares of the network's input, in pixels of the picture.
  [[nodiscard]] Keypoint keypoint(const Keypoint& point) const;

 private:
  /// Undoes the placement along one axis.
  class Axis {
   public:
    Axis(int input, Interval placed, bool is_centred, int picture);

    [[nodiscard]] float centre(float value) const { return (value - offset_) / share_ * picture_; }
    [[nodiscard]] float extent(float value) const { return value / share_ * picture_; }
    [[nodiscard]] float clip(float value) const;

   private:
    float offset_;
    float share_;
    float picture_;
  };

  Shape input_;
  Axis rows_;
  Axis cols_;
};

}  // namespace vpinfer
