// Products of matrices.

#include "tensor/products.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "tensor/broadcast.hpp"
#include "tensor/numbers.hpp"

namespace vpinfer {
namespace {

struct MatrixSizes {
  std::size_t rows = 0;
  std::size_t inner = 0;
  std::size_t cols = 0;
};

/// result[row][col] = sum of a[row][i] * b[i][col], all row-major.  Floats are summed a few at a
/// time, and these sums as doubles: nearly as fast as floats, and nearly as exact as doubles.
template <typename Number>
void multiply_matrices(const MatrixSizes& sizes, const Number* a, const Number* b, Number* result) {
  constexpr std::size_t kBlock = 64;
  std::vector<Number> partial(sizes.cols);
  std::vector<Accumulator<Number>> sums(sizes.cols);
  for (std::size_t row = 0; row < sizes.rows; ++row) {
    std::fill(sums.begin(), sums.end(), Accumulator<Number>{});
    for (std::size_t begin = 0; begin < sizes.inner; begin += kBlock) {
      std::fill(partial.begin(), partial.end(), Number{});
      for (std::size_t i = begin; i < std::min(begin + kBlock, sizes.inner); ++i) {
        const Number factor = a[row * sizes.inner + i];
        const Number* const line = b + i * sizes.cols;
        for (std::size_t col = 0; col < sizes.cols; ++col) {
          partial[col] =
              wrapped(partial[col], wrapped(factor, line[col], std::multiplies<>()), std::plus<>());
        }
      }
      for (std::size_t col = 0; col < sizes.cols; ++col) {
        sums[col] =
            wrapped(sums[col], static_cast<Accumulator<Number>>(partial[col]), std::plus<>());
      }
    }
    for (const auto sum : sums) *result++ = static_cast<Number>(sum);
  }
}

/// The extents before the last two.
OnnxDims batch_of(const OnnxDims& dims) {
  return {dims.begin(), dims.end() - 2};
}

OnnxTensor matrix_product(const OnnxCall& call) {
  return multiply(call, call.input(0), call.input(1));
}

OnnxTensor transposed(const OnnxTensor& matrix) {
  const auto rows = static_cast<std::size_t>(matrix.dims[0]);
  const auto cols = static_cast<std::size_t>(matrix.dims[1]);
  std::vector<float> values(rows * cols);
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t col = 0; col < cols; ++col) {
      values[col * rows + row] = matrix.floats()[row * cols + col];
    }
  }
  return {{matrix.dims[1], matrix.dims[0]}, std::move(values)};
}

/// alpha * a * b + beta * c, where a and b may be transposed.
OnnxTensor general_product(const OnnxCall& call) {
  std::vector<OnnxTensor> turned;
  turned.reserve(2);
  std::vector<const OnnxTensor*> factors;
  for (const std::size_t index : {std::size_t{0}, std::size_t{1}}) {
    (void)call.floats(index);
    factors.push_back(&call.input(index));
    if (factors.back()->dims.size() != 2) {
      call.node.refuse(to_string(factors.back()->dims) + " is no matrix");
    }
    if (!call.node.flag(index == 0 ? "transA" : "transB")) continue;
    turned.push_back(transposed(*factors.back()));
    factors.back() = &turned.back();
  }
  OnnxTensor result = multiply(call, *factors[0], *factors[1]);
  const float alpha = call.node.number("alpha", 1);
  const float beta = call.node.number("beta", 1);
  for (float& value : std::get<std::vector<float>>(result.values)) value *= alpha;
  if (!call.has(2)) return result;
  OnnxTensor sum = combine(call, result, call.input(2),
                           [&](auto x, auto y) { return x + static_cast<decltype(x)>(beta) * y; });
  if (sum.dims != result.dims) {
    call.node.refuse("cannot add " + to_string(call.input(2).dims) + " to " +
                     to_string(result.dims));
  }
  return sum;
}

