// A program that embeds vpinfer: `mpirun -np 4 embedding model.h5` runs a frame on all ranks.

#include <algorithm>
#include <iostream>
#include <memory>
#include <vector>

#include "vpinfer/mpi.hpp"
#include "vpinfer/session.hpp"

namespace {

/// Rank 0: plans, runs two frames and prints what came of the second.
void lead(const std::shared_ptr<vpinfer::Communicator>& communicator, const char* path, int ranks) {
  const vpinfer::Model model(path);
  const vpinfer::Cluster cluster = vpinfer::cluster_of(ranks, vpinfer::raspberry_pi_4());
  const vpinfer::Plan plan = vpinfer::make_plan(model, vpinfer::Strategy::kVertical, cluster);
  vpinfer::Leader leader(communicator, model, plan);
  std::vector<float> frame(model.input_shape().elements(), 0.25F);
  (void)leader.run(frame);
  std::fill(frame.begin(), frame.end(), 0.5F);
  const vpinfer::Delivered outputs = leader.run(frame);
  for (const vpinfer::ModelOutput& output : model.outputs()) {
    const std::vector<float>& values = outputs.at(output.position);
    std::cout << vpinfer::to_string(output.shape) << ' '
              << *std::max_element(values.begin(), values.end()) << '\n';
  }
  for (const vpinfer::RankReport& report : leader.reports()) {
    std::cout << "rank " << report.rank << " took " << report.memory.total() << " bytes\n";
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: mpirun -np 4 embedding model.h5\n";
    return static_cast<int>(vpinfer::ExitCode::kBadUsage);
  }
  MPI_Init(&argc, &argv);
  MPI_Comm job = MPI_COMM_NULL;  // of this program's own making
  MPI_Comm_dup(MPI_COMM_WORLD, &job);
  try {
    int rank = 0;
    int ranks = 1;
    MPI_Comm_rank(job, &rank);
    MPI_Comm_size(job, &ranks);
    const auto communicator = vpinfer::communicator_over(job);
    if (rank == 0) {
      lead(communicator, argv[1], ranks);
    } else {
      (void)vpinfer::follow(communicator, argv[1]);
    }
  } catch (const vpinfer::Error& e) {
    std::cerr << e.what() << '\n';
    MPI_Abort(job, static_cast<int>(e.code()));
  }
  MPI_Comm_free(&job);
  MPI_Finalize();
}
