#include "session/order.hpp"

#include <bit>
#include <string>
#include <utility>
#include <vector>

#include "base/units.hpp"
#include "comm/channel.hpp"
#include "comm/polling.hpp"

namespace vpinfer {
namespace {

using Numbers = std::array<std::int32_t, 2>;

/// The compiler names a kind that is missing here.
bool is_known(Order::Kind kind) {
  switch (kind) {
    case Order::Kind::kStay:
    case Order::Kind::kWarmUp:
    case Order::Kind::kStream:
    case Order::Kind::kFrame:
    case Order::Kind::kEnd:
    case Order::Kind::kReport:
    case Order::Kind::kDeliverEverything:
    case Order::Kind::kDismiss: return true;
  }
  return false;
}

}  // namespace

OrderBytes encode(const Order& order) {
  return std::bit_cast<OrderBytes>(
      Numbers{static_cast<std::int32_t>(order.kind), static_cast<std::int32_t>(order.code)});
}

Order decode_order(const OrderBytes& bytes) {
  const auto [kind, code] = std::bit_cast<Numbers>(bytes);
  if (!is_known(static_cast<Order::Kind>(kind))) {
    throw Error(ExitCode::kRankFailed, "rank 0 sent an unknown order, number " +
                                           std::to_string(kind) +
                                           "; do all hosts have the same vpinfer?");
  }
  return {static_cast<Order::Kind>(kind), static_cast<ExitCode>(code)};
}

OrderSender::OrderSender(Communicator& communicator, std::chrono::duration<double> timeout)
    : communicator_(communicator), timeout_(timeout) {
  std::vector<Endpoint> others;
  for (int rank = 1; rank < communicator.size(); ++rank) others.push_back({rank, bytes_});
  sends_ = communicator.sends(std::move(others), kOrderTag);
}

void OrderSender::send(const Order& order) {
  finish();
  bytes_ = encode(order);
  sends_->start();
  sent_ = Clock::now();
}

void OrderSender::keep_alive() {
  if (seconds_since(sent_) > timeout_.count() / 2) send({Order::Kind::kStay});
}

void OrderSender::finish() {
  Polling polling(timeout_);
  while (const auto unfinished = sends_->unfinished()) {
    if (sends_->test() || polling.pause()) continue;
    throw Error(ExitCode::kRankFailed,
                "between frames: could not reach " +
                    name_of(communicator_, static_cast<int>(*unfinished) + 1) + " within " +
                    fixed(timeout_.count(), 1) + " s; is it down? --timeout sets the limit");
  }
}

OrderReceiver::OrderReceiver(Communicator& communicator, std::chrono::duration<double> timeout)
    : communicator_(communicator),
      timeout_(timeout),
      receives_(communicator.receives({{0, bytes_}}, kOrderTag)) {
  receives_->start();
}

std::optional<Order> OrderReceiver::poll() {
  if (!receives_->test()) return std::nullopt;
  const Order order = decode_order(bytes_);
  if (order.kind != Order::Kind::kDismiss) receives_->start();
  heard_ = Clock::now();
  return order;
}

Order OrderReceiver::await() {
  heard_ = Clock::now();  // what was asked for before may have taken long
  Polling polling(2 * timeout_);
  while (true) {
    const std::optional<Order> order = poll();
    if (!order) {
      give_up_if_silent();
      (void)polling.pause();  // the deadline is that of silence
    } else if (order->kind != Order::Kind::kStay) {
      return *order;
    }
  }
}

void OrderReceiver::give_up_if_silent() const {
  const double limit = 2 * timeout_.count();
  if (seconds_since(heard_) < limit) return;
  throw Error(ExitCode::kRankFailed, "between frames: no word from " + name_of(communicator_, 0) +
                                         " for " + fixed(limit, 1) +
                                         " s; is it down? --timeout sets half that limit");
}

}  // namespace vpinfer
