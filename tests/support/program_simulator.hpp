#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "plan/program.hpp"

namespace vpinfer {

/// Runs one rank's program on an arena whose floats are names: "element i of the output (or
/// of the partial sums) t".  Whatever is not where it is read, or is written over while a message
/// may use it, fails the test.  Peers are taken to send what they promise, at the worst moment.
class ProgramSimulator {
 public:
  ProgramSimulator(const Network& network, const Plan& plan, const Delivery& delivery,
                   const Program& program);

  /// One frame; call it twice to prove that frames follow each other.
  void run();

 private:
  using Name = std::int64_t;

  enum class Messages { kIdle, kUnderWay, kDone };

  void execute(const Step& step);
  // Tensors go by their index in the program, as in its steps.
  void load(int index);
  void compute(const Step& step);
  void add_up(const Step& step);
  void count(int index, const Box& box);
  void keep(int index);
  void post_receives(int index);
  void receive(int index, std::size_t which);
  void await_receives(int index);
  void arrive(int index, const Message& message);
  void unpack(int index, const Message& message);
  void expect_received(int index, const Message& message);
  void send(int index);
  void await_sends(int index);
  void deliver(int index);
  void check_everything_done();

  [[nodiscard]] const Shape& shape_of(int index) const {
    return network_.layer(program_.tensor(index).position).output;
  }
  [[nodiscard]] Name name(int index, int row, int col, int channel) const;
  /// What the floats of a message must be: names of elements, or of pairs of halves.
  [[nodiscard]] std::vector<Name> content_of(int index, const Message& message) const;
  void expect_stored(int index, const Storage& storage, const Box& box);
  void store(int index, const Storage& storage, const Box& box);
  void expect_message(int index, const Message& message);
  void write(std::size_t place, Name value);
  [[nodiscard]] Messages& sends(int index) { return sends_[static_cast<std::size_t>(index)]; }
  [[nodiscard]] Messages& receives(int index) { return receives_[static_cast<std::size_t>(index)]; }

  const Network& network_;
  const Plan& plan_;
  const Delivery& delivery_;
  const Program& program_;
  std::vector<Name> arena_;
  std::vector<int> in_flight_;                   // messages that use a place of the arena
  std::vector<std::vector<int>> computed_;       // how often, by tensor and element
  std::vector<int> summed_;                      // input channels so far, by tensor
  std::vector<std::set<std::size_t>> received_;  // messages awaited by themselves, by tensor
  std::vector<Messages> sends_;                  // by tensor
  std::vector<Messages> receives_;               // by tensor
  Delivery delivered_;
};

}  // namespace vpinfer
