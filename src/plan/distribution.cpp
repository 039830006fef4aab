#include "plan/distribution.hpp"

#include <variant>

#include "base/float_buffer.hpp"
#include "kernel/convolution/algorithm.hpp"
#include "plan/geometry.hpp"

namespace vpinfer {

WeightStorage weight_storage(const Network& network, ConvolutionPath path, int position,
                             const WeightRange& range) {
  const auto* conv = std::get_if<Convolution>(&network.layer(position).operation);
  if (conv == nullptr) return {};
  return weight_storage(*conv, path, weight_shape(network, position).of(range), network.precision);
}

StoredWeights stored_weights(const Network& network, ConvolutionPath path, int position,
                             const WeightRange& range) {
  StoredWeights stored{range, weight_shape(network, position).of(range),
                       weight_storage(network, path, position, range)};
  stored.weight_bytes = stored_bytes(stored.storage, stored.shape);
  stored.bias_bytes = sizeof(float) * static_cast<std::size_t>(range.filters.size());
  return stored;
}

std::optional<Interval> Distribution::summed(int position, int rank) const {
  const LayerPlan& layer = plan_.layer(position);
  if (!layer.divides_sums()) return std::nullopt;
  return layer.sums[static_cast<std::size_t>(rank)].channels;
}

const Box& Distribution::computed(int position, int rank) const {
  const LayerPlan& layer = plan_.layer(position);
  return layer.divides_sums() ? layer.sums[static_cast<std::size_t>(rank)].box
                              : layer.owned[static_cast<std::size_t>(rank)];
}

Box Distribution::read(int position, std::size_t index, int rank) const {
  Box box = required_input(network_, position, index, computed(position, rank));
  if (const auto summed_channels = summed(position, rank)) box.channels = *summed_channels;
  return box;
}

WeightRange Distribution::weights(int position, int rank) const {
  const Box box = hull(owned(position, rank), computed(position, rank));
  const WeightShape shape = weight_shape(network_, position);
  if (box.empty() || shape.filters == 0) return {};
  return {box.channels, summed(position, rank).value_or(shape.range().channels)};
}

StoredWeights Distribution::stored(int position, int rank) const {
  return stored_weights(network_, plan_.conv, position, weights(position, rank));
}

WeightBytes Distribution::weight_bytes(int rank) const {
  WeightBytes bytes;
  for (int position = 0; position < network_.size(); ++position) {
    const StoredWeights of_layer = stored(position, rank);
    const WeightStorage& storage = of_layer.storage;
    std::size_t& of_storage = storage.form == WeightForm::kRows        ? bytes.rows
                              : storage.format == NumberFormat::kFloat ? bytes.panels
                                                                       : bytes.half_panels;
    of_storage += bytes_in_whole_lines(of_layer.weight_bytes);
    bytes.rows += bytes_in_whole_lines(of_layer.bias_bytes);
  }
  return bytes;
}

}  // namespace vpinfer
