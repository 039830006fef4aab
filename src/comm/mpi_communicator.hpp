#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "comm/network_use.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {

/// A rank of an MPI communicator.  Every failed call throws Error with kRankFailed and the call's
/// name.
class MpiCommunicator final : public Communicator {
 public:
  /// MPI's communicator, of which the rest of the program need not know.
  struct Handle;

  /// This process as a rank of an MPI job, from MPI_Init to MPI_Finalize.  One per process.
  /// Chooses the network unless the user has (comm/network_choice.hpp).  Meets the other ranks;
  /// throws Error with kRankFailed if one does not come within twice the timeout.
  explicit MpiCommunicator(std::chrono::duration<double> timeout);
  /// The same among the ranks of a communicator that somebody else keeps, along with MPI.
  MpiCommunicator(std::unique_ptr<Handle> handle, std::chrono::duration<double> timeout);
  ~MpiCommunicator() override;

  [[nodiscard]] int rank() const override { return rank_; }
  [[nodiscard]] int size() const override { return size_; }
  [[nodiscard]] std::string host(int rank) const override;
  [[nodiscard]] NetworkLink link() const override { return link_of(network_); }
  std::unique_ptr<Transfers> receives(std::vector<Endpoint> endpoints, int tag) override;
  std::unique_ptr<Transfers> sends(std::vector<Endpoint> endpoints, int tag) override;
  void progress() override;

  /// For example `Open MPI 4.1.4`.
  [[nodiscard]] static std::string library_version();

 private:
  void meet(std::chrono::duration<double> timeout);

  NetworkUse network_;
  std::unique_ptr<Handle> handle_;
  int rank_ = 0;
  int size_ = 1;
  std::vector<std::string> hosts_;
};

/// The rank that the launcher gave this process, known before MPI_Init; 0 without a launcher.
[[nodiscard]] int launched_rank();

/// How messages of this process begin: `[rank 3 pi-4] ` while MPI runs, `vpinfer: ` otherwise.
[[nodiscard]] std::string message_prefix();

/// Ends all ranks of the job with this exit code, from any state.  Does nothing if MPI does not
/// run.
void abort_job(ExitCode code);

}  // namespace vpinfer
