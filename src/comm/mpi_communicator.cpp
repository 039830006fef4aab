#include "comm/mpi_communicator.hpp"

#include <mpi.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "base/units.hpp"
#include "comm/eager_limit.hpp"
#include "comm/mpi_call.hpp"
#include "comm/mpi_transfers.hpp"
#include "comm/polling.hpp"
#include "vpinfer/mpi.hpp"

namespace vpinfer {
namespace {

/// One rank's name of its machine, ended by a zero.
using HostName = std::array<char, MPI_MAX_PROCESSOR_NAME>;

HostName host_name() {
  HostName name{};
  int length = 0;
  check_mpi(MPI_Get_processor_name(name.data(), &length), "MPI_Get_processor_name");
  return name;
}

/// Waits for a call that all ranks must make when they start.
void await_all(MPI_Request request, const std::string& call, std::chrono::duration<double> timeout,
               const std::string& advice = {}) {
  Polling polling(2 * timeout);
  for (int done = 0; done == 0;) {
    check_mpi(MPI_Test(&request, &done, MPI_STATUS_IGNORE), call);
    if (done == 0 && !polling.pause()) {
      throw Error(ExitCode::kRankFailed,
                  "starting: some rank did not come within " + fixed(2 * timeout.count(), 1) +
                      " s; is a host down? --timeout sets half that limit" + advice);
    }
  }
}

/// What every rank tells the others.
struct Introduction {
  HostName host{};
  std::uint64_t eager_limit = 0;
};

/// Every rank's, by rank.
std::vector<Introduction> introductions(MPI_Comm communicator, int ranks,
                                        std::chrono::duration<double> timeout,
                                        const std::string& advice) {
  const Introduction own{host_name(), tcp_eager_limit()};
  std::vector<Introduction> all(static_cast<std::size_t>(ranks));
  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi(MPI_Iallgather(&own, sizeof own, MPI_BYTE, all.data(), sizeof own, MPI_BYTE,
                           communicator, &request),
            "MPI_Iallgather");
  await_all(request, "MPI_Iallgather", timeout, advice);
  return all;
}

/// The most bytes that MPI sends at once to any other host; 0 if that is not known.
std::size_t bytes_sent_at_once(const std::vector<Introduction>& ranks) {
  const auto least = std::min_element(
      ranks.begin(), ranks.end(),
      [](const Introduction& a, const Introduction& b) { return a.eager_limit < b.eager_limit; });
  return least->eager_limit - least->eager_limit / 16;  // the rest is for headers
}

bool mpi_runs() {
  int initialised = 0;
  int finalised = 0;
  MPI_Initialized(&initialised);
  MPI_Finalized(&finalised);
  return initialised != 0 && finalised == 0;
}

}  // namespace

struct MpiCommunicator::Handle {
  MpiTransfers::Way way{.communicator = MPI_COMM_WORLD};
  bool is_whole_job = true;  // from MPI_Init to MPI_Finalize
};

MpiCommunicator::MpiCommunicator(std::chrono::duration<double> timeout)
    : network_(choose_network()), handle_(std::make_unique<Handle>()) {
  check_mpi(MPI_Init(nullptr, nullptr), "MPI_Init");
  meet(timeout);
}

MpiCommunicator::MpiCommunicator(std::unique_ptr<Handle> handle,
                                 std::chrono::duration<double> timeout)
    : handle_(std::move(handle)) {
  meet(timeout);
}

void MpiCommunicator::meet(std::chrono::duration<double> timeout) {
  MPI_Comm communicator = handle_->way.communicator;
  check_mpi(MPI_Comm_set_errhandler(communicator, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  check_mpi(MPI_Comm_rank(communicator, &rank_), "MPI_Comm_rank");
  check_mpi(MPI_Comm_size(communicator, &size_), "MPI_Comm_size");
  const auto ranks = introductions(communicator, size_, timeout, start_advice(network_));
  for (const Introduction& rank : ranks) hosts_.emplace_back(rank.host.data());
  const std::string& own = hosts_[static_cast<std::size_t>(rank_)];
  for (const std::string& host : hosts_) {  // ranks on one host copy from each other's memory
    handle_->way.chunk_bytes.push_back(host == own ? 0 : bytes_sent_at_once(ranks));
  }
}

MpiCommunicator::~MpiCommunicator() {
  // An unwinding rank must not wait for peers that it left behind: who catches ends the job.
  if (std::uncaught_exceptions() > 0) return;
  if (handle_->is_whole_job) {
    MPI_Finalize();
  } else if (mpi_runs()) {
    MPI_Comm_free(&handle_->way.communicator);
  }
}

std::shared_ptr<Communicator> communicator_over(MPI_Comm communicator,
                                                std::chrono::duration<double> timeout) {
  auto handle = std::make_unique<MpiCommunicator::Handle>();
  handle->is_whole_job = false;
  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi(MPI_Comm_idup(communicator, &handle->way.communicator, &request), "MPI_Comm_idup");
  await_all(request, "MPI_Comm_idup", timeout);
  return std::make_shared<MpiCommunicator>(std::move(handle), timeout);
}

std::string MpiCommunicator::host(int rank) const {
  return hosts_[static_cast<std::size_t>(rank)];
}

std::unique_ptr<Transfers> MpiCommunicator::receives(std::vector<Endpoint> endpoints, int tag) {
  return std::make_unique<MpiTransfers>(endpoints, tag, MpiTransfers::Direction::kReceive,
                                        handle_->way);
}

std::unique_ptr<Transfers> MpiCommunicator::sends(std::vector<Endpoint> endpoints, int tag) {
  return std::make_unique<MpiTransfers>(endpoints, tag, MpiTransfers::Direction::kSend,
                                        handle_->way);
}

void MpiCommunicator::progress() {
  int arrived = 0;
  check_mpi(MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, handle_->way.communicator, &arrived,
                       MPI_STATUS_IGNORE),
            "MPI_Iprobe");
}

std::string MpiCommunicator::library_version() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
  int length = 0;
  MPI_Get_library_version(text.data(), &length);
  const std::string version(text.data(), static_cast<std::size_t>(length));
  std::string name = version.substr(0, version.find(','));  // "Open MPI v4.1.4"
  if (const std::size_t v = name.find(" v"); v != std::string::npos) name.erase(v + 1, 1);
  return name;
}

int launched_rank() {
  for (const char* variable : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"}) {
    if (const char* value = std::getenv(variable)) return std::atoi(value);
  }
  return 0;
}

std::string message_prefix() {
  if (!mpi_runs()) return "vpinfer: ";
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return "[rank " + std::to_string(rank) + " " + host_name().data() + "] ";
}

void abort_job(ExitCode code) {
  if (!mpi_runs()) return;
  int size = 1;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  // A rank alone leaves no peer waiting, and MPI_Abort would add remarks to the message.
  if (size == 1) {
    MPI_Finalize();
  } else {
    MPI_Abort(MPI_COMM_WORLD, static_cast<int>(code));
  }
}

}  // namespace vpinfer
