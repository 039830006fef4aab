// Operators that move, repeat or leave out elements by their place alone.

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>

#include "tensor/broadcast.hpp"
#include "tensor/picking.hpp"

namespace vpinfer {
namespace {

OnnxTensor transpose(const OnnxCall& call) {
  const OnnxTensor& data = call.input(0);
  return permuted(call, data, data.dims, read_permutation(call.node, data.dims.size()));
}

OnnxTensor slice(const OnnxCall& call) {
  const auto read = [&](std::size_t input, const std::string& name) {
    if (call.node.opset() < 10) return call.node.integers(name, {});
    return call.has(input) ? call.integers(input) : OnnxDims{};
  };
  const OnnxTensor& data = call.input(0);
  const std::vector<Cut> cuts =
      slice_cuts(call.node, data.dims,
                 {read(1, "starts"), read(2, "ends"), read(3, "axes"), read(4, "steps")});
  const OnnxDims strides = strides_of(data.dims);
  std::vector<OnnxPlaces> places(cuts.size());
  for (std::size_t axis = 0; axis < cuts.size(); ++axis) {
    for (int i = 0; i < cuts[axis].size; ++i) {
      places[axis].push_back(cuts[axis].source(i) * strides[axis]);
    }
  }
  return pick(call, data, std::move(places));
}

/// How large the parts are that Split makes of an extent.
OnnxDims parts_of(const OnnxCall& call, std::int64_t extent) {
  const auto count = static_cast<std::int64_t>(call.node.node().outputs.size());
  OnnxDims parts = call.has(1) ? call.integers(1) : call.node.integers("split", {});
  if (parts.empty()) {
    const std::int64_t part = (extent + count - 1) / count;
    if (part * count != extent && call.node.opset() < 18) {
      call.node.refuse("cannot split " + std::to_string(extent) + " in " + std::to_string(count) +
                       " equal parts");
    }
    for (std::int64_t i = 0; i < count; ++i) {
      parts.push_back(std::clamp(extent - i * part, std::int64_t{0}, part));
    }
  }
  const bool fits = static_cast<std::int64_t>(parts.size()) == count &&
                    std::all_of(parts.begin(), parts.end(),
                                [&](std::int64_t part) { return part >= 0 && part <= extent; });
  if (!fits || std::accumulate(parts.begin(), parts.end(), std::int64_t{0}) != extent) {
    call.node.refuse("cannot split " + std::to_string(extent) + " in " + to_string(parts));
  }
  return parts;
}

std::vector<OnnxTensor> split(const OnnxCall& call) {
  const OnnxTensor& data = call.input(0);
  const std::size_t axis = call.node.axis(call.node.integer("axis", 0), data.dims.size());
  const std::vector<OnnxPlaces> places = places_of(data.dims);
  std::vector<OnnxTensor> results;
  auto begin = places[axis].begin();
  for (const std::int64_t part : parts_of(call, data.dims[axis])) {
    std::vector<OnnxPlaces> some = places;
    some[axis] = OnnxPlaces(begin, begin + part);
    begin += part;
    results.push_back(pick(call, data, std::move(some)));
  }
  return results;
}

OnnxTensor concat(const OnnxCall& call) {
  OnnxTensor result = call.input(0);
  const std::size_t axis = call.node.axis(call.node.integer("axis", 0), result.dims.size());
  for (std::size_t i = 1; i < call.inputs.size(); ++i) {
    const OnnxTensor& next = call.input(i);
    OnnxDims expected = next.dims;
    if (expected.size() == result.dims.size()) expected[axis] = result.dims[axis];
    if (expected != result.dims || next.is_float() != result.is_float()) {
      call.node.refuse("cannot join " + to_string(result.dims) + " and " + to_string(next.dims));
    }
    result.dims[axis] += next.dims[axis];
  }
  check_size(call, result.dims);
  const std::int64_t outer = count_before(result.dims, axis);
  std::visit(
      [&]<typename Number>(std::vector<Number>& values) {
        values.clear();
        values.reserve(static_cast<std::size_t>(count_elements(result.dims)));
        for (std::int64_t o = 0; o < outer; ++o) {
          for (const OnnxTensor* part : call.inputs) {
            const auto& from = std::get<std::vector<Number>>(part->values);
            const std::int64_t length = count_from(part->dims, axis);
            const auto begin = from.begin() + o * length;
            values.insert(values.end(), begin, begin + length);
          }
        }
      },
      result.values);
  return result;
}

OnnxTensor expand(const OnnxCall& call) {
  const OnnxTensor& data = call.input(0);
  return broadcast(call, data, broadcast_dims(call, data.dims, call.integers(1)));
}

OnnxTensor tile(const OnnxCall& call) {
  const OnnxTensor& data = call.input(0);
  const OnnxDims& repeats = call.integers(1);
  if (repeats.size() != data.dims.size()) {
    call.node.refuse("its repeats must be one for each axis of " + to_string(data.dims));
  }
  std::vector<OnnxPlaces> places = places_of(data.dims);
  for (std::size_t axis = 0; axis < places.size(); ++axis) {
    if (repeats[axis] < 0) call.node.refuse("cannot repeat anything less than never");
    check_size(call, {data.dims[axis], repeats[axis]});
    const OnnxPlaces once = std::exchange(places[axis], {});
    if (once.empty()) continue;
    for (std::int64_t i = 0; i < repeats[axis]; ++i) {
      places[axis].insert(places[axis].end(), once.begin(), once.end());
    }
  }
  return pick(call, data, std::move(places));
}

/// The extents of a batch of pictures, whose channels or pixels a block must divide.
OnnxDims blocked_picture(const OnnxCall& call, std::int64_t block) {
  const OnnxDims& dims = call.input(0).dims;
  if (dims.size() != 4 || block < 1 || block > 65536) {
    call.node.refuse("cannot be computed of " + to_string(dims) + " in blocks of " +
                     std::to_string(block));
  }
  return dims;
}

OnnxTensor depth_to_space(const OnnxCall& call) {
  const std::int64_t b = call.node.integer("blocksize", 0);
  const OnnxDims dims = blocked_picture(call, b);
  const std::string mode = call.node.text("mode", "DCR");
  if (mode != "DCR" && mode != "CRD") call.node.unsupported("mode " + mode);
  if (dims[1] % (b * b) != 0) call.node.refuse("its blocks do not divide " + to_string(dims));
  const std::int64_t depth = dims[1] / (b * b);
  const bool by_rows = mode == "DCR";
  const OnnxDims apart = by_rows ? OnnxDims{dims[0], b, b, depth, dims[2], dims[3]}
                                 : OnnxDims{dims[0], depth, b, b, dims[2], dims[3]};
  const std::vector<std::size_t> order = by_rows ? std::vector<std::size_t>{0, 3, 4, 1, 5, 2}
                                                 : std::vector<std::size_t>{0, 1, 4, 2, 5, 3};
  return reshaped(permuted(call, call.input(0), apart, order),
                  {dims[0], depth, dims[2] * b, dims[3] * b});
}

OnnxTensor space_to_depth(const OnnxCall& call) {
  const std::int64_t b = call.node.integer("blocksize", 0);
  const OnnxDims dims = blocked_picture(call, b);
  if (dims[2] % b != 0 || dims[3] % b != 0) {
    call.node.refuse("its blocks do not divide " + to_string(dims));
  }
  const OnnxDims apart{dims[0], dims[1], dims[2] / b, b, dims[3] / b, b};
  return reshaped(permuted(call, call.input(0), apart, {0, 3, 5, 1, 2, 4}),
                  {dims[0], dims[1] * b * b, dims[2] / b, dims[3] / b});
}

/// Keeps the upper or lower triangle of every matrix.
OnnxTensor trilu(const OnnxCall& call) {
  OnnxTensor result = call.input(0);
  if (result.dims.size() < 2) call.node.refuse("its input must be matrices");
  const std::int64_t cols = result.dims.back();
  const std::int64_t rows = result.dims[result.dims.size() - 2];
  const std::int64_t limit = std::max(rows, cols) + 1;
  const std::int64_t shift = call.has(1) ? std::clamp(call.integer(1), -limit, limit) : 0;
  const bool upper = call.node.flag("upper", true);
  const std::int64_t lines = cols == 0 ? 0 : count_elements(result.dims) / cols;
  std::visit(
      [&](auto& values) {
        for (std::int64_t line = 0; line < lines; ++line) {
          const std::int64_t diagonal = line % rows + shift;
          const auto begin = values.begin() + line * cols;
          const std::int64_t edge = std::clamp(diagonal + (upper ? 0 : 1), std::int64_t{0}, cols);
          if (upper) std::fill(begin, begin + edge, 0);
          if (!upper) std::fill(begin + edge, begin + cols, 0);
        }
      },
      result.values);
  return result;
}

/// Turns the first elements of every sequence around, as many as its length says.
OnnxTensor reverse_sequence(const OnnxCall& call) {
  const OnnxTensor& data = call.input(0);
  const OnnxDims& lengths = call.integers(1);
  const std::int64_t batch_axis = call.node.integer("batch_axis", 1);
  if (data.dims.size() < 2 || (batch_axis != 0 && batch_axis != 1) ||
      call.node.integer("time_axis", 0) != 1 - batch_axis) {
    call.node.refuse("its axes of time and batch must be the first two");
  }
  const std::int64_t batch = data.dims[static_cast<std::size_t>(batch_axis)];
  const std::int64_t times = data.dims[static_cast<std::size_t>(1 - batch_axis)];
  if (static_cast<std::int64_t>(lengths.size()) != batch) {
    call.node.refuse("needs a length for each of " + std::to_string(batch) + " sequences");
  }
  OnnxPlaces places;
  for (std::int64_t i = 0; i < batch * times; ++i) {
    const std::int64_t sequence = batch_axis == 0 ? i / times : i % batch;
    const std::int64_t time = batch_axis == 0 ? i % times : i / batch;
    const std::int64_t length =
        std::clamp(lengths[static_cast<std::size_t>(sequence)], std::int64_t{0}, times);
    const std::int64_t from = time < length ? length - 1 - time : time;
    places.push_back(batch_axis == 0 ? sequence * times + from : from * batch + sequence);
  }
  const std::int64_t block = count_from(data.dims, 2);
  for (std::int64_t& place : places) place *= block;
  return reshaped(pick(call, data, {std::move(places), spaced(block, 1)}), data.dims);
}

}  // namespace

std::vector<OnnxComputation> moving_operators() {
  return {{"Transpose", one<transpose>},
          {"Slice", one<slice>, 1U << 1U | 1U << 2U | 1U << 3U | 1U << 4U},
          {"Split", split, 1U << 1U},
          {"Concat", one<concat>},
          {"Expand", one<expand>, 1U << 1U},
          {"Tile", one<tile>, 1U << 1U},
          {"DepthToSpace", one<depth_to_space>},
          {"SpaceToDepth", one<space_to_depth>},
          {"Trilu", one<trilu>},
          {"ReverseSequence", one<reverse_sequence>}};
}

}  // namespace vpinfer
