#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace vpinfer {

/// One message to or from a peer; the buffer belongs to the caller and outlives the Transfers.
/// Sender and receiver know its size, which may be 0.
struct Endpoint {
  int peer = 0;
  std::span<std::byte> buffer;
};

/// Tags above those of exchanges, which are numbers of tensors, and below 32768, which is the most
/// that MPI promises.
inline constexpr int kOrderTag = 32000;
inline constexpr int kTextTag = 32001;
inline constexpr int kValuesTag = 32002;

/// The messages of one direction of one exchange: set up once, started anew for every frame.
class Transfers {
 public:
  Transfers() = default;
  Transfers(const Transfers&) = delete;
  Transfers& operator=(const Transfers&) = delete;
  virtual ~Transfers() = default;

  /// Lets all messages go (sends) or come (receives).  The previous start must be complete.
  virtual void start() = 0;
  /// Completes at most one message, without waiting: its index, or nothing if none is ready.
  virtual std::optional<std::size_t> test() = 0;
  /// The index of some message that is not complete; nothing when all are.
  [[nodiscard]] virtual std::optional<std::size_t> unfinished() const = 0;
};

/// The network interface that a rank's messages to other hosts go through.
struct NetworkLink {
  std::string interface {};  ///< several, divided by commas, where only the others know which
  bool wireless = false;
  int mbit = 0;  ///< Mbit/s; 0 if nobody knows
};

/// One rank's way to its peers: messages of a known size that move without anybody waiting.  Those
/// with the same peers and tag arrive in the order in which they were started.  Everything that
/// ranks say to each other goes this way, frames' borders and what Channel makes of it; MPI
/// implements it, and tests play it within one process.
class Communicator {
 public:
  Communicator() = default;
  Communicator(const Communicator&) = delete;
  Communicator& operator=(const Communicator&) = delete;
  virtual ~Communicator() = default;

  [[nodiscard]] virtual int rank() const = 0;
  [[nodiscard]] virtual int size() const = 0;
  /// The name of the machine that a rank runs on.
  [[nodiscard]] virtual std::string host(int rank) const = 0;
  /// This rank's; without a name on a single host, or if somebody else chose it.
  [[nodiscard]] virtual NetworkLink link() const { return {}; }
  virtual std::unique_ptr<Transfers> receives(std::vector<Endpoint> endpoints, int tag) = 0;
  virtual std::unique_ptr<Transfers> sends(std::vector<Endpoint> endpoints, int tag) = 0;
  /// Moves messages that are under way; cheap enough to be called between blocks of computation.
  virtual void progress() = 0;
};

}  // namespace vpinfer
