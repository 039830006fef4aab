#pragma once

#include <stdexcept>

namespace vpinfer {

/// What is wrong with the file; the message says where.
class Malformed : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace vpinfer
