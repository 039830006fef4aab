#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "search/evaluation.hpp"

namespace vpinfer {

/// One value per digit of a space.
using Digits = std::vector<int>;

/// A restriction of all choices: those that a few digits tell.
class Space {
 public:
  Space() = default;
  virtual ~Space() = default;

  /// Where a search may begin; at least one.
  [[nodiscard]] virtual std::vector<Digits> starts() const = 0;
  /// How many values each digit has, from 0.
  [[nodiscard]] virtual std::vector<int> values() const = 0;
  [[nodiscard]] virtual Choice choice(const Digits& digits) const = 0;

 protected:
  Space(const Space&) = default;
  Space& operator=(const Space&) = default;
};

/// What a search makes as small as it can.
enum class Measure { kMovedBytes, kLatency };

/// How much memory a search may take on a rank: a little more than the start that takes least, or
/// all of a limit.
struct MemoryAllowance {
  std::size_t share = 64;  ///< this part of the leanest start's more
  std::optional<std::size_t> limit_bytes{};
  bool takes_all = false;  ///< of the limit

  [[nodiscard]] std::size_t most_bytes(std::size_t leanest) const;
};

struct Goal {
  Measure measure = Measure::kLatency;
  std::optional<MemoryAllowance> memory{};  ///< nothing: memory does not count
};

/// The best choice that is found in a space: from the best start, one digit after another is
/// turned, round and round, where that takes less, until none does.  Where memory counts it has a
/// price below the allowance too: otherwise the first digits spend what would bring more elsewhere.
[[nodiscard]] Plan search(const Evaluator& evaluator, const Space& space, Strategy strategy,
                          const Goal& goal);

}  // namespace vpinfer
