#include "exec/weights.hpp"

#include <algorithm>
#include <cstddef>

#include "base/clock.hpp"
#include "kernel/convolution/packing.hpp"

namespace vpinfer {
namespace {

std::span<float> as_floats(std::span<std::byte> bytes) {
  return {reinterpret_cast<float*>(bytes.data()), bytes.size() / sizeof(float)};
}

std::size_t all_floats(const Distribution& distribution, int rank) {
  return distribution.weight_bytes(rank).total() / sizeof(float);
}

}  // namespace

std::vector<WeightRange> pieces_to_load(const Distribution& distribution, int position, int rank) {
  constexpr std::size_t kPieceFloats = 1024 * 1024;
  const StoredWeights stored = distribution.stored(position, rank);
  const WeightRange& all = stored.range;
  if (stored.storage.form == WeightForm::kRows) {
    return all.empty() ? std::vector<WeightRange>{} : std::vector{all};
  }
  const std::size_t per_filter = stored.shape.elements_per_filter();
  const std::size_t groups = std::max<std::size_t>(
      1, kPieceFloats / std::max<std::size_t>(1, kPackedFilters * per_filter));
  const int step = kPackedFilters * static_cast<int>(groups);
  std::vector<WeightRange> pieces;
  for (int begin = all.filters.begin; begin < all.filters.end; begin += step) {
    pieces.push_back({{begin, std::min(begin + step, all.filters.end)}, all.channels});
  }
  return pieces;
}

Weights::Weights(const Distribution& distribution, int rank)
    : storage_(all_floats(distribution, rank)) {
  std::size_t offset = 0;
  const auto take = [&](std::size_t bytes) {
    const std::size_t begin = offset;
    offset += bytes_in_whole_lines(bytes);
    return std::as_writable_bytes(storage_.all()).subspan(begin, bytes);
  };
  for (int position = 0; position < distribution.network().size(); ++position) {
    const StoredWeights stored = distribution.stored(position, rank);
    const std::span<std::byte> weights = take(stored.weight_bytes);
    const std::span<float> biases = as_floats(take(stored.bias_bytes));
    layers_.push_back({{stored.range, stored.storage, weights, biases},
                       stored.shape,
                       weights,
                       biases,
                       pieces_to_load(distribution, position, rank)});
  }
}

void Weights::load(int position, const WeightReader& reader) {
  const Stopwatch stopwatch(load_seconds_);
  const StoredLayer& layer = layers_[static_cast<std::size_t>(position)];
  for (const WeightRange& piece : layer.pieces) {
    WeightShape shape = layer.shape;
    shape.filters = piece.filters.size();
    const auto first =
        static_cast<std::size_t>(piece.filters.begin - layer.slice.range.filters.begin);
    WeightShape before = layer.shape;
    before.filters = static_cast<int>(first);
    const WeightStorage& storage = layer.slice.storage;
    const std::span<std::byte> weights =
        layer.weights.subspan(stored_bytes(storage, before), stored_bytes(storage, shape));
    const std::span<float> biases =
        layer.biases.subspan(first, static_cast<std::size_t>(shape.filters));
    if (storage.form == WeightForm::kRows) {
      reader(position, piece, as_floats(weights), biases);
      continue;
    }
    if (room_.all().size() < shape.elements()) room_ = FloatBuffer(shape.elements());
    const std::span<float> rows = room_.part(0, shape.elements());
    reader(position, piece, rows, biases);
    pack(shape, rows, storage.format, weights);
  }
  if (position + 1 == static_cast<int>(layers_.size())) room_ = FloatBuffer();
}

}  // namespace vpinfer
