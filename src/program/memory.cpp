#include "program/memory.hpp"

#include <utility>

#include "program/assembly.hpp"

namespace vpinfer {

std::vector<RankMemory> predict_memory(const Distribution& distribution, const Delivery& delivery,
                                       const Concurrency& concurrency) {
  const Demand demand(distribution.network(), delivery);
  return predict_memory(demand, distribution, Exchanges(demand, distribution), concurrency);
}

std::vector<RankMemory> predict_memory(const Demand& demand, const Distribution& distribution,
                                       const Exchanges& exchanges, const Concurrency& concurrency) {
  std::vector<RankMemory> memory;
  for (int rank = 0; rank < distribution.ranks(); ++rank) {
    TensorOutlines tensors = outline_tensors(demand, distribution, exchanges, rank);
    memory.push_back(
        assemble(demand, distribution, exchanges, std::move(tensors), rank, concurrency).memory);
  }
  return memory;
}

Fullest fullest(const std::vector<RankMemory>& memory) {
  Fullest most;
  for (std::size_t rank = 0; rank < memory.size(); ++rank) {
    if (memory[rank].total() > most.bytes) most = {static_cast<int>(rank), memory[rank].total()};
  }
  return most;
}

std::vector<RankMemory> memory_within(const Demand& demand, const Distribution& distribution,
                                      const Exchanges& exchanges, const Outlines& outlines,
                                      const Concurrency& concurrency, std::size_t most_bytes,
                                      int first_rank) {
  std::vector<RankMemory> memory(static_cast<std::size_t>(distribution.ranks()));
  for (int i = 0; i < distribution.ranks(); ++i) {
    const int rank = (first_rank + i) % distribution.ranks();
    RankMemory& of_rank = memory[static_cast<std::size_t>(rank)];
    of_rank =
        assemble(demand, distribution, exchanges, outlines.of(rank), rank, concurrency).memory;
    if (of_rank.total() > most_bytes) return {};
  }
  return memory;
}

}  // namespace vpinfer
