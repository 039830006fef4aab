#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "support/error_line.hpp"
#include "support/onnx_graphs.hpp"
#include "tensor/operators.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {

using Attributes = std::map<std::string, OnnxAttribute>;

/// All that a node of so many outputs makes of constants.
inline std::vector<OnnxTensor> all_folded(const std::string& op,
                                          const std::vector<OnnxTensor>& inputs,
                                          const Attributes& attributes = {},
                                          std::int64_t opset = 13, std::size_t outputs = 1) {
  const OnnxNode node{op, "", "", {}, std::vector<std::string>(outputs, "y"), attributes, {}};
  std::vector<const OnnxTensor*> values;
  for (const OnnxTensor& input : inputs) values.push_back(&input);
  return evaluate(OnnxNodeReader(node, "m.onnx", opset), values);
}

/// Its first result.
inline OnnxTensor folded(const std::string& op, const std::vector<OnnxTensor>& inputs,
                         const Attributes& attributes = {}, std::int64_t opset = 13) {
  return all_folded(op, inputs, attributes, opset).front();
}

/// What a node is refused with.
inline std::string refusal(const std::string& op, const std::vector<OnnxTensor>& inputs,
                           const Attributes& attributes = {}, std::int64_t opset = 13) {
  const std::string line =
      error_line<BadInput>([&] { (void)folded(op, inputs, attributes, opset); });
  EXPECT_THAT(line, testing::StartsWith("m.onnx: node 'y' (" + op + "): "));
  return line;
}

/// Whether a tensor of floats is another but for rounding.
inline void expect_close(const OnnxTensor& tensor, const OnnxTensor& expected) {
  EXPECT_EQ(tensor.dims, expected.dims);
  ASSERT_TRUE(tensor.is_float());
  EXPECT_THAT(tensor.floats(),
              testing::Pointwise(testing::NanSensitiveFloatNear(2e-6F), expected.floats()));
}

}  // namespace vpinfer
