#include "session/host_remarks.hpp"

#include <chrono>
#include <exception>
#include <fstream>
#include <optional>

#include "base/program_output.hpp"
#include "base/units.hpp"

namespace vpinfer {
namespace {

/// The first word of a file; empty if there is none.
std::string word_in(const std::filesystem::path& file) {
  std::string word;
  std::ifstream(file) >> word;
  return word;
}

/// What slows a Raspberry Pi down.
struct Throttling {
  bool voltage = false;
  bool heat = false;
};

/// By four bits of the firmware: voltage too low, clock capped, slowed down, soft limit of
/// temperature.  Too little voltage brings the second and third, too.
Throttling throttling_of(unsigned long bits) {
  const bool voltage = (bits & 0x1) != 0;
  return {voltage, (bits & 0x8) != 0 || (!voltage && (bits & 0x6) != 0)};
}

/// The firmware's bits: what is now, and 16 bits above it what has been since the start.  Nothing
/// where there is no such firmware.  Its program is asked first: the driver's file is missing on
/// some kernels, on others deprecated, and does not know of times long ago.
std::optional<unsigned long> throttled_bits(const HostSources& sources) {
  constexpr std::chrono::seconds kPatience{1};
  const auto printed = program_output({sources.vcgencmd, "get_throttled"}, kPatience);
  std::string text = printed.value_or("");  // throttled=0x50005
  if (text.empty()) {
    std::error_code none;
    const auto driver = sources.sys / "bus/platform/drivers/raspberrypi-firmware";
    for (const auto& device : std::filesystem::directory_iterator(driver, none)) {
      text += word_in(device.path() / "get_throttled");  // 50005
    }
  }
  try {
    return std::stoul(text.substr(text.find('=') + 1), nullptr, 16);
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

std::vector<std::string> throttling_remarks(unsigned long bits) {
  constexpr unsigned kSinceStart = 16;
  const Throttling now = throttling_of(bits);
  const Throttling ever = throttling_of(bits >> kSinceStart);
  std::vector<std::string> remarks;
  if (now.voltage) {
    remarks.emplace_back("lacks voltage: a better power supply or cable makes it faster");
  } else if (ever.voltage) {
    remarks.emplace_back("lacked voltage since it started: it may need a better power supply");
  }
  if (now.heat) {
    remarks.emplace_back("is throttled because it is hot: it needs cooling");
  } else if (ever.heat) {
    remarks.emplace_back("was throttled because it was hot since it started: it may need cooling");
  }
  return remarks;
}

}  // namespace

std::vector<std::string> host_remarks(double alone_rate, const NetworkLink& link,
                                      const HostSources& sources) {
  constexpr double kFarLess = 0.5;
  std::vector<std::string> remarks;
  const double mbit = alone_rate * 8 / 1e6;
  if (link.wireless) {
    remarks.push_back("is linked by Wi-Fi (" + link.interface + "): a cable would be faster");
  } else if (link.mbit > 0 && mbit < kFarLess * link.mbit) {
    remarks.push_back("gets " + fixed(mbit, 0) + " of the " + std::to_string(link.mbit) +
                      " Mbit/s of " + link.interface +
                      ": is a switch or a cable slow, or the processor busy?");
  }
  if (word_in(sources.sys / "devices/system/cpu/cpu0/cpufreq/scaling_governor") == "powersave") {
    remarks.emplace_back("saves power: the cpufreq governor ondemand would be faster");
  }
  if (const auto bits = throttled_bits(sources)) {
    const std::vector<std::string> throttled = throttling_remarks(*bits);
    remarks.insert(remarks.end(), throttled.begin(), throttled.end());
  }
  return remarks;
}

}  // namespace vpinfer
