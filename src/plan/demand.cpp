#include "plan/demand.hpp"

#include <algorithm>
#include <utility>

namespace vpinfer {

Demand::Demand(const Network& network, Delivery delivery)
    : network_(network), delivery_(std::move(delivery)), readers_(network.layers.size()) {
  for (int position = 0; position < network.size(); ++position) {
    const std::vector<int>& inputs = network.layer(position).inputs;
    for (std::size_t index = 0; index < inputs.size(); ++index) {
      readers_[static_cast<std::size_t>(inputs[index])].push_back({position, index});
    }
  }
}

bool Demand::is_delivered_to(int position, int rank) const {
  return rank == 0 && std::binary_search(delivery_.begin(), delivery_.end(), position);
}

std::vector<Box> Demand::needed(const Distribution& distribution, int position, int rank) const {
  if (is_delivered_to(position, rank)) return {whole(network_.layer(position).output)};
  std::vector<Box> boxes;
  for (const Reader& reader : readers(position)) {
    const Box box = distribution.read(reader.position, reader.index, rank);
    if (!box.empty()) boxes.push_back(box);
  }
  return boxes;
}

Box Demand::hull_of_needs(const Distribution& distribution, int position, int rank) const {
  Box all;
  for (const Box& box : needed(distribution, position, rank)) all = hull(all, box);
  return all;
}

}  // namespace vpinfer
