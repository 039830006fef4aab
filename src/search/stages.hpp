#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "search/search.hpp"

namespace vpinfer {

/// Stages of consecutive layers, a rank each.  A digit for every layer: its rank.
class Stages final : public Space {
 public:
  /// Begins with the stages of which that with the most work for its host has as little as
  /// possible, and no rank takes more memory than the limit if that can be.  The evaluator must
  /// outlive the space; `usual` says what all choices have in common.
  Stages(const Evaluator& evaluator, Choice usual, std::optional<std::size_t> memory_limit_bytes);

  [[nodiscard]] std::vector<Digits> starts() const override { return {start_}; }
  [[nodiscard]] std::vector<int> values() const override { return {}; }
  [[nodiscard]] Choice choice(const Digits& digits) const override;

 private:
  [[nodiscard]] Digits within(const Evaluator& evaluator, std::size_t limit_bytes) const;

  Choice usual_;
  Digits start_;
};

}  // namespace vpinfer
