#pragma once

#include "plan/program.hpp"

namespace vpinfer {

/// Chooses where the floats of messages lie that go to or come from a stored part of an output.
void choose_staging(const Storage& storage, WireFormat wire, std::vector<Message>& messages);

/// Gives every buffer of a program with steps its place in the arena, and accounts for the bytes.
void place_buffers(const Network& network, Program& program);

}  // namespace vpinfer
