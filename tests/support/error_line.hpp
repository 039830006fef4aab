#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <exception>
#include <string>

namespace vpinfer {

/// The message of the `Expected` that `action` throws, which must be one line.  Fails the test and
/// returns nothing if it throws something else or nothing at all.
template <typename Expected, typename Action>
std::string error_line(Action&& action) {
  try {
    action();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Expected& e) {
    const std::string line = e.what();
    EXPECT_THAT(line, testing::Not(testing::HasSubstr("\n")));
    EXPECT_FALSE(line.empty());
    return line;
  } catch (const std::exception& e) {
    ADD_FAILURE() << "another exception: " << e.what();
  }
  return {};
}

}  // namespace vpinfer
