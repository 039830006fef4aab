#pragma once

#include <cstddef>

#include "exec/executor.hpp"
#include "session/order.hpp"
#include "vpinfer/frames.hpp"

namespace vpinfer {

/// Rank 0's part of a stream: runs all frames of a supply in their order, up to `window` of them
/// under way at the same time, while the other ranks are in `follow_stream`.  An order announces
/// every frame; when none is there for long, another one says that rank 0 is alive.
void lead_stream(Executor& executor, OrderSender& orders, FrameSupply& supply, std::size_t window);

/// The other ranks' part: runs the frames that rank 0 announces.  Throws Error with kRankFailed if
/// rank 0 is silent for twice the timeout while no frame is under way.
void follow_stream(Executor& executor, OrderReceiver& orders);

}  // namespace vpinfer
