#include "comm/mpi_communicator.hpp"

#include <mpi.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>
#include <memory>

#include "base/units.hpp"
#include "comm/polling.hpp"
#include "vpinfer/mpi.hpp"

namespace vpinfer {
namespace {

/// One rank's name of its machine, ended by a zero.
using HostName = std::array<char, MPI_MAX_PROCESSOR_NAME>;

void check(int result, const std::string& call) {
  if (result == MPI_SUCCESS) return;
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  MPI_Error_string(result, text.data(), &length);
  throw Error(ExitCode::kRankFailed,
              call + " failed: " + std::string(text.data(), static_cast<std::size_t>(length)));
}

int to_int(std::size_t count) {
  if (count > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    throw Bug("a message of " + std::to_string(count) + " bytes");
  }
  return static_cast<int>(count);
}

/// Persistent requests, freed with the object.
class MpiTransfers final : public Transfers {
 public:
  enum class Direction { kReceive, kSend };

  MpiTransfers(const std::vector<Endpoint>& endpoints, int tag, Direction direction,
               MPI_Comm communicator) {
    for (const Endpoint& endpoint : endpoints) {
      MPI_Request request = MPI_REQUEST_NULL;
      const int size = to_int(endpoint.buffer.size());
      if (direction == Direction::kSend) {
        check(MPI_Send_init(endpoint.buffer.data(), size, MPI_BYTE, endpoint.peer, tag,
                            communicator, &request),
              "MPI_Send_init");
      } else {
        check(MPI_Recv_init(endpoint.buffer.data(), size, MPI_BYTE, endpoint.peer, tag,
                            communicator, &request),
              "MPI_Recv_init");
      }
      requests_.push_back(request);
    }
    active_.assign(requests_.size(), false);
  }

  ~MpiTransfers() override {
    for (MPI_Request& request : requests_) MPI_Request_free(&request);
  }

  void start() override {
    if (requests_.empty()) return;  // which MPI_Startall calls an error
    check(MPI_Startall(to_int(requests_.size()), requests_.data()), "MPI_Startall");
    active_.assign(requests_.size(), true);
  }

  std::optional<std::size_t> test() override {
    int index = MPI_UNDEFINED;
    int done = 0;
    check(MPI_Testany(to_int(requests_.size()), requests_.data(), &index, &done, MPI_STATUS_IGNORE),
          "MPI_Testany");
    if (done == 0 || index == MPI_UNDEFINED) return std::nullopt;
    active_[static_cast<std::size_t>(index)] = false;
    return static_cast<std::size_t>(index);
  }

  [[nodiscard]] std::optional<std::size_t> unfinished() const override {
    const auto found = std::find(active_.begin(), active_.end(), true);
    if (found == active_.end()) return std::nullopt;
    return static_cast<std::size_t>(found - active_.begin());
  }

 private:
  std::vector<MPI_Request> requests_;
  std::vector<bool> active_;
};

HostName host_name() {
  HostName name{};
  int length = 0;
  check(MPI_Get_processor_name(name.data(), &length), "MPI_Get_processor_name");
  return name;
}

/// Waits for a call that all ranks must make when they start.
void await_all(MPI_Request request, const std::string& call, std::chrono::duration<double> timeout,
               const std::string& advice = {}) {
  Polling polling(2 * timeout);
  for (int done = 0; done == 0;) {
    check(MPI_Test(&request, &done, MPI_STATUS_IGNORE), call);
    if (done == 0 && !polling.pause()) {
      throw Error(ExitCode::kRankFailed,
                  "starting: some rank did not come within " + fixed(2 * timeout.count(), 1) +
                      " s; is a host down? --timeout sets half that limit" + advice);
    }
  }
}

/// Every rank's, by rank.
std::vector<std::string> all_hosts(MPI_Comm communicator, int ranks,
                                   std::chrono::duration<double> timeout,
                                   const std::string& advice) {
  const HostName own = host_name();
  std::vector<HostName> all(static_cast<std::size_t>(ranks));
  MPI_Request request = MPI_REQUEST_NULL;
  check(MPI_Iallgather(own.data(), to_int(own.size()), MPI_CHAR, all.data(), to_int(own.size()),
                       MPI_CHAR, communicator, &request),
        "MPI_Iallgather");
  await_all(request, "MPI_Iallgather", timeout, advice);
  std::vector<std::string> hosts;
  for (const HostName& name : all) hosts.emplace_back(name.data());
  return hosts;
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
  MPI_Comm communicator = MPI_COMM_WORLD;
  bool is_whole_job = true;  // from MPI_Init to MPI_Finalize
};

MpiCommunicator::MpiCommunicator(std::chrono::duration<double> timeout)
    : network_(choose_network()), handle_(std::make_unique<Handle>()) {
  check(MPI_Init(nullptr, nullptr), "MPI_Init");
  meet(timeout);
}

MpiCommunicator::MpiCommunicator(std::unique_ptr<Handle> handle,
                                 std::chrono::duration<double> timeout)
    : handle_(std::move(handle)) {
  meet(timeout);
}

void MpiCommunicator::meet(std::chrono::duration<double> timeout) {
  MPI_Comm communicator = handle_->communicator;
  check(MPI_Comm_set_errhandler(communicator, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  check(MPI_Comm_rank(communicator, &rank_), "MPI_Comm_rank");
  check(MPI_Comm_size(communicator, &size_), "MPI_Comm_size");
  hosts_ = all_hosts(communicator, size_, timeout, start_advice(network_));
}

MpiCommunicator::~MpiCommunicator() {
  // An unwinding rank must not wait for peers that it left behind: who catches ends the job.
  if (std::uncaught_exceptions() > 0) return;
  if (handle_->is_whole_job) {
    MPI_Finalize();
  } else if (mpi_runs()) {
    MPI_Comm_free(&handle_->communicator);
  }
}

std::shared_ptr<Communicator> communicator_over(MPI_Comm communicator,
                                                std::chrono::duration<double> timeout) {
  auto handle = std::make_unique<MpiCommunicator::Handle>();
  handle->is_whole_job = false;
  MPI_Request request = MPI_REQUEST_NULL;
  check(MPI_Comm_idup(communicator, &handle->communicator, &request), "MPI_Comm_idup");
  await_all(request, "MPI_Comm_idup", timeout);
  return std::make_shared<MpiCommunicator>(std::move(handle), timeout);
}

std::string MpiCommunicator::host(int rank) const {
  return hosts_[static_cast<std::size_t>(rank)];
}

std::unique_ptr<Transfers> MpiCommunicator::receives(std::vector<Endpoint> endpoints, int tag) {
  return std::make_unique<MpiTransfers>(endpoints, tag, MpiTransfers::Direction::kReceive,
                                        handle_->communicator);
}

std::unique_ptr<Transfers> MpiCommunicator::sends(std::vector<Endpoint> endpoints, int tag) {
  return std::make_unique<MpiTransfers>(endpoints, tag, MpiTransfers::Direction::kSend,
                                        handle_->communicator);
}

void MpiCommunicator::progress() {
  int arrived = 0;
  check(MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, handle_->communicator, &arrived, MPI_STATUS_IGNORE),
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
