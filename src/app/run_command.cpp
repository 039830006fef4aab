#include <algorithm>
#include <iostream>
#include <optional>
#include <set>

#include "app/commands.hpp"
#include "app/frame_stream.hpp"
#include "app/job.hpp"
#include "app/output_files.hpp"
#include "app/pictures.hpp"
#include "app/planning.hpp"
#include "app/ranks.hpp"
#include "app/results.hpp"
#include "app/single_rank.hpp"
#include "base/machine.hpp"
#include "io/file.hpp"
#include "kernel/blas.hpp"
#include "kernel/thread_pool.hpp"

namespace vpinfer {
namespace {

/// The results and the layers to dump.
Delivery delivery_for(const Network& network, const DumpLayers& dump) {
  Delivery delivery = result_layers(network);
  const int last = Network::number(network.size() - 1);
  for (const int number : dump.numbers) {
    if (number > last) {
      throw BadUsage("--dump-layers: there is no layer " + std::to_string(number) +
                     ", the last one is " + std::to_string(last));
    }
    delivery.push_back(Network::position(number));
  }
  if (dump.all) {
    for (int position = 1; position < network.size(); ++position) delivery.push_back(position);
  }
  std::sort(delivery.begin(), delivery.end());
  delivery.erase(std::unique(delivery.begin(), delivery.end()), delivery.end());
  return delivery;
}

/// What would only fail after a long run is refused before it.
void check_possible(const RunOptions& options, const ModelFile& model, const FrameSource& source) {
  const Interpretation meaning = interpret(model.network(), options.model.string());
  if (!options.output.empty() &&
      (meaning.gives_tensors_only() || (meaning.detects() && source.gives_tensor()))) {
    throw BadUsage(
        "--output: " +
        (meaning.detects()
             ? options.input.string() + " is a tensor, there is no picture to find boxes in"
             : options.model.string() + " gives neither boxes nor classes") +
        "; --dump-output writes tensors");
  }
  if (!options.dump_output.empty() && source.size() != 1) {
    throw BadUsage("--dump-output takes one picture, " +
                   (source.size()
                        ? options.input.string() + " holds " + std::to_string(*source.size())
                        : "not a video"));
  }
  if (!options.compare_single) return;
  if (!source.can_reread()) {
    throw BadUsage(
        "--compare-single reads the input twice, which a pipe does not allow; save the video to a "
        ".mjpeg file and give that");
  }
  const int ranks = model.partition() ? model.partition()->ranks : 1;
  for (int rank = 0; rank < ranks; ++rank) {
    if (!model.finds_rank(rank)) {
      throw BadInput(share_path(options.model, rank).string() +
                     ": missing; --compare-single needs all shares on rank 0's host");
    }
    model.check_rank(rank);
  }
}

/// An equal part of the cores that this process may use, unless the user wants otherwise.
int choose_threads(MpiSession& session, const RunOptions& options) {
  const int cores = allowed_core_count();
  const std::string place = session.host(session.rank()) + " " + allowed_cores();
  const std::vector<std::string> places = session.all_gather(place);
  const int sharers = static_cast<int>(std::count(places.begin(), places.end(), place));
  if (!options.threads) return std::max(1, cores / sharers);
  if (*options.threads * sharers > cores && session.rank() == 0) {
    std::cerr << "warning: " << (sharers == 1 ? "" : std::to_string(sharers) + " ranks x ")
              << *options.threads << " threads on " << cores << " cores of " << place
              << "; fewer threads are faster"
              << (session.size() == 1 ? "" : ", and mpirun --bind-to none gives a rank all cores")
              << '\n';
  }
  return *options.threads;
}

void warn_of_slow_blas(MpiSession& session) {
  const auto remarks = session.gather(slow_blas_remark().value_or(""));
  std::set<std::string> lines;
  for (std::size_t rank = 0; rank < remarks.size(); ++rank) {
    if (remarks[rank].empty()) continue;
    lines.insert("warning: " + session.host(static_cast<int>(rank)) + ": " + remarks[rank]);
  }
  for (const std::string& line : lines) std::cerr << line << '\n';
}

RunContext context_of(const RunOptions& options, const Agreement& agreement, int threads,
                      const InFlight& in_flight) {
  return {options.command_line,
          options.model.string(),
          agreement.checksum,
          agreement.network.origin,
          std::string(to_string(agreement.plan.strategy)),
          agreement.plan.coarsest_wire(),
          agreement.plan.conv,
          MpiSession::library_version(),
          threads,
          in_flight.frames};
}

/// A frame that ran on all ranks, kept for the comparison.
struct FinishedFrame {
  std::size_t index = 0;  ///< in the frame source
  Outputs outputs;
};

/// Rank 0's part of a run.
class Conductor {
 public:
  Conductor(MpiSession& session, const RunOptions& options, const Agreement& agreement,
            const ModelFile& model, std::shared_ptr<FrameSource> source, Results& results,
            const Weights& weights, ThreadPool& pool, ReadyRank& own)
      : session_(session),
        options_(options),
        agreement_(agreement),
        model_(model),
        weights_(weights),
        pool_(pool),
        all_(session, own),
        source_(std::move(source)),
        results_(results) {}

