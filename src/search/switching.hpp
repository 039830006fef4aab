#pragma once

#include <vector>

#include "search/layer_divisions.hpp"

namespace vpinfer {

/// What it takes to cut the layers of a space in each of its ways, and to change from one way to
/// another between two layers.  All layers of the space have the same ways.
class SwitchTable {
 public:
  /// Both must outlive the table.
  SwitchTable(const Evaluator& evaluator, const LayerDivisions& space);

  /// The ways for layers after each other that take the least time, by a dynamic program; whatever
  /// skips over a change is counted once, so that it is exact for chains and a good start for
  /// others.  The weights on the fullest rank have a price, in seconds per byte.
  [[nodiscard]] Digits cheapest(double price_of_byte) const;

 private:
  [[nodiscard]] Evaluation evaluate(const Digits& digits, const Evaluation& similar) const;
  [[nodiscard]] Interval stretch(std::size_t layer) const;
  [[nodiscard]] std::vector<double> by_layer(const Evaluation& evaluation) const;
  [[nodiscard]] std::vector<double> weights(const Evaluation& evaluation) const;
  void find_changes(std::size_t from, std::size_t to);

  const Evaluator& evaluator_;
  const LayerDivisions& space_;
  std::size_t layers_;
  std::size_t ways_;
  std::vector<int> begins_;                   // where each layer's stretch of positions begins
  std::vector<Evaluation> alike_;             // by way
  std::vector<std::vector<double>> seconds_;  // by way, then layer
  std::vector<std::vector<double>> bytes_;    // by way, then layer: weights on the fullest rank
  std::vector<std::vector<double>> changes_;  // by from * ways + to, then layer
};

}  // namespace vpinfer
