#pragma once

#include <filesystem>
#include <optional>

#include "net/network.hpp"
#include "plan/exchange.hpp"
#include "program/program.hpp"
#include "vpinfer/plan.hpp"

namespace vpinfer {

/// Reads a plan file for this network.  Throws BadInput.
[[nodiscard]] Plan read_plan_file(const std::filesystem::path& path, const Network& network);

/// Throws Error with kNotEnoughMemory, naming the fullest rank, if a rank would take more.
void check_memory_limit(const Plan& plan, const std::vector<RankMemory>& memory,
                        std::size_t limit_bytes);

}  // namespace vpinfer
