#include "program/assembly.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <variant>

#include "program/steps.hpp"

namespace vpinfer {
namespace {

/// What a rank has more than an empty MPI program: code of HDF5 and OpenBLAS that has run,
/// OpenBLAS's packed panels, connections to peers.  Measured by bench/scaling.py.
constexpr std::size_t kLibraryBytes = 13 * 512 * 1024;

/// What a thread more takes beside its workspace: the stack that kernels use, the allocator's arena
/// and OpenBLAS's buffer.  Measured on 2 and 7 threads, where it was 0.9 and 0.3 MiB.
constexpr std::size_t kThreadBytes = 640 * 1024;

/// Of the frames in flight, those whose results are kept: frames end one after another, while the
/// next may be about to.
constexpr int kFramesThatEnd = 2;

/// The same tensors with room for what computing them takes on so many threads.
TensorOutlines with_workspaces(TensorOutlines tensors, const Network& network,
                               const std::vector<Step>& steps, int threads) {
  for (const Step& step : steps) {
    const auto* compute = std::get_if<step::Compute>(&step);
    if (compute == nullptr) continue;
    std::size_t& bytes = tensors[static_cast<std::size_t>(compute->tensor)].workspace_bytes;
    bytes =
        std::max(bytes, sizeof(float) * workspace_floats(network, compute->computation, threads));
  }
  return tensors;
}

std::size_t delivered_bytes(const TensorOutlines& tensors, const std::vector<Step>& steps) {
  std::size_t elements = 0;
  for (const Step& step : steps) {
    if (!std::holds_alternative<step::Deliver>(step)) continue;
    elements += tensors[static_cast<std::size_t>(tensor_of(step))].read.elements();
  }
  return elements * sizeof(float);
}

RankMemory memory_of(const Assembly& assembly, std::size_t weight_bytes,
                     const Concurrency& concurrency) {
  const ArenaLayout& arena = assembly.arena;
  const auto lanes = static_cast<std::size_t>(concurrency.lanes);
  RankMemory memory;
  memory.weights = weight_bytes;
  memory.workspace = lanes * arena.workspace_bytes;
  memory.messages = lanes * arena.message_bytes;
  // Gaps count as activations.
  memory.activations = lanes * (arena.bytes - arena.workspace_bytes - arena.message_bytes);
  memory.library = kLibraryBytes + static_cast<std::size_t>(concurrency.threads - 1) * kThreadBytes;
  memory.results = static_cast<std::size_t>(std::min(concurrency.lanes, kFramesThatEnd)) *
                   delivered_bytes(assembly.tensors, assembly.steps);
  return memory;
}

}  // namespace

Assembly assemble(const Traffic& traffic, TensorOutlines tensors, int rank,
                  const Concurrency& concurrency) {
  const Network& network = traffic.demand.network();
  Assembly assembly;
  assembly.tensors = with_strips(std::move(tensors), traffic, rank, concurrency.threads);
  assembly.steps = write_steps(traffic, assembly.tensors, rank);
  assembly.tensors =
      with_workspaces(std::move(assembly.tensors), network, assembly.steps, concurrency.threads);
  assembly.arena = lay_out_arena(network, assembly.tensors, assembly.steps);
  assembly.memory =
      memory_of(assembly, traffic.distribution.weight_bytes(rank).total(), concurrency);
  return assembly;
}

}  // namespace vpinfer
