#include "support/program_simulator.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "plan/geometry.hpp"
#include "support/reference.hpp"

namespace vpinfer {
namespace {

constexpr std::int64_t kGarbage = -1;

/// What a float holds that consists of two halves: no name of an element.
std::int64_t pair_of_halves(std::int64_t first, std::int64_t second) {
  constexpr std::int64_t kMostNames = std::int64_t{1} << 31;
  EXPECT_LT(std::max(first, second), kMostNames);
  return (first + kMostNames) * kMostNames + second;
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
  return storage.offset + flat_index(shape, row - storage.box.rows.begin,
                                     col - storage.box.cols.begin,
                                     channel - storage.box.channels.begin);
}

}  // namespace

ProgramSimulator::ProgramSimulator(const Network& network, const Plan& plan,
                                   const Delivery& delivery, const Program& program)
    : network_(network),
      plan_(plan),
      delivery_(delivery),
      program_(program),
      arena_(program.arena_floats, kGarbage),
      in_flight_(program.arena_floats, 0) {}

void ProgramSimulator::run() {
  const std::size_t tensors = program_.tensors.size();
  sends_.assign(tensors, Messages::kIdle);
  receives_.assign(tensors, Messages::kIdle);
  delivered_.clear();
  computed_.clear();
  received_.assign(tensors, {});
  summed_.assign(tensors, 0);
  for (const Tensor& tensor : program_.tensors) {
    computed_.emplace_back(network_.layer(tensor.position).output.elements(), 0);
  }
  for (const Step& step : program_.steps) {
    execute(step);
    if (testing::Test::HasFailure()) return;
  }
  check_everything_done();
}

void ProgramSimulator::execute(const Step& step) {
  SCOPED_TRACE("action " + std::to_string(static_cast<int>(step.action)) + " of tensor " +
               std::to_string(step.tensor) + ", box " + to_string(step.box));
  switch (step.action) {
    case Action::kLoad: return load(step.tensor);
    case Action::kPostReceives: return post_receives(step.tensor);
    case Action::kCompute: return compute(step);
    case Action::kAddUp: return add_up(step);
    case Action::kKeep: return keep(step.tensor);
    case Action::kSend: return send(step.tensor);
    case Action::kAwaitReceive: return receive(step.tensor, step.message);
    case Action::kAwaitReceives: return await_receives(step.tensor);
    case Action::kAwaitSends: return await_sends(step.tensor);
    case Action::kDeliver: return deliver(step.tensor);
  }
}

void ProgramSimulator::load(int index) {
  EXPECT_EQ(index, 0);
  EXPECT_EQ(program_.rank, 0);
  const Storage& written = program_.tensor(index).written;
  EXPECT_EQ(written.box, whole(network_.input_shape()));
  store(index, written, written.box);
}

void ProgramSimulator::compute(const Step& step) {
  const Box& box = step.box;
  EXPECT_FALSE(box.empty());
  const Tensor& tensor = program_.tensor(step.tensor);
  const int position = tensor.first_layer();
  const Layer& layer = network_.layer(position);
  const Box computed = tensor.strips ? required_input(network_, tensor.position, 0, box) : box;
  const auto expect_inputs = [&] {
    for (std::size_t i = 0; i < layer.inputs.size(); ++i) {
      const int input = layer.inputs[i];
      Box required = required_input(network_, position, i, computed);
      if (step.sum) required.channels = step.sum->channels;
      expect_stored(input, program_.tensor(input).read, required);
    }
  };
  expect_inputs();
  // Inputs are read all along: what the workspace destroys must not be one of them.
  for (std::size_t i = 0; i < tensor.workspace_floats; ++i) {
    write(tensor.workspace_offset + i, kGarbage);
  }
  if (step.sum && !step.sum->begins) expect_stored(step.tensor, tensor.written, box);
  store(step.tensor, tensor.written, box);
  expect_inputs();
  expect_stored(step.tensor, tensor.written, box);
  if (step.sum) {
    int& summed = summed_[static_cast<std::size_t>(step.tensor)];
    EXPECT_EQ(step.sum->begins, summed == 0);
    summed += step.sum->channels.size();
    const int channels = network_.input_shape(position, 0).channels;
    const bool ends =
        summed == plan_.summed(position, program_.rank).value_or(Interval{0, channels}).size();
    EXPECT_EQ(step.sum->ends, ends && !tensor.is_partial);
    if (!ends) return;
  }
  count(step.tensor, box);
}

void ProgramSimulator::add_up(const Step& step) {
  const Tensor& sums = program_.tensor(step.tensor);
  EXPECT_TRUE(sums.is_partial);
  if (!sums.written.box.empty()) expect_stored(step.tensor, sums.written, step.box);
  for (const Message& message : sums.receives) {
    EXPECT_EQ(message.boxes, std::vector<Box>{step.box});
    EXPECT_EQ(message.staging, Staging::kPacked);
    expect_message(step.tensor, message);
  }
  store(sums.position, program_.tensor(sums.position).written, step.box);
  for (const Message& message : sums.receives) expect_message(step.tensor, message);
  count(sums.position, step.box);
}

void ProgramSimulator::count(int index, const Box& box) {
  for_each_element(box, [&](int row, int col, int channel) {
    ++computed_[static_cast<std::size_t>(index)][flat_index(shape_of(index), row, col, channel)];
  });
}

void ProgramSimulator::keep(int index) {
  const Tensor& tensor = program_.tensor(index);
  EXPECT_TRUE(tensor.apart);
  const Box both = intersect(tensor.written.box, tensor.read.box);
  expect_stored(index, tensor.written, both);
  store(index, tensor.read, both);
  expect_stored(index, tensor.written, tensor.written.box);
}

void ProgramSimulator::post_receives(int index) {
  EXPECT_EQ(receives(index), Messages::kIdle);
  receives(index) = Messages::kUnderWay;
  for (const Message& message : program_.tensor(index).receives) {
    for (std::size_t i = 0; i < message.floats; ++i) {
      write(message.offset + i, kGarbage);
      ++in_flight_.at(message.offset + i);
    }
  }
}

/// One message arrives, alone, and is unpacked.
void ProgramSimulator::receive(int index, std::size_t which) {
  EXPECT_EQ(receives(index), Messages::kUnderWay);
  const Tensor& tensor = program_.tensor(index);
  const Message& message = tensor.receives[which];
  EXPECT_TRUE(received_[static_cast<std::size_t>(index)].insert(which).second);
  arrive(index, message);
  unpack(index, message);
  expect_received(index, message);
}

void ProgramSimulator::await_receives(int index) {
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
  for (const Message& message : tensor.receives) expect_received(index, message);
}

/// Partial sums stay in their message.
void ProgramSimulator::expect_received(int index, const Message& message) {
  const Tensor& tensor = program_.tensor(index);
  if (tensor.is_partial) return expect_message(index, message);
  for (const Box& box : message.boxes) expect_stored(index, tensor.read, box);
}

void ProgramSimulator::arrive(int index, const Message& message) {
  const std::vector<Name> content = content_of(index, message);
  for (std::size_t i = 0; i < message.floats; ++i) {
    --in_flight_.at(message.offset + i);
    write(message.offset + i, content.at(i));
  }
}

void ProgramSimulator::unpack(int index, const Message& message) {
  expect_message(index, message);
  if (message.staging != Staging::kPacked || program_.tensor(index).is_partial) return;
  for (const Box& box : message.boxes) store(index, program_.tensor(index).read, box);
}

void ProgramSimulator::send(int index) {
  EXPECT_EQ(sends(index), Messages::kIdle);
  sends(index) = Messages::kUnderWay;
  const Tensor& tensor = program_.tensor(index);
  for (const Message& message : tensor.sends) {
    for (const Box& box : message.boxes) expect_stored(index, tensor.written, box);
    if (message.staging != Staging::kPacked) continue;
    const std::vector<Name> content = content_of(index, message);
    for (std::size_t i = 0; i < message.floats; ++i) write(message.offset + i, content.at(i));
  }
  for (const Message& message : tensor.sends) {
    expect_message(index, message);
    for (std::size_t i = 0; i < message.floats; ++i) ++in_flight_.at(message.offset + i);
  }
}

void ProgramSimulator::await_sends(int index) {
  EXPECT_EQ(sends(index), Messages::kUnderWay);
  sends(index) = Messages::kDone;
  for (const Message& message : program_.tensor(index).sends) {
    expect_message(index, message);
    for (std::size_t i = 0; i < message.floats; ++i) --in_flight_.at(message.offset + i);
  }
}

void ProgramSimulator::deliver(int index) {
  EXPECT_EQ(program_.rank, 0);
  const Tensor& tensor = program_.tensor(index);
  EXPECT_EQ(tensor.read.box, whole(network_.layer(index).output));
  expect_stored(index, tensor.read, tensor.read.box);
  delivered_.push_back(index);
}

void ProgramSimulator::check_everything_done() {
  EXPECT_EQ(delivered_, program_.rank == 0 ? delivery_ : Delivery{});
  EXPECT_TRUE(std::all_of(in_flight_.begin(), in_flight_.end(), [](int n) { return n == 0; }));
  for (int index = 0; index < static_cast<int>(program_.tensors.size()); ++index) {
    const Tensor& tensor = program_.tensor(index);
    EXPECT_EQ(sends(index), tensor.sends.empty() ? Messages::kIdle : Messages::kDone);
    EXPECT_EQ(receives(index), tensor.receives.empty() ? Messages::kIdle : Messages::kDone);
    if (index == 0) continue;  // loaded
    const Shape& shape = shape_of(index);
    const Box owned = tensor.is_partial
                          ? computed_box(network_, plan_, tensor.position, program_.rank)
                      : tensor.in_strips ? Box{}
                                         : plan_.owned(index, program_.rank);
    for_each_element(whole(shape), [&](int row, int col, int channel) {
      const bool own = owned.contains({{row, row + 1}, {col, col + 1}, {channel, channel + 1}});
      EXPECT_EQ(computed_[static_cast<std::size_t>(index)][flat_index(shape, row, col, channel)],
                own ? 1 : 0);
    });
  }
}

ProgramSimulator::Name ProgramSimulator::name(int index, int row, int col, int channel) const {
  constexpr Name kTensors = 1000;
  return static_cast<Name>(flat_index(shape_of(index), row, col, channel)) * kTensors + index;
}

std::vector<ProgramSimulator::Name> ProgramSimulator::content_of(int index,
                                                                 const Message& message) const {
  std::vector<Name> names;
  for (const Box& box : message.boxes) {
    for_each_element(box, [&](int row, int col, int channel) {
      names.push_back(name(index, row, col, channel));
    });
  }
  EXPECT_EQ(names.size(), message.elements);
  if (program_.wire == WireFormat::kFloat) return names;
  std::vector<Name> pairs;
  for (std::size_t i = 0; i < names.size(); i += 2) {
    const Name second = i + 1 < names.size() ? names[i + 1] : 0;
    pairs.push_back(pair_of_halves(names[i], second));
  }
  return pairs;
}

void ProgramSimulator::expect_stored(int index, const Storage& storage, const Box& box) {
  ASSERT_TRUE(storage.box.contains(box)) << to_string(box) << " in " << to_string(storage.box);
  for_each_element(box, [&](int row, int col, int channel) {
    ASSERT_EQ(arena_.at(place_of(storage, row, col, channel)), name(index, row, col, channel))
        << "element " << row << " " << col << " " << channel << " of index " << index
        << " is not there";
  });
}

void ProgramSimulator::store(int index, const Storage& storage, const Box& box) {
  ASSERT_TRUE(storage.box.contains(box)) << to_string(box) << " in " << to_string(storage.box);
  for_each_element(box, [&](int row, int col, int channel) {
    write(place_of(storage, row, col, channel), name(index, row, col, channel));
  });
}

void ProgramSimulator::expect_message(int index, const Message& message) {
  const std::vector<Name> content = content_of(index, message);
  ASSERT_EQ(content.size(), message.floats);
  for (std::size_t i = 0; i < content.size(); ++i) {
    ASSERT_EQ(arena_.at(message.offset + i), content[i])
        << "float " << i << " of the message for rank " << message.peer;
  }
}

void ProgramSimulator::write(std::size_t place, Name value) {
  ASSERT_EQ(in_flight_.at(place), 0) << "written while a message uses it";
  arena_[place] = value;
}

}  // namespace vpinfer
