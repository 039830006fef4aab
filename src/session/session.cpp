#include "vpinfer/session.hpp"

#include <algorithm>
#include <exception>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "kernel/blas.hpp"
#include "plan/plan_check.hpp"
#include "session/leader.hpp"
#include "session/loading.hpp"

namespace vpinfer {
namespace {

Job job_of(const Model& model, const Plan& plan, int ranks, const JobOptions& options) {
  if (plan.ranks != ranks) {
    throw BadUsage("a plan for " + std::to_string(plan.ranks) + " ranks does not suit " +
                   std::to_string(ranks));
  }
  if (options.rank.threads < 1 || options.rank.timeout.count() <= 0) {
    throw BadUsage("a rank needs a thread and a timeout above 0");
  }
  if (options.in_flight && (options.in_flight->frames < 1 || options.in_flight->lanes < 1)) {
    throw BadUsage("at least one frame is in flight, in one lane");
  }
  check_plan(plan, model.file().network());
  if (model.partition() && with_usual_formats(*model.partition()) != with_usual_formats(plan)) {
    throw BadUsage(model.path().string() + " is partitioned: it runs with its own plan alone");
  }
  const ModelFile& file = model.file();
  const Delivery delivery = delivery_of(file.network(), options.deliver);
  return {.network = file.network(),
          .plan = plan,
          .delivery = delivery,
          .checksum = file.checksum(),
          .partitioned = file.partition().has_value(),
          .in_flight = options.in_flight.value_or(
              choose_in_flight(file.network(), plan, delivery, {.many_frames = true})),
          .timeout = options.rank.timeout};
}

Job sent(Channel& channel, Job job) {
  send_job(channel, job);
  return job;
}

/// A stream of one frame.
class OneFrame final : public FrameSupply {
 public:
  OneFrame(std::span<const float> input, Delivered& outputs) : input_(input), outputs_(outputs) {}

  [[nodiscard]] State state() override { return taken_ ? State::kEnded : State::kReady; }
  [[nodiscard]] FrameTask take() override {
    taken_ = true;
    return {
        [this](std::span<float> input) { std::copy(input_.begin(), input_.end(), input.begin()); },
        copy_into(outputs_)};
  }

 private:
  std::span<const float> input_;
  Delivered& outputs_;
  bool taken_ = false;
};

}  // namespace

Leader::Inside::Inside(std::shared_ptr<Communicator> communicator, Model model, const Plan& plan,
                       const JobOptions& options)
    : communicator_(std::move(communicator)),
      channel_(*communicator_, options.rank.timeout),
      model_(std::move(model)),
      pool_(options.rank.threads),
      job_(sent(channel_, job_of(model_, plan, channel_.size(), options))),
      weights_(
          load_and_serve_weights(channel_, job_, model_.file(), model_.path(), options.loaded)),
      ranks_(channel_, job_, weights_, pool_) {}

AllRanks& Leader::Inside::ranks() {
  if (is_over_) throw BadUsage("the job is over: its ranks were dismissed");
  return ranks_;
}

void Leader::Inside::dismiss(ExitCode code) {
  if (!std::exchange(is_over_, true)) ranks_.dismiss(code);
}

Leader::Leader(std::shared_ptr<Communicator> communicator, const Model& model, const Plan& plan,
               const JobOptions& options) {
  use_one_blas_thread();
  inside_ = std::make_unique<Inside>(std::move(communicator), model, plan, options);
}

Leader::~Leader() {
  if (std::uncaught_exceptions() > 0) return;
  try {
    dismiss();
  } catch (const Error&) {
    // The other ranks notice by themselves that this one is gone.
  }
}

InFlight Leader::in_flight() const {
  return inside_->job().in_flight;
}

void Leader::warm_up() {
  inside_->ranks().warm_up();
}

Delivered Leader::run(std::span<const float> input) {
  const std::size_t wanted = inside_->model().input_shape().elements();
  if (input.size() != wanted) {
    throw BadUsage("a frame of " + std::to_string(input.size()) + " numbers, the model takes " +
                   std::to_string(wanted));
  }
  Delivered outputs;
  OneFrame frame(input, outputs);
  stream(frame);
  return outputs;
}

void Leader::stream(FrameSupply& supply) {
  inside_->ranks().stream(supply);
}

std::vector<RankReport> Leader::reports() {
  return inside_->ranks().reports();
}

void Leader::dismiss(ExitCode code) {
  inside_->dismiss(code);
}

ExitCode follow(const std::shared_ptr<Communicator>& communicator,
                const std::filesystem::path& model, const RankOptions& options) {
  use_one_blas_thread();
  Channel channel(*communicator, options.timeout);
  ThreadPool pool(options.threads);
  return follow_job(channel, model, pool);
}

}  // namespace vpinfer
