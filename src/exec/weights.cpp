#include "vpinfer/exec/weights.hpp"

namespace vpinfer {
namespace {

std::size_t all_floats(const Network& network, const Plan& plan, int rank) {
  return weights_bytes(network, plan, rank) / sizeof(float);
}

}  // namespace

Weights::Weights(const Network& network, const Plan& plan, int rank)
    : storage_(all_floats(network, plan, rank)) {
  std::size_t offset = 0;
  for (int position = 0; position < network.size(); ++position) {
    const WeightRange range = owned_weights(network, plan, position, rank);
    const std::size_t weights = weight_shape(network, position).of(range).elements();
    const auto biases = static_cast<std::size_t>(range.filters.size());
    offsets_.push_back(offset);
    slices_.push_back(
        {range, storage_.part(offset, weights), storage_.part(offset + weights, biases)});
    offset += weights + biases;
  }
}

void Weights::load(int position, const WeightReader& reader) {
  const WeightSlice& part = slice(position);
  if (part.range.empty()) return;
  const std::size_t offset = offsets_[static_cast<std::size_t>(position)];
  reader(position, part.range, storage_.part(offset, part.weights.size()),
         storage_.part(offset + part.weights.size(), part.biases.size()));
}

}  // namespace vpinfer
