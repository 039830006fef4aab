#include "app/hostfile.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/error_line.hpp"
#include "support/temporary_folder.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;

std::vector<std::string> hosts_of(const std::string& text) {
  const TemporaryFolder folder;
  return read_hostfile(folder.write("pis.txt", text));
}

std::string refusal_of(const std::string& text) {
  return error_line<BadInput>([&] { (void)hosts_of(text); });
}

TEST(Hostfile, NamesHostsInOrder) {
  EXPECT_THAT(
      hosts_of("# mine\n\n  pi2 slots = 1 max_slots=2 # here\n\t\nme@pi1\n10.0.0.7 slots=1"),
      ElementsAre("pi2", "pi1", "10.0.0.7"));
}

TEST(Hostfile, RefusesSeveralRanksOnAHost) {
  for (const std::string text :
       {"pi1\npi2 slots=4\n", "pi2\npi2\n", "pi2 slots=1\nme@pi2 slots=1\n"}) {
    EXPECT_THAT(refusal_of(text),
                HasSubstr("pis.txt:2: pi2 would have several ranks; a plan knows one"));
  }
}

TEST(Hostfile, RefusesWhatIsNone) {
  EXPECT_THAT(refusal_of(""), EndsWith("pis.txt: has no hosts; a line is such as pi1 slots=1"));
  EXPECT_THAT(refusal_of("# pi1\n"), HasSubstr("has no hosts"));
  for (const std::string name : {"pi1:2", "-np", "me@", "pi1,pi2", "{\"schema\":", "=1"}) {
    EXPECT_THAT(refusal_of("pi0\n" + name + "\n"), HasSubstr("pis.txt:2: '")) << name;
  }
  EXPECT_THAT(refusal_of("pi0\npi1 slots=1\r\n"), HasSubstr("pis.txt:2: ends as lines of Windows"));
  for (const std::string slots : {"0", "-1", "two", "1.5", "1x", "99999999999"}) {
    EXPECT_THAT(refusal_of("pi1 slots=" + slots),
                HasSubstr("pis.txt:1: '" + slots + "' is not a number of slots"))
        << slots;
  }
  for (const std::string rest : {"slots", "slots=", "slots 1", "2"}) {
    EXPECT_THAT(refusal_of("pi1 " + rest), HasSubstr("is not like slots=1")) << rest;
  }
  EXPECT_THAT(error_line<BadInput>([] { (void)read_hostfile("none.txt"); }), HasSubstr("none.txt"));
}

}  // namespace
}  // namespace vpinfer
