#include "search/search.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "search/island_places.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

struct Candidate {
  Digits digits;
  Evaluation evaluation;
};

class Search {
 public:
  Search(const Evaluator& evaluator, const Space& space, Strategy strategy, const Goal& goal)
      : evaluator_(evaluator), space_(space), strategy_(strategy), goal_(goal) {}

  [[nodiscard]] Candidate best() {
    Candidate start = best_start();
    if (goal_.memory) {
      price_of_byte_ = goal_.price_of_memory * quantity(start.evaluation) /
                       static_cast<double>(fullest(start.evaluation.memory).bytes);
    }
    Candidate found = descend(std::move(start));
    return space_.may_move_islands() ? with_islands_placed(std::move(found)) : found;
  }

 private:
  [[nodiscard]] Candidate candidate(Digits digits, const Evaluation& similar) const {
    Evaluation evaluation = evaluator_.evaluate(space_.choice(digits), strategy_, similar);
    return {std::move(digits), std::move(evaluation)};
  }

  [[nodiscard]] double quantity(const Evaluation& evaluation) const {
    switch (goal_.quantity) {
      case Quantity::kMovedBytes: return static_cast<double>(evaluation.moved_bytes);
      case Quantity::kLatency: return evaluation.latency_seconds;
      case Quantity::kPeriod: return evaluation.period_seconds;
    }
    throw Bug("an unknown quantity");
  }

  [[nodiscard]] double cost(const Evaluation& evaluation) const {
    return quantity(evaluation) +
           price_of_byte_ * static_cast<double>(fullest(evaluation.memory).bytes);
  }

  /// Of those that take no more memory than allowed.
  Candidate best_start() {
    std::vector<Candidate> fitting;
    std::size_t leanest = std::numeric_limits<std::size_t>::max();
    Evaluation last;
    Evaluation fits;  // the last that did
    for (Digits& digits : space_.starts()) {
      Candidate next = candidate(std::move(digits), last);
      last = next.evaluation;
      if (goal_.memory) {
        if (!evaluator_.add_memory(next.evaluation, most_bytes_, fits)) continue;
        fits = next.evaluation;
        leanest = std::min(leanest, fullest(fits.memory).bytes);
        most_bytes_ = goal_.memory->most_bytes(leanest);
      }
      fitting.push_back(std::move(next));
    }
    std::erase_if(fitting, [&](const Candidate& c) {
      return fullest(c.evaluation.memory).bytes > most_bytes_;
    });
    return *std::min_element(fitting.begin(), fitting.end(),
                             [&](const Candidate& a, const Candidate& b) {
                               return quantity(a.evaluation) < quantity(b.evaluation);
                             });
  }

  /// Whether a candidate costs less than the best, within the memory.
  [[nodiscard]] bool wins(Candidate& next, const Candidate& best) const {
    if (!goal_.memory) return cost(next.evaluation) < cost(best.evaluation);
    const double affordable = (cost(best.evaluation) - quantity(next.evaluation)) / price_of_byte_;
    if (affordable <= 0) return false;
    const double most = std::min(affordable, static_cast<double>(most_bytes_));
    return evaluator_.add_memory(next.evaluation, static_cast<std::size_t>(most),
                                 best.evaluation) &&
           cost(next.evaluation) < cost(best.evaluation);
  }

  [[nodiscard]] Candidate descend(Candidate best) const {
    const std::vector<int> values = space_.values();
    std::size_t unchanged = 0;  // digits in a row that stayed as they are
    for (std::size_t i = 0; unchanged < values.size(); i = (i + 1) % values.size()) {
      const int before = best.digits[i];
      for (int value = 0; value < values[i]; ++value) {
        if (value == best.digits[i]) continue;
        Digits digits = best.digits;
        digits[i] = value;
        Candidate next = candidate(std::move(digits), best.evaluation);
        if (wins(next, best)) best = std::move(next);
      }
      unchanged = best.digits[i] == before ? unchanged + 1 : 0;
    }
    return best;
  }

  /// Each group of islands where that costs the least.
  [[nodiscard]] Candidate with_islands_placed(Candidate best) const {
    const IslandPlaces places(evaluator_.network());
    for (std::size_t group = 0; group < places.groups(); ++group) {
      for (Plan& plan : places.alternatives(best.evaluation, group, evaluator_.cluster())) {
        Candidate next{best.digits, evaluator_.evaluate(std::move(plan), best.evaluation)};
        if (wins(next, best)) best = std::move(next);
      }
    }
    return best;
  }

  const Evaluator& evaluator_;
  const Space& space_;
  Strategy strategy_;
  const Goal& goal_;
  std::size_t most_bytes_ = std::numeric_limits<std::size_t>::max();  // that a rank may take
  double price_of_byte_ = 0;  // on the fullest rank, in the quantity
};

}  // namespace

std::size_t MemoryAllowance::most_bytes(std::size_t leanest) const {
  std::size_t most = leanest + leanest / part + additional_bytes;
  if (limit_bytes) most = takes_all ? *limit_bytes : std::min(most, *limit_bytes);
  return std::max(most, leanest);
}

Plan search(const Evaluator& evaluator, const Space& space, Strategy strategy, const Goal& goal) {
  return Search(evaluator, space, strategy, goal).best().evaluation.plan;
}

}  // namespace vpinfer
