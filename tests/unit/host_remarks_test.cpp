#include "session/host_remarks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.hpp"
#include "base/program_output.hpp"
#include "support/temporary_folder.hpp"

namespace vpinfer {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

/// A host with a folder of the kernel's and a vcgencmd of the test's making.
class HostRemarks : public testing::Test {
 protected:
  void kernel_file(const std::filesystem::path& name, const std::string& text) const {
    std::filesystem::create_directories((folder_.path() / name).parent_path());
    (void)folder_.write(name, text);
  }

  void vcgencmd(const std::string& script) const {
    using std::filesystem::perms;
    std::filesystem::permissions(folder_.write("vcgencmd", "#!/bin/sh\n" + script),
                                 perms::owner_all);
  }

  void firmware_says(const std::string& bits) const {
    vcgencmd("[ \"$*\" = get_throttled ] && echo throttled=" + bits);
  }

  [[nodiscard]] std::vector<std::string> remarks(const NetworkLink& link = {},
                                                 double mbit = 941) const {
    return host_remarks(mbit * 1e6 / 8, link,
                        {folder_.path(), (folder_.path() / "vcgencmd").string()});
  }

  static constexpr const char* kThrottled =
      "bus/platform/drivers/raspberrypi-firmware/soc:firmware/get_throttled";

 private:
  TemporaryFolder folder_;
};

TEST_F(HostRemarks, AreNoneOfAHostWithoutNews) {
  EXPECT_THAT(remarks(), IsEmpty());
  kernel_file("devices/system/cpu/cpu0/cpufreq/scaling_governor", "ondemand\n");
  firmware_says("0x0");
  EXPECT_THAT(remarks({"eth0", false, 1000}), IsEmpty());
}

TEST_F(HostRemarks, NameSlowLinks) {
  EXPECT_THAT(remarks({"wlan0", true, 100}), ElementsAre(HasSubstr("Wi-Fi (wlan0)")));
  EXPECT_THAT(remarks({"eth0", false, 1000}, 94),
              ElementsAre(StartsWith("gets 94 of the 1000 Mbit/s of eth0")));
}

TEST_F(HostRemarks, NameGovernorsThatSavePower) {
  kernel_file("devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n");
  EXPECT_THAT(remarks(), ElementsAre(HasSubstr("governor ondemand")));
}

TEST_F(HostRemarks, TellWhatTheFirmwareKnows) {
  const std::string weak = "lacks voltage: a better power supply";
  const std::string was_weak = "lacked voltage since it started";
  const std::string hot = "is throttled because it is hot: it needs cooling";
  const std::string was_hot = "was throttled because it was hot since it started";
  for (const auto& [bits, expected] :
       std::vector<std::pair<std::string, std::vector<std::string>>>{{"0x50005", {weak}},
                                                                     {"0x1", {weak}},
                                                                     {"0x50000", {was_weak}},
                                                                     {"0x20002", {hot}},
                                                                     {"0x80008", {hot}},
                                                                     {"0xe0000", {was_hot}},
                                                                     {"0xd0008", {was_weak, hot}},
                                                                     {"0xf000f", {weak, hot}}}) {
    firmware_says(bits);
    const std::vector<std::string> said = remarks();
    ASSERT_THAT(said, SizeIs(expected.size())) << bits;
    for (std::size_t i = 0; i < said.size(); ++i) EXPECT_THAT(said[i], StartsWith(expected[i]));
  }
}

TEST_F(HostRemarks, ReadTheDriversFileWithoutTheProgram) {
  kernel_file(kThrottled, "50005\n");
  EXPECT_THAT(remarks(), ElementsAre(StartsWith("lacks voltage")));
  vcgencmd("echo VCHI initialization failed; exit 255");
  EXPECT_THAT(remarks(), ElementsAre(StartsWith("lacks voltage")));
  firmware_says("0x0");
  EXPECT_THAT(remarks(), IsEmpty());
}

TEST_F(HostRemarks, AreSilentOnWhatNobodyUnderstands) {
  for (const std::string text : {"", "\n", "many", "99999999999999999999"}) {
    kernel_file(kThrottled, text);
    EXPECT_THAT(remarks(), IsEmpty()) << text;
    firmware_says("\"" + text + "\"");
    EXPECT_THAT(remarks(), IsEmpty()) << text;
  }
}

TEST_F(HostRemarks, DoNotWaitForAProgramThatHangs) {
  vcgencmd("sleep 60");
  const Clock::time_point start = Clock::now();
  EXPECT_THAT(remarks(), IsEmpty());
  EXPECT_LT(seconds_since(start), 30);
}

TEST(ProgramOutput, IsThatOfAProgramThatSucceeds) {
  constexpr std::chrono::seconds kLong{20};
  constexpr std::chrono::milliseconds kShort{50};
  EXPECT_EQ(program_output({"echo", "a  b", "$HOME; exit 1"}, kLong), "a  b $HOME; exit 1\n");
  EXPECT_EQ(program_output({"true"}, kLong), "");
  EXPECT_EQ(program_output({"cat"}, kLong), "");  // it has no input to wait for
  EXPECT_FALSE(program_output({"false"}, kLong));
  EXPECT_FALSE(program_output({"vpinfer-no-such-program"}, kLong));
  EXPECT_FALSE(program_output({"sleep", "60"}, kShort));
  EXPECT_FALSE(program_output({"sh", "-c", "echo early; exec >&-; sleep 60"}, kShort));
  EXPECT_FALSE(program_output({"yes"}, kShort));
}

}  // namespace
}  // namespace vpinfer
