#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/clock.hpp"
#include "comm/communicator.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {

/// What rank 0 tells the other ranks to do, once their weights are loaded and until they are
/// dismissed.  All orders travel the same way, whether frames run or not.
struct Order {
  enum class Kind : std::int32_t {
    kStay,               ///< nothing: rank 0 is alive, and busy or waiting for a frame
    kWarmUp,             ///< run a frame that nobody looks at
    kStream,             ///< frames follow, to be run as one stream
    kFrame,              ///< of a stream: begin the next frame
    kEnd,                ///< of a stream: no frame follows
    kReport,             ///< hand in a report on the stream
    kDeliverEverything,  ///< run a frame of which every layer's output goes to rank 0
    kDismiss,            ///< leave with `code`
  };

  Kind kind = Kind::kStay;
  ExitCode code = ExitCode::kDone;  ///< of kDismiss
  bool operator==(const Order&) const = default;
};

/// An order on the wire, the same for all kinds.
using OrderBytes = std::array<std::byte, 2 * sizeof(std::int32_t)>;

[[nodiscard]] OrderBytes encode(const Order& order);
/// Throws Error with kRankFailed if these bytes are no order.
[[nodiscard]] Order decode_order(const OrderBytes& bytes);

/// Rank 0's side: one small message to every other rank per order.
class OrderSender {
 public:
  /// The communicator must outlive it.
  OrderSender(Communicator& communicator, std::chrono::duration<double> timeout);

  /// Lets an order go, once the one before has left: see `finish`.
  void send(const Order& order);
  /// Sends a kStay if the last order was half a timeout ago: the others give up after two.
  void keep_alive();
  /// Waits until the last order has left.  Throws Error with kRankFailed, naming the rank, if it
  /// cannot within the timeout.
  void finish();

 private:
  Communicator& communicator_;
  std::chrono::duration<double> timeout_;
  OrderBytes bytes_{};
  std::unique_ptr<Transfers> sends_;
  Clock::time_point sent_ = Clock::now();
};

/// The other ranks' side.
class OrderReceiver {
 public:
  /// The communicator must outlive it.
  OrderReceiver(Communicator& communicator, std::chrono::duration<double> timeout);

  /// The next order, if it is there.  There is none after kDismiss.
  [[nodiscard]] std::optional<Order> poll();
  /// Waits for the next order that asks for something.  Throws as `give_up_if_silent`, but the
  /// silence counts from this call on.
  [[nodiscard]] Order await();
  /// Throws Error with kRankFailed, naming rank 0, if it has not sent an order, not even kStay, for
  /// twice the timeout.
  void give_up_if_silent() const;

 private:
  Communicator& communicator_;
  std::chrono::duration<double> timeout_;
  OrderBytes bytes_{};
  std::unique_ptr<Transfers> receives_;
  Clock::time_point heard_ = Clock::now();
};

}  // namespace vpinfer
