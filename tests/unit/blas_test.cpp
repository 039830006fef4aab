#include "kernel/blas.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vpinfer {
namespace {

using testing::HasSubstr;

TEST(SlowBlas, IsNoticed) {
  const auto haswell = slow_blas_remark("Haswell", true, VectorSet::kAvx512);
  ASSERT_TRUE(haswell);
  EXPECT_THAT(*haswell, HasSubstr("its kernels for Haswell"));
  EXPECT_THAT(*haswell, HasSubstr("; unset OPENBLAS_CORETYPE"));
  const auto unknown = slow_blas_remark("Haswell", false, VectorSet::kAvx512);
  ASSERT_TRUE(unknown);
  EXPECT_THAT(*unknown, HasSubstr("; set OPENBLAS_CORETYPE=SkylakeX"));
  const auto prescott = slow_blas_remark("Prescott", false, VectorSet::kAvx2);
  ASSERT_TRUE(prescott);
  EXPECT_THAT(*prescott, HasSubstr("; set OPENBLAS_CORETYPE=Haswell"));
}

TEST(SlowBlas, IsNotSaidOfWhatSuitsTheProcessor) {
  EXPECT_FALSE(slow_blas_remark("Cooperlake", false, VectorSet::kAvx512));
  EXPECT_FALSE(slow_blas_remark("SkylakeX", false, VectorSet::kAvx512));
  EXPECT_FALSE(slow_blas_remark("Zen", false, VectorSet::kAvx2));
  EXPECT_FALSE(slow_blas_remark("Prescott", false, VectorSet::kOther));
  EXPECT_FALSE(slow_blas_remark("armv8", false, VectorSet::kOther));
}

}  // namespace
}  // namespace vpinfer
