#include "program/program.hpp"

#include <algorithm>
#include <utility>

#include "kernel/tensor.hpp"
#include "program/assembly.hpp"

namespace vpinfer {
namespace {

/// Gives the messages of one direction their places.
std::vector<PlacedMessage> placed(const std::vector<StagedMessage>& messages,
                                  const Storage& storage, std::size_t next_packed) {
  std::vector<PlacedMessage> all;
  for (const StagedMessage& message : messages) {
    PlacedMessage here{.peer = message.peer,
                       .boxes = {message.boxes.begin(), message.boxes.end()},
                       .bytes = message.bytes,
                       .staging = message.staging};
    switch (message.staging) {
      case Staging::kPacked:
        here.offset = std::exchange(next_packed, next_packed + message.bytes);
        break;
      case Staging::kInPlace: {
        const Box& box = message.boxes.front();
        here.offset = storage.offset +
                      sizeof(float) * ConstTensorView{nullptr, storage.box}.offset(
                                          box.rows.begin, box.cols.begin, box.channels.begin);
        break;
      }
      case Staging::kShared:
        here.offset = std::find_if(all.begin(), all.end(), [&](const PlacedMessage& earlier) {
                        return earlier.boxes == here.boxes;
                      })->offset;
        break;
    }
    all.push_back(std::move(here));
  }
  return all;
}

Tensor placed(const TensorOutline& outline, const TensorPlaces& places, const Exchange& exchange,
              int rank) {
  Tensor tensor{.position = outline.position,
                .is_partial = outline.is_partial,
                .written = {outline.written, places.written},
                .read = {outline.read, places.read},
                .wire = exchange.wire(),
                .workspace = {places.workspace, outline.workspace_bytes}};
  tensor.receives = placed(staged_receives(outline, exchange, rank), tensor.read, places.receives);
  tensor.sends = placed(staged_sends(outline, exchange, rank), tensor.written, places.sends);
  return tensor;
}

}  // namespace

Program make_program(const Distribution& distribution, const Delivery& delivery, int rank,
                     const Concurrency& concurrency) {
  const Demand demand(distribution.network(), delivery);
  const Exchanges exchanges(demand, distribution);
  return make_program({demand, distribution, exchanges}, rank, concurrency);
}

Program make_program(const Traffic& traffic, int rank, const Concurrency& concurrency) {
  Assembly assembly = assemble(traffic, outline_tensors(traffic, rank), rank, concurrency);
  Program program;
  program.lanes = concurrency.lanes;
  program.steps = std::move(assembly.steps);
  program.segments = std::move(assembly.arena.segments);
  program.arena_bytes = assembly.arena.bytes;
  program.memory = assembly.memory;
  for (std::size_t i = 0; i < assembly.tensors.size(); ++i) {
    const TensorOutline& outline = assembly.tensors[i];
    const Exchanges::Shared& exchange = outline.is_partial
                                            ? traffic.exchanges.sums(outline.position)
                                            : traffic.exchanges.output(outline.position);
    program.tensors.push_back(placed(outline, assembly.arena.places[i], *exchange, rank));
  }
  return program;
}

}  // namespace vpinfer
