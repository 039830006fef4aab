#include "vpinfer/exec/weights.hpp"

namespace vpinfer {
namespace {

std::size_t all_floats(const Network& network, const Plan& plan, int rank) {
  return weights_bytes(network, plan, rank) / sizeof(float);
}

}  // namespace

std::size_t slice_floats(const Network& network, int position, Interval filters) {
  return static_cast<std::size_t>(filters.size()) *
         (weight_shape(network, position).elements_per_filter() + 1);
}

Weights::Weights(const Network& network, const Plan& plan, int rank)
    : storage_(all_floats(network, plan, rank)) {
  std::size_t offset = 0;
  for (int position = 0; position < network.size(); ++position) {
    const Interval filters = owned_filters(network, plan, position, rank);
    const auto count = static_cast<std::size_t>(filters.size());
    const std::size_t weights = count * weight_shape(network, position).elements_per_filter();
    offsets_.push_back(offset);
    slices_.push_back(
        {filters, storage_.part(offset, weights), storage_.part(offset + weights, count)});
    offset += weights + count;
  }
}

void Weights::load(int position, const FilterReader& reader) {
  const FilterSlice& part = slice(position);
  if (part.filters.empty()) return;
  const std::size_t offset = offsets_[static_cast<std::size_t>(position)];
  reader(position, part.filters, storage_.part(offset, part.weights.size()),
         storage_.part(offset + part.weights.size(), part.biases.size()));
}

}  // namespace vpinfer
