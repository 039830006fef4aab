// Products of matrices and tensors.

#include "support/folded.hpp"
#include "support/nd_array.hpp"

namespace vpinfer {
namespace {

using testing::HasSubstr;

OnnxTensor product_of(const std::string& equation, const std::vector<OnnxTensor>& inputs) {
  return folded("Einsum", inputs, {{"equation", equation}});
}

const OnnxTensor kMatrix = floats({2, 3}, {1, 2, 3, 4, 5, 6});

TEST(Products, OfMatricesAndVectors) {
  EXPECT_EQ(folded("MatMul", {kMatrix, floats({3, 2}, {1, 0, 0, 1, 1, 1})}),
            floats({2, 2}, {4, 5, 10, 11}));
  EXPECT_EQ(folded("MatMul", {kMatrix, floats({3}, {1, 1, 1})}), floats({2}, {6, 15}));
  EXPECT_EQ(folded("MatMul", {floats({2}, {1, 1}), kMatrix}), floats({3}, {5, 7, 9}));
  EXPECT_EQ(folded("MatMul", {integers({1, 2}), integers({3, 4})}), (OnnxTensor{{}, Ints{11}}));
  EXPECT_THAT(refusal("MatMul", {kMatrix, kMatrix}), HasSubstr("2x3 and 2x3"));
  EXPECT_THAT(refusal("MatMul", {kMatrix, floats({}, {1})}), HasSubstr("a scalar"));
}

TEST(Products, BroadcastBatches) {
  EXPECT_EQ(
      folded("MatMul", {floats({2, 1, 1, 2}, {1, 2, 3, 4}), floats({3, 2, 1}, {1, 0, 0, 1, 1, 1})}),
      floats({2, 3, 1, 1}, {1, 2, 3, 3, 4, 7}));
}

TEST(Products, OfManyNumbersAreExact) {
  const std::int64_t count = 1 << 20;
  const OnnxTensor tenths{{count}, std::vector<float>(static_cast<std::size_t>(count), 0.1F)};
  const OnnxTensor ones{{count}, std::vector<float>(static_cast<std::size_t>(count), 1)};
  EXPECT_NEAR(folded("MatMul", {tenths, ones}).floats().front(), 104857.6F, 1);
}

TEST(Products, AreScaledTransposedAndAddedTo) {
  EXPECT_EQ(folded("Gemm", {kMatrix, kMatrix, floats({2}, {10, 20})},
                   {{"transB", std::int64_t{1}}, {"alpha", 2.0F}, {"beta", 0.5F}}),
            floats({2, 2}, {33, 74, 69, 164}));
  EXPECT_EQ(folded("Gemm", {floats({3, 1}, {1, 2, 3}), floats({3, 1}, {1, 1, 1})},
                   {{"transA", std::int64_t{1}}}),
            floats({1, 1}, {6}));
  EXPECT_THAT(refusal("Gemm", {kMatrix, kMatrix, floats({3, 1, 1}, {1, 1, 1})},
                      {{"transB", std::int64_t{1}}}),
              HasSubstr("cannot add 3x1x1"));
}

TEST(Products, OfPivots) {
  EXPECT_EQ(folded("Det", {floats({2, 2}, {0, 1, 2, 3})}), floats({}, {-2}));
  EXPECT_EQ(folded("Det", {floats({2, 2, 2}, {1, 2, 3, 4, 1, 2, 2, 4})}), floats({2}, {-2, 0}));
  EXPECT_THAT(refusal("Det", {kMatrix}), HasSubstr("2x3 is no square matrix"));
}

TEST(Einsum, SumsAndTransposes) {
  EXPECT_EQ(product_of("ij->ji", {kMatrix}), floats({3, 2}, {1, 4, 2, 5, 3, 6}));
  EXPECT_EQ(product_of("ij->i", {kMatrix}), floats({2}, {6, 15}));
  EXPECT_EQ(product_of("ba", {kMatrix}), floats({3, 2}, {1, 4, 2, 5, 3, 6}));
  EXPECT_EQ(product_of("ij ->", {kMatrix}), floats({}, {21}));
  EXPECT_EQ(product_of("...ii ->...i", {floats({1, 2, 2}, {1, 2, 3, 4})}), floats({1, 2}, {1, 4}));
}

TEST(Einsum, Multiplies) {
  EXPECT_EQ(product_of("i,i", {integers({1, 2}), integers({3, 4})}), (OnnxTensor{{}, Ints{11}}));
  EXPECT_EQ(product_of("ik,jk", {kMatrix, kMatrix}), floats({2, 2}, {14, 32, 32, 77}));
  EXPECT_EQ(product_of("...k,...k->...", {kMatrix, floats({1, 3}, {1, 0, 1})}),
            floats({2}, {4, 10}));
  EXPECT_EQ(product_of("i,ij,j->", {floats({2}, {1, 10}), kMatrix, floats({3}, {1, 1, 1})}),
            floats({}, {156}));
}

TEST(Einsum, RefusesWhatFitsNot) {
  EXPECT_THAT(refusal("Einsum", {kMatrix}, {{"equation", std::string("ijk->i")}}),
              HasSubstr("'ijk' does not name the axes of 2x3"));
  EXPECT_THAT(refusal("Einsum", {kMatrix}, {{"equation", std::string("ii->i")}}),
              HasSubstr("extents 2 and 3"));
  EXPECT_THAT(refusal("Einsum", {kMatrix}, {{"equation", std::string("ij->k")}}), HasSubstr("'k'"));
  EXPECT_THAT(refusal("Einsum", {kMatrix}, {{"equation", std::string("ij,jk->k")}}),
              HasSubstr("1 inputs"));
}

}  // namespace
}  // namespace vpinfer
