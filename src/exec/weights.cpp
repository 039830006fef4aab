#include "vpinfer/exec/weights.hpp"

#include <algorithm>

namespace vpinfer {
namespace {

std::size_t all_floats(const Network& network, const Plan& plan, int rank) {
  return weights_bytes(network, plan, rank) / sizeof(float);
}

}  // namespace

std::vector<WeightRange> pieces_to_load(const Network& network, const Plan& plan, int position,
                                        int rank) {
  constexpr std::size_t kPieceFloats = 1024 * 1024;
  const WeightRange all = owned_weights(network, plan, position, rank);
  if (weight_form(network, plan, position, rank) == WeightForm::kRows) {
    return all.empty() ? std::vector<WeightRange>{} : std::vector{all};
  }
  const std::size_t per_filter = weight_shape(network, position).of(all).elements_per_filter();
  const std::size_t groups = std::max<std::size_t>(
      1, kPieceFloats / std::max<std::size_t>(1, kPackedFilters * per_filter));
  const int step = kPackedFilters * static_cast<int>(groups);
  std::vector<WeightRange> pieces;
  for (int begin = all.filters.begin; begin < all.filters.end; begin += step) {
    pieces.push_back({{begin, std::min(begin + step, all.filters.end)}, all.channels});
  }
  return pieces;
}

Weights::Weights(const Network& network, const Plan& plan, int rank)
    : network_(network), storage_(all_floats(network, plan, rank)) {
  std::size_t offset = 0;
  for (int position = 0; position < network.size(); ++position) {
    const WeightRange range = owned_weights(network, plan, position, rank);
    const WeightForm form = weight_form(network, plan, position, rank);
    const std::size_t weights = stored_floats(form, weight_shape(network, position).of(range));
    const auto biases = static_cast<std::size_t>(range.filters.size());
    pieces_.push_back(pieces_to_load(network, plan, position, rank));
    offsets_.push_back(offset);
    slices_.push_back(
        {range, form, storage_.part(offset, weights), storage_.part(offset + weights, biases)});
    offset += weights + biases;
  }
}

void Weights::load(int position, const WeightReader& reader) {
  const WeightSlice& all = slice(position);
  const std::size_t offset = offsets_[static_cast<std::size_t>(position)];
  for (const WeightRange& range : pieces_[static_cast<std::size_t>(position)]) {
    const WeightShape shape = weight_shape(network_, position).of(range);
    const auto first = static_cast<std::size_t>(range.filters.begin - all.range.filters.begin);
    const std::span<float> weights =
        storage_.part(offset + first * shape.elements_per_filter(), stored_floats(all.form, shape));
    const std::span<float> biases =
        storage_.part(offset + all.weights.size() + first, static_cast<std::size_t>(shape.filters));
    if (all.form == WeightForm::kRows) {
      reader(position, range, weights, biases);
      continue;
    }
    FloatBuffer rows(shape.elements());
    reader(position, range, rows.all(), biases);
    pack(shape, rows.all(), weights);
  }
}

}  // namespace vpinfer
