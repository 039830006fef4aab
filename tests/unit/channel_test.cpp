#include "comm/channel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/clock.hpp"
#include "support/channels.hpp"

namespace vpinfer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::chrono::duration<double> kLong{20};
constexpr std::chrono::duration<double> kShort{0.1};

TEST(Channel, CarriesTextsOfAnyLengthBothWays) {
  const std::string text = "two\nlines and a zero" + std::string(1, '\0') + std::string(5000, 'x');
  for (const int ranks : {1, 2, 5}) {
    Loopback loopback(ranks, 7);
    const auto ends = run_channels(loopback, kLong, [&](Channel& channel) {
      const bool leads = channel.rank() == 0;
      EXPECT_EQ(channel.broadcast(leads ? text : ""), text);
      EXPECT_EQ(channel.broadcast({}), "");
      const std::string own(static_cast<std::size_t>(10 * channel.rank()), 'a');
      const std::vector<std::string> gathered = channel.gather(own);
      ASSERT_EQ(gathered.size(), leads ? static_cast<std::size_t>(ranks) : 0U);
      for (std::size_t rank = 0; rank < gathered.size(); ++rank) {
        EXPECT_EQ(gathered[rank], std::string(10 * rank, 'a'));
      }
    });
    EXPECT_THAT(messages(ends), IsEmpty());
    EXPECT_THAT(loopback.complaints(), IsEmpty());
  }
}

TEST(Channel, TellsEveryRankEveryLine) {
  Loopback loopback(3, 1);
  const auto ends = run_channels(loopback, kLong, [](Channel& channel) {
    EXPECT_THAT(channel.all_gather(channel.rank() == 1 ? "" : "of " + channel.name(channel.rank())),
                ElementsAre("of rank 0 (host-0)", "", "of rank 2 (host-2)"));
  });
  EXPECT_THAT(messages(ends), IsEmpty());
}

TEST(Channel, LeavesABarrierWhenAllHaveCome) {
  Loopback loopback(4, 3);
  std::atomic<int> come = 0;
  const auto ends = run_channels(loopback, kLong, [&](Channel& channel) {
    for (int round = 1; round < 10; ++round) {
      ++come;
      channel.barrier();
      EXPECT_GE(come, 4 * round);
      channel.barrier();
    }
  });
  EXPECT_THAT(messages(ends), IsEmpty());
  EXPECT_THAT(loopback.complaints(), IsEmpty());
}

TEST(Channel, CarriesValuesToOneRank) {
  std::vector<float> values((std::size_t{1} << 24U) + 3);  // more than goes at once
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 1000);
  Loopback loopback(2, 1);
  const auto ends = run_channels(loopback, kLong, [&](Channel& channel) {
    if (channel.rank() == 0) {
      channel.send(values, 1);
      channel.send({}, 1);
    } else {
      std::vector<float> copy(values.size());
      channel.receive(copy, 0);
      channel.receive({}, 0);
      EXPECT_EQ(copy, values);
    }
  });
  EXPECT_THAT(messages(ends), IsEmpty());
  EXPECT_THAT(loopback.complaints(), IsEmpty());
}

TEST(Channel, ExchangesValuesAllAround) {
  for (const int ranks : {2, 3, 5}) {
    for (const std::size_t size : {0U, 1U, 100'000U, 600'000U}) {  // the last in parts
      Loopback loopback(ranks, 11);
      const auto ends = run_channels(loopback, kLong, [&](Channel& channel) {
        const int to = (channel.rank() + 1) % ranks;
        const int from = (channel.rank() + ranks - 1) % ranks;
        for (int round = 0; round < 3; ++round) {
          const std::vector<float> sent(size, static_cast<float>(10 * round + channel.rank()));
          std::vector<float> received(size);
          channel.exchange(sent, to, received, from);
          EXPECT_EQ(received, std::vector<float>(size, static_cast<float>(10 * round + from)));
        }
      });
      EXPECT_THAT(messages(ends), IsEmpty());
      EXPECT_THAT(loopback.complaints(), IsEmpty());
    }
  }
}

TEST(Channel, NamesTheRankThatDoesNotExchange) {
  Loopback loopback(2, 1);
  loopback.silence(1);
  const auto ends = run_channels(loopback, kShort, [](Channel& channel) {
    if (channel.rank() != 0) return;
    const std::vector<float> sent(3);
    std::vector<float> received(3);
    channel.exchange(sent, 1, received, 1);
  });
  EXPECT_EQ(ends[0].code, ExitCode::kRankFailed);
  EXPECT_THAT(ends[0].message, HasSubstr("no word from rank 1 (host-1) for 0.2 s"));
}

TEST(Channel, NamesTheRankThatNeverAnswers) {
  Loopback loopback(3, 1);
  loopback.silence(2);
  const Clock::time_point start = Clock::now();
  const auto ends = run_channels(loopback, kShort, [](Channel& channel) { channel.barrier(); });
  EXPECT_LT(seconds_since(start), 5);
  EXPECT_EQ(ends[0].code, ExitCode::kRankFailed);
  EXPECT_EQ(ends[0].message,
            "between frames: no word from rank 2 (host-2) for 0.2 s; is it down? --timeout sets "
            "half that limit");
  // Had the job not ended by then, the others would have said of whom they heard nothing.
  EXPECT_EQ(ends[1].code, ExitCode::kRankFailed);
  EXPECT_EQ(ends[1].message,
            "between frames: no word from rank 0 (host-0) for 0.3 s; is it down? --timeout sets a "
            "third of that limit");
}

TEST(Channel, WaitsForALateRank) {
  Loopback loopback(3, 1);
  loopback.delay(1, kShort);
  const auto ends = run_channels(loopback, 5 * kShort, [](Channel& channel) {
    channel.barrier();
    std::this_thread::sleep_for(channel.rank() == 0 ? kShort : kShort / 10);
    channel.barrier();
  });
  EXPECT_THAT(messages(ends), IsEmpty());
}

TEST(Channel, KeepsRankZeroBusyWhileItWaits) {
  Loopback loopback(2, 1);
  loopback.delay(1, kShort);
  int calls = 0;
  const auto ends = run_channels(loopback, kLong, [&](Channel& channel) {
    if (channel.rank() == 0) {
      (void)channel.gather({}, [&] { ++calls; });
    } else {
      (void)channel.gather("late");
    }
  });
  EXPECT_THAT(messages(ends), IsEmpty());
  EXPECT_GT(calls, 1);
}

TEST(Channel, NamesTheRankThatTakesNoWeights) {
  // Half of the sends are copied at once; enough of them meet one that waits for its receiver.
  Loopback loopback(2, 1);
  std::vector<float> values(10);
  const auto ends = run_channels(loopback, kShort, [&](Channel& channel) {
    for (int i = 0; i < 20 && channel.rank() == 0; ++i) channel.send(values, 1);
  });
  EXPECT_EQ(ends[0].code, ExitCode::kRankFailed);
  EXPECT_THAT(ends[0].message, HasSubstr("no word from rank 1 (host-1) for 0.2 s"));
}

}  // namespace
}  // namespace vpinfer
