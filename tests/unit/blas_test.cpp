#include "vpinfer/kernel/blas.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vpinfer {
namespace {

using testing::HasSubstr;

TEST(SlowBlas, IsNoticed) {
  const auto haswell = slow_blas_remark("Haswell", VectorSet::kAvx512);
  ASSERT_TRUE(haswell);
  EXPECT_THAT(*haswell, HasSubstr("its kernels for Haswell"));
  EXPECT_THAT(*haswell, HasSubstr("OPENBLAS_CORETYPE=SkylakeX"));
  const auto prescott = slow_blas_remark("Prescott", VectorSet::kAvx2);
  ASSERT_TRUE(prescott);
  EXPECT_THAT(*prescott, HasSubstr("OPENBLAS_CORETYPE=Haswell"));
}

TEST(SlowBlas, IsNotSaidOfWhatSuitsTheProcessor) {
  EXPECT_FALSE(slow_blas_remark("Cooperlake", VectorSet::kAvx512));
  EXPECT_FALSE(slow_blas_remark("SkylakeX", VectorSet::kAvx512));
  EXPECT_FALSE(slow_blas_remark("Zen", VectorSet::kAvx2));
  EXPECT_FALSE(slow_blas_remark("Prescott", VectorSet::kOther));
  EXPECT_FALSE(slow_blas_remark("armv8", VectorSet::kOther));
}

}  // namespace
}  // namespace vpinfer
