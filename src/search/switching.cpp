#include "search/switching.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

namespace vpinfer {

SwitchTable::SwitchTable(const Evaluator& evaluator, const LayerDivisions& space)
    : evaluator_(evaluator),
      space_(space),
      layers_(space.values().size()),
      ways_(layers_ == 0 ? 0 : static_cast<std::size_t>(space.values().front())),
      begins_(space.positions()) {
  if (layers_ == 0) return;
  begins_.front() = 0;
  for (std::size_t way = 0; way < ways_; ++way) {
    alike_.push_back(evaluate(Digits(layers_, static_cast<int>(way)), {}));
    seconds_.push_back(by_layer(alike_.back()));
    bytes_.push_back(weights(alike_.back()));
  }
  changes_.assign(ways_ * ways_, std::vector<double>(layers_, 0.0));
  for (std::size_t from = 0; from < ways_; ++from) {
    for (std::size_t to = 0; to < ways_; ++to) {
      if (from != to) find_changes(from, to);
    }
  }
}

Digits SwitchTable::cheapest(double price_of_byte) const {
  if (layers_ == 0) return {};
  std::vector<double> costs(ways_, 0.0);  // up to a layer that is cut in a way
  std::vector<std::vector<int>> before(layers_, std::vector<int>(ways_, 0));
  for (std::size_t layer = 0; layer < layers_; ++layer) {
    std::vector<double> next(ways_, std::numeric_limits<double>::infinity());
    for (std::size_t to = 0; to < ways_; ++to) {
      for (std::size_t from = 0; from < ways_; ++from) {
        const double cost = costs[from] + changes_[from * ways_ + to][layer];
        if (layer == 0 && from != to) continue;
        if (cost >= next[to]) continue;
        next[to] = cost;
        before[layer][to] = static_cast<int>(from);
      }
      next[to] += seconds_[to][layer] + price_of_byte * bytes_[to][layer];
    }
    costs = std::move(next);
  }
  Digits digits(layers_);
  auto way = static_cast<int>(std::min_element(costs.begin(), costs.end()) - costs.begin());
  for (std::size_t layer = layers_; layer-- > 0;) {
    digits[layer] = way;
    way = before[layer][static_cast<std::size_t>(way)];
  }
  return digits;
}

Evaluation SwitchTable::evaluate(const Digits& digits, const Evaluation& similar) const {
  return evaluator_.evaluate(space_.choice(digits), Strategy::kAuto, similar);
}

/// The positions of a layer that varies and of those up to the next one.
Interval SwitchTable::stretch(std::size_t layer) const {
  return {begins_[layer], layer + 1 < layers_ ? begins_[layer + 1] : evaluator_.network().size()};
}

std::vector<double> SwitchTable::by_layer(const Evaluation& evaluation) const {
  std::vector<double> seconds;
  for (std::size_t layer = 0; layer < layers_; ++layer) {
    const auto begin = evaluation.layer_seconds.begin();
    const Interval some = stretch(layer);
    seconds.push_back(std::accumulate(begin + some.begin, begin + some.end, 0.0));
  }
  return seconds;
}

std::vector<double> SwitchTable::weights(const Evaluation& evaluation) const {
  const Distribution distribution(evaluator_.network(), evaluation.plan);
  std::vector<double> bytes;
  for (std::size_t layer = 0; layer < layers_; ++layer) {
    std::size_t most = 0;
    for (int rank = 0; rank < distribution.ranks(); ++rank) {
      std::size_t here = 0;
      for (int i = stretch(layer).begin; i < stretch(layer).end; ++i) {
        here += distribution.stored(i, rank).weight_bytes;
      }
      most = std::max(most, here);
    }
    bytes.push_back(static_cast<double>(most));
  }
  return bytes;
}

/// What changing before each layer adds to the layers as they are among their like.
void SwitchTable::find_changes(std::size_t from, std::size_t to) {
  Digits digits(layers_, static_cast<int>(to));
  double alike = alike_[to].latency_seconds;
  Evaluation last = alike_[to];
  for (std::size_t layer = 1; layer < layers_; ++layer) {
    digits[layer - 1] = static_cast<int>(from);
    alike += seconds_[from][layer - 1] - seconds_[to][layer - 1];
    last = evaluate(digits, last);
    changes_[from * ways_ + to][layer] = last.latency_seconds - alike;
  }
}

}  // namespace vpinfer