  ExitCode conduct(const RunContext& context) {
    if (options_.repeat > 1 || options_.compare_single) all_.warm_up();
    const auto window = static_cast<std::size_t>(context.frames_in_flight);
    FrameStream frames(
        source_, options_.repeat, window,
        [this](const Frame& frame, Outputs& outputs) { finish_frame(frame, outputs); });
    all_.stream(frames, window);
    results_.finish();
    if (frames.left_some_out()) code_ = ExitCode::kBadInput;
    if (!frames.times().empty()) report(context, steady_frames_per_second(frames.times()));
    all_.dismiss(code_);
    return code_;
  }

 private:
  void finish_frame(const Frame& frame, Outputs& outputs) {
    if (const std::optional<std::string> fault = results_.fault(outputs)) {
      std::cerr << message_prefix() << printable(frame.name) << ": " << *fault << '\n';
      code_ = ExitCode::kBadInput;
    } else {
      results_.add(frame, outputs);
    }
    if (!options_.dump_output.empty()) {
      dump_outputs(options_.dump_output, agreement_.network, options_.dump_layers, outputs);
    }
    if (options_.compare_single) finished_.push_back({frame.index, std::move(outputs)});
  }

  void report(const RunContext& context, double frames_per_second) {
    RunReport report{context, all_.reports(), frames_per_second};
    if (options_.compare_single) report.comparison = compare(spread(report.latencies()).median);
    std::cout << to_text(report);
    if (report.comparison && !report.comparison->pass() && code_ == ExitCode::kDone) {
      code_ = ExitCode::kComparisonFailed;
    }
    if (!options_.json.empty()) {
      write_file_atomically(options_.json, to_json(report, results_.findings()));
    }
  }

  Comparison compare(double all_ranks_seconds) {
    SingleRank single(session_, all_, agreement_, model_, pool_, options_);
    std::optional<std::size_t> first_failure;
    for (const FinishedFrame& frame : finished_) {
      const Frame again = source_->load(frame.index);
      const bool agree = single.compare(source_->writer(again), frame.outputs);
      if (!agree && !first_failure) first_failure = frame.index;
    }
    if (first_failure) {
      const Frame failed = source_->load(*first_failure);
      const InputWriter write_input = source_->writer(failed);
      single.find_first_difference(
          write_input, all_.run_delivering_everything(agreement_, weights_, pool_, options_.timeout,
                                                      write_input));
    }
    return single.verdict(all_ranks_seconds);
  }

  MpiSession& session_;
  const RunOptions& options_;
  const Agreement& agreement_;
  const ModelFile& model_;
  const Weights& weights_;
  ThreadPool& pool_;
  AllRanks all_;
  std::shared_ptr<FrameSource> source_;
  Results& results_;
  std::vector<FinishedFrame> finished_;
  ExitCode code_ = ExitCode::kDone;
};

}  // namespace

ExitCode run_model(const RunOptions& options) {
  give_back_freed_memory();
  MpiSession session(options.timeout);
  use_one_blas_thread();
  const int threads = choose_threads(session, options);
  ThreadPool pool(threads);
  const std::vector<int> threads_of_ranks = session.all_gather(threads);
  const int most_threads = *std::max_element(threads_of_ranks.begin(), threads_of_ranks.end());
  std::unique_ptr<ModelFile> model;  // these three on rank 0
  std::shared_ptr<FrameSource> source;
  std::optional<Results> results;
  InFlight in_flight;
  const Agreement agreement = agree(session, options, most_threads, model);
  const Delivery delivery = delivery_for(agreement.network, options.dump_layers);
  if (model) {
    std::vector<std::filesystem::path> taken{options.model, options.input, options.plan};
    check_output_file("--json", options.json, taken);
    taken.push_back(options.json);
    check_output_file("--dump-output", options.dump_output, taken);
    source = std::make_shared<FrameSource>(options, agreement.network);
    check_possible(options, *model, *source);
    in_flight = choose_in_flight(options, agreement, delivery, most_threads, source->size() != 1);
    check_memory_limit(agreement.network, agreement.plan, delivery,
                       options.planning.memory_limit_bytes, {in_flight.lanes, most_threads});
    results.emplace(options, agreement.network);  // after the checks: it makes a folder
  }
  in_flight = agree(session, in_flight);
  warn_of_slow_blas(session);
  const Weights weights = load_rank_weights(session, options, agreement, model.get());
  ReadyRank own(session, agreement, delivery, weights, pool, options.timeout, in_flight.lanes);
  if (!model) return follow(session, agreement, weights, pool, options.timeout, own);
  Conductor conductor(session, options, agreement, *model, source, *results, weights, pool, own);
  return conductor.conduct(context_of(options, agreement, threads, in_flight));
}

}  // namespace vpinfer
