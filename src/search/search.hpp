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
  /// How many values each digit has, from 0; empty if no digit is to be turned: then the best start
  /// is the result.
  [[nodiscard]] virtual std::vector<int> values() const = 0;
  [[nodiscard]] virtual Choice choice(const Digits& digits) const = 0;
  /// Whether islands may be computed elsewhere than beside what they read: in a pipeline, frames
  /// would go back.
  [[nodiscard]] virtual bool may_move_islands() const { return true; }

 protected:
  Space(const Space&) = default;
  Space& operator=(const Space&) = default;
};

/// What a search makes as small as it can.
enum class Quantity { kMovedBytes, kLatency, kPeriod };

/// How much memory a search may take on a rank: a little more than the start that takes least, or
/// all of a limit.
struct MemoryAllowance {
  /// A 64th: time decides only among plans that take nearly the least.
  static constexpr std::size_t kLittle = 64;
  /// A seventh: room for some layers' weights on every rank, which saves gathering their inputs.
  static constexpr std::size_t kMuch = 7;
  /// An eighth of the 23 MiB that an MPI program takes that does nothing: what a process does not
  /// notice.
  static constexpr std::size_t kUnnoticedBytes = (std::size_t{23} << 20U) / 8;

  std::size_t part = kLittle;        ///< one such part of the leanest start's more
  std::size_t additional_bytes = 0;  ///< and these
  std::optional<std::size_t> limit_bytes{};
  bool takes_all = false;  ///< of the limit

  [[nodiscard]] std::size_t most_bytes(std::size_t leanest) const;
};

struct Goal {
  Quantity quantity = Quantity::kLatency;
  std::optional<MemoryAllowance> memory{};  ///< nothing: memory does not count
  /// Where it counts, the price of the start's memory in parts of the start's quantity: a tenth
  /// more memory must save 3 % of the time.  Without a price the first digits would spend what
  /// brings more elsewhere.
  double price_of_memory = 0.3;
};

/// The best choice that is found in a space: from the best start, one digit after another is
/// turned, round and round, where that takes less, until none does; then each group of islands is
/// moved where that takes less.  Where memory counts it has a price below the allowance too.
[[nodiscard]] Plan search(const Evaluator& evaluator, const Space& space, Strategy strategy,
                          const Goal& goal);

}  // namespace vpinfer
