#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "vpinfer/plan/program.hpp"

namespace vpinfer {

/// Runs one rank's program on an arena whose floats are names: "element i of the output at
/// position p".  Whatever is not where it is read, or is written over while a message may use it,
/// fails the test.  Peers are taken to send what they promise, at the worst moment.
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
  void load(int position);
  void compute(const Step& step);
  void keep(int position);
  void post_receives(int position);
  void receive(int position, std::size_t index);
  void await_receives(int position);
  void arrive(int position, const Message& message);
  void unpack(int position, const Message& message);
  void send(int position);
  void await_sends(int position);
  void deliver(int position);
  void check_everything_done();

  [[nodiscard]] Name name(int position, int row, int col, int channel) const;
  /// What the floats of a message must be: names of elements, or of pairs of halves.
  [[nodiscard]] std::vector<Name> content_of(int position, const Message& message) const;
  void expect_stored(int position, const Storage& storage, const Box& box);
  void store(int position, const Storage& storage, const Box& box);
  void expect_message(int position, const Message& message);
  void write(std::size_t place, Name value);
  [[nodiscard]] Messages& sends(int position) { return sends_[static_cast<std::size_t>(position)]; }
  [[nodiscard]] Messages& receives(int position) {
    return receives_[static_cast<std::size_t>(position)];
  }

  const Network& network_;
  const Plan& plan_;
  const Delivery& delivery_;
  const Program& program_;
  std::vector<Name> arena_;
  std::vector<int> in_flight_;                   // messages that use a place of the arena
  std::vector<std::vector<int>> computed_;       // how often, by position and element
  std::vector<int> summed_;                      // input channels so far, by position
  std::vector<std::set<std::size_t>> received_;  // messages awaited by themselves, by position
  std::vector<Messages> sends_;                  // by position
  std::vector<Messages> receives_;               // by position
  Delivery delivered_;
};

}  // namespace vpinfer
