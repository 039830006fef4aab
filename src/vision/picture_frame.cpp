#include "vision/picture_frame.hpp"

#include <algorithm>

#include "vision/input_tensor.hpp"

namespace vpinfer {

PictureFrame::Axis::Axis(int input, int placed, int picture)
    : offset_(static_cast<float>(input - placed) / 2 / static_cast<float>(input)),
      share_(static_cast<float>(placed) / static_cast<float>(input)),
      picture_(static_cast<float>(picture)) {}

float PictureFrame::Axis::clip(float value) const {
  return std::clamp(value, 0.0F, picture_);
}

PictureFrame::PictureFrame(Resize resize, int picture_rows, int picture_cols,
                           const Shape& network_input)
    : input_(network_input),
      rows_(input_.rows, place_picture(resize, picture_rows, picture_cols, input_).rows.size(),
            picture_rows),
      cols_(input_.cols, place_picture(resize, picture_rows, picture_cols, input_).cols.size(),
            picture_cols) {}

Detection PictureFrame::detection(const CentredBox& box) const {
  const float half_width = cols_.extent(box.width) / 2;
  const float half_height = rows_.extent(box.height) / 2;
  const float left = cols_.clip(cols_.centre(box.x) - half_width);
  const float right = cols_.clip(cols_.centre(box.x) + half_width);
  const float top = rows_.clip(rows_.centre(box.y) - half_height);
  const float bottom = rows_.clip(rows_.centre(box.y) + half_height);
  return {left, top, right - left, bottom - top};
}

}  // namespace vpinfer
