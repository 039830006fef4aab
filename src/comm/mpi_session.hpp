#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {

/// This process as a rank of an MPI job, from MPI_Init to MPI_Finalize.  One per process.  Every
/// failed call throws Error with kRankFailed and the call's name; every wait of setting up and
/// reporting has a deadline of twice the timeout.
class MpiSession final : public Communicator {
 public:
  explicit MpiSession(std::chrono::duration<double> timeout);
  ~MpiSession() override;

  [[nodiscard]] int rank() const override { return rank_; }
  [[nodiscard]] int size() const override { return size_; }
  [[nodiscard]] std::string host(int rank) const override;
  std::unique_ptr<Transfers> receives(std::vector<Endpoint> endpoints, int tag) override;
  std::unique_ptr<Transfers> sends(std::vector<Endpoint> endpoints, int tag) override;
  void progress() override;

  // For setting up and reporting.  The collective ones are called by all ranks in the same order.

  /// Rank 0's text, on every rank.  Collective.
  [[nodiscard]] std::string broadcast(const std::string& text);
  /// Every rank's text by rank on rank 0, nothing elsewhere.  Collective.
  [[nodiscard]] std::vector<std::string> gather(const std::string& text);
  /// Every rank's value, by rank, on every rank.  Collective.
  [[nodiscard]] std::vector<int> all_gather(int value);
  /// Every rank's line of text, by rank, on every rank.  Collective.
  [[nodiscard]] std::vector<std::string> all_gather(const std::string& text);
  /// Collective.
  void barrier();
  void send(std::span<const float> values, int peer);
  void receive(std::span<float> values, int peer);

  /// For example `rank 3 (pi-4)`.
  [[nodiscard]] std::string name(int rank) const;
  /// For example `Open MPI 4.1.4`.
  [[nodiscard]] static std::string library_version();

 private:
  int rank_ = 0;
  int size_ = 1;
  std::chrono::duration<double> timeout_;
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
