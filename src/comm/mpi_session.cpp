#include "comm/mpi_session.hpp"

#include <mpi.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>
#include <memory>
#include <numeric>

#include "base/units.hpp"
#include "comm/polling.hpp"

namespace vpinfer {
namespace {

/// Above the tags of exchanges, which are numbers of tensors.
constexpr int kSetUpTag = 32000;

void check(int result, const std::string& call) {
  if (result == MPI_SUCCESS) return;
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  MPI_Error_string(result, text.data(), &length);
  throw Error(ExitCode::kRankFailed,
              call + " failed: " + std::string(text.data(), static_cast<std::size_t>(length)));
}

int message_size(std::size_t elements) {
  if (elements > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    throw Bug("a message of " + std::to_string(elements) + " elements");
  }
  return static_cast<int>(elements);
}

/// Waits for one request of a set-up step: twice as long as for a border, because a rank that waits
/// for a border in vain knows better who is to blame.
void finish(MPI_Request request, const std::string& call, const std::string& peer,
            std::chrono::duration<double> timeout) {
  Polling polling(2 * timeout);
  while (true) {
    int done = 0;
    check(MPI_Test(&request, &done, MPI_STATUS_IGNORE), call);
    if (done != 0) return;
    if (!polling.pause()) {
      throw Error(ExitCode::kRankFailed, "between frames: no word from " + peer + " for " +
                                             fixed(2 * timeout.count(), 1) + " s (" + call +
                                             "); is it down? --timeout sets half that limit");
    }
  }
}

/// Persistent requests, freed with the object.
class MpiTransfers final : public Transfers {
 public:
  enum class Direction { kReceive, kSend };

