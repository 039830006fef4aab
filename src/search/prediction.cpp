#include "search/prediction.hpp"

#include "plan/exchange.hpp"
#include "search/layer_times.hpp"
#include "search/pipeline.hpp"
#include "search/simulation.hpp"

namespace vpinfer {
namespace {

/// In a stream, a rank keeps two frames if every host has the memory.
int lanes_of_stream(const std::vector<Program>& programs, const Cluster& cluster) {
  for (int rank = 0; rank < cluster.ranks(); ++rank) {
    const Program& program = programs[static_cast<std::size_t>(rank)];
    const std::size_t second = program.arena_bytes + program.memory.results;
    const std::size_t bytes = program.memory.total() + (program.lanes > 1 ? 0 : second);
    if (bytes > cluster.host(rank).memory_bytes.value_or(bytes)) return 1;
  }
  return 2;
}

}  // namespace

Prediction predict(const Distribution& distribution, const Delivery& delivery,
                   const Cluster& cluster, const Concurrency& concurrency) {
  const Network& network = distribution.network();
  const Demand demand(network, delivery);
  const Exchanges exchanges(demand, distribution);
  const Traffic traffic{demand, distribution, exchanges};
  std::vector<Program> programs;
  Prediction prediction;
  for (int rank = 0; rank < distribution.ranks(); ++rank) {
    programs.push_back(make_program(traffic, rank, concurrency));
    prediction.memory.push_back(programs.back().memory);
  }
  prediction.moved_bytes = exchanges.bytes();
  const Simulation frame = simulate(network, programs, cluster, 1, 1);
  prediction.latency_seconds = frame.frame_seconds.front();
  add_layer_times(demand, exchanges, programs, frame, prediction);
  const int in_flight = 2 * count_stages(network, distribution.plan());
  const int lanes = lanes_of_stream(programs, cluster);
  for (Program& program : programs) program.lanes = lanes;
  prediction.period_seconds =
      simulate(network, programs, cluster, 2 * in_flight + 6, in_flight).period_seconds;
  return prediction;
}

}  // namespace vpinfer
