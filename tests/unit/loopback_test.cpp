#include "support/loopback.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <set>

namespace vpinfer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Completes all messages of one side.
std::set<std::size_t> finish(Transfers& transfers) {
  std::set<std::size_t> finished;
  while (transfers.unfinished()) {
    const auto index = transfers.test();
    EXPECT_TRUE(!index || finished.insert(*index).second) << "completed twice";
  }
  return finished;
}

TEST(Loopback, DeliversInOrderBetweenThreads) {
  Loopback loopback(3, 1);
  const std::vector<std::string> errors = run_ranks(loopback, [](Communicator& communicator) {
    const int rank = communicator.rank();
    std::vector<std::array<float, 2>> out(3);
    std::vector<std::array<float, 2>> in(3);
    std::vector<Endpoint> to;
    std::vector<Endpoint> from;
    for (int peer = 0; peer < 3; ++peer) {
      if (peer == rank) continue;
      to.push_back({peer, out[static_cast<std::size_t>(peer)]});
      from.push_back({peer, in[static_cast<std::size_t>(peer)]});
    }
    const auto receives = communicator.receives(from, 7);
    const auto sends = communicator.sends(to, 7);
    for (int frame = 0; frame < 50; ++frame) {
      for (auto& values : out) {
        values = {static_cast<float>(rank), static_cast<float>(frame)};
      }
      receives->start();
      sends->start();
      EXPECT_THAT(finish(*receives), ElementsAre(0U, 1U));
      EXPECT_THAT(finish(*sends), ElementsAre(0U, 1U));
      for (const Endpoint& endpoint : from) {
        EXPECT_EQ(endpoint.buffer[0], static_cast<float>(endpoint.peer));
        EXPECT_EQ(endpoint.buffer[1], static_cast<float>(frame));
      }
    }
  });
  EXPECT_THAT(errors, IsEmpty());
  EXPECT_THAT(loopback.complaints(), IsEmpty());
}

TEST(Loopback, PoisonsTheBufferOfAStartedReceive) {
  Loopback loopback(2, 1);
  std::array<float, 1> value{5};
  {
    const auto receives = loopback.rank(0).receives({{1, value}}, 0);
    receives->start();
    EXPECT_TRUE(std::isnan(value[0]));
  }
  EXPECT_THAT(loopback.complaints(), ElementsAre(HasSubstr("abandons a transfer with rank 1")));
}

TEST(Loopback, RefusesToStartWhatIsActive) {
  Loopback loopback(2, 1);
  std::array<float, 1> value{};
  const auto sends = loopback.rank(0).sends({{1, value}}, 0);
  sends->start();
  EXPECT_THROW(sends->start(), std::logic_error);
}

TEST(Loopback, RefusesAMessageOfAnotherSize) {
  Loopback loopback(2, 1);
  std::array<float, 2> two{};
  std::array<float, 3> three{};
  const auto sends = loopback.rank(0).sends({{1, two}}, 0);
  const auto receives = loopback.rank(1).receives({{0, three}}, 0);
  sends->start();
  receives->start();
  EXPECT_THROW(finish(*receives), std::logic_error);
}

TEST(Loopback, ComplainsAboutAMessageThatNobodyReceived) {
  Loopback loopback(2, 1);
  std::array<float, 1> value{};
  // Half of the sends complete without a receiver; enough of them leave a letter behind.
  for (int i = 0; i < 10; ++i) {
    const auto sends = loopback.rank(0).sends({{1, value}}, i);
    sends->start();
    (void)sends->test();
  }
  EXPECT_THAT(loopback.complaints(),
              testing::Contains(HasSubstr("nobody received the message from rank 0 to rank 1")));
}

}  // namespace
}  // namespace vpinfer
