#include "session/host_remarks.hpp"

#include <fstream>

#include "base/units.hpp"

namespace vpinfer {
namespace {

/// The first word of a file; empty if there is none.
std::string word_in(const std::filesystem::path& file) {
  std::string word;
  std::ifstream(file) >> word;
  return word;
}

/// The firmware's bits: what is now, and 16 bits above it what has been since the start.
std::string throttling(const std::string& hexadecimal) {
  constexpr unsigned long kUnderVoltage = 0x1;
  constexpr unsigned long kCapped = 0x2 | 0x4 | 0x8;
  constexpr unsigned kSinceStart = 16;
  unsigned long bits = 0;
  try {
    bits = std::stoul(hexadecimal, nullptr, 16);
  } catch (const std::exception&) {
    return {};
  }
  const unsigned long ever = bits | (bits >> kSinceStart);
  if ((ever & kUnderVoltage) != 0) {
    return "lacks voltage, or did since it started: a better power supply makes it faster";
  }
  if ((bits & kCapped) != 0) return "is throttled because it is hot: it needs cooling";
  if ((ever & kCapped) != 0) return "was throttled since it started: it may need cooling";
  return {};
}

}  // namespace

std::vector<std::string> host_remarks(const Host& host, const NetworkLink& link,
                                      const std::filesystem::path& sys) {
  constexpr double kFarLess = 0.5;
  std::vector<std::string> remarks;
  const double mbit = host.link.bytes_per_second * 8 / 1e6;
  if (link.wireless) {
    remarks.push_back("is linked by Wi-Fi (" + link.interface + "): a cable would be faster");
  } else if (link.mbit > 0 && mbit < kFarLess * link.mbit) {
    remarks.push_back("gets " + fixed(mbit, 0) + " of the " + std::to_string(link.mbit) +
                      " Mbit/s of " + link.interface +
                      ": is a switch or a cable slow, or the processor busy?");
  }
  if (word_in(sys / "devices/system/cpu/cpu0/cpufreq/scaling_governor") == "powersave") {
    remarks.emplace_back("saves power: the cpufreq governor performance would be faster");
  }
  const std::string throttled =
      throttling(word_in(sys / "devices/platform/soc/soc:firmware/get_throttled"));
  if (!throttled.empty()) remarks.push_back(throttled);
  return remarks;
}

}  // namespace vpinfer
