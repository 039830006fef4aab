#include "program/memory.hpp"

#include <limits>

#include "program/assembly.hpp"

namespace vpinfer {

std::vector<RankMemory> predict_memory(const Distribution& distribution, const Delivery& delivery,
                                       const Concurrency& concurrency) {
  const Demand demand(distribution.network(), delivery);
  const Exchanges exchanges(demand, distribution);
  const Traffic traffic{demand, distribution, exchanges};
  return memory_within(traffic, Outlines(traffic), concurrency,
                       std::numeric_limits<std::size_t>::max(), 0);
}

Fullest fullest(const std::vector<RankMemory>& memory) {
  Fullest most;
  for (std::size_t rank = 0; rank < memory.size(); ++rank) {
    if (memory[rank].total() > most.bytes) most = {static_cast<int>(rank), memory[rank].total()};
  }
  return most;
}

std::vector<RankMemory> memory_within(const Traffic& traffic, const Outlines& outlines,
                                      const Concurrency& concurrency, std::size_t most_bytes,
                                      int first_rank) {
  const int ranks = traffic.distribution.ranks();
  std::vector<RankMemory> memory(static_cast<std::size_t>(ranks));
  for (int i = 0; i < ranks; ++i) {
    const int rank = (first_rank + i) % ranks;
    RankMemory& of_rank = memory[static_cast<std::size_t>(rank)];
    of_rank = assemble(traffic, outlines.of(rank), rank, concurrency).memory;
    if (of_rank.total() > most_bytes) return {};
  }
  return memory;
}

}  // namespace vpinfer
