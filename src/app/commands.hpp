#pragma once

#include "app/options.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {

// One function per subcommand.  Results go to stdout, warnings to stderr; all throw Error.

ExitCode import_model(const ImportOptions& options);
ExitCode show_info(const InfoOptions& options);
ExitCode plan_model(const PlanOptions& options);
ExitCode partition_model(const PartitionOptions& options);
// Called by every rank of an MPI job:
ExitCode calibrate_hosts(const CalibrateOptions& options);
ExitCode run_model(const RunOptions& options);

}  // namespace vpinfer
