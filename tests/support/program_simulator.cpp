#include "support/program_simulator.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/reference.hpp"
#include "vpinfer/plan/geometry.hpp"

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
  sends_.assign(network_.layers.size(), Messages::kIdle);
  receives_.assign(network_.layers.size(), Messages::kIdle);
  delivered_.clear();
  computed_.clear();
  received_.assign(network_.layers.size(), {});
  summed_.assign(network_.layers.size(), 0);
  for (const Layer& layer : network_.layers) computed_.emplace_back(layer.output.elements(), 0);
  for (const Step& step : program_.steps) {
    execute(step);
    if (testing::Test::HasFailure()) return;
  }
  check_everything_done();
}

void ProgramSimulator::execute(const Step& step) {
  SCOPED_TRACE("action " + std::to_string(static_cast<int>(step.action)) + " of position " +
               std::to_string(step.position) + ", box " + to_string(step.box));
  switch (step.action) {
    case Action::kLoad: return load(step.position);
    case Action::kPostReceives: return post_receives(step.position);
    case Action::kCompute: return compute(step);
    case Action::kKeep: return keep(step.position);
    case Action::kSend: return send(step.position);
    case Action::kAwaitReceive: return receive(step.position, step.message);
    case Action::kAwaitReceives: return await_receives(step.position);
    case Action::kAwaitSends: return await_sends(step.position);
    case Action::kDeliver: return deliver(step.position);
  }
}

void ProgramSimulator::load(int position) {
  EXPECT_EQ(position, 0);
  EXPECT_EQ(program_.rank, 0);
  const Storage& written = program_.tensor(position).written;
  EXPECT_EQ(written.box, whole(network_.input_shape()));
  store(position, written, written.box);
}

void ProgramSimulator::compute(const Step& step) {
  const int position = step.position;
  const Box& box = step.box;
  EXPECT_FALSE(box.empty());
  EXPECT_TRUE(plan_.owned(position, program_.rank).contains(box));
  const Layer& layer = network_.layer(position);
  const Tensor& tensor = program_.tensor(position);
  const auto expect_inputs = [&] {
    for (std::size_t i = 0; i < layer.inputs.size(); ++i) {
      const int input = layer.inputs[i];
      Box required = required_input(network_, position, i, box);
      if (step.sum) required.channels = step.sum->channels;
      expect_stored(input, program_.tensor(input).read, required);
    }
  };
  expect_inputs();
  // Inputs are read all along: what the workspace destroys must not be one of them.
  for (std::size_t i = 0; i < tensor.workspace_floats; ++i) {
    write(tensor.workspace_offset + i, kGarbage);
  }
  if (step.sum && !step.sum->begins) expect_stored(position, tensor.written, box);
  store(position, tensor.written, box);
  expect_inputs();
  expect_stored(position, tensor.written, box);
  if (step.sum) {
    int& summed = summed_[static_cast<std::size_t>(position)];
    EXPECT_EQ(step.sum->begins, summed == 0);
    summed += step.sum->channels.size();
    if (!step.sum->ends) return;
    EXPECT_EQ(summed, network_.input_shape(position, 0).channels);
  }
  for_each_element(box, [&](int row, int col, int channel) {
    ++computed_[static_cast<std::size_t>(position)][flat_index(layer.output, row, col, channel)];
  });
}

void ProgramSimulator::keep(int position) {
  const Tensor& tensor = program_.tensor(position);
  EXPECT_TRUE(tensor.apart);
  const Box both = intersect(tensor.written.box, tensor.read.box);
  expect_stored(position, tensor.written, both);
  store(position, tensor.read, both);
  expect_stored(position, tensor.written, tensor.written.box);
}

void ProgramSimulator::post_receives(int position) {
  EXPECT_EQ(receives(position), Messages::kIdle);
  receives(position) = Messages::kUnderWay;
  for (const Message& message : program_.tensor(position).receives) {
    for (std::size_t i = 0; i < message.floats; ++i) {
      write(message.offset + i, kGarbage);
      ++in_flight_.at(message.offset + i);
    }
  }
}

/// One message arrives, alone, and is unpacked.
void ProgramSimulator::receive(int position, std::size_t index) {
  EXPECT_EQ(receives(position), Messages::kUnderWay);
  const Tensor& tensor = program_.tensor(position);
  const Message& message = tensor.receives[index];
  EXPECT_TRUE(received_[static_cast<std::size_t>(position)].insert(index).second);
  arrive(position, message);
  unpack(position, message);
  for (const Box& box : message.boxes) expect_stored(position, tensor.read, box);
}

