#include "vision/mask.hpp"

#include <algorithm>
#include <cstddef>

namespace vpinfer {
namespace {

/// Goes through the runs of a mask.
class RunReader {
 public:
  explicit RunReader(const Mask& mask) : runs_(mask.runs) { skip_read(); }

  [[nodiscard]] bool at_end() const { return index_ == runs_.size(); }
  [[nodiscard]] bool belongs() const { return index_ % 2 == 1; }
  /// What is left of the run.
  [[nodiscard]] std::uint32_t left() const { return runs_[index_] - read_; }
  void read(std::uint32_t pixels) {
    read_ += pixels;
    skip_read();
  }

 private:
  void skip_read() {
    while (!at_end() && left() == 0) {
      ++index_;
      read_ = 0;
    }
  }

  const std::vector<std::uint32_t>& runs_;
  std::size_t index_ = 0;
  std::uint32_t read_ = 0;
};

}  // namespace

void Mask::append(bool belong, std::uint32_t pixels) {
  if (pixels == 0) return;
  if (empty()) runs.push_back(0);  // of pixels that do not
  const bool last = runs.size() % 2 == 0;
  if (belong != last) runs.push_back(0);
  runs.back() += pixels;
}

double intersection_over_union(const Mask& a, const Mask& b) {
  std::uint64_t both = 0;
  std::uint64_t either = 0;
  RunReader in_a(a);
  RunReader in_b(b);
  while (!in_a.at_end() && !in_b.at_end()) {
    const std::uint32_t pixels = std::min(in_a.left(), in_b.left());
    if (in_a.belongs() && in_b.belongs()) both += pixels;
    if (in_a.belongs() || in_b.belongs()) either += pixels;
    in_a.read(pixels);
    in_b.read(pixels);
  }
  return either == 0 ? 1 : static_cast<double>(both) / static_cast<double>(either);
}

std::string coco_counts(const Mask& mask) {
  constexpr std::int64_t kBits = 5;
  constexpr std::int64_t kMore = 1 << kBits;
  constexpr std::int64_t kSign = kMore / 2;
  std::string text;
  for (std::size_t i = 0; i < mask.runs.size(); ++i) {
    std::int64_t number = mask.runs[i];
    if (i > 2) number -= mask.runs[i - 2];
    bool more = true;
    while (more) {
      const std::int64_t low = number & (kMore - 1);
      number >>= kBits;
      more = number != ((low & kSign) == 0 ? 0 : -1);
      text += static_cast<char>('0' + low + (more ? kMore : 0));
    }
  }
  return text;
}

}  // namespace vpinfer
