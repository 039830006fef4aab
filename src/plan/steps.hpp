#pragma once

#include "plan/program.hpp"

namespace vpinfer {

/// Writes the steps of a program whose tensors have their storage and messages.
void write_steps(const Network& network, const Plan& plan, const Delivery& delivery,
                 Program& program);

}  // namespace vpinfer
