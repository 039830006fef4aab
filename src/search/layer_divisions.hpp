#pragma once

#include <utility>
#include <vector>

#include "search/search.hpp"

namespace vpinfer {

/// Layers cut in one of several ways each: a digit for every layer that may vary.  Layers that are
/// not divided by choice follow their first input.
class LayerDivisions final : public Space {
 public:
  /// Nothing varies yet: the usual choice.  The network must outlive the space.
  LayerDivisions(const Network& network, Choice usual)
      : network_(network), usual_(std::move(usual)) {}

  /// Lets a layer be cut in one of some ways, the first of which a search begins with.
  void vary(int position, std::vector<Division> divisions);
  /// Begins with the second way, too: in the last layer that varies, in the last two, and so on.
  void begin_with_every_switch() { every_switch_ = true; }

  /// Begins with these.
  void begin_with(std::vector<Digits> starts) { starts_ = std::move(starts); }
  /// The positions of the layers that vary, in their order.
  [[nodiscard]] std::vector<int> positions() const;

  [[nodiscard]] std::vector<Digits> starts() const override;
  [[nodiscard]] std::vector<int> values() const override;
  [[nodiscard]] Choice choice(const Digits& digits) const override;

 private:
  struct Varying {
    int position = 0;
    std::vector<Division> divisions;
  };

  const Network& network_;
  Choice usual_;
  std::vector<Varying> varying_;
  bool every_switch_ = false;
  std::vector<Digits> starts_;  // instead of the first ways
};

}  // namespace vpinfer
