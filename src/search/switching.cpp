#include "search/switching.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <span>

namespace vpinfer {
namespace {

/// The time and the weights of every layer that varies, with those up to the next one, for every
/// way to cut it, and of every change between two ways.
class SwitchTable {
 public:
  SwitchTable(const Evaluator& evaluator, const LayerDivisions& space)
      : evaluator_(evaluator),
        space_(space),
        layers_(space.values().size()),
        ways_(static_cast<std::size_t>(space.values().front())),
        begins_(space.positions()) {
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

  /// The cheapest way for every layer.
  [[nodiscard]] Digits cheapest(double price_of_byte) const {
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

 private:
  [[nodiscard]] Evaluation evaluate(const Digits& digits, const Evaluation& similar) const {
    return evaluator_.evaluate(space_.choice(digits), Strategy::kAuto, similar);
  }

  /// The positions of a layer that varies and of those up to the next one.
  [[nodiscard]] Interval stretch(std::size_t layer) const {
    return {begins_[layer], layer + 1 < layers_ ? begins_[layer + 1] : evaluator_.network().size()};
  }

  [[nodiscard]] std::vector<double> by_layer(const Evaluation& evaluation) const {
    std::vector<double> seconds;
    for (std::size_t layer = 0; layer < layers_; ++layer) {
      const auto begin = evaluation.layer_seconds.begin();
      const Interval some = stretch(layer);
      seconds.push_back(std::accumulate(begin + some.begin, begin + some.end, 0.0));
    }
    return seconds;
  }

  [[nodiscard]] std::vector<double> weights(const Evaluation& evaluation) const {
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
  void find_changes(std::size_t from, std::size_t to) {
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

}  // namespace

std::vector<Digits> best_switches(const Evaluator& evaluator, const LayerDivisions& space,
                                  const std::vector<double>& prices_of_byte) {
  if (space.values().empty()) return {Digits{}};
  const SwitchTable table(evaluator, space);
  std::vector<Digits> all;
  for (const double price : prices_of_byte) all.push_back(table.cheapest(price));
  return all;
}

}  // namespace vpinfer
