#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/commands.hpp"
#include "app/frame_stream.hpp"
#include "app/job_setup.hpp"
#include "app/load_progress.hpp"
#include "app/pictures.hpp"
#include "app/results.hpp"
#include "base/machine.hpp"
#include "comm/channel.hpp"
#include "comm/mpi_communicator.hpp"
#include "io/file.hpp"
#include "kernel/blas.hpp"
#include "kernel/thread_pool.hpp"
#include "session/led_job.hpp"
#include "session/single_rank.hpp"

namespace vpinfer {
namespace {

/// What rank 0 knows about all ranks before there is a job.
struct Crew {
  int threads = 1;                   ///< of rank 0
  int most_threads = 1;              ///< of any rank
  std::vector<std::string> remarks;  ///< on slow BLAS libraries, by rank; mostly empty
};

/// An equal part of the cores that this process may use, unless the user wants otherwise.
int choose_threads(Channel& channel, const RunOptions& options) {
  const int cores = allowed_core_count();
  const std::string place = channel.host(channel.rank()) + " " + allowed_cores();
  const std::vector<std::string> places = channel.all_gather(place);
  const int sharers = static_cast<int>(std::count(places.begin(), places.end(), place));
  if (!options.threads) return std::max(1, cores / sharers);
  if (*options.threads * sharers > cores && channel.rank() == 0) {
    std::cerr << "warning: " << (sharers == 1 ? "" : std::to_string(sharers) + " ranks x ")
              << *options.threads << " threads on " << cores << " cores of " << place
              << "; fewer threads are faster"
              << (channel.size() == 1 ? "" : ", and mpirun --bind-to none gives a rank all cores")
              << '\n';
  }
  return *options.threads;
}

/// Every rank introduces itself.  What it returns is complete on rank 0.
Crew meet(Channel& channel, const RunOptions& options) {
  use_one_blas_thread();
  Crew crew{choose_threads(channel, options), 1, {}};
  for (const std::string& threads : channel.gather(std::to_string(crew.threads))) {
    crew.most_threads = std::max(crew.most_threads, std::stoi(threads));
  }
  crew.remarks = channel.gather(slow_blas_remark().value_or(""));
  return crew;
}

void warn_of_slow_blas(const Channel& channel, const Crew& crew) {
  std::set<std::string> lines;
  for (std::size_t rank = 0; rank < crew.remarks.size(); ++rank) {
    if (crew.remarks[rank].empty()) continue;
    lines.insert("warning: " + channel.host(static_cast<int>(rank)) + ": " + crew.remarks[rank]);
  }
  for (const std::string& line : lines) std::cerr << line << '\n';
}

std::unique_ptr<LedJob> set_up(Channel& channel, const RunOptions& options, const Job& job,
                               const ModelFile& model, ThreadPool& pool) {
  LoadProgress progress(job.network);
  return std::make_unique<LedJob>(channel, job, model, options.model, pool,
                                  [&progress](int position) { progress.loaded(position); });
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
void finish_frame(const RunOptions& options, const Job& job, const Frame& frame, Delivered& outputs,
                  Results& results, FinishedRun& run) {
  if (const std::optional<std::string> fault = results.fault(outputs)) {
    std::cerr << message_prefix() << printable(frame.name) << ": " << *fault << '\n';
    run.code = ExitCode::kBadInput;
  } else {
    results.add(frame, outputs);
  }
  if (!options.dump_output.empty()) {
    dump_outputs(options.dump_output, job.network, options.dump_layers, outputs);
  }
  if (options.compare_single) run.frames.push_back({frame.index, std::move(outputs)});
}

/// Runs all frames of the source on all ranks.
FinishedRun run_frames(AllRanks& all, const RunOptions& options, const Job& job,
                       const std::shared_ptr<FrameSource>& source, Results& results) {
  FinishedRun run;
  if (options.repeat > 1 || options.compare_single) all.warm_up();
  FrameStream frames(source, options.repeat, static_cast<std::size_t>(job.in_flight.frames),
                     [&](const Frame& frame, Delivered& outputs) {
                       finish_frame(options, job, frame, outputs, results, run);
                     });
  all.stream(frames);
  results.finish();
  if (frames.left_some_out()) run.code = ExitCode::kBadInput;
  run.times = frames.times();
  return run;
}

RunContext context_of(const RunOptions& options, const Job& job, const Crew& crew) {
  return {options.command_line,
          options.model.string(),
          job.checksum,
          job.network.origin,
          std::string(to_string(job.plan.strategy)),
          job.plan.coarsest_wire(),
          job.plan.conv,
          MpiCommunicator::library_version(),
          crew.threads,
          job.in_flight.frames};
}

/// Runs the frames again on rank 0 alone.
Comparison compare(AllRanks& all, SingleRank& single, const FrameSource& source,
                   const FinishedRun& run, double all_ranks_seconds) {
  std::optional<std::size_t> first_failure;
  for (const FinishedFrame& frame : run.frames) {
    const Frame again = source.load(frame.index);
    const bool agree = single.compare(source.writer(again), frame.outputs);
    if (!agree && !first_failure) first_failure = frame.index;
  }
  if (first_failure) {
    const Frame failed = source.load(*first_failure);
    const InputWriter write_input = source.writer(failed);
    single.find_first_difference(write_input, all.run_delivering_everything(write_input));
  }
  return single.verdict(all_ranks_seconds);
}

/// Prints a report and writes it to where the options say.
void give_out(const RunReport& report, const RunOptions& options, const Results& results) {
  std::cout << to_text(report);
  if (!options.json.empty()) {
    write_file_atomically(options.json, to_json(report, results.findings()));
  }
}

/// Rank 0's part of a job; the other ranks are in `follow_job`.
ExitCode lead_job(Channel& channel, const RunOptions& options, const Crew& crew, ThreadPool& pool) {
  // Set-up
  const ModelFile model(options.model);
  const Job planned = plan_job(options, model, channel.size(), crew.most_threads);
  check_output_files(options);
  const auto source = std::make_shared<FrameSource>(options, model.network());
  check_possible(options, model, *source);
  const Job job = with_frames_in_flight(planned, options, *source, crew.most_threads);
  Results results(options, job.network);  // after the checks: it makes a folder
  warn_of_slow_blas(channel, crew);
  const auto led = set_up(channel, options, job, model, pool);
  AllRanks& all = led->ranks();

  // Run
  const FinishedRun run = run_frames(all, options, job, source, results);

  // Report
  ExitCode code = run.code;
  if (!run.times.empty()) {
    RunReport report{context_of(options, job, crew), all.reports(),
                     steady_frames_per_second(run.times)};
    if (options.compare_single) {
      SingleRank single(channel.communicator(), all, job, model, pool, options.repeat);
      report.comparison = compare(all, single, *source, run, spread(report.latencies()).median);
      if (!report.comparison->pass() && code == ExitCode::kDone) code = ExitCode::kComparisonFailed;
    }
    give_out(report, options, results);
  }
  all.dismiss(code);
  return code;
}

}  // namespace

ExitCode run_model(const RunOptions& options) {
  give_back_freed_memory();
  MpiCommunicator communicator(options.timeout);
  Channel channel(communicator, options.timeout);
  const Crew crew = meet(channel, options);
  ThreadPool pool(crew.threads);
  return channel.rank() == 0 ? lead_job(channel, options, crew, pool)
                             : follow_job(channel, options.model, pool);
}

}  // namespace vpinfer
