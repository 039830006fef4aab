#pragma once

#include <filesystem>
#include <optional>

#include "net/network.hpp"
#include "plan/exchange.hpp"
#include "plan/plan.hpp"
#include "program/program.hpp"

namespace vpinfer {

/// Reads a plan file for this network.  Throws BadInput.
[[nodiscard]] Plan read_plan_file(const std::filesystem::path& path, const Network& network);

/// Throws Error with kNotEnoughMemory, naming the fullest rank, if a rank that does so much at the
/// same time would take more.
void check_memory_limit(const Network& network, const Plan& plan, const Delivery& delivery,
                        std::optional<std::size_t> limit_bytes,
                        const Concurrency& concurrency = {});

}  // namespace vpinfer
