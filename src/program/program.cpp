#include "program/program.hpp"

#include <algorithm>
#include <utility>

#include "kernel/tensor.hpp"
#include "program/assembly.hpp"

namespace vpinfer {
namespace {

/// Gives the messages of one direction their places.
std::vector<StagedMessage> placed(const std::vector<Message>& messages, bool receives,
                                  const std::vector<Staging>& staging, const Storage& storage,
                                  std::size_t first_packed) {
  std::vector<StagedMessage> all;
  std::size_t next_packed = first_packed;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const Message& message = messages[i];
    StagedMessage staged{.peer = receives ? message.from : message.to,
                         .boxes = {message.boxes.begin(), message.boxes.end()},
                         .bytes = message.bytes,
                         .staging = staging[i]};
    switch (staging[i]) {
      case Staging::kPacked:
        staged.offset = std::exchange(next_packed, next_packed + message.bytes);
        break;
      case Staging::kInPlace: {
        const Box& box = message.boxes.front();
        staged.offset = storage.offset +
                        sizeof(float) * ConstTensorView{nullptr, storage.box}.offset(
                                            box.rows.begin, box.cols.begin, box.channels.begin);
        break;
      }
      case Staging::kShared:
        staged.offset = std::find_if(all.begin(), all.end(), [&](const StagedMessage& earlier) {
                          return earlier.boxes == staged.boxes;
                        })->offset;
        break;
    }
    all.push_back(std::move(staged));
  }
  return all;
}

Tensor placed(const TensorOutline& outline, const TensorPlaces& places, const Exchange& exchange,
              int rank) {
  Tensor tensor{.position = outline.position,
                .strips = outline.strips,
                .in_strips = outline.in_strips,
                .is_partial = outline.is_partial,
                .partial_sums = outline.partial_sums,
                .written = {outline.written, places.written},
                .read = {outline.read, places.read},
                .apart = outline.apart,
                .wire = exchange.wire()};
  const std::vector<Message> receives = exchange.to(rank);
  const std::vector<Message> sends = exchange.from(rank);
  // Partial sums are added up from where they are received.
  tensor.receives =
      placed(receives, true,
             outline.is_partial ? std::vector<Staging>(receives.size(), Staging::kPacked)
                                : stage(receives, exchange.wire(), outline.read),
             tensor.read, places.receives);
  tensor.sends = placed(sends, false, stage(sends, exchange.wire(), outline.written),
                        tensor.written, places.sends);
  tensor.workspace = {places.workspace, outline.workspace_bytes};
  return tensor;
}

}  // namespace

Program make_program(const Distribution& distribution, const Delivery& delivery, int rank,
                     const Concurrency& concurrency) {
  const Demand demand(distribution.network(), delivery);
  const Exchanges exchanges(demand, distribution);
  const Traffic traffic{demand, distribution, exchanges};
  Assembly assembly = assemble(traffic, outline_tensors(traffic, rank), rank, concurrency);
  Program program;
  program.rank = rank;
  program.lanes = concurrency.lanes;
  program.steps = std::move(assembly.steps);
  program.segments = std::move(assembly.arena.segments);
  program.arena_bytes = assembly.arena.bytes;
  program.memory = assembly.memory;
  for (std::size_t i = 0; i < assembly.tensors.size(); ++i) {
    const TensorOutline& outline = assembly.tensors[i];
    const Exchanges::Shared& exchange =
        outline.is_partial ? exchanges.sums(outline.position) : exchanges.output(outline.position);
    program.tensors.push_back(placed(outline, assembly.arena.places[i], *exchange, rank));
  }
  return program;
}

}  // namespace vpinfer
