#include "kernel/convolution/packing.hpp"

#include <algorithm>
#include <array>

#include "kernel/convolution/micro_kernel.hpp"
#include "kernel/half.hpp"

namespace vpinfer {

static_assert(kPackedFilters == kMostPanelFilters);

namespace {

void write(std::span<const float> weights, NumberFormat format, std::byte* to) {
  switch (format) {
    case NumberFormat::kFloat:
      std::copy(weights.begin(), weights.end(), reinterpret_cast<float*>(to));
      return;
    case NumberFormat::kHalf:
      return round_to_halves(weights.data(), weights.size(), reinterpret_cast<HalfBits*>(to));
  }
}

}  // namespace

std::size_t stored_bytes(const WeightStorage& storage, const WeightShape& slice) {
  const int filters =
      storage.form == WeightForm::kPanels ? packed_filters(slice.filters) : slice.filters;
  return bytes_of(storage.format, static_cast<std::size_t>(filters) * slice.elements_per_filter());
}

void pack(const WeightShape& part, std::span<const float> rows, NumberFormat format,
          std::span<std::byte> panels) {
  const auto width = static_cast<std::size_t>(micro_kernel().filters);
  const std::size_t depth = part.elements_per_filter();
  const auto filters = static_cast<std::size_t>(part.filters);
  const auto room = static_cast<std::size_t>(packed_filters(part.filters));
  // Rows by pieces that stay in the cache until all of a panel's filters have their share of it.
  constexpr std::size_t kPiece = 64;
  for (std::size_t first = 0; first < room; first += width) {
    const std::size_t count = std::min(width, filters - std::min(first, filters));
    for (std::size_t begin = 0; begin < depth; begin += kPiece) {
      const std::size_t piece = std::min(kPiece, depth - begin);
      std::array<float, kPiece * kMostPanelFilters> block{};
      for (std::size_t f = 0; f < count; ++f) {
        const float* row = rows.data() + (first + f) * depth + begin;
        for (std::size_t k = 0; k < piece; ++k) block[k * width + f] = row[k];
      }
      const std::size_t at = first * depth + begin * width;
      write(std::span(block).first(piece * width), format, panels.data() + bytes_of(format, at));
    }
  }
}

}  // namespace vpinfer
