#include "app/options_values.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>

#include "base/names.hpp"
#include "base/units.hpp"
#include "base/wire_format.hpp"
#include "search/cluster_kinds.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {

namespace {

/// A whole number from 1 on, and nothing else.
std::optional<int> parse_count(const std::string& text) {
  int count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size() || count < 1) return std::nullopt;
  return count;
}

}  // namespace

DumpLayers parse_dump_layers(const std::string& text) {
  if (text == "all") return {true, {}};
  DumpLayers layers;
  std::string_view rest = text;
  while (true) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    int number = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + comma, number);
    if (error != std::errc() || end != rest.data() + comma || number < 0) {
      throw BadUsage("--dump-layers " + text + ": write layer numbers such as 3,17, or all");
    }
    layers.numbers.push_back(number);
    if (comma == rest.size()) return layers;
    rest.remove_prefix(comma + 1);
  }
}

std::array<float, 3> three(const std::vector<float>& values, const std::string& option) {
  if (!std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); })) {
    throw BadUsage(option + ": not a finite number");
  }
  return {values[0], values[1], values[2]};
}

std::uint64_t parse_seed(const std::string& text) {
  std::uint64_t seed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw BadUsage("--random-weights " + text + ": the seed is a whole number below 2^64");
  }
  return seed;
}

InputSize parse_size(const std::string& text) {
  InputSize size;
  const char* end = text.data() + text.size();
  const auto rows = std::from_chars(text.data(), end, size.rows);
  const bool has_cols = rows.ec == std::errc() && rows.ptr != end && *rows.ptr == 'x';
  const auto cols = std::from_chars(has_cols ? rows.ptr + 1 : end, end, size.cols);
  if (cols.ec != std::errc() || cols.ptr != end || size.rows < 1 || size.cols < 1) {
    throw BadUsage("--size " + text + ": write rows x columns, such as 416x416");
  }
  return size;
}

std::optional<int> parse_fuse(const std::string& text) {
  if (text == "auto") return std::nullopt;
  const std::optional<int> length = parse_count(text);
  if (length) return length;
  throw BadUsage("--fuse " + text + ": write how many layers share a border, from 1, or auto");
}

std::optional<int> parse_in_flight(const std::string& text) {
  constexpr int kMostFrames = 64;
  if (text == "auto") return std::nullopt;
  const std::optional<int> frames = parse_count(text);
  if (frames && *frames <= kMostFrames) return frames;
  throw BadUsage("--in-flight " + text + ": write how many frames, from 1 to " +
                 std::to_string(kMostFrames) + ", or auto");
}

std::optional<WireFormat> parse_wire(const std::string& text) {
  if (text == kChosenWire) return std::nullopt;
  return parse_name("wire format", text, kWireFormats, ", " + std::string(kChosenWire));
}

std::size_t parse_limit(const std::string& text) {
  const std::size_t bytes = parse_bytes(text);
  if (bytes == 0) {
    throw BadUsage("--memory-limit " + text + ": write a size above 0, such as 64MiB");
  }
  return bytes;
}

double parse_link(const std::string& text) {
  const std::optional<double> rate = parse_link_rate(text);
  if (!rate) throw BadUsage("--link " + text + ": write a rate, such as 100mbit or 1gbit");
  return *rate;
}

}  // namespace vpinfer
