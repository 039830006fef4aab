#pragma once

#include <string>
#include <vector>

#include "import/cfg_file.hpp"
#include "import/darknet.hpp"

namespace vpinfer {

/// The strides along rows and columns.
struct Strides {
  int rows = 1;
  int cols = 1;
};

/// What the parser of one layer type works on: a section of a .cfg file that becomes a layer, or
/// some, behind the one at `previous`.  The last layer gives what the section gives.
struct SectionBuild {
  DarknetModel& model;
  CfgSection& section;
  int previous = 0;

  [[noreturn]] void refuse(const std::string& why) const;

  /// Appends a layer that reads these; returns its position.
  int append_to(Operation operation, std::vector<int> inputs) const;
  /// Appends a layer that reads the previous section's.
  int append(Operation operation) const { return append_to(std::move(operation), {previous}); }
  /// Appends a copy of some channels.
  int append_channels(int position, int begin, int count) const;
  /// Appends a blur (Zhang, Making Convolutional Networks Shift-Invariant Again, 2019):
  /// antialiasing=1, a binomial of 3x3, or 2, a mean of 2x2.
  void append_blur(int position, int antialiasing, const Strides& strides) const;
  /// Says how the .weights file holds the numbers of a layer.
  void store(int position, DarknetWeights weights) const;

  [[nodiscard]] const Shape& shape(int position) const {
    return model.network.layer(position).output;
  }
  [[nodiscard]] const Shape& input_shape() const { return shape(previous); }

  /// Of the keys stride_y and stride_x, else stride.
  [[nodiscard]] Strides strides() const;
  /// Of the key `activation`.
  [[nodiscard]] Activation activation(const std::string& fallback) const;
  /// What an earlier section gives, by Darknet's number or counted back from here: its position.
  [[nodiscard]] int source(int number) const;
  /// The only one that the key `from` names.
  [[nodiscard]] int source_of_from() const;
};

}  // namespace vpinfer
