#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/commands.hpp"
#include "app/crew.hpp"
#include "app/frame_stream.hpp"
#include "app/job_setup.hpp"
#include "app/load_progress.hpp"
#include "app/pictures.hpp"
#include "app/planning.hpp"
#include "app/results.hpp"
#include "base/machine.hpp"
#include "comm/mpi_communicator.hpp"
#include "io/file.hpp"
#include "report/run_report.hpp"
#include "search/planner.hpp"
#include "vpinfer/session.hpp"

namespace vpinfer {
namespace {

std::unique_ptr<Leader> set_up(const std::shared_ptr<Communicator>& communicator,
                               const Model& model, const Plan& plan, JobOptions options) {
  LoadProgress progress(model.file().network());
  options.loaded = [&progress](int position) { progress.loaded(position); };
  return std::make_unique<Leader>(communicator, model, plan, options);
}

/// A frame that ran on all ranks, kept for the comparison.
struct FinishedFrame {
  std::size_t index = 0;  ///< in the frame source
  Delivered outputs;
};

/// What a run leaves behind.
struct FinishedRun {
  ExitCode code = ExitCode::kDone;
  std::vector<FrameTimes> times;      ///< of all runs of all frames
  std::vector<FinishedFrame> frames;  ///< if they are to be compared
};

/// Prints, draws and dumps what a frame gave.
void finish_frame(const RunOptions& options, const Network& network, const Frame& frame,
                  Delivered& outputs, Results& results, FinishedRun& run) {
  if (const std::optional<std::string> fault = results.fault(outputs)) {
    std::cerr << message_prefix() << printable(frame.name) << ": " << *fault << '\n';
    run.code = ExitCode::kBadInput;
  } else {
    results.add(frame, outputs);
  }
  if (!options.dump_output.empty()) {
    dump_outputs(options.dump_output, network, options.dump_layers, outputs);
  }
  if (options.compare_single) run.frames.push_back({frame.index, std::move(outputs)});
}

/// Runs all frames of the source on all ranks.
FinishedRun run_frames(Leader& leader, const RunOptions& options, const Network& network,
                       const std::shared_ptr<FrameSource>& source, Results& results) {
  FinishedRun run;
  if (options.repeat > 1 || options.compare_single) leader.warm_up();
  FrameStream frames(source, options.repeat, static_cast<std::size_t>(leader.in_flight().frames),
                     [&](const Frame& frame, Delivered& outputs) {
                       finish_frame(options, network, frame, outputs, results, run);
                     });
  leader.stream(frames);
  results.finish();
  if (frames.left_some_out()) run.code = ExitCode::kBadInput;
  run.times = frames.times();
  return run;
}

RunContext context_of(const RunOptions& options, const Model& model, const Plan& plan, int threads,
                      const InFlight& in_flight) {
  return {options.command_line,
          options.model.string(),
          model.checksum(),
          model.file().network().origin,
          std::string(to_string(plan.strategy)),
          plan.coarsest_wire(),
          plan.conv,
          MpiCommunicator::library_version(),
          threads,
          in_flight.frames};
}

/// Runs the frames again on rank 0 alone.
Comparison compare(SingleRank& single, const FrameSource& source, const FinishedRun& run,
                   const Results& results, double all_ranks_seconds) {
  std::optional<std::size_t> first_failure;
  FindingChanges changes;
  for (const FinishedFrame& frame : run.frames) {
    const Frame again = source.load(frame.index);
    const bool agree = single.compare(source.writer(again), frame.outputs);
    if (!agree && !first_failure) first_failure = frame.index;
    if (results.fault(frame.outputs) || results.fault(single.outputs())) continue;
    results.compare(again, single.outputs(), frame.outputs, changes);
  }
  if (first_failure) {
    const Frame failed = source.load(*first_failure);
    single.find_first_difference(source.writer(failed));
  }
  Comparison comparison = single.verdict(all_ranks_seconds);
  comparison.findings = changes;
  return comparison;
}

/// Prints a report and writes it to where the options say.
void give_out(const RunReport& report, const RunOptions& options, const Results& results) {
  std::cout << to_text(report);
  if (!options.json.empty()) {
    write_file_atomically(options.json, to_json(report, results.findings()));
  }
}

/// What the run will take on known hosts.  Throws Error with kNotEnoughMemory if one has too
/// little.
std::optional<Prediction> predict_run(const RunOptions& options, const Model& model,
                                      const Plan& plan, const std::optional<Cluster>& cluster,
                                      const JobOptions& job, const Crew& crew) {
  if (!cluster) return std::nullopt;
  Prediction prediction =
      predict(model, plan, within_limit(*cluster, options.planning.memory_limit_bytes),
              {job.in_flight ? job.in_flight->lanes : 1, crew.most_threads}, job.deliver);
  check_host_memory(prediction.memory, *cluster);
  return prediction;
}

/// Rank 0's part of a job; the other ranks are in `follow`.
ExitCode lead_job(const std::shared_ptr<Communicator>& communicator, const RunOptions& options,
                  const Crew& crew, const std::optional<Cluster>& cluster) {
  // Set-up
  const Model model(options.model);
  const Network& network = model.file().network();
  const Plan plan = choose_plan(options, model, crew, cluster);
  check_output_files(options);
  const auto source = std::make_shared<FrameSource>(options, network);
  check_possible(options, model, *source);
  const JobOptions job = job_options(options, model, plan, *source, crew, cluster);
  const std::optional<Prediction> prediction =
      predict_run(options, model, plan, cluster, job, crew);
  Results results(options, network);  // after the checks: it makes a folder
  warn_of_slow_blas(*communicator, crew);
  const auto leader = set_up(communicator, model, plan, job);

  // Run
  const FinishedRun run = run_frames(*leader, options, network, source, results);

  // Report
  ExitCode code = run.code;
  if (!run.times.empty()) {
    RunReport report{context_of(options, model, plan, crew.threads, leader->in_flight()),
                     leader->reports(), steady_frames_per_second(run.times)};
    if (prediction) {
      report.predicted =
          PredictedTimes{prediction->latency_seconds, 1 / prediction->period_seconds};
    }
    if (options.compare_single) {
      SingleRank single(*leader, options.repeat);
      report.comparison = compare(single, *source, run, results, spread(report.latencies()).median);
      if (!report.comparison->pass() && code == ExitCode::kDone) code = ExitCode::kComparisonFailed;
    }
    give_out(report, options, results);
  }
  leader->dismiss(code);
  return code;
}

}  // namespace

ExitCode run_model(const RunOptions& options) {
  give_back_freed_memory();
  const auto communicator = std::make_shared<MpiCommunicator>(options.timeout);
  Channel channel(*communicator, options.timeout);
  const Crew crew = meet(channel, options.threads);
  const std::optional<Cluster> cluster = find_cluster(channel, options, crew);
  if (communicator->rank() == 0) return lead_job(communicator, options, crew, cluster);
  return follow(communicator, options.model, {.threads = crew.threads, .timeout = options.timeout});
}

}  // namespace vpinfer
