#include "exec/tensor_exchange.hpp"

#include <algorithm>

#include "base/clock.hpp"

namespace vpinfer {
namespace {

/// All messages bring the same box: the rank's own part of the output.
std::vector<PartialSums> parts_of(const Tensor& sums, std::span<std::byte> arena) {
  std::vector<PartialSums> parts;
  if (sums.receives.empty() || sums.written.box.contains(sums.receives.front().boxes.front())) {
    parts.emplace_back(view(arena, sums.written));
  }
  for (const PlacedMessage& message : sums.receives) {
    parts.emplace_back(EncodedBox{sums.wire, arena.data() + message.offset, message.boxes.front()});
  }
  return parts;
}

}  // namespace

TensorExchange::TensorExchange(const Tensor& tensor, std::span<std::byte> arena,
                               Communicator& communicator, int tag, ExecutionCounters& counters)
    : tensor_(tensor),
      arena_(arena),
      counters_(counters),
      receives_(communicator.receives(endpoints(tensor.receives), tag)),
      sends_(communicator.sends(endpoints(tensor.sends), tag)),
      arrived_(tensor.receives.size(), false) {
  if (tensor.is_partial) parts_ = parts_of(tensor, arena);
}

std::vector<Endpoint> TensorExchange::endpoints(const std::vector<PlacedMessage>& messages) const {
  std::vector<Endpoint> list;
  for (const PlacedMessage& message : messages) {
    list.push_back({message.peer, arena_.subspan(message.offset, message.bytes)});
  }
  return list;
}

void TensorExchange::post_receives() {
  std::fill(arrived_.begin(), arrived_.end(), false);
  const Stopwatch stopwatch(counters_.message_seconds);
  receives_->start();
}

void TensorExchange::receive() {
  while (const auto arrived = test(*receives_)) {
    const PlacedMessage& message = tensor_.receives[*arrived];
    if (message.staging == Staging::kPacked && !tensor_.is_partial) unpack(message);
    counters_.received_bytes += message.bytes;
    arrived_[*arrived] = true;
  }
}

void TensorExchange::send() {
  for (const PlacedMessage& message : tensor_.sends) {
    if (message.staging == Staging::kPacked) pack(message);
    counters_.sent_bytes += message.bytes;
  }
  const Stopwatch stopwatch(counters_.message_seconds);
  sends_->start();
}

bool TensorExchange::finish_sends() {
  while (test(*sends_)) {
  }
  return !sends_->unfinished();
}

int TensorExchange::peer_not_heard() const {
  return tensor_.receives[receives_->unfinished().value()].peer;
}

int TensorExchange::peer_not_reached() const {
  return tensor_.sends[sends_->unfinished().value()].peer;
}

std::optional<std::size_t> TensorExchange::test(Transfers& transfers) {
  const Stopwatch stopwatch(counters_.message_seconds);
  return transfers.test();
}

void TensorExchange::pack(const PlacedMessage& message) {
  const Stopwatch stopwatch(counters_.pack_seconds);
  std::byte* target = arena_.data() + message.offset;
  for (const Box& box : message.boxes) {
    encode(view(arena_, tensor_.written), box, tensor_.wire, target);
    target += bytes_of(tensor_.wire, box.elements());
  }
}

void TensorExchange::unpack(const PlacedMessage& message) {
  const Stopwatch stopwatch(counters_.pack_seconds);
  const std::byte* source = arena_.data() + message.offset;
  for (const Box& box : message.boxes) {
    decode({tensor_.wire, source, box}, view(arena_, tensor_.read), box);
    source += bytes_of(tensor_.wire, box.elements());
  }
}

TensorView view(std::span<std::byte> arena, const Storage& storage) {
  return {reinterpret_cast<float*>(arena.data() + storage.offset), storage.box};
}

}  // namespace vpinfer
