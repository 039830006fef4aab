#pragma once

#include <cstdint>
#include <vector>

#include "tensor/call.hpp"

namespace vpinfer {

/// Where along an axis of a result its elements lie in a flattened source.
using OnnxPlaces = std::vector<std::int64_t>;

/// Stands for no place: what is there is the filling.
inline constexpr std::int64_t kFilled = -1;

/// So many places, `step` apart.
[[nodiscard]] OnnxPlaces spaced(std::int64_t count, std::int64_t step);

/// The places, for every axis, of a tensor itself.
[[nodiscard]] std::vector<OnnxPlaces> places_of(const OnnxDims& dims);

/// A tensor with an axis for each of `places`, whose element at an index lies in `source` at the
/// sum, over the axes, of places[axis][index[axis]], or is `filling` where one of these is kFilled.
/// Runs that are contiguous in both are copied at once.
[[nodiscard]] OnnxTensor pick(const OnnxCall& call, const OnnxTensor& source,
                              std::vector<OnnxPlaces> places, double filling = 0);

/// A tensor read as one of other extents, with its axes in another order.
[[nodiscard]] OnnxTensor permuted(const OnnxCall& call, const OnnxTensor& tensor,
                                  const OnnxDims& from, const std::vector<std::size_t>& order);

/// The same elements in other extents.
[[nodiscard]] OnnxTensor reshaped(OnnxTensor tensor, OnnxDims dims);

/// The product of the extents before an axis, and of those from it on.
[[nodiscard]] std::int64_t count_before(const OnnxDims& dims, std::size_t axis);
[[nodiscard]] std::int64_t count_from(const OnnxDims& dims, std::size_t axis);

}  // namespace vpinfer
