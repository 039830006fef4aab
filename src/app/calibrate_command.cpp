#include <iostream>
#include <memory>

#include "app/commands.hpp"
#include "app/crew.hpp"
#include "app/output_files.hpp"
#include "app/progress_line.hpp"
#include "base/units.hpp"
#include "comm/mpi_communicator.hpp"
#include "io/file.hpp"
#include "kernel/thread_pool.hpp"
#include "report/table.hpp"
#include "search/like_hosts.hpp"
#include "session/calibration.hpp"

namespace vpinfer {
namespace {

std::string describe(const Calibration& calibration) {
  Table table({{"host", Align::kLeft},
               {"direct"},
               {"Winograd"},
               {"BLAS"},
               {"loops GFLOP/s"},
               {"memory GB/s"},
               {"Mbit/s alone"},
               {"together"},
               {"message us"},
               {"its work us"},
               {"and ns/byte"},
               {"free MiB"}});
  for (std::size_t rank = 0; rank < calibration.links.size(); ++rank) {
    const Host& host = calibration.cluster.hosts[rank];
    const LinkRates& link = calibration.links[rank];
    const auto giga = [](double value) { return fixed(value / 1e9, 2); };
    table.add({host.name, giga(host.speed.direct_flop_per_second),
               giga(host.speed.winograd_flop_per_second), giga(host.speed.blas_flop_per_second),
               giga(host.speed.loop_flop_per_second), giga(host.speed.memory_bytes_per_second),
               fixed(link.alone * 8 / 1e6, 0), fixed(link.together * 8 / 1e6, 0),
               fixed(host.link.message_seconds * 1e6, 0),
               fixed(host.link.message_processor_seconds * 1e6, 0),
               fixed(host.link.byte_processor_seconds * 1e9, 2),
               host.memory_bytes ? mebibytes(*host.memory_bytes) : "?"});
  }
  return table.text();
}

Calibration measure(Channel& channel, const CalibrateOptions& options) {
  const bool leads = channel.rank() == 0;
  const Crew crew = meet(channel, options.threads);
  ThreadPool pool(crew.threads);
  if (!leads) return calibrate(channel, pool, options.patience);
  ProgressLine line;
  return calibrate(channel, pool, options.patience,
                   [&line](const std::string& doing) { line.say("calibrating: " + doing); });
}

}  // namespace

ExitCode calibrate_hosts(const CalibrateOptions& options) {
  MpiCommunicator communicator(options.timeout);
  Channel channel(communicator, options.timeout);
  const bool leads = channel.rank() == 0;
  if (leads) check_output_file("--output", options.output, {});
  const Calibration calibration = measure(channel, options);
  const std::vector<std::string> remarks = calibration_remarks(channel, calibration);
  if (!leads) return ExitCode::kDone;
  std::cout << describe(calibration);
  for (const std::string& remark : remarks) std::cerr << "warning: " << remark << '\n';
  if (!options.output.empty()) {
    write_file_atomically(options.output, to_json(with_like_hosts_levelled(calibration.cluster)));
    std::cout << "written to " << options.output.string() << '\n';
  }
  return ExitCode::kDone;
}

}  // namespace vpinfer