  MpiTransfers(const std::vector<Endpoint>& endpoints, int tag, Direction direction) {
    for (const Endpoint& endpoint : endpoints) {
      MPI_Request request = MPI_REQUEST_NULL;
      const int size = message_size(endpoint.buffer.size());
      if (direction == Direction::kSend) {
        check(MPI_Send_init(endpoint.buffer.data(), size, MPI_BYTE, endpoint.peer, tag,
                            MPI_COMM_WORLD, &request),
              "MPI_Send_init");
      } else {
        check(MPI_Recv_init(endpoint.buffer.data(), size, MPI_BYTE, endpoint.peer, tag,
                            MPI_COMM_WORLD, &request),
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
    check(MPI_Startall(message_size(requests_.size()), requests_.data()), "MPI_Startall");
    active_.assign(requests_.size(), true);
  }

  std::optional<std::size_t> test() override {
    int index = MPI_UNDEFINED;
    int done = 0;
    check(MPI_Testany(message_size(requests_.size()), requests_.data(), &index, &done,
                      MPI_STATUS_IGNORE),
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

std::string host_name() {
  std::array<char, MPI_MAX_PROCESSOR_NAME> name{};
  int length = 0;
  check(MPI_Get_processor_name(name.data(), &length), "MPI_Get_processor_name");
  return {name.data(), static_cast<std::size_t>(length)};
}

bool mpi_runs() {
  int initialised = 0;
  int finalised = 0;
  MPI_Initialized(&initialised);
  MPI_Finalized(&finalised);
  return initialised != 0 && finalised == 0;
}

}  // namespace

MpiSession::MpiSession(std::chrono::duration<double> timeout) : timeout_(timeout) {
  check(MPI_Init(nullptr, nullptr), "MPI_Init");
  check(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  check(MPI_Comm_rank(MPI_COMM_WORLD, &rank_), "MPI_Comm_rank");
  check(MPI_Comm_size(MPI_COMM_WORLD, &size_), "MPI_Comm_size");
  hosts_ = all_gather(host_name());
}

MpiSession::~MpiSession() {
  // An unwinding rank must not wait for peers that it left behind: main aborts the job instead.
  if (std::uncaught_exceptions() == 0) MPI_Finalize();
}

std::string MpiSession::host(int rank) const {
  return hosts_[static_cast<std::size_t>(rank)];
}

std::unique_ptr<Transfers> MpiSession::receives(std::vector<Endpoint> endpoints, int tag) {
  return std::make_unique<MpiTransfers>(endpoints, tag, MpiTransfers::Direction::kReceive);
}

std::unique_ptr<Transfers> MpiSession::sends(std::vector<Endpoint> endpoints, int tag) {
  return std::make_unique<MpiTransfers>(endpoints, tag, MpiTransfers::Direction::kSend);
}

std::string MpiSession::name(int rank) const {
  std::string text = "rank " + std::to_string(rank);
  if (!hosts_.empty()) text += " (" + host(rank) + ")";
  return text;
}

void MpiSession::progress() {
  int arrived = 0;
  check(MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &arrived, MPI_STATUS_IGNORE),
        "MPI_Iprobe");
}

std::string MpiSession::broadcast(const std::string& text) {
  unsigned long long size = text.size();
  MPI_Request request = MPI_REQUEST_NULL;
  check(MPI_Ibcast(&size, 1, MPI_UNSIGNED_LONG_LONG, 0, MPI_COMM_WORLD, &request), "MPI_Ibcast");
  finish(request, "MPI_Ibcast", name(0), timeout_);
  std::string copy = rank_ == 0 ? text : std::string(size, '\0');
  check(MPI_Ibcast(copy.data(), message_size(copy.size()), MPI_BYTE, 0, MPI_COMM_WORLD, &request),
        "MPI_Ibcast");
  finish(request, "MPI_Ibcast", name(0), timeout_);
  return copy;
}

std::vector<int> MpiSession::all_gather(int value) {
  std::vector<int> values(static_cast<std::size_t>(size_));
  MPI_Request request = MPI_REQUEST_NULL;
  check(MPI_Iallgather(&value, 1, MPI_INT, values.data(), 1, MPI_INT, MPI_COMM_WORLD, &request),
        "MPI_Iallgather");
  finish(request, "MPI_Iallgather", "the other ranks", timeout_);
  return values;
}

std::vector<std::string> MpiSession::gather(const std::string& text) {
  const std::vector<int> sizes = all_gather(message_size(text.size()));
  std::vector<int> offsets(sizes.size());
  std::exclusive_scan(sizes.begin(), sizes.end(), offsets.begin(), 0);
  std::string joined;
  if (rank_ == 0) joined.resize(static_cast<std::size_t>(offsets.back() + sizes.back()));
  MPI_Request request = MPI_REQUEST_NULL;
  check(MPI_Igatherv(text.data(), message_size(text.size()), MPI_BYTE, joined.data(), sizes.data(),
                     offsets.data(), MPI_BYTE, 0, MPI_COMM_WORLD, &request),
        "MPI_Igatherv");
  finish(request, "MPI_Igatherv", "the other ranks", timeout_);
  std::vector<std::string> texts;
  if (rank_ != 0) return texts;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    texts.push_back(
        joined.substr(static_cast<std::size_t>(offsets[i]), static_cast<std::size_t>(sizes[i])));
  }
  return texts;
}

std::vector<std::string> MpiSession::all_gather(const std::string& text) {
  std::string joined;
  for (const std::string& line : gather(text)) joined += line + '\n';
  joined = broadcast(joined);
  std::vector<std::string> texts;
  for (std::size_t begin = 0; begin < joined.size();) {
    const std::size_t end = joined.find('\n', begin);
    texts.push_back(joined.substr(begin, end - begin));
    begin = end + 1;
  }
  return texts;
}

void MpiSession::barrier() {
  MPI_Request request = MPI_REQUEST_NULL;
  check(MPI_Ibarrier(MPI_COMM_WORLD, &request), "MPI_Ibarrier");
  finish(request, "MPI_Ibarrier", "the other ranks", timeout_);
}

void MpiSession::send(std::span<const float> values, int peer) {
  MPI_Request request = MPI_REQUEST_NULL;
  check(MPI_Isend(values.data(), message_size(values.size()), MPI_FLOAT, peer, kSetUpTag,
                  MPI_COMM_WORLD, &request),
        "MPI_Isend");
  finish(request, "MPI_Isend", name(peer), timeout_);
}

void MpiSession::receive(std::span<float> values, int peer) {
  MPI_Request request = MPI_REQUEST_NULL;
  check(MPI_Irecv(values.data(), message_size(values.size()), MPI_FLOAT, peer, kSetUpTag,
                  MPI_COMM_WORLD, &request),
        "MPI_Irecv");
  finish(request, "MPI_Irecv", name(peer), timeout_);
}

std::string MpiSession::library_version() {
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
  return "[rank " + std::to_string(rank) + " " + host_name() + "] ";
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
