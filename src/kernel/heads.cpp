#include "kernel/heads.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "kernel/softmax.hpp"
#include "kernel/workers.hpp"

namespace vpinfer {
namespace {

float sigmoid(float x) {
  return 1 / (1 + std::exp(-x));
}

void sigmoids(std::span<float> values) {
  std::transform(values.begin(), values.end(), values.begin(), sigmoid);
}

/// Which values in front of an anchor's scores are logits.
std::vector<int> sigmoids_of_box(const BoxPlaces& at) {
  if (!at.uncertain) return {at.x, at.y, at.objectness};
  return {at.x, at.x + 1, at.y, at.y + 1, at.width + 1, at.height + 1, at.objectness};
}

void activate_scores(const Region& region, const std::vector<Interval>& siblings,
                     std::span<float> scores) {
  if (!siblings.empty()) {
    for (const Interval& group : siblings) {
      softmax(scores.subspan(static_cast<std::size_t>(group.begin),
                             static_cast<std::size_t>(group.size())));
    }
  } else if (region.softmax) {
    softmax(scores);
  } else {
    sigmoids(scores);
  }
}

/// Calls visit(channels) for each output pixel of a box that spans all channels.
template <typename Visit>
void for_each_pixel(const TensorView& output, const Box& box, const Workers& workers,
                    const Visit& visit) {
  const auto visit_row = [&](int row) {
    for (int col = box.cols.begin; col < box.cols.end; ++col) {
      visit(std::span(output.at(row, col, 0), static_cast<std::size_t>(box.channels.size())));
    }
  };
  workers.share_out_rows(box.rows, visit_row);
}

}  // namespace

void activate_region(const Region& region, const ConstTensorView& input, const TensorView& output,
                     const Box& box, const Workers& workers) {
  copy_box(input, output, box);
  const auto per_anchor = static_cast<std::size_t>(region.channels_per_anchor());
  const BoxPlaces at = box_places(region.coding);
  const std::vector<int> logits = sigmoids_of_box(at);
  const std::vector<Interval> siblings = sibling_groups(region.tree);
  const auto stretch = [&](float& place) {
    place = place * region.stretch - 0.5F * (region.stretch - 1);
  };
  for_each_pixel(output, box, workers, [&](std::span<float> channels) {
    for (; !channels.empty(); channels = channels.subspan(per_anchor)) {
      float* const anchor = channels.data();
      if (region.coding != BoxCoding::kSquare) {
        for (const int logit : logits) anchor[logit] = sigmoid(anchor[logit]);
        activate_scores(region, siblings,
                        channels.first(per_anchor).last(static_cast<std::size_t>(region.classes)));
      }
      stretch(anchor[at.x]);
      stretch(anchor[at.y]);
    }
  });
}

void activate_grid(const GridHead& head, const ConstTensorView& input, const TensorView& output,
                   const Box& box, const Workers& workers) {
  copy_box(input, output, box);
  if (!head.softmax) return;
  const auto classes = static_cast<std::size_t>(head.classes);
  for_each_pixel(output, box, workers, [&](std::span<float> values) {
    for (int cell = 0; cell < head.cells(); ++cell) {
      softmax(values.subspan(static_cast<std::size_t>(cell) * classes, classes));
    }
  });
}

void activate_nanodet(const NanoDet& head, const ConstTensorView& input, const TensorView& output,
                      const Box& box, const Workers& workers) {
  copy_box(input, output, box);
  const auto classes = static_cast<std::size_t>(head.classes);
  const auto bins = static_cast<std::size_t>(head.bins);
  for_each_pixel(output, box, workers, [&](std::span<float> channels) {
    sigmoids(channels.first(classes));
    for (std::size_t side = 0; side < 4; ++side) {
      softmax(channels.subspan(classes + side * bins, bins));
    }
  });
}

}  // namespace vpinfer
