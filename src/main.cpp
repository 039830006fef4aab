#include <chrono>
#include <exception>
#include <iostream>
#include <new>
#include <string>
#include <thread>
#include <variant>

#include "app/commands.hpp"
#include "comm/mpi_communicator.hpp"

namespace {

using namespace vpinfer;

/// Runs the chosen command.
struct Dispatch {
  ExitCode operator()(const TextRequest& request) const {
    if (launched_rank() == 0) std::cout << request.text;
    return ExitCode::kDone;
  }
  ExitCode operator()(const RunOptions& options) const { return run_model(options); }
  ExitCode operator()(const ImportOptions& options) const { return import_model(options); }
  ExitCode operator()(const InfoOptions& options) const { return show_info(options); }
  ExitCode operator()(const PlanOptions& options) const { return plan_model(options); }
  ExitCode operator()(const CalibrateOptions& options) const { return calibrate_hosts(options); }
  ExitCode operator()(const PartitionOptions& options) const { return partition_model(options); }
};

/// One line on stderr, then all ranks down.
int fail(ExitCode code, const std::string& message) {
  // All ranks of a job have the same command line: rank 0 complains, and the launcher ends the
  // others meanwhile.
  if (code == ExitCode::kBadUsage && launched_rank() != 0) {
    std::this_thread::sleep_for(std::chrono::seconds(5));
  }
  std::cerr << message_prefix() + message + "\n" << std::flush;  // in one piece
  // The rank next to the culprit may notice a moment later, and knows best.
  if (code == ExitCode::kRankFailed) std::this_thread::sleep_for(std::chrono::milliseconds(300));
  abort_job(code);
  return static_cast<int>(code);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const ExitCode code = std::visit(Dispatch{}, parse_command_line(argc, argv));
    std::cout.flush();
    if (!std::cout) throw BadInput("cannot write to the standard output; is the disk full?");
    return static_cast<int>(code);
  } catch (const Error& e) {
    return fail(e.code(), e.what());
  } catch (const std::bad_alloc&) {
    return fail(ExitCode::kNotEnoughMemory,
                "not enough memory; use more ranks, or see 'vpinfer plan' for what each takes");
  } catch (const std::exception& e) {
    return fail(ExitCode::kBug, std::string("bug: ") + e.what());
  }
}
