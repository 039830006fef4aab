#pragma once

#include <optional>
#include <vector>

#include "import/onnx_tail.hpp"
#include "net/candidates.hpp"

namespace vpinfer {

// What the end of a graph makes of its sources, told from what it gives for chosen numbers.

/// What stands in some columns of a tensor with a candidate per row.
enum class ColumnKind {
  kRaw,          ///< what a source gives
  kSigmoid,      ///< its sigmoid
  kSoftmax,      ///< a share of a softmax over all columns of the run
  kSoftmaxPart,  ///< likewise, of a softmax over one more, which is left out
  kProduct,      ///< a product of two sigmoids
  kOne,          ///< always 1
  kComputed,     ///< something else
};

/// Neighbouring columns of the same kind that come from the same sources.
struct ColumnRun {
  ColumnKind kind = ColumnKind::kComputed;
  Interval columns;
  std::vector<int> sources{};  ///< by candidate, for raw values and sigmoids; else empty

  [[nodiscard]] int size() const { return columns.size(); }
};

/// What the tail gives for numbers that tell its sources apart.
struct TailProbe {
  std::vector<OnnxTensor> zero;      ///< all sources 0
  std::vector<OnnxTensor> distinct;  ///< source i gives probe_number(i)
};

[[nodiscard]] TailProbe probe(const OnnxTail& tail);

/// One output as candidates.
struct CandidateTable {
  int result = 0;  ///< which output
  CandidateTensor tensor;
  std::vector<ColumnRun> runs;

  [[nodiscard]] std::int64_t rows() const { return tensor.candidates(); }
  [[nodiscard]] int cols() const { return tensor.values(); }
  /// Whether all columns are of one kind and from the same sources.
  [[nodiscard]] bool is_only(ColumnKind kind) const {
    return runs.size() == 1 && runs.front().kind == kind;
  }
};

/// Reads an output as a table whose columns stand along an axis.
[[nodiscard]] CandidateTable read_table(const OnnxTail& tail, const TailProbe& probe, int result,
                                        const TensorForm& form, int axis);

/// A candidate's value among what the tail gives.
[[nodiscard]] float value_of(const std::vector<OnnxTensor>& outputs, const CandidateTable& table,
                             std::int64_t candidate, int column);

}  // namespace vpinfer
