// Operators along axes; numbers as in ONNX's specification.

#include "support/folded.hpp"
#include "support/nd_array.hpp"

namespace vpinfer {
namespace {

using testing::HasSubstr;

const OnnxTensor kNumbers = floats({3, 2, 2}, {5, 1, 20, 2, 30, 1, 40, 2, 55, 1, 60, 2});

Attributes over(const Ints& axes, bool keepdims = false) {
  return {{"axes", axes}, {"keepdims", std::int64_t{keepdims}}};
}

TEST(Reductions, AreAsDefined) {
  const auto reduced = [](const std::string& op) { return folded(op, {kNumbers}, over({1}), 11); };
  EXPECT_EQ(reduced("ReduceMax"), floats({3, 2}, {20, 2, 40, 2, 60, 2}));
  EXPECT_EQ(reduced("ReduceMin"), floats({3, 2}, {5, 1, 30, 1, 55, 1}));
  EXPECT_EQ(reduced("ReduceMean"), floats({3, 2}, {12.5F, 1.5F, 35, 1.5F, 57.5F, 1.5F}));
  EXPECT_EQ(reduced("ReduceSum"), floats({3, 2}, {25, 3, 70, 3, 115, 3}));
  EXPECT_EQ(reduced("ReduceProd"), floats({3, 2}, {100, 2, 1200, 2, 3300, 2}));
  EXPECT_EQ(reduced("ReduceSumSquare"), floats({3, 2}, {425, 5, 2500, 5, 6625, 5}));
  const float small = 2.3132617F;
  EXPECT_THAT(reduced("ReduceLogSumExp").floats(),
              testing::Pointwise(testing::FloatNear(1e-5F),
                                 {20.0F, small, 40.0000454F, small, 60.0067153F, small}));
  const OnnxTensor signs = floats({2, 2}, {3, -4, -6, 8});
  EXPECT_EQ(folded("ReduceL1", {signs}, over({1})), floats({2}, {7, 14}));
  EXPECT_EQ(folded("ReduceL2", {signs}, over({1})), floats({2}, {5, 10}));
  expect_close(folded("ReduceLogSum", {floats({2}, {1, 2})}, over({0})), floats({}, {1.0986123F}));
}

TEST(Reductions, TakeAxesFromAnAttributeOrAnInput) {
  EXPECT_EQ(folded("ReduceSum", {kNumbers}), floats({1, 1, 1}, {219}));
  EXPECT_EQ(folded("ReduceSum", {kNumbers}, over({})), floats({}, {219}));
  EXPECT_EQ(folded("ReduceSum", {kNumbers, integers({0, -1})}),
            floats({1, 2, 1}, {5 + 1 + 30 + 1 + 55 + 1, 20 + 2 + 40 + 2 + 60 + 2}));
  EXPECT_EQ(folded("ReduceMax", {kNumbers}, over({0, 2}, true), 11), floats({1, 2, 1}, {55, 60}));
  EXPECT_EQ(folded("ReduceSum", {kNumbers}, {{"noop_with_empty_axes", std::int64_t{1}}}), kNumbers);
  EXPECT_THAT(refusal("ReduceSum", {kNumbers, integers({3})}), HasSubstr("axis 3"));
}

TEST(Reductions, KeepIntegersAndKnowWhatNothingIs) {
  EXPECT_EQ(folded("ReduceMean", {integers({1, 2, 4})}), integers({2}));
  EXPECT_EQ(folded("ReduceMax", {integers({1, -2, 4})}), integers({4}));
  EXPECT_EQ(folded("ReduceSum", {floats({2, 0}, {})}, over({1})), floats({2}, {0, 0}));
  EXPECT_EQ(folded("ReduceProd", {floats({0}, {})}), floats({1}, {1}));
}

TEST(Lines, KnowWhereTheBestIs) {
  const OnnxTensor x = floats({2, 2}, {2, 2, 3, 10});
  EXPECT_EQ(folded("ArgMax", {x}), (OnnxTensor{{1, 2}, Ints{1, 1}}));
  EXPECT_EQ(folded("ArgMax", {x}, {{"axis", std::int64_t{-1}}, {"keepdims", std::int64_t{0}}}),
            integers({0, 1}));
  EXPECT_EQ(folded("ArgMax", {x},
                   {{"axis", std::int64_t{1}},
                    {"keepdims", std::int64_t{0}},
                    {"select_last_index", std::int64_t{1}}}),
            integers({1, 1}));
  EXPECT_EQ(folded("ArgMin", {x}), (OnnxTensor{{1, 2}, Ints{0, 0}}));
}

TEST(Lines, AreSummedUp) {
  const OnnxTensor x = integers({1, 2, 3, 4, 5});
  const OnnxTensor axis{{}, Ints{0}};
  const Attributes exclusive{{"exclusive", std::int64_t{1}}};
  const Attributes reverse{{"reverse", std::int64_t{1}}};
  EXPECT_EQ(folded("CumSum", {x, axis}), integers({1, 3, 6, 10, 15}));
  EXPECT_EQ(folded("CumSum", {x, axis}, exclusive), integers({0, 1, 3, 6, 10}));
  EXPECT_EQ(folded("CumSum", {x, axis}, reverse), integers({15, 14, 12, 9, 5}));
  EXPECT_EQ(folded("CumSum", {floats({2, 3}, {1, 2, 3, 4, 5, 6}), axis}),
            floats({2, 3}, {1, 2, 3, 5, 7, 9}));
}

TEST(Softmax, IsTakenAlongAnAxis) {
  const OnnxTensor x = floats({2, 4}, {0, 1, 2, 3, 10000, 10001, 10002, 10003});
  expect_close(folded("Softmax", {x}),
               floats({2, 4}, {0.0320586F, 0.0871443F, 0.2368828F, 0.6439143F, 0.0320586F,
                               0.0871443F, 0.2368828F, 0.6439143F}));
  expect_close(folded("LogSoftmax", {floats({1, 3}, {-1, 0, 1})}),
               floats({1, 3}, {-2.4076060F, -1.4076060F, -0.4076060F}));
  EXPECT_EQ(folded("Hardmax", {floats({2, 4}, {3, 3, 3, 1, 0, 1, 2, 3})}),
            floats({2, 4}, {1, 0, 0, 0, 0, 0, 0, 1}));
}

TEST(Softmax, WasTakenAlongAllAxesFromOneOn) {
  const OnnxTensor x = floats({1, 2, 2}, {0, 0, 0, 0});
  EXPECT_EQ(folded("Softmax", {x}, {}, 11), floats({1, 2, 2}, {0.25F, 0.25F, 0.25F, 0.25F}));
  EXPECT_EQ(folded("Softmax", {x}, {}, 13), floats({1, 2, 2}, {0.5F, 0.5F, 0.5F, 0.5F}));
}

}  // namespace
}  // namespace vpinfer
