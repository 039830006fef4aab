#include <algorithm>
#include <chrono>
#include <iostream>
#include <string>

#include "base/machine.hpp"
#include "comm/channel.hpp"
#include "comm/mpi_communicator.hpp"

/// Starts MPI, meets the other ranks and prints the largest resident set among them, in bytes: the
/// baseline that bench/scaling.py subtracts.
int main() {
  constexpr std::chrono::seconds kTimeout{60};
  vpinfer::MpiCommunicator communicator(kTimeout);
  vpinfer::Channel channel(communicator, kTimeout);
  channel.barrier();
  std::size_t largest = 0;
  for (const std::string& bytes : channel.gather(std::to_string(vpinfer::peak_rss_bytes()))) {
    largest = std::max(largest, std::stoul(bytes));
  }
  if (channel.rank() == 0) std::cout << largest << '\n';
}
