#include "program/arena.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/random.hpp"

namespace vpinfer {
namespace {

bool alive_at(const Lifetime& buffer, std::size_t step) {
  return buffer.first <= step && step <= buffer.last;
}

TEST(PackArena, NeverOverlapsWhatLivesTogether) {
  Random random(1);
  for (int round = 0; round < 400; ++round) {
    std::vector<Lifetime> buffers(random.index(25));
    std::size_t all = 0;
    for (Lifetime& buffer : buffers) {
      buffer.bytes = random.chance(10) ? 0 : static_cast<std::size_t>(random.between(1, 500));
      buffer.first = random.index(20);
      buffer.last = buffer.first + random.index(8);
      all += buffer.bytes + 63;
    }
    const ArenaPlan plan = pack_arena(buffers);
    ASSERT_EQ(plan.offsets.size(), buffers.size());
    EXPECT_LE(plan.bytes, all);
    for (std::size_t step = 0; step < 30; ++step) {
      std::vector<int> users(plan.bytes, 0);
      std::size_t alive = 0;
      for (std::size_t i = 0; i < buffers.size(); ++i) {
        if (!alive_at(buffers[i], step)) continue;
        EXPECT_EQ(plan.offsets[i] % 64, 0U);
        ASSERT_LE(plan.offsets[i] + buffers[i].bytes, plan.bytes);
        alive += buffers[i].bytes;
        for (std::size_t k = 0; k < buffers[i].bytes; ++k) ++users[plan.offsets[i] + k];
      }
      EXPECT_GE(plan.bytes, alive);
      EXPECT_TRUE(std::all_of(users.begin(), users.end(), [](int n) { return n <= 1; }));
    }
  }
}

TEST(PackArena, ReusesMemory) {
  const ArenaPlan plan = pack_arena({{640, 0, 1}, {640, 2, 3}, {1280, 1, 2}});
  EXPECT_EQ(plan.bytes, 1920U);
  EXPECT_EQ(plan.offsets[0], plan.offsets[1]);
}

TEST(PackArena, OfNothingIsEmpty) {
  EXPECT_EQ(pack_arena({}).bytes, 0U);
}

}  // namespace
}  // namespace vpinfer
