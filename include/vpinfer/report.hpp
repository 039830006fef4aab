#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "vpinfer/changes.hpp"
#include "vpinfer/convolution_path.hpp"
#include "vpinfer/memory.hpp"
#include "vpinfer/wire_format.hpp"

namespace vpinfer {

/// What one rank tells about a run; times and bytes are means per frame.
struct RankReport {
  int rank = 0;
  std::string host;
  std::string interface;  ///< that its messages to other hosts go through; empty if unknown
  bool wireless = false;  ///< that interface
  int link_mbit = 0;      ///< its speed in Mbit/s; 0 if unknown
  std::string cores;      ///< that the process may run on
  std::string blas;
  std::string micro_kernel;  ///< that convolutions use unless they keep to BLAS
  std::string boxes;
  RankMemory memory;        ///< planned, allocated exactly so
  WeightBytes weights;      ///< of its weights
  double load_seconds = 0;  ///< reading and packing them
  std::size_t peak_rss_bytes = 0;
  double compute_seconds = 0;
  double pack_seconds = 0;     ///< copying between outputs and messages
  double message_seconds = 0;  ///< in the message-passing library
  double wait_seconds = 0;
  double utilisation = 0;  ///< the share of the whole stream's time that it computed
  std::size_t sent_bytes = 0;
  std::size_t received_bytes = 0;
  std::vector<double> frame_seconds;  ///< of every timed frame, on this rank
};

/// How far one tensor is from its reference.
struct Difference {
  double max_abs = 0;
  double max_rel = 0;  ///< max_abs over the reference's largest magnitude
  bool finite = true;  ///< false if either side has a NaN or an infinity: they agree with nothing
};

/// The verdict of a comparison with one rank.
struct Comparison {
  Difference largest;
  double tolerance = 0;
  std::optional<int> first_layer;  ///< Darknet's number of the first layer that differs
  double speedup = 0;              ///< the single rank's median latency over that of all ranks
  double single_seconds = 0;       ///< the single rank's median latency
  std::size_t single_bytes = 0;    ///< its predicted memory
  FindingChanges findings{};  ///< told by the program vpinfer; a SingleRank knows of tensors only

  [[nodiscard]] bool pass() const;
};

/// What one needs to know to repeat a run.
struct RunContext {
  std::string command_line;
  std::string model;
  std::string model_checksum;
  std::string model_origin;
  std::string strategy;
  WireFormat wire = WireFormat::kFloat;
  ConvolutionPath conv = ConvolutionPath::kAuto;
  std::string mpi;
  int threads = 1;
  int frames_in_flight = 1;
};

/// What a simulation of the plan on the cluster told before the run.
struct PredictedTimes {
  double latency_seconds = 0;
  double frames_per_second = 0;  ///< of a stream in full swing
};

/// What all ranks tell about a run, and what came of a comparison.
struct RunReport {
  RunContext context;
  std::vector<RankReport> ranks;
  double frames_per_second = 0;
  std::optional<Comparison> comparison{};
  std::optional<PredictedTimes> predicted{};  ///< if the hosts are known

  /// Of every timed frame: from its beginning on rank 0 until nothing is left to do there.
  [[nodiscard]] const std::vector<double>& latencies() const { return ranks.front().frame_seconds; }
  [[nodiscard]] std::size_t bytes_moved() const;
};

/// What was found in the pictures of a run, as JSON arrays.
struct Findings {
  std::string detections = "[]";
  std::string classifications = "[]";
  std::string segmentations = "[]";
  std::string landmarks = "[]";
};

/// The report for programs: the keys are documented in the README.
[[nodiscard]] std::string to_json(const RunReport& report, const Findings& findings);

/// The tables for people, ending in the verdict if there was a comparison.
[[nodiscard]] std::string to_text(const RunReport& report);

}  // namespace vpinfer
