#include "support/program_simulator.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/wire_format.hpp"
#include "plan/geometry.hpp"
#include "support/reference.hpp"

namespace vpinfer {
namespace {

constexpr std::int64_t kGarbage = -1;

/// Byte `b` of those that are counted among an element's in a format.
std::int64_t byte_name(std::int64_t element, WireFormat format, std::size_t b) {
  constexpr std::int64_t kBytes = 16;  // more than a format has for one element
  return (element * kBytes + static_cast<std::int64_t>(b)) * std::int64_t{kWireFormats.size()} +
         static_cast<std::int64_t>(format);
}

/// Calls visit(row, col, channel) in the order in which a box lies in memory.
template <typename Visit>
void for_each_element(const Box& box, const Visit& visit) {
  for (int row = box.rows.begin; row < box.rows.end; ++row) {
    for (int col = box.cols.begin; col < box.cols.end; ++col) {
      for (int channel = box.channels.begin; channel < box.channels.end; ++channel) {
        visit(row, col, channel);
      }
    }
  }
}

std::size_t place_of(const Storage& storage, int row, int col, int channel) {
  const Shape shape = storage.box.shape();
  return storage.offset + sizeof(float) * flat_index(shape, row - storage.box.rows.begin,
                                                     col - storage.box.cols.begin,
                                                     channel - storage.box.channels.begin);
}

}  // namespace

ProgramSimulator::ProgramSimulator(const Distribution& distribution, const Delivery& delivery,
                                   int rank, const Program& program)
    : distribution_(distribution),
      network_(distribution.network()),
      delivery_(delivery),
      rank_(rank),
      program_(program),
      arena_(program.arena_bytes, kGarbage),
      in_flight_(program.arena_bytes, 0) {}

void ProgramSimulator::run() {
  const std::size_t tensors = program_.tensors.size();
  sends_.assign(tensors, Messages::kIdle);
  receives_.assign(tensors, Messages::kIdle);
  delivered_.clear();
  computed_.clear();
  received_.assign(tensors, {});
  summed_.assign(tensors, 0);
  stored_nowhere_.clear();
  for (const Tensor& tensor : program_.tensors) {
    computed_.emplace_back(network_.layer(tensor.position).output.elements(), 0);
  }
  for (const Step& step : program_.steps) {
    SCOPED_TRACE("step " + std::to_string(step.index()) + " of tensor " +
                 std::to_string(tensor_of(step)));
    std::visit([this](const auto& action) { take(action); }, step);
    if (testing::Test::HasFailure()) return;
  }
  check_everything_done();
}

void ProgramSimulator::take(const step::Load&) {
  EXPECT_EQ(rank_, 0);
  const Storage& written = program_.tensor(0).written;
  EXPECT_EQ(written.box, whole(network_.input_shape()));
  store(0, written, written.box);
}

void ProgramSimulator::take(const step::Compute& compute) {
  const Computation& computation = compute.computation;
  const Box& box = computation.box;
  EXPECT_FALSE(box.empty());
  const Tensor& tensor = program_.tensor(compute.tensor);
  EXPECT_EQ(computation.position, tensor.position);
  const int position = computation.first_layer();
  const Layer& layer = network_.layer(position);
  const Box computed = computation.strips ? required_input(network_, tensor.position, 0, box) : box;
  const auto expect_inputs = [&] {
    for (std::size_t i = 0; i < layer.inputs.size(); ++i) {
      const int input = layer.inputs[i];
      Box required = required_input(network_, position, i, computed);
      if (computation.sum) required.channels = computation.sum->channels;
      expect_stored(input, program_.tensor(input).read, required);
    }
  };
  expect_inputs();
  // Inputs are read all along: what the workspace destroys must not be one of them.
  for (std::size_t i = 0; i < tensor.workspace.bytes; ++i) {
    write(tensor.workspace.offset + i, kGarbage);
  }
  const auto& sum = computation.sum;
  if (sum && !sum->begins) expect_stored(compute.tensor, tensor.written, box);
  store(compute.tensor, tensor.written, box);
  expect_inputs();
  expect_stored(compute.tensor, tensor.written, box);
  if (sum) {
    int& summed = summed_[static_cast<std::size_t>(compute.tensor)];
    EXPECT_EQ(sum->begins, summed == 0);
    summed += sum->channels.size();
    const int channels = network_.input_shape(position, 0).channels;
    const Interval all = distribution_.summed(position, rank_).value_or(Interval{0, channels});
    const bool ends = summed == all.size();
    EXPECT_EQ(sum->ends, ends && !tensor.is_partial);
    if (!ends) return;
  }
  count(compute.tensor, box);
  if (computation.strips) stored_nowhere_.insert(computation.strips->convolution);
}

void ProgramSimulator::take(const step::AddUp& add_up) {
  const Tensor& sums = program_.tensor(add_up.tensor);
  EXPECT_TRUE(sums.is_partial);
  // Every rank that has partial sums of the box takes part.
  std::size_t parts = 0;
  for (int rank = 0; rank < distribution_.ranks(); ++rank) {
    parts += distribution_.computed(sums.position, rank).contains(add_up.box) ? 1 : 0;
  }
  const bool has_own = sums.written.box.contains(add_up.box);
  EXPECT_EQ(sums.receives.size() + (has_own ? 1 : 0), parts);
  if (has_own) expect_stored(add_up.tensor, sums.written, add_up.box);
  for (const PlacedMessage& message : sums.receives) {
    EXPECT_EQ(message.boxes, std::vector<Box>{add_up.box});
    EXPECT_EQ(message.staging, Staging::kPacked);
    expect_message(add_up.tensor, message);
  }
  store(sums.position, program_.tensor(sums.position).written, add_up.box);
  for (const PlacedMessage& message : sums.receives) expect_message(add_up.tensor, message);
  count(sums.position, add_up.box);
}

void ProgramSimulator::count(int index, const Box& box) {
  for_each_element(box, [&](int row, int col, int channel) {
    ++computed_[static_cast<std::size_t>(index)][flat_index(shape_of(index), row, col, channel)];
  });
}

void ProgramSimulator::take(const step::Keep& keep) {
  const int index = keep.tensor;
  const Tensor& tensor = program_.tensor(index);
  EXPECT_NE(tensor.written.offset, tensor.read.offset);
  const Box both = intersect(tensor.written.box, tensor.read.box);
  expect_stored(index, tensor.written, both);
  store(index, tensor.read, both);
  expect_stored(index, tensor.written, tensor.written.box);
}

void ProgramSimulator::take(const step::PostReceives& post) {
  const int index = post.tensor;
  EXPECT_EQ(receives(index), Messages::kIdle);
  receives(index) = Messages::kUnderWay;
  for (const PlacedMessage& message : program_.tensor(index).receives) {
    for (std::size_t i = 0; i < message.bytes; ++i) {
      write(message.offset + i, kGarbage);
      ++in_flight_.at(message.offset + i);
    }
  }
}

/// One message arrives, alone, and is unpacked.
void ProgramSimulator::take(const step::AwaitReceive& await) {
  const int index = await.tensor;
  const std::size_t which = await.message;
  EXPECT_EQ(receives(index), Messages::kUnderWay);
  const Tensor& tensor = program_.tensor(index);
  const PlacedMessage& message = tensor.receives[which];
  EXPECT_TRUE(received_[static_cast<std::size_t>(index)].insert(which).second);
  arrive(index, message);
  unpack(index, message);
  expect_received(index, message);
}

void ProgramSimulator::take(const step::AwaitReceives& await) {
  const int index = await.tensor;
  EXPECT_EQ(receives(index), Messages::kUnderWay);
  receives(index) = Messages::kDone;
  const Tensor& tensor = program_.tensor(index);
  const auto& received = received_[static_cast<std::size_t>(index)];
  // All others arrive before the first is unpacked, and all are unpacked before any is looked at.
  for (std::size_t i = 0; i < tensor.receives.size(); ++i) {
    if (!received.contains(i)) arrive(index, tensor.receives[i]);
  }
  for (std::size_t i = 0; i < tensor.receives.size(); ++i) {
    if (!received.contains(i)) unpack(index, tensor.receives[i]);
  }
  for (const PlacedMessage& message : tensor.receives) expect_received(index, message);
}

/// Partial sums stay in their message.
void ProgramSimulator::expect_received(int index, const PlacedMessage& message) {
  const Tensor& tensor = program_.tensor(index);
  if (tensor.is_partial) return expect_message(index, message);
  for (const Box& box : message.boxes) expect_stored(index, tensor.read, box);
}

void ProgramSimulator::arrive(int index, const PlacedMessage& message) {
  const std::vector<Name> content = content_of(index, message);
  for (std::size_t i = 0; i < message.bytes; ++i) {
    --in_flight_.at(message.offset + i);
    write(message.offset + i, content.at(i));
  }
}

void ProgramSimulator::unpack(int index, const PlacedMessage& message) {
  expect_message(index, message);
  if (message.staging != Staging::kPacked || program_.tensor(index).is_partial) return;
  for (const Box& box : message.boxes) store(index, program_.tensor(index).read, box);
}

void ProgramSimulator::take(const step::Send& send) {
  const int index = send.tensor;
  EXPECT_EQ(sends(index), Messages::kIdle);
  sends(index) = Messages::kUnderWay;
  const Tensor& tensor = program_.tensor(index);
  for (const PlacedMessage& message : tensor.sends) {
    for (const Box& box : message.boxes) expect_stored(index, tensor.written, box);
    if (message.staging != Staging::kPacked) continue;
    const std::vector<Name> content = content_of(index, message);
    for (std::size_t i = 0; i < message.bytes; ++i) write(message.offset + i, content.at(i));
  }
  for (const PlacedMessage& message : tensor.sends) {
    expect_message(index, message);
    for (std::size_t i = 0; i < message.bytes; ++i) ++in_flight_.at(message.offset + i);
  }
}

void ProgramSimulator::take(const step::AwaitSends& await) {
  const int index = await.tensor;
  EXPECT_EQ(sends(index), Messages::kUnderWay);
  sends(index) = Messages::kDone;
  for (const PlacedMessage& message : program_.tensor(index).sends) {
    expect_message(index, message);
    for (std::size_t i = 0; i < message.bytes; ++i) --in_flight_.at(message.offset + i);
  }
}

void ProgramSimulator::take(const step::Deliver& deliver) {
  const int index = deliver.tensor;
  EXPECT_EQ(rank_, 0);
  const Tensor& tensor = program_.tensor(index);
  EXPECT_EQ(tensor.read.box, whole(network_.layer(index).output));
  expect_stored(index, tensor.read, tensor.read.box);
  delivered_.push_back(index);
}

void ProgramSimulator::check_everything_done() {
  EXPECT_EQ(delivered_, rank_ == 0 ? delivery_ : Delivery{});
  EXPECT_TRUE(std::all_of(in_flight_.begin(), in_flight_.end(), [](int n) { return n == 0; }));
  for (int index = 0; index < static_cast<int>(program_.tensors.size()); ++index) {
    const Tensor& tensor = program_.tensor(index);
    EXPECT_EQ(sends(index), tensor.sends.empty() ? Messages::kIdle : Messages::kDone);
    EXPECT_EQ(receives(index), tensor.receives.empty() ? Messages::kIdle : Messages::kDone);
    if (index == 0) continue;  // loaded
    const Shape& shape = shape_of(index);
    const Box owned = tensor.is_partial ? distribution_.computed(tensor.position, rank_)
                      : stored_nowhere_.contains(index) ? Box{}
                                                        : distribution_.owned(index, rank_);
    const std::vector<int>& computed = computed_[static_cast<std::size_t>(index)];
    for_each_element(whole(shape), [&](int row, int col, int channel) {
      const bool own = owned.contains({{row, row + 1}, {col, col + 1}, {channel, channel + 1}});
      const int times = computed[flat_index(shape, row, col, channel)];
      if (times != (own ? 1 : 0)) ADD_FAILURE() << "computed " << times << " times";
    });
  }
}

ProgramSimulator::Name ProgramSimulator::name(int index, int row, int col, int channel) const {
  constexpr Name kTensors = 1000;
  return static_cast<Name>(flat_index(shape_of(index), row, col, channel)) * kTensors + index;
}

std::vector<ProgramSimulator::Name> ProgramSimulator::content_of(
    int index, const PlacedMessage& message) const {
  const WireFormat wire = program_.tensor(index).wire;
  std::vector<Name> bytes;
  for (const Box& box : message.boxes) {
    std::vector<Name> elements;
    for_each_element(box, [&](int row, int col, int channel) {
      elements.push_back(name(index, row, col, channel));
    });
    const std::size_t size = bytes_of(wire, elements.size());
    const std::size_t each = wire == WireFormat::kInt8 ? 1 : size / elements.size();
    for (std::size_t i = 0; i < size; ++i) {  // what is left over of blocks begins again
      const std::size_t element = i / each % elements.size();
      bytes.push_back(
          byte_name(elements[element], wire, i % each + each * (i / (each * elements.size()))));
    }
  }
  return bytes;
}

void ProgramSimulator::expect_stored(int index, const Storage& storage, const Box& box) {
  ASSERT_TRUE(storage.box.contains(box)) << to_string(box) << " in " << to_string(storage.box);
  for_each_element(box, [&](int row, int col, int channel) {
    const std::size_t place = place_of(storage, row, col, channel);
    const Name element = name(index, row, col, channel);
    for (std::size_t b = 0; b < sizeof(float); ++b) {
      if (arena_.at(place + b) == byte_name(element, WireFormat::kFloat, b)) continue;
      FAIL() << "element " << row << " " << col << " " << channel << " of index " << index
             << " is not there";
    }
  });
}

void ProgramSimulator::store(int index, const Storage& storage, const Box& box) {
  ASSERT_TRUE(storage.box.contains(box)) << to_string(box) << " in " << to_string(storage.box);
  for_each_element(box, [&](int row, int col, int channel) {
    const std::size_t place = place_of(storage, row, col, channel);
    const Name element = name(index, row, col, channel);
    for (std::size_t b = 0; b < sizeof(float); ++b) {
      write(place + b, byte_name(element, WireFormat::kFloat, b));
    }
  });
}

void ProgramSimulator::expect_message(int index, const PlacedMessage& message) {
  const std::vector<Name> content = content_of(index, message);
  ASSERT_EQ(content.size(), message.bytes);
  for (std::size_t i = 0; i < content.size(); ++i) {
    if (arena_.at(message.offset + i) == content[i]) continue;
    FAIL() << "byte " << i << " of the message for rank " << message.peer << " is another";
  }
}

void ProgramSimulator::write(std::size_t place, Name value) {
  if (in_flight_.at(place) != 0) FAIL() << "written while a message uses it";
  arena_[place] = value;
}

}  // namespace vpinfer
