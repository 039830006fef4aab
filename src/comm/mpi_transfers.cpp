#include "comm/mpi_transfers.hpp"

#include <algorithm>
#include <span>

#include "comm/mpi_call.hpp"

namespace vpinfer {
namespace {

std::vector<std::span<std::byte>> chunks_of(std::span<std::byte> message, std::size_t most) {
  if (most == 0 || message.size() <= most || message.size() > MpiTransfers::kMostInChunks) {
    return {message};
  }
  std::vector<std::span<std::byte>> chunks;
  for (std::size_t begin = 0; begin < message.size(); begin += most) {
    chunks.push_back(message.subspan(begin, std::min(most, message.size() - begin)));
  }
  return chunks;
}

}  // namespace

MpiTransfers::MpiTransfers(const std::vector<Endpoint>& endpoints, int tag, Direction direction,
                           const Way& way) {
  for (const Endpoint& endpoint : endpoints) {
    const auto chunks =
        chunks_of(endpoint.buffer, way.chunk_bytes[static_cast<std::size_t>(endpoint.peer)]);
    for (std::size_t i = 0; i < chunks.size(); ++i) {
      MPI_Request request = MPI_REQUEST_NULL;
      const auto make = [&](auto init, const char* name) {
        check_mpi(init(chunks[i].data(), mpi_count(chunks[i].size()), MPI_BYTE, endpoint.peer, tag,
                       way.communicator, &request),
                  name);
      };
      if (direction == Direction::kReceive) {
        make(MPI_Recv_init, "MPI_Recv_init");
      } else if (i > 0 && i + 1 == chunks.size()) {
        make(MPI_Ssend_init, "MPI_Ssend_init");
      } else {
        make(MPI_Send_init, "MPI_Send_init");
      }
      requests_.push_back(request);
      message_of_request_.push_back(messages_.size());
    }
    messages_.push_back({.chunks = chunks.size()});
  }
  completed_.resize(requests_.size());
}

MpiTransfers::~MpiTransfers() {
  for (MPI_Request& request : requests_) MPI_Request_free(&request);
}

void MpiTransfers::start() {
  if (requests_.empty()) return;  // which MPI_Startall calls an error
  check_mpi(MPI_Startall(mpi_count(requests_.size()), requests_.data()), "MPI_Startall");
  for (Message& message : messages_) {
    message.missing = message.chunks;
    message.is_under_way = true;
  }
}

std::optional<std::size_t> MpiTransfers::test() {
  if (complete_.empty()) take_completed();
  if (complete_.empty()) return std::nullopt;
  const std::size_t message = complete_.front();
  complete_.pop_front();
  messages_[message].is_under_way = false;
  return message;
}

std::optional<std::size_t> MpiTransfers::unfinished() const {
  const auto found = std::find_if(messages_.begin(), messages_.end(),
                                  [](const Message& message) { return message.is_under_way; });
  if (found == messages_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - messages_.begin());
}

void MpiTransfers::take_completed() {
  int count = 0;
  check_mpi(MPI_Testsome(mpi_count(requests_.size()), requests_.data(), &count, completed_.data(),
                         MPI_STATUSES_IGNORE),
            "MPI_Testsome");
  if (count == MPI_UNDEFINED) return;  // none is active
  for (int i = 0; i < count; ++i) {
    const auto request = static_cast<std::size_t>(completed_[static_cast<std::size_t>(i)]);
    const std::size_t message = message_of_request_[request];
    if (--messages_[message].missing == 0) complete_.push_back(message);
  }
}

}  // namespace vpinfer
