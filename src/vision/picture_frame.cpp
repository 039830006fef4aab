#include "vision/picture_frame.hpp"

#include <algorithm>

#include "vision/input_tensor.hpp"

namespace vpinfer {

PictureFrame::Axis::Axis(int input, Interval placed, bool is_centred, int picture)
    : offset_(is_centred ? static_cast<float>(input - placed.size()) / 2 / static_cast<float>(input)
                         : 0),
      share_(static_cast<float>(placed.size()) / static_cast<float>(input)),
      picture_(static_cast<float>(picture)) {}

float PictureFrame::Axis::clip(float value) const {
  return std::clamp(value, 0.0F, picture_);
}

PictureFrame::PictureFrame(Resize resize, int picture_rows, int picture_cols,
                           const Shape& network_input)
    : input_(network_input),
      rows_(input_.rows, place_picture(resize, picture_rows, picture_cols, input_).rows,
            resize != Resize::kTopLeft, picture_rows),
      cols_(input_.cols, place_picture(resize, picture_rows, picture_cols, input_).cols,
            resize != Resize::kTopLeft, picture_cols) {}

Detection PictureFrame::detection(const CentredBox& box) const {
  const float half_width = cols_.extent(box.width) / 2;
  const float half_height = rows_.extent(box.height) / 2;
  const float left = cols_.clip(cols_.centre(box.x) - half_width);
  const float right = cols_.clip(cols_.centre(box.x) + half_width);
  const float top = rows_.clip(rows_.centre(box.y) - half_height);
  const float bottom = rows_.clip(rows_.centre(box.y) + half_height);
  return {left, top, right - left, bottom - top};
}

Keypoint PictureFrame::keypoint(const Keypoint& point) const {
  return {cols_.centre(point.x), rows_.centre(point.y), point.score};
}

}  // namespace vpinfer
