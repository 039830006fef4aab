#include "tensor/picking.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace vpinfer {
namespace {

/// Picks the elements of a result, axis by axis.
template <typename Number>
class Picker {
 public:
  Picker(const std::vector<Number>& source, std::vector<OnnxPlaces> places, Number filling)
      : source_(source), places_(std::move(places)), filling_(filling) {
    while (!places_.empty() && is_consecutive(places_.back())) {
      begin_ += places_.back().front();
      run_ *= static_cast<std::int64_t>(places_.back().size());
      places_.pop_back();
    }
    blocks_.assign(places_.size() + 1, run_);
    for (std::size_t axis = places_.size(); axis-- > 0;) {
      blocks_[axis] = blocks_[axis + 1] * static_cast<std::int64_t>(places_[axis].size());
    }
  }

  /// As many elements as there are combinations of places, of which there must be some.
  std::vector<Number> pick() {
    values_.reserve(static_cast<std::size_t>(blocks_.front()));
    walk(0, begin_);
    return std::move(values_);
  }

 private:
  /// Whether an axis goes on where a run ends.
  [[nodiscard]] bool is_consecutive(const OnnxPlaces& places) const {
    const auto apart = [&](std::int64_t a, std::int64_t b) { return b - a != run_; };
    return places.front() != kFilled &&
           std::adjacent_find(places.begin(), places.end(), apart) == places.end();
  }

  void walk(std::size_t axis, std::int64_t at) {
    if (axis == places_.size()) return copy(at);
    const bool is_last = axis + 1 == places_.size();
    for (const std::int64_t place : places_[axis]) {
      if (place == kFilled) {
        values_.insert(values_.end(), static_cast<std::size_t>(blocks_[axis + 1]), filling_);
      } else if (!is_last) {
        walk(axis + 1, at + place);
      } else if (run_ == 1) {
        values_.push_back(source_[static_cast<std::size_t>(at + place)]);
      } else {
        copy(at + place);
      }
    }
  }

  void copy(std::int64_t at) {
    const auto from = source_.begin() + static_cast<std::ptrdiff_t>(at);
    values_.insert(values_.end(), from, from + static_cast<std::ptrdiff_t>(run_));
  }

  const std::vector<Number>& source_;
  std::vector<OnnxPlaces> places_;
  Number filling_;
  std::int64_t begin_ = 0;
  std::int64_t run_ = 1;              ///< so many elements are contiguous in both
  std::vector<std::int64_t> blocks_;  ///< elements of the axes from each on
  std::vector<Number> values_;
};

}  // namespace

OnnxPlaces spaced(std::int64_t count, std::int64_t step) {
  OnnxPlaces places(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < places.size(); ++i) places[i] = static_cast<std::int64_t>(i) * step;
  return places;
}

std::vector<OnnxPlaces> places_of(const OnnxDims& dims) {
  const OnnxDims strides = strides_of(dims);
  std::vector<OnnxPlaces> places;
  for (std::size_t i = 0; i < dims.size(); ++i) places.push_back(spaced(dims[i], strides[i]));
  return places;
}

OnnxTensor pick(const OnnxCall& call, const OnnxTensor& source, std::vector<OnnxPlaces> places,
                double filling) {
  OnnxTensor result{{}, {}, source.type};
  for (const OnnxPlaces& list : places) {
    result.dims.push_back(static_cast<std::int64_t>(list.size()));
  }
  check_size(call, result.dims);
  std::visit(
      [&]<typename Number>(const std::vector<Number>& values) {
        std::vector<Number> picked;
        if (count_elements(result.dims) > 0) {
          picked = Picker(values, std::move(places), static_cast<Number>(filling)).pick();
        }
        result.values = std::move(picked);
      },
      source.values);
  return result;
}

OnnxTensor permuted(const OnnxCall& call, const OnnxTensor& tensor, const OnnxDims& from,
                    const std::vector<std::size_t>& order) {
  const std::vector<OnnxPlaces> places = places_of(from);
  std::vector<OnnxPlaces> moved;
  for (const std::size_t axis : order) moved.push_back(places[axis]);
  return pick(call, tensor, std::move(moved));
}

OnnxTensor reshaped(OnnxTensor tensor, OnnxDims dims) {
  tensor.dims = std::move(dims);
  return tensor;
}

std::int64_t count_before(const OnnxDims& dims, std::size_t axis) {
  return count_elements({dims.begin(), dims.begin() + static_cast<std::ptrdiff_t>(axis)});
}

std::int64_t count_from(const OnnxDims& dims, std::size_t axis) {
  if (axis >= dims.size()) return 1;
  return count_elements({dims.begin() + static_cast<std::ptrdiff_t>(axis), dims.end()});
}

}  // namespace vpinfer
