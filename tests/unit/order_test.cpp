#include "session/order.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "support/channels.hpp"
#include "support/error_line.hpp"

namespace vpinfer {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Kind = Order::Kind;

constexpr std::chrono::duration<double> kTimeout{0.2};

TEST(Order, SurvivesItsWay) {
  for (int kind = 0; kind <= static_cast<int>(Kind::kDismiss); ++kind) {
    for (const ExitCode code : {ExitCode::kDone, ExitCode::kBadInput, ExitCode::kBug}) {
      const Order order{static_cast<Kind>(kind), code};
      EXPECT_EQ(decode_order(encode(order)), order);
    }
  }
}

TEST(Order, OfAnotherProgramIsRefused) {
  OrderBytes bytes{};
  bytes.fill(std::byte{0x7F});
  EXPECT_THAT(error_line<Error>([&] { (void)decode_order(bytes); }),
              HasSubstr("rank 0 sent an unknown order"));
}

/// Rank 0 does one thing, the others receive until they are dismissed or nothing comes.
struct Conversation {
  std::vector<RankEnd> ends;
  std::vector<Order> orders;  ///< that rank 1 was asked to carry out
};

Conversation converse(Loopback& loopback, const std::function<void(OrderSender&)>& lead,
                      std::chrono::duration<double> timeout = kTimeout) {
  Conversation conversation;
  conversation.ends = run_channels(loopback, timeout, [&](Channel& channel) {
    if (channel.rank() == 0) {
      OrderSender orders(channel.communicator(), timeout);
      lead(orders);
      orders.finish();
      return;
    }
    OrderReceiver orders(channel.communicator(), timeout);
    while (true) {
      const Order order = orders.await();
      if (channel.rank() == 1) conversation.orders.push_back(order);
      if (order.kind == Kind::kDismiss) return;
    }
  });
  return conversation;
}

TEST(Order, ReachesEveryRankInOrder) {
  Loopback loopback(4, 1);
  const std::vector<Order> sent{{Kind::kWarmUp},
                                {Kind::kStream},
                                {Kind::kFrame},
                                {Kind::kFrame},
                                {Kind::kEnd},
                                {Kind::kReport},
                                {Kind::kDismiss, ExitCode::kComparisonFailed}};
  const Conversation conversation = converse(
      loopback,
      [&](OrderSender& orders) {
        for (const Order& order : sent) {
          orders.send({Kind::kStay});  // asks for nothing
          orders.send(order);
        }
      },
      std::chrono::seconds(20));
  EXPECT_THAT(messages(conversation.ends), IsEmpty());
  EXPECT_EQ(conversation.orders, sent);
  EXPECT_THAT(loopback.complaints(), IsEmpty());
}

TEST(Order, MayArriveLate) {
  Loopback loopback(3, 1);
  loopback.delay(0, kTimeout / 2);
  const Conversation conversation =
      converse(loopback, [](OrderSender& orders) { orders.send({Kind::kDismiss}); });
  EXPECT_THAT(messages(conversation.ends), IsEmpty());
}

TEST(Order, MayTakeAnyTimeWithAHeartbeat) {
  Loopback loopback(3, 1);
  const Conversation conversation = converse(loopback, [](OrderSender& orders) {
    for (int i = 0; i < 30; ++i) {
      orders.keep_alive();
      std::this_thread::sleep_for(kTimeout / 10);
    }
    orders.send({Kind::kDismiss});
  });
  EXPECT_THAT(messages(conversation.ends), IsEmpty());
}

TEST(Order, MayNotTakeLongerWithoutOne) {
  Loopback loopback(3, 1);
  const Conversation conversation =
      converse(loopback, [](OrderSender&) { std::this_thread::sleep_for(3 * kTimeout); });
  for (const int rank : {1, 2}) {
    const RankEnd& end = conversation.ends[static_cast<std::size_t>(rank)];
    EXPECT_EQ(end.code, ExitCode::kRankFailed);
    EXPECT_EQ(end.message,
              "between frames: no word from rank 0 (host-0) for 0.4 s; is it down? --timeout sets "
              "half that limit");
  }
  EXPECT_EQ(conversation.ends[0].code, ExitCode::kDone);
}

TEST(Order, ThatIsLostIsMissed) {
  Loopback loopback(2, 1);
  loopback.silence(0);
  const Conversation conversation =
      converse(loopback, [](OrderSender& orders) { orders.send({Kind::kDismiss}); });
  EXPECT_EQ(conversation.ends[1].code, ExitCode::kRankFailed);
  EXPECT_THAT(conversation.ends[1].message, HasSubstr("no word from rank 0 (host-0) for 0.4 s"));
}

TEST(Order, NamesTheRankThatTakesNone) {
  // Half of the sends are copied at once; enough of them meet one that waits for its receiver.
  Loopback loopback(3, 1);
  const auto ends = run_channels(loopback, kTimeout, [](Channel& channel) {
    if (channel.rank() == 0) {
      OrderSender orders(channel.communicator(), kTimeout);
      for (int i = 0; i < 20; ++i) orders.send({Kind::kStay});
    } else if (channel.rank() == 2) {
      OrderReceiver orders(channel.communicator(), kTimeout);
      (void)orders.await();
    }
  });
  EXPECT_EQ(ends[0].code, ExitCode::kRankFailed);
  EXPECT_EQ(ends[0].message,
            "between frames: could not reach rank 1 (host-1) within 0.2 s; is it down? --timeout "
            "sets the limit");
}

}  // namespace
}  // namespace vpinfer
