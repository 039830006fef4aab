#include <algorithm>
#include <chrono>
#include <iostream>
#include <string>

#include "base/machine.hpp"
#include "comm/mpi_session.hpp"

/// Starts MPI, meets the other ranks and prints the largest resident set among them, in bytes: the
/// baseline that bench/scaling.py subtracts.
int main() {
  vpinfer::MpiSession session(std::chrono::seconds(60));
  session.barrier();
  std::size_t largest = 0;
  for (const std::string& bytes : session.gather(std::to_string(vpinfer::peak_rss_bytes()))) {
    largest = std::max(largest, std::stoul(bytes));
  }
  if (session.rank() == 0) std::cout << largest << '\n';
}
