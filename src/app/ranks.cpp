#include "ranks.hpp"

#include <numeric>

#include "vpinfer/base/clock.hpp"
#include "vpinfer/base/machine.hpp"
#include "vpinfer/kernel/blas.hpp"
#include "vpinfer/report/summary.hpp"

namespace vpinfer {
namespace {

// What rank 0 broadcasts to the others.
constexpr std::string_view kWarmUp = "warm up";
constexpr std::string_view kFrame = "frame";
constexpr std::string_view kStay = "stay";
constexpr std::string_view kReport = "report";
constexpr std::string_view kEverything = "deliver everything";
constexpr std::string_view kDismiss = "dismiss ";  // followed by the exit code

Outputs run_everything(MpiSession& session, const Agreement& agreement, const Weights& weights,
                       std::chrono::duration<double> timeout, const InputWriter& write_input) {
  Delivery everything(agreement.network.layers.size());
  std::iota(everything.begin(), everything.end(), 0);
  ReadyRank rank(session, agreement, everything, weights, timeout);
  return rank.run(write_input);
}

}  // namespace

ReadyRank::ReadyRank(MpiSession& session, const Agreement& agreement, const Delivery& delivery,
                     const Weights& weights, std::chrono::duration<double> timeout)
    : session_(session),
      agreement_(agreement),
      program_(make_program(agreement.network, agreement.plan, delivery, session.rank())),
      executor_(agreement.network, program_, weights, session, timeout) {}

Outputs ReadyRank::run(const InputWriter& write_input) {
  Outputs outputs;
  executor_.run(write_input, [&outputs](int position, const ConstTensorView& view) {
    outputs[position].assign(view.data, view.data + view.box.elements());
  });
  return outputs;
}

Outputs ReadyRank::run_timed(const InputWriter& write_input) {
  executor_.reset_counters();
  const Clock::time_point start = Clock::now();
  Outputs outputs = run(write_input);
  frame_seconds_.push_back(seconds_since(start));
  counters_ += executor_.counters();
  return outputs;
}

RankReport ReadyRank::report() const {
  const std::size_t frames = std::max<std::size_t>(1, frame_seconds_.size());
  RankReport report;
  report.rank = session_.rank();
  report.host = session_.host(report.rank);
  report.cores = allowed_cores();
  report.blas = blas_description();
  report.boxes = describe_boxes(agreement_.network, agreement_.plan, report.rank);
  report.memory = program_.memory;
  report.peak_rss_bytes = peak_rss_bytes();
  report.compute_seconds = counters_.compute_seconds / static_cast<double>(frames);
  report.wait_seconds = counters_.wait_seconds / static_cast<double>(frames);
  report.sent_bytes = counters_.sent_bytes / frames;
  report.received_bytes = counters_.received_bytes / frames;
  report.frame_seconds = frame_seconds_;
  return report;
}

Outputs AllRanks::warm_up(const InputWriter& write_input) {
  (void)session_.broadcast(std::string(kWarmUp));
  return own_.run(write_input);
}

Outputs AllRanks::run_timed(const InputWriter& write_input) {
  (void)session_.broadcast(std::string(kFrame));
  return own_.run_timed(write_input);
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
                                            std::chrono::duration<double> timeout,
                                            const InputWriter& write_input) {
  (void)session_.broadcast(std::string(kEverything));
  return run_everything(session_, agreement, weights, timeout, write_input);
}

void AllRanks::dismiss(ExitCode code) {
  (void)session_.broadcast(std::string(kDismiss) + std::to_string(static_cast<int>(code)));
}

ExitCode follow(MpiSession& session, const Agreement& agreement, const Weights& weights,
                std::chrono::duration<double> timeout, ReadyRank& own) {
  while (true) {
    const std::string order = session.broadcast({});
    if (order == kWarmUp) own.run({});
    if (order == kFrame) own.run_timed({});
    if (order == kReport) (void)session.gather(to_json(own.report()));
    if (order == kEverything) (void)run_everything(session, agreement, weights, timeout, {});
    if (order.starts_with(kDismiss)) {
      return static_cast<ExitCode>(std::stoi(order.substr(kDismiss.size())));
    }
  }
}

}  // namespace vpinfer
