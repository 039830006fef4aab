#pragma once

#include <optional>
#include <string>
#include <vector>

#include "program/program.hpp"
#include "report/comparison.hpp"
#include "vpinfer/report.hpp"

namespace vpinfer {

/// What one needs to know to repeat a run.
struct RunContext {
  std::string command_line;
  std::string model;
  std::string model_checksum;
  std::string model_origin;
  std::string strategy;
  NumberFormat wire = NumberFormat::kFloat;
  ConvolutionPath conv = ConvolutionPath::kAuto;
  std::string mpi;
  int threads = 1;
  int frames_in_flight = 1;
};

/// Smallest, middle and largest of some durations.
struct Spread {
  double min = 0;
  double median = 0;
  double max = 0;
};

/// Of at least one value.
[[nodiscard]] Spread spread(std::vector<double> values);

struct RunReport {
  RunContext context;
  std::vector<RankReport> ranks;
  double frames_per_second = 0;
  std::optional<Comparison> comparison{};

  /// Of every timed frame: from its beginning on rank 0 until nothing is left to do there.
  [[nodiscard]] const std::vector<double>& latencies() const { return ranks.front().frame_seconds; }
  [[nodiscard]] std::size_t bytes_moved() const;
};

/// Round trip through JSON text, for gathering.
[[nodiscard]] std::string to_json(const RankReport& report);
[[nodiscard]] RankReport rank_report_from_json(const std::string& text);

/// What was found in the pictures of a run, as JSON arrays.
struct Findings {
  std::string detections = "[]";
  std::string classifications = "[]";
};

/// The report for programs: the keys are documented in the README.
[[nodiscard]] std::string to_json(const RunReport& report, const Findings& findings);

/// The tables for people, ending in the verdict if there was a comparison.
[[nodiscard]] std::string to_text(const RunReport& report);

}  // namespace vpinfer
