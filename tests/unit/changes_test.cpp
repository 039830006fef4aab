#include "vision/changes.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace vpinfer {
namespace {

TEST(DetectionChanges, PairsWhatOverlapsMost) {
  const std::vector<Detection> reference{{0, 0, 10, 10, 1, 0.9F}, {2, 0, 10, 10, 1, 0.5F}};
  const std::vector<Detection> moved{{1, 0, 10, 10, 1, 0.8F}, {2, 0, 10, 10, 1, 0.52F}};
  DetectionChanges changes;
  add_changes(reference, moved, changes);
  EXPECT_EQ(changes.same, 2U);
  EXPECT_EQ(changes.lost + changes.added, 0U);
  EXPECT_NEAR(changes.score_change, 0.1, 1e-6);
  EXPECT_NEAR(changes.least_overlap, 90.0 / 110, 1e-6);
}

TEST(DetectionChanges, ComparesMasks) {
  Detection whole{0, 0, 2, 2, 1, 0.9F};
  Detection other{8, 0, 2, 2, 1, 0.9F};
  DetectionChanges changes;
  add_changes(std::vector{whole}, std::vector{whole}, changes);
  EXPECT_FALSE(changes.least_mask_overlap);
  whole.mask = other.mask = Mask{2, 2, {0, 4}};
  Detection part = whole;
  part.mask = Mask{2, 2, {1, 3}};
  add_changes(std::vector{whole, other}, std::vector{part, other}, changes);
  EXPECT_EQ(changes.least_mask_overlap, 0.75);
}

TEST(DetectionChanges, CountsWhatIsOnOneSideAlone) {
  const Detection here{0, 0, 10, 10, 1, 0.9F};
  const Detection other_class{0, 0, 10, 10, 2, 0.9F};
  const Detection elsewhere{6, 0, 10, 10, 1, 0.9F};
  DetectionChanges changes;
  add_changes(std::vector{here}, std::vector{other_class, elsewhere}, changes);
  add_changes(std::vector{here}, std::vector{here}, changes);
  add_changes({}, std::vector{here}, changes);
  EXPECT_EQ(changes.same, 1U);
  EXPECT_EQ(changes.lost, 1U);
  EXPECT_EQ(changes.added, 3U);
  EXPECT_EQ(changes.score_change, 0);
  EXPECT_EQ(changes.least_overlap, 1);
}

TEST(ClassChanges, FollowTheLikeliestClass) {
  ClassChanges changes;
  add_changes(std::vector<Classification>{{7, 0.6F}, {3, 0.3F}},
              std::vector<Classification>{{7, 0.5F}, {3, 0.4F}}, changes);
  EXPECT_EQ(changes.changed, 0U);
  EXPECT_NEAR(changes.score_change, 0.1, 1e-6);
  add_changes(std::vector<Classification>{{7, 0.5F}, {3, 0.4F}},
              std::vector<Classification>{{3, 0.5F}, {7, 0.35F}}, changes);
  EXPECT_EQ(changes.pictures, 2U);
  EXPECT_EQ(changes.changed, 1U);
  EXPECT_EQ(changes.replaced, 0U);
  EXPECT_NEAR(changes.score_change, 0.15, 1e-6);
}

TEST(ClassChanges, CountTheLikelyOnesThatOthersReplace) {
  ClassChanges changes;
  add_changes(std::vector<Classification>{{7, 0.6F}, {3, 0.3F}, {4, 0.1F}},
              std::vector<Classification>{{7, 0.6F}, {9, 0.3F}, {3, 0.1F}}, changes);
  EXPECT_EQ(changes.changed, 0U);
  EXPECT_EQ(changes.likely, 3U);
  EXPECT_EQ(changes.replaced, 1U);
  EXPECT_NEAR(changes.score_change, 0.2, 1e-6);
}

}  // namespace
}  // namespace vpinfer
