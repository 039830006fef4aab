#include "kernel/candidates.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "kernel/places.hpp"
#include "kernel/softmax.hpp"

namespace vpinfer {
namespace {

/// Values of an input's candidates on their way to some rows and channels of the output.
struct CandidateMove {
  const CandidateTensor& from;
  Interval values;
  std::int64_t first_row = 0;
  int first_channel = 0;
};

void move_values(const CandidateMove& move, const ConstTensorView& input, const TensorView& output,
                 const Box& box) {
  const std::int64_t inner = move.from.inner();
  const std::int64_t values = move.from.values();
  std::int64_t element = 0;
  for_each_place(input.box, move.from.form.order, [&](int row, int col, int channel) {
    const std::int64_t here = element++;
    const auto value = static_cast<int>(here / inner % values);
    if (!move.values.contains(Interval{value, value + 1})) return;
    const std::int64_t candidate = here / (inner * values) * inner + here % inner;
    const auto to = static_cast<int>(move.first_row + candidate);
    if (to < box.rows.begin || to >= box.rows.end) return;
    *output.at(to, 0, move.first_channel + value - move.values.begin) =
        *input.at(row, col, channel);
  });
}

void move_group(const Candidates& head, const CandidateGroup& group, std::int64_t first_row,
                std::span<const ConstTensorView> inputs, const TensorView& output, const Box& box) {
  int channel = 0;
  const auto move = [&](const CandidateValues& values) {
    const auto input = static_cast<std::size_t>(values.input);
    move_values({head.tensors[input], values.values, first_row, channel}, inputs[input], output,
                box);
    channel += values.values.size();
  };
  move(group.box);
  if (group.size) move(*group.size);
  if (group.objectness) move(*group.objectness);
  move(group.scores);
  if (group.points) move(*group.points);
  if (group.coefficients) move(*group.coefficients);
}

/// Makes probabilities of the logits of one candidate.
void activate_candidate(const Candidates& head, std::span<float> values) {
  const auto bins = static_cast<std::size_t>(head.bins);
  for (std::size_t side = 0; bins > 1 && side < 4; ++side) {
    softmax(values.subspan(side * bins, bins));
  }
  const auto others = static_cast<std::size_t>(head.point_values() + head.mask_coefficients());
  const std::span<float> logits = values.subspan(4 * bins).first(values.size() - 4 * bins - others);
  if (head.scores == ScoreKind::kSigmoidLogits) {
    std::transform(logits.begin(), logits.end(), logits.begin(),
                   [](float x) { return 1 / (1 + std::exp(-x)); });
  } else if (head.scores == ScoreKind::kSoftmaxLogits) {
    softmax(logits.last(static_cast<std::size_t>(head.score_count())));
  } else if (head.scores == ScoreKind::kSquares) {
    std::transform(logits.begin(), logits.end(), logits.begin(),
                   [](float x) { return std::sqrt(std::max(x, 0.0F)); });
  }
}

}  // namespace

void gather_candidates(const Candidates& head, std::span<const ConstTensorView> inputs,
                       const TensorView& output, const Box& box) {
  std::int64_t first_row = 0;
  for (const CandidateGroup& group : head.groups) {
    move_group(head, group, first_row, inputs, output, box);
    first_row += head.tensors[static_cast<std::size_t>(group.box.input)].candidates();
  }
  for (int row = box.rows.begin; row < box.rows.end; ++row) {
    activate_candidate(head, {output.at(row, 0, 0), static_cast<std::size_t>(head.channels())});
  }
}

}  // namespace vpinfer
