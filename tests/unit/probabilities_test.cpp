#include "import/probabilities.hpp"

#include <gtest/gtest.h>

namespace vpinfer {
namespace {

/// A picture of 4 x 4 x 8 and, at position 1, sigmoids of a convolution of it.
class Probabilities : public testing::Test {
 protected:
  Probabilities() {
    add_input(network_, {4, 4, 8}, "net");
    add(Convolution{8, 1, {}, {}, Activation::kLogistic}, {0});
  }

  int add(Operation operation, std::vector<int> inputs) {
    return add_layer(network_, std::move(operation), std::move(inputs), "layer", "");
  }
  [[nodiscard]] bool come(int position) const {
    return comes_from(network_, position, gives_probabilities);
  }

  Network network_;
};

TEST_F(Probabilities, AreTracedThroughWhatLeavesThemAlone) {
  EXPECT_TRUE(come(1));
  EXPECT_TRUE(come(add(MaxPool{Window{2}, Window{2}}, {1})));
  EXPECT_TRUE(come(add(Activate{{Activation::kClip, 0.1F, 0.9F}}, {0})));
  EXPECT_TRUE(come(add(Softmax{}, {0})));
  EXPECT_TRUE(come(add(Concat{}, {0, 1})));
  EXPECT_TRUE(come(add(Elementwise{Arithmetic::kMultiply}, {1, 1})));
  EXPECT_TRUE(come(add(Elementwise{Arithmetic::kMultiply}, {1, add(Constant{{1, 1, 8}}, {})})));
  EXPECT_TRUE(come(add(Convolution{8, 8, {}, {}}, {1})));
}

TEST_F(Probabilities, EndWhereTheyAreMixedWithOthers) {
  EXPECT_FALSE(come(0));
  EXPECT_FALSE(come(add(Activate{Activation::kRelu}, {0})));
  EXPECT_FALSE(come(add(Activate{{Activation::kClip, 0, 6}}, {0})));
  EXPECT_FALSE(come(add(Elementwise{Arithmetic::kMultiply}, {0, 1})));  // a gate
  EXPECT_FALSE(come(add(Convolution{8, 1, {}, {}}, {1})));
  EXPECT_FALSE(come(add(Convolution{4, 4, {}, {}}, {1})));  // sums of two channels each
  EXPECT_FALSE(come(add(Convolution{8, 8, Window{3, 1, 1, 1}, Window{3, 1, 1, 1}}, {1})));
}

}  // namespace
}  // namespace vpinfer
