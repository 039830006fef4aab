#include "support/loopback.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <set>
#include <span>

#include "base/clock.hpp"

namespace vpinfer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

template <std::size_t Count>
std::span<std::byte> bytes_of(std::array<float, Count>& values) {
  return std::as_writable_bytes(std::span(values));
}

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
      to.push_back({peer, bytes_of(out[static_cast<std::size_t>(peer)])});
      from.push_back({peer, bytes_of(in[static_cast<std::size_t>(peer)])});
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
        const std::array<float, 2>& values = in[static_cast<std::size_t>(endpoint.peer)];
        EXPECT_EQ(values[0], static_cast<float>(endpoint.peer));
        EXPECT_EQ(values[1], static_cast<float>(frame));
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
    const auto receives = loopback.rank(0).receives({{1, bytes_of(value)}}, 0);
    receives->start();
    EXPECT_TRUE(std::isnan(value[0]));
  }
  EXPECT_THAT(loopback.complaints(), ElementsAre(HasSubstr("abandons a transfer with rank 1")));
}

TEST(Loopback, RefusesToStartWhatIsActive) {
  Loopback loopback(2, 1);
  std::array<float, 1> value{};
  const auto sends = loopback.rank(0).sends({{1, bytes_of(value)}}, 0);
  sends->start();
  EXPECT_THROW(sends->start(), std::logic_error);
}

TEST(Loopback, RefusesAMessageOfAnotherSize) {
  Loopback loopback(2, 1);
  std::array<float, 2> two{};
  std::array<float, 3> three{};
  const auto sends = loopback.rank(0).sends({{1, bytes_of(two)}}, 0);
  const auto receives = loopback.rank(1).receives({{0, bytes_of(three)}}, 0);
  sends->start();
  receives->start();
  EXPECT_THROW(finish(*receives), std::logic_error);
}

TEST(Loopback, ComplainsAboutAMessageThatNobodyReceived) {
  Loopback loopback(2, 1);
  std::array<float, 1> value{};
  // Half of the sends complete without a receiver; enough of them leave a letter behind.
  for (int i = 0; i < 10; ++i) {
    const auto sends = loopback.rank(0).sends({{1, bytes_of(value)}}, i);
    sends->start();
    (void)sends->test();
  }
  EXPECT_THAT(loopback.complaints(),
              testing::Contains(HasSubstr("nobody received the message from rank 0 to rank 1")));
}

/// Whether rank 1 has a message of rank 0 after some milliseconds.
bool arrives_within(Loopback& loopback, int milliseconds) {
  std::array<float, 1> value{};
  std::array<float, 1> copy{};
  const auto sends = loopback.rank(0).sends({{1, bytes_of(value)}}, 0);
  const auto receives = loopback.rank(1).receives({{0, bytes_of(copy)}}, 0);
  sends->start();
  receives->start();
  const Clock::time_point start = Clock::now();
  while (seconds_since(start) < milliseconds / 1e3) {
    if (receives->test()) return true;
  }
  return false;
}

TEST(Loopback, LosesWhatIsSentOverACutLink) {
  Loopback loopback(3, 1);
  loopback.cut(0, 2);
  EXPECT_TRUE(arrives_within(loopback, 1000));
  loopback.cut(0, 1);
  EXPECT_FALSE(arrives_within(loopback, 20));
}

TEST(Loopback, LosesWhatASilentRankSends) {
  Loopback loopback(2, 1);
  loopback.silence(1);
  EXPECT_TRUE(arrives_within(loopback, 1000));
  loopback.silence(0);
  EXPECT_FALSE(arrives_within(loopback, 20));
}

TEST(Loopback, DelaysWhatASlowRankSends) {
  Loopback loopback(2, 1);
  loopback.delay(0, std::chrono::milliseconds(40));
  const Clock::time_point start = Clock::now();
  EXPECT_TRUE(arrives_within(loopback, 1000));
  EXPECT_GE(seconds_since(start), 0.04);
}

}  // namespace
}  // namespace vpinfer
