#include "search/layer_divisions.hpp"

namespace vpinfer {

void LayerDivisions::vary(int position, std::vector<Division> divisions) {
  varying_.push_back({position, std::move(divisions)});
}

std::vector<int> LayerDivisions::positions() const {
  std::vector<int> positions;
  for (const Varying& layer : varying_) positions.push_back(layer.position);
  return positions;
}

std::vector<Digits> LayerDivisions::starts() const {
  if (!starts_.empty()) return starts_;
  Digits digits(varying_.size(), 0);
  std::vector<Digits> starts{digits};
  if (!every_switch_) return starts;
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) {
    *digit = 1;
    starts.push_back(digits);
  }
  return starts;
}

std::vector<int> LayerDivisions::values() const {
  std::vector<int> values;
  for (const Varying& layer : varying_) values.push_back(static_cast<int>(layer.divisions.size()));
  return values;
}

Choice LayerDivisions::choice(const Digits& digits) const {
  Choice choice = usual_;
  for (std::size_t i = 0; i < varying_.size(); ++i) {
    choice.divisions[static_cast<std::size_t>(varying_[i].position)] =
        varying_[i].divisions[static_cast<std::size_t>(digits[i])];
  }
  for (int i = 1; i < network_.size(); ++i) {
    const Layer& layer = network_.layer(i);
    if (is_divided_by_choice(layer) || layer.inputs.empty()) continue;
    choice.divisions[static_cast<std::size_t>(i)] =
        choice.divisions[static_cast<std::size_t>(layer.inputs.front())];
  }
  follow_islands(network_, choice);
  return choice;
}

}  // namespace vpinfer
