#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "program/program.hpp"

namespace vpinfer {

/// Runs one rank's program on an arena whose bytes are names: "byte b of element i of the output
/// (or of the partial sums) t".  Whatever is not where it is read, or is written over while a
/// message may use it, fails the test.  Peers are taken to send what they promise, at the worst
/// moment.
class ProgramSimulator {
 public:
  ProgramSimulator(const Distribution& distribution, const Delivery& delivery, int rank,
                   const Program& program);

  /// One frame; call it twice to prove that frames follow each other.
  void run();

 private:
  using Name = std::int64_t;

  enum class Messages { kIdle, kUnderWay, kDone };

  // Tensors go by their index in the program, as in its steps.
  void take(const step::Load& load);
  void take(const step::PostReceives& post);
  void take(const step::Compute& compute);
  void take(const step::AddUp& add_up);
  void take(const step::Keep& keep);
  void take(const step::Send& send);
  void take(const step::AwaitReceive& await);
  void take(const step::AwaitReceives& await);
  void take(const step::AwaitSends& await);
  void take(const step::Deliver& deliver);
  void count(int index, const Box& box);
  void arrive(int index, const PlacedMessage& message);
  void unpack(int index, const PlacedMessage& message);
  void expect_received(int index, const PlacedMessage& message);
  void check_everything_done();

  [[nodiscard]] const Shape& shape_of(int index) const {
    return network_.layer(program_.tensor(index).position).output;
  }
  [[nodiscard]] Name name(int index, int row, int col, int channel) const;
  /// What the bytes of a message must be.
  [[nodiscard]] std::vector<Name> content_of(int index, const PlacedMessage& message) const;
  void expect_stored(int index, const Storage& storage, const Box& box);
  void store(int index, const Storage& storage, const Box& box);
  void expect_message(int index, const PlacedMessage& message);
  void write(std::size_t place, Name value);
  [[nodiscard]] Messages& sends(int index) { return sends_[static_cast<std::size_t>(index)]; }
  [[nodiscard]] Messages& receives(int index) { return receives_[static_cast<std::size_t>(index)]; }

  Distribution distribution_;
  const Network& network_;
  const Delivery& delivery_;
  int rank_;
  const Program& program_;
  std::vector<Name> arena_;
  std::vector<int> in_flight_;                   // messages that use a place of the arena
  std::vector<std::vector<int>> computed_;       // how often, by tensor and element
  std::vector<int> summed_;                      // input channels so far, by tensor
  std::vector<std::set<std::size_t>> received_;  // messages awaited by themselves, by tensor
  std::set<int> stored_nowhere_;                 // convolutions that are pooled in strips
  std::vector<Messages> sends_;                  // by tensor
  std::vector<Messages> receives_;               // by tensor
  Delivery delivered_;
};

}  // namespace vpinfer
