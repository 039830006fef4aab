#include "app/ranks.hpp"

#include <algorithm>
#include <numeric>

#include "base/clock.hpp"
#include "base/machine.hpp"
#include "kernel/blas.hpp"
#include "report/summary.hpp"

namespace vpinfer {
namespace {

// What rank 0 broadcasts to the others.
constexpr std::string_view kWarmUp = "warm up";
constexpr std::string_view kStream = "stream";
constexpr std::string_view kStay = "stay";
constexpr std::string_view kReport = "report";
constexpr std::string_view kEverything = "deliver everything";
constexpr std::string_view kDismiss = "dismiss ";  // followed by the exit code

Outputs run_everything(MpiSession& session, const Agreement& agreement, const Weights& weights,
                       ThreadPool& pool, std::chrono::duration<double> timeout,
                       const InputWriter& write_input) {
  Delivery everything(agreement.network.layers.size());
  std::iota(everything.begin(), everything.end(), 0);
  ReadyRank rank(session, agreement, everything, weights, pool, timeout);
  return rank.run(write_input);
}

}  // namespace

ReadyRank::ReadyRank(MpiSession& session, const Agreement& agreement, const Delivery& delivery,
                     const Weights& weights, ThreadPool& pool,
                     std::chrono::duration<double> timeout, int lanes)
    : session_(session),
      agreement_(agreement),
      timeout_(timeout),
      program_(make_program({agreement.network, agreement.plan}, delivery, session.rank(),
                            {lanes, pool.threads()})),
      weights_(weights),
      executor_(agreement.network, program_, weights, pool, session, timeout) {}

Outputs ReadyRank::run(const InputWriter& write_input) {
  Outputs outputs;
  executor_.run({write_input, [&outputs](int position, const ConstTensorView& view) {
                   outputs[position].assign(view.data, view.data + view.box.elements());
                 }});
  return outputs;
}

void ReadyRank::lead(FrameSupply& supply, std::size_t window) {
  executor_.reset_counters();
  const Clock::time_point start = Clock::now();
  lead_stream(executor_, session_, supply, window, timeout_);
  stream_seconds_ = seconds_since(start);
}

void ReadyRank::follow() {
  executor_.reset_counters();
  const Clock::time_point start = Clock::now();
  follow_stream(executor_, session_, timeout_);
  stream_seconds_ = seconds_since(start);
}

RankReport ReadyRank::report() const {
  const ExecutionCounters& counters = executor_.counters();
  const std::size_t frames = std::max<std::size_t>(1, counters.frame_seconds.size());
  RankReport report;
  report.rank = session_.rank();
  report.host = session_.host(report.rank);
  report.cores = allowed_cores();
  report.blas = blas_description();
  report.micro_kernel = micro_kernel_name();
  report.boxes = describe_boxes(agreement_.network, agreement_.plan, report.rank);
  report.memory = program_.memory;
  report.weights = Distribution(agreement_.network, agreement_.plan).weight_bytes(report.rank);
  report.load_seconds = weights_.load_seconds();
  report.peak_rss_bytes = peak_rss_bytes();
  report.compute_seconds = counters.compute_seconds / static_cast<double>(frames);
  report.pack_seconds = counters.pack_seconds / static_cast<double>(frames);
  report.message_seconds = counters.message_seconds / static_cast<double>(frames);
  report.wait_seconds = counters.wait_seconds / static_cast<double>(frames);
  report.utilisation = stream_seconds_ > 0 ? counters.compute_seconds / stream_seconds_ : 0;
  report.sent_bytes = counters.sent_bytes / frames;
  report.received_bytes = counters.received_bytes / frames;
  report.frame_seconds = counters.frame_seconds;
  return report;
}

void AllRanks::warm_up() {
  (void)session_.broadcast(std::string(kWarmUp));
  (void)own_.run([](std::span<float> input) { std::fill(input.begin(), input.end(), 0.0F); });
}

void AllRanks::stream(FrameSupply& supply, std::size_t window) {
  (void)session_.broadcast(std::string(kStream));
  own_.lead(supply, window);
}

void AllRanks::stay() {
  (void)session_.broadcast(std::string(kStay));
}

std::vector<RankReport> AllRanks::reports() {
  (void)session_.broadcast(std::string(kReport));
  std::vector<RankReport> reports;
  for (const std::string& text : session_.gather(to_json(own_.report()))) {
    reports.push_back(rank_report_from_json(text));
  }
  return reports;
}

Outputs AllRanks::run_delivering_everything(const Agreement& agreement, const Weights& weights,
                                            ThreadPool& pool, std::chrono::duration<double> timeout,
                                            const InputWriter& write_input) {
  (void)session_.broadcast(std::string(kEverything));
  return run_everything(session_, agreement, weights, pool, timeout, write_input);
}

void AllRanks::dismiss(ExitCode code) {
  (void)session_.broadcast(std::string(kDismiss) + std::to_string(static_cast<int>(code)));
}

ExitCode follow(MpiSession& session, const Agreement& agreement, const Weights& weights,
                ThreadPool& pool, std::chrono::duration<double> timeout, ReadyRank& own) {
  while (true) {
    const std::string order = session.broadcast({});
    if (order == kWarmUp) own.run({});
    if (order == kStream) own.follow();
    if (order == kReport) (void)session.gather(to_json(own.report()));
    if (order == kEverything) (void)run_everything(session, agreement, weights, pool, timeout, {});
    if (order.starts_with(kDismiss)) {
      return static_cast<ExitCode>(std::stoi(order.substr(kDismiss.size())));
    }
  }
}

}  // namespace vpinfer
