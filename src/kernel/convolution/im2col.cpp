#include "kernel/convolution/im2col.hpp"

#include <algorithm>

namespace vpinfer {

void Im2col::unroll(int row, Interval cols, Interval depth, float* target) const {
  const int line = conv_.cols.size * channels_.size();  // of one row of the window
  const int first_row = row * conv_.rows.stride - conv_.rows.pad_before;
  for (int r = depth.begin / line; r * line < depth.end; ++r) {
    const Interval part = intersect(depth, {r * line, (r + 1) * line});
    const Interval within = shift(part, -r * line);
    const int input_row = first_row + r * conv_.rows.dilation;
    const bool in_one_piece = conv_.cols.dilation == 1 && 0 <= input_row &&
                              input_row < shape_.rows && all_channels_wanted();
    float* of_pixel = target + (part.begin - depth.begin);
    for (int col = cols.begin; col < cols.end; ++col, of_pixel += depth.size()) {
      const int first_col = col * conv_.cols.stride - conv_.cols.pad_before;
      if (in_one_piece && 0 <= first_col && first_col + conv_.cols.size <= shape_.cols) {
        // As most windows are, away from the edges.
        std::copy_n(input_.at(input_row, first_col, channels_.begin) + within.begin, within.size(),
                    of_pixel);
      } else if (conv_.cols.dilation == 1) {
        unroll_line(input_row, first_col, within, of_pixel);
      } else {
        unroll_taps(input_row, first_col, within, of_pixel);
      }
    }
  }
}

/// The same as `unroll_line` for a window whose taps lie apart: each is a line of its own.
void Im2col::unroll_taps(int row, int first_col, Interval part, float* target) const {
  const int channels = channels_.size();
  for (int tap = part.begin / channels; tap * channels < part.end; ++tap) {
    const Interval of_tap = intersect(part, {tap * channels, (tap + 1) * channels});
    unroll_line(row, first_col + tap * conv_.cols.dilation, shift(of_tap, -tap * channels), target);
    target += of_tap.size();
  }
}

/// Elements `part` of one row of the window, which begins at (row, first_col).
void Im2col::unroll_line(int row, int first_col, Interval part, float* target) const {
  const int channels = channels_.size();
  const Interval inside =
      row < 0 || row >= shape_.rows
          ? Interval{part.begin, part.begin}
          : intersect(part, {-first_col * channels, (shape_.cols - first_col) * channels});
  if (inside.empty()) {
    std::fill_n(target, part.size(), 0.0F);
    return;
  }
  std::fill_n(target, inside.begin - part.begin, 0.0F);
  copy_inside(row, first_col, inside, target + (inside.begin - part.begin));
  std::fill_n(target + (inside.end - part.begin), part.end - inside.end, 0.0F);
}

void Im2col::copy_inside(int row, int first_col, Interval part, float* target) const {
  const int channels = channels_.size();
  if (all_channels_wanted()) {
    const int col = first_col + part.begin / channels;
    std::copy_n(input_.at(row, col, channels_.begin + part.begin % channels), part.size(), target);
    return;
  }
  for (int i = part.begin; i < part.end;) {
    const int channel = i % channels;
    const int count = std::min(channels - channel, part.end - i);
    std::copy_n(input_.at(row, first_col + i / channels, channels_.begin + channel), count, target);
    target += count;
    i += count;
  }
}

}  // namespace vpinfer
