#include "session/ready_rank.hpp"

#include <algorithm>

#include "base/clock.hpp"
#include "base/machine.hpp"
#include "kernel/blas.hpp"
#include "report/summary.hpp"

namespace vpinfer {

ReadyRank::ReadyRank(Communicator& communicator, const Job& job, const Weights& weights,
                     ThreadPool& pool)
    : communicator_(communicator),
      job_(job),
      weights_(weights),
      program_(make_program(job.distribution(), job.delivery, communicator.rank(),
                            {job.in_flight.lanes, pool.threads()})),
      executor_(job.network, program_, weights, pool, communicator, job.timeout) {}

Delivered ReadyRank::run(const InputWriter& write_input) {
  Delivered outputs;
  executor_.run({write_input, copy_into(outputs)});
  return outputs;
}

void ReadyRank::lead(OrderSender& orders, FrameSupply& supply) {
  executor_.reset_counters();
  const Clock::time_point start = Clock::now();
  lead_stream(executor_, orders, supply, static_cast<std::size_t>(job_.in_flight.frames));
  last_stream_ = {executor_.counters(), seconds_since(start)};
}

void ReadyRank::follow(OrderReceiver& orders) {
  executor_.reset_counters();
  const Clock::time_point start = Clock::now();
  follow_stream(executor_, orders);
  last_stream_ = {executor_.counters(), seconds_since(start)};
}

RankReport ReadyRank::report() const {
  const ExecutionCounters& counters = last_stream_.counters;
  const std::size_t frames = std::max<std::size_t>(1, counters.frame_seconds.size());
  RankReport report;
  report.rank = communicator_.rank();
  report.host = communicator_.host(report.rank);
  const NetworkLink link = communicator_.link();
  report.interface = link.interface;
  report.wireless = link.wireless;
  report.link_mbit = link.mbit;
  report.cores = allowed_cores();
  report.blas = blas_description();
  report.micro_kernel = micro_kernel_name();
  report.boxes = describe_boxes(job_.network, job_.plan, report.rank);
  report.memory = program_.memory;
  report.weights = job_.distribution().weight_bytes(report.rank);
  report.load_seconds = weights_.load_seconds();
  report.peak_rss_bytes = peak_rss_bytes();
  report.compute_seconds = counters.compute_seconds / static_cast<double>(frames);
  report.pack_seconds = counters.pack_seconds / static_cast<double>(frames);
  report.message_seconds = counters.message_seconds / static_cast<double>(frames);
  report.wait_seconds = counters.wait_seconds / static_cast<double>(frames);
  report.utilisation =
      last_stream_.seconds > 0 ? counters.compute_seconds / last_stream_.seconds : 0;
  report.sent_bytes = counters.sent_bytes / frames;
  report.received_bytes = counters.received_bytes / frames;
  report.frame_seconds = counters.frame_seconds;
  return report;
}

}  // namespace vpinfer