void ProgramSimulator::await_receives(int position) {
  EXPECT_EQ(receives(position), Messages::kUnderWay);
  receives(position) = Messages::kDone;
  const Tensor& tensor = program_.tensor(position);
  const auto& received = received_[static_cast<std::size_t>(position)];
  // All others arrive before the first is unpacked, and all are unpacked before any is looked at.
  for (std::size_t i = 0; i < tensor.receives.size(); ++i) {
    if (!received.contains(i)) arrive(position, tensor.receives[i]);
  }
  for (std::size_t i = 0; i < tensor.receives.size(); ++i) {
    if (!received.contains(i)) unpack(position, tensor.receives[i]);
  }
  for (const Message& message : tensor.receives) {
    for (const Box& box : message.boxes) expect_stored(position, tensor.read, box);
  }
}

void ProgramSimulator::arrive(int position, const Message& message) {
  const std::vector<Name> content = content_of(position, message);
  for (std::size_t i = 0; i < message.floats; ++i) {
    --in_flight_.at(message.offset + i);
    write(message.offset + i, content.at(i));
  }
}

void ProgramSimulator::unpack(int position, const Message& message) {
  expect_message(position, message);
  if (message.staging != Staging::kPacked) return;
  for (const Box& box : message.boxes) store(position, program_.tensor(position).read, box);
}

void ProgramSimulator::send(int position) {
  EXPECT_EQ(sends(position), Messages::kIdle);
  sends(position) = Messages::kUnderWay;
  const Tensor& tensor = program_.tensor(position);
  for (const Message& message : tensor.sends) {
    for (const Box& box : message.boxes) expect_stored(position, tensor.written, box);
    if (message.staging != Staging::kPacked) continue;
    const std::vector<Name> content = content_of(position, message);
    for (std::size_t i = 0; i < message.floats; ++i) write(message.offset + i, content.at(i));
  }
  for (const Message& message : tensor.sends) {
    expect_message(position, message);
    for (std::size_t i = 0; i < message.floats; ++i) ++in_flight_.at(message.offset + i);
  }
}

void ProgramSimulator::await_sends(int position) {
  EXPECT_EQ(sends(position), Messages::kUnderWay);
  sends(position) = Messages::kDone;
  for (const Message& message : program_.tensor(position).sends) {
    expect_message(position, message);
    for (std::size_t i = 0; i < message.floats; ++i) --in_flight_.at(message.offset + i);
  }
}

void ProgramSimulator::deliver(int position) {
  EXPECT_EQ(program_.rank, 0);
  const Tensor& tensor = program_.tensor(position);
  EXPECT_EQ(tensor.read.box, whole(network_.layer(position).output));
  expect_stored(position, tensor.read, tensor.read.box);
  delivered_.push_back(position);
}

void ProgramSimulator::check_everything_done() {
  EXPECT_EQ(delivered_, program_.rank == 0 ? delivery_ : Delivery{});
  EXPECT_TRUE(std::all_of(in_flight_.begin(), in_flight_.end(), [](int n) { return n == 0; }));
  for (int position = 0; position < network_.size(); ++position) {
    const Tensor& tensor = program_.tensor(position);
    EXPECT_EQ(sends(position), tensor.sends.empty() ? Messages::kIdle : Messages::kDone);
    EXPECT_EQ(receives(position), tensor.receives.empty() ? Messages::kIdle : Messages::kDone);
    if (position == 0) continue;  // loaded
    const Shape& shape = network_.layer(position).output;
    const Box& owned = plan_.owned(position, program_.rank);
    for_each_element(whole(shape), [&](int row, int col, int channel) {
      const bool own = owned.contains({{row, row + 1}, {col, col + 1}, {channel, channel + 1}});
      EXPECT_EQ(computed_[static_cast<std::size_t>(position)][flat_index(shape, row, col, channel)],
                own ? 1 : 0);
    });
  }
}

ProgramSimulator::Name ProgramSimulator::name(int position, int row, int col, int channel) const {
  constexpr Name kPositions = 1000;
  return static_cast<Name>(flat_index(network_.layer(position).output, row, col, channel)) *
             kPositions +
         position;
}

std::vector<ProgramSimulator::Name> ProgramSimulator::content_of(int position,
                                                                 const Message& message) const {
  std::vector<Name> names;
  for (const Box& box : message.boxes) {
    for_each_element(box, [&](int row, int col, int channel) {
      names.push_back(name(position, row, col, channel));
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

void ProgramSimulator::expect_stored(int position, const Storage& storage, const Box& box) {
  ASSERT_TRUE(storage.box.contains(box)) << to_string(box) << " in " << to_string(storage.box);
  for_each_element(box, [&](int row, int col, int channel) {
    ASSERT_EQ(arena_.at(place_of(storage, row, col, channel)), name(position, row, col, channel))
        << "element " << row << " " << col << " " << channel << " of position " << position
        << " is not there";
  });
}

void ProgramSimulator::store(int position, const Storage& storage, const Box& box) {
  ASSERT_TRUE(storage.box.contains(box)) << to_string(box) << " in " << to_string(storage.box);
  for_each_element(box, [&](int row, int col, int channel) {
    write(place_of(storage, row, col, channel), name(position, row, col, channel));
  });
}

void ProgramSimulator::expect_message(int position, const Message& message) {
  const std::vector<Name> content = content_of(position, message);
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
