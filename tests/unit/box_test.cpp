#include "vpinfer/box.hpp"

#include <gtest/gtest.h>

#include "support/random_network.hpp"

namespace vpinfer {
namespace {

bool holds(Interval interval, int i) {
  return interval.begin <= i && i < interval.end;
}

bool holds(const Box& box, int row, int col, int channel) {
  return holds(box.rows, row) && holds(box.cols, col) && holds(box.channels, channel);
}

/// Calls visit(row, col, channel) for a cube that is larger than the boxes of these tests.
template <typename Visit>
void for_each_place(const Visit& visit) {
  for (int row = -1; row < 6; ++row) {
    for (int col = -1; col < 6; ++col) {
      for (int channel = -1; channel < 6; ++channel) visit(row, col, channel);
    }
  }
}

/// Within [0, 5)^3, often empty, in any of the ways of being empty.
Box any_box(Random& random) {
  const auto interval = [&] { return Interval{random.between(0, 5), random.between(0, 5)}; };
  return random.chance(70) ? random_box({{0, 5}, {0, 5}, {0, 5}}, random)
                           : Box{interval(), interval(), interval()};
}

TEST(Interval, AgreesWithItsElements) {
  for (int a = 0; a <= 5; ++a) {
    for (int b = 0; b <= 5; ++b) {
      const Interval x{a, b};
      EXPECT_EQ(x.empty(), x.size() == 0);
      for (int c = 0; c <= 5; ++c) {
        for (int d = 0; d <= 5; ++d) {
          const Interval y{c, d};
          bool contains = true;
          int common = 0;
          for (int i = -1; i < 7; ++i) {
            EXPECT_EQ(holds(intersect(x, y), i), holds(x, i) && holds(y, i));
            EXPECT_EQ(holds(shift(x, 2), i), holds(x, i - 2));
            EXPECT_TRUE(holds(hull(x, y), i) || !(holds(x, i) || holds(y, i)));
            contains = contains && (holds(x, i) || !holds(y, i));
            common += holds(x, i) && holds(y, i) ? 1 : 0;
          }
          EXPECT_EQ(x.contains(y), contains);
          EXPECT_EQ(intersect(x, y).size(), common);
        }
      }
    }
  }
  EXPECT_EQ(hull(Interval{1, 2}, Interval{4, 6}), (Interval{1, 6}));
  EXPECT_EQ(hull(Interval{3, 3}, Interval{4, 6}), (Interval{4, 6}));
  EXPECT_EQ(hull(Interval{4, 6}, Interval{9, 1}), (Interval{4, 6}));
}

TEST(Share, CoversInOrderAndNearlyEqually) {
  for (int size = 0; size < 40; ++size) {
    for (int parts = 1; parts < 50; ++parts) {
      int next = 0;
      for (int i = 0; i < parts; ++i) {
        const Interval part = share(size, parts, i);
        EXPECT_EQ(part.begin, next);
        EXPECT_GE(part.size(), size / parts);
        EXPECT_LE(part.size(), (size + parts - 1) / parts);
        next = part.end;
      }
      EXPECT_EQ(next, size);
    }
  }
  EXPECT_EQ(share(2'000'000'000, 1000, 999), (Interval{1'998'000'000, 2'000'000'000}));
}

TEST(Box, AgreesWithItsElements) {
  Random random(1);
  for (int i = 0; i < 300; ++i) {
    const Box a = any_box(random);
    const Box b = any_box(random);
    std::size_t in_a = 0;
    std::size_t in_both = 0;
    std::size_t in_b = 0;
    for_each_place([&](int row, int col, int channel) {
      const bool a_holds = holds(a, row, col, channel);
      const bool b_holds = holds(b, row, col, channel);
      in_a += a_holds ? 1 : 0;
      in_b += b_holds ? 1 : 0;
      in_both += a_holds && b_holds ? 1 : 0;
      EXPECT_EQ(holds(intersect(a, b), row, col, channel), a_holds && b_holds);
      EXPECT_TRUE(holds(hull(a, b), row, col, channel) || !(a_holds || b_holds));
    });
    EXPECT_EQ(a.elements(), in_a);
    EXPECT_EQ(a.empty(), in_a == 0);
    EXPECT_EQ(intersect(a, b).elements(), in_both);
    EXPECT_EQ(a.contains(b), in_both == in_b);
    EXPECT_TRUE(in_a > 0 || hull(a, b) == b);
    EXPECT_TRUE(in_b > 0 || in_a == 0 || hull(a, b) == a);
  }
}

TEST(Box, HullIsTheSmallest) {
  const Box a{{0, 1}, {3, 4}, {2, 5}};
  const Box b{{2, 3}, {1, 2}, {4, 6}};
  EXPECT_EQ(hull(a, b), (Box{{0, 3}, {1, 4}, {2, 6}}));
}

TEST(Subtract, LeavesEachElementOnceInAtMostSixBoxes) {
  Random random(2);
  for (int i = 0; i < 1000; ++i) {
    const Box a = any_box(random);
    const Box b = any_box(random);
    const std::vector<Box> rest = subtract(a, b);
    EXPECT_LE(rest.size(), 6U);
    for (const Box& piece : rest) EXPECT_FALSE(piece.empty());
    for_each_place([&](int row, int col, int channel) {
      int times = 0;
      for (const Box& piece : rest) times += holds(piece, row, col, channel) ? 1 : 0;
      EXPECT_EQ(times, holds(a, row, col, channel) && !holds(b, row, col, channel) ? 1 : 0)
          << to_string(a) << " without " << to_string(b);
    });
  }
}

TEST(Subtract, TakesAListOfBoxes) {
  const Box bounds{{0, 5}, {0, 5}, {0, 5}};
  Random random(3);
  for (int i = 0; i < 100; ++i) {
    const Box hole = any_box(random);
    const Box other = any_box(random);
    const std::vector<Box> rest = subtract(subtract(bounds, hole), other);
    for_each_place([&](int row, int col, int channel) {
      int times = 0;
      for (const Box& piece : rest) times += holds(piece, row, col, channel) ? 1 : 0;
      const bool expected = holds(bounds, row, col, channel) && !holds(hole, row, col, channel) &&
                            !holds(other, row, col, channel);
      EXPECT_EQ(times, expected ? 1 : 0);
    });
  }
}

TEST(Uncovered, IsWhatNoBoxHolds) {
  const Box bounds{{0, 5}, {0, 5}, {0, 5}};
  Random random(4);
  for (int i = 0; i < 100; ++i) {
    const std::vector<Box> boxes{any_box(random), any_box(random)};
    const std::vector<Box> rest = uncovered(bounds, boxes);
    EXPECT_EQ(rest, subtract(subtract(bounds, boxes[0]), boxes[1]));
  }
  EXPECT_EQ(uncovered(bounds, {}), std::vector<Box>{bounds});
  EXPECT_EQ(uncovered({}, {}), std::vector<Box>{});
}

TEST(Subtract, CutsRowsFirst) {
  const std::vector<Box> rest = subtract(Box{{0, 9}, {0, 9}, {0, 9}}, {{3, 6}, {3, 6}, {3, 6}});
  ASSERT_EQ(rest.size(), 6U);
  EXPECT_EQ(rest.front(), (Box{{0, 3}, {0, 9}, {0, 9}}));
  EXPECT_EQ(rest.back(), (Box{{6, 9}, {0, 9}, {0, 9}}));
}

TEST(Box, SpeaksToPeople) {
  EXPECT_EQ(to_string(Box{{0, 52}, {0, 416}, {0, 32}}), "0:52x0:416x0:32");
  EXPECT_EQ(to_string(Box{{3, 3}, {0, 416}, {0, 32}}), "-");
  EXPECT_EQ(to_string(Shape{416, 208, 3}), "416x208x3");
  EXPECT_EQ(whole({4, 5, 6}), (Box{{0, 4}, {0, 5}, {0, 6}}));
}

}  // namespace
}  // namespace vpinfer
