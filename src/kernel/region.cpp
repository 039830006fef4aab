#include "vpinfer/kernel/region.hpp"

#include <algorithm>
#include <cmath>
#include <span>

namespace vpinfer {
namespace {

float sigmoid(float x) {
  return 1 / (1 + std::exp(-x));
}

void softmax(std::span<float> scores) {
  if (scores.empty()) return;
  const float largest = *std::max_element(scores.begin(), scores.end());
  float sum = 0;
  for (float& score : scores) {
    score = std::exp(score - largest);
    sum += score;
  }
  for (float& score : scores) score /= sum;
}

}  // namespace

void activate_region(const Region& region, const ConstTensorView& input, const TensorView& output,
                     const Box& box) {
  copy_box(input, output, box);
  const auto channels = static_cast<std::size_t>(region.channels_per_anchor());
  for (int row = box.rows.begin; row < box.rows.end; ++row) {
    for (int col = box.cols.begin; col < box.cols.end; ++col) {
      float* anchor = output.at(row, col, 0);
      for (std::size_t i = 0; i < region.anchors.size(); ++i, anchor += channels) {
        for (const int entry : {0, 1, 4}) anchor[entry] = sigmoid(anchor[entry]);
        const std::span<float> scores(anchor + 5, channels - 5);
        if (region.softmax) {
          softmax(scores);
        } else {
          std::transform(scores.begin(), scores.end(), scores.begin(), sigmoid);
        }
      }
    }
  }
}

}  // namespace vpinfer
