#pragma once

#include <mpi.h>

#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

#include "comm/communicator.hpp"

namespace vpinfer {

/// Messages as persistent requests, which are freed with the object.
///
/// What is too large for MPI to send at once waits for the receiver's word, which over TCP waits
/// behind all that the receiver is sending itself: large messages between two ranks would not pass
/// each other.  So they go in chunks, each a request of its own.  Chunks that come before their
/// receives are started take memory there; the last of a message is therefore synchronous, so that
/// no sender is more than a message ahead, and messages beyond `kMostInChunks` do go whole.
class MpiTransfers final : public Transfers {
 public:
  enum class Direction { kReceive, kSend };

  static constexpr std::size_t kMostInChunks = std::size_t{1} << 20U;

  /// How messages reach the ranks of a communicator.
  struct Way {
    MPI_Comm communicator = MPI_COMM_NULL;
    std::vector<std::size_t>
        chunk_bytes{};  ///< at most, by peer, who has the same; 0: all is whole
  };

  MpiTransfers(const std::vector<Endpoint>& endpoints, int tag, Direction direction,
               const Way& way);
  ~MpiTransfers() override;

  void start() override;
  std::optional<std::size_t> test() override;
  [[nodiscard]] std::optional<std::size_t> unfinished() const override;

 private:
  struct Message {
    std::size_t chunks = 0;
    std::size_t missing = 0;  // chunks
    bool is_under_way = false;
  };

  void take_completed();

  std::vector<MPI_Request> requests_;  // all chunks of a message, then those of the next
  std::vector<std::size_t> message_of_request_;
  std::vector<Message> messages_;
  std::deque<std::size_t> complete_;  // messages that test() has not told of
  std::vector<int> completed_;        // requests, of MPI_Testsome
};

}  // namespace vpinfer