/// By Gaussian elimination with the largest pivot of each column.
double determinant_of(std::vector<double>& matrix, std::size_t size) {
  double determinant = 1;
  const auto at = [&](std::size_t row, std::size_t col) -> double& {
    return matrix[row * size + col];
  };
  for (std::size_t col = 0; col < size; ++col) {
    std::size_t pivot = col;
    for (std::size_t row = col + 1; row < size; ++row) {
      if (std::abs(at(row, col)) > std::abs(at(pivot, col))) pivot = row;
    }
    if (at(pivot, col) == 0) return 0;
    if (pivot != col) determinant = -determinant;
    for (std::size_t k = col; k < size; ++k) std::swap(at(col, k), at(pivot, k));
    determinant *= at(col, col);
    for (std::size_t row = col + 1; row < size; ++row) {
      const double factor = at(row, col) / at(col, col);
      for (std::size_t k = col; k < size; ++k) at(row, k) -= factor * at(col, k);
    }
  }
  return determinant;
}

OnnxTensor determinant(const OnnxCall& call) {
  const OnnxDims& dims = call.input(0).dims;
  const std::vector<float>& values = call.floats(0);
  if (dims.size() < 2 || dims.back() != dims.end()[-2]) {
    call.node.refuse(to_string(dims) + " is no square matrix");
  }
  const OnnxDims batch = batch_of(dims);
  const auto size = static_cast<std::size_t>(dims.back());
  std::vector<float> results;
  for (std::int64_t i = 0; i < count_elements(batch); ++i) {
    const auto begin =
        values.begin() + i * static_cast<std::ptrdiff_t>(size) * static_cast<std::ptrdiff_t>(size);
    std::vector<double> matrix(begin, begin + static_cast<std::ptrdiff_t>(size * size));
    results.push_back(static_cast<float>(determinant_of(matrix, size)));
  }
  return {batch, std::move(results)};
}

}  // namespace

OnnxTensor multiply(const OnnxCall& call, const OnnxTensor& a, const OnnxTensor& b) {
  OnnxDims of_a = a.dims;
  OnnxDims of_b = b.dims;
  if (of_a.size() == 1) of_a.insert(of_a.begin(), 1);
  if (of_b.size() == 1) of_b.push_back(1);
  if (of_a.size() < 2 || of_b.size() < 2 || of_a.back() != of_b.end()[-2] ||
      a.is_float() != b.is_float()) {
    call.node.refuse("cannot multiply " + to_string(a.dims) + " and " + to_string(b.dims));
  }
  const OnnxDims batch = broadcast_dims(call, batch_of(of_a), batch_of(of_b));
  OnnxDims dims = batch;
  if (a.dims.size() > 1) dims.push_back(of_a.end()[-2]);
  if (b.dims.size() > 1) dims.push_back(of_b.back());
  check_size(call, dims);
  const MatrixSizes sizes{static_cast<std::size_t>(of_a.end()[-2]),
                          static_cast<std::size_t>(of_a.back()),
                          static_cast<std::size_t>(of_b.back())};
  return std::visit(
      [&](const auto& left) {
        using Values = std::decay_t<decltype(left)>;
        const auto& right = std::get<Values>(b.values);
        Values values(static_cast<std::size_t>(count_elements(dims)));
        for_each_run<2>(batch, {batch_of(of_a), batch_of(of_b)}, [&](const Run<2>& run) {
          for (std::size_t i = 0; i < run.count; ++i) {
            multiply_matrices(sizes, left.data() + run.place(0, i) * sizes.rows * sizes.inner,
                              right.data() + run.place(1, i) * sizes.inner * sizes.cols,
                              values.data() + (run.begin + i) * sizes.rows * sizes.cols);
          }
        });
        return OnnxTensor{dims, std::move(values)};
      },
      a.values);
}

std::vector<OnnxComputation> product_operators() {
  return {
      {"MatMul", one<matrix_product>}, {"Gemm", one<general_product>}, {"Det", one<determinant>}};
}

}  // namespace vpinfer
