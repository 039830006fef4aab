#include "session/stream.hpp"

#include <optional>

namespace vpinfer {

void lead_stream(Executor& executor, OrderSender& orders, FrameSupply& supply, std::size_t window) {
  bool ended = false;
  const auto begin_next = [&] {
    if (ended) return false;
    orders.keep_alive();
    if (executor.frames_under_way() >= window) return false;
    switch (supply.state()) {
      case FrameSupply::State::kNotYet: return false;
      case FrameSupply::State::kReady:
        orders.send({Order::Kind::kFrame});
        executor.begin(supply.take());
        return true;
      case FrameSupply::State::kEnded: break;
    }
    orders.send({Order::Kind::kEnd});
    ended = true;
    return true;
  };
  while (!ended || executor.frames_under_way() > 0) executor.work(begin_next);
  orders.finish();
}

void follow_stream(Executor& executor, OrderReceiver& orders) {
  bool ended = false;
  const auto begin_next = [&] {
    if (ended) return false;
    const std::optional<Order> order = orders.poll();
    if (!order) {
      if (executor.frames_under_way() == 0) orders.give_up_if_silent();
      return false;
    }
    switch (order->kind) {
      case Order::Kind::kStay: return false;  // which no frame under way has waited for
      case Order::Kind::kFrame: executor.begin({}); break;
      case Order::Kind::kEnd: ended = true; break;
      case Order::Kind::kWarmUp:
      case Order::Kind::kStream:
      case Order::Kind::kReport:
      case Order::Kind::kDeliverEverything:
      case Order::Kind::kDismiss: throw Bug("an order that no stream knows");
    }
    return true;
  };
  while (!ended || executor.frames_under_way() > 0) executor.work(begin_next);
}

}  // namespace vpinfer
