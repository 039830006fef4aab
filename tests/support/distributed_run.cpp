#include "support/distributed_run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "kernel/blas.hpp"
#include "session/stream.hpp"
#include "support/loopback.hpp"
#include "support/random_network.hpp"
#include "support/weight_cut.hpp"

namespace vpinfer {

using ::testing::IsEmpty;

SeededModel random_model(std::uint32_t seed) {
  Network network = random_network(seed);
  std::vector<LayerWeights> weights = seeded_weights(network, seed + 1);
  return {std::move(network), std::move(weights)};
}

WeightReader reader_of(const SeededModel& model) {
  return [&model](int position, const WeightRange& range, std::span<float> weights,
                  std::span<float> biases) {
    const LayerWeights part = cut(model.weights[static_cast<std::size_t>(position)],
                                  weight_shape(model.network, position), range);
    ASSERT_EQ(part.weights.size(), weights.size());
    ASSERT_EQ(part.biases.size(), biases.size());
    std::copy(part.weights.begin(), part.weights.end(), weights.begin());
    std::copy(part.biases.begin(), part.biases.end(), biases.begin());
  };
}

InputWriter writer_of(const std::vector<float>& frame) {
  return [&frame](std::span<float> input) {
    ASSERT_EQ(input.size(), frame.size());
    std::copy(frame.begin(), frame.end(), input.begin());
  };
}

DistributedRun::DistributedRun(const SeededModel& model, const Plan& plan, const Delivery& delivery,
                               std::vector<std::vector<float>> inputs, int threads_of_rank)
    : model_(model),
      plan_(plan),
      delivery_(delivery),
      inputs_(std::move(inputs)),
      threads_of_rank_(threads_of_rank),
      frames_(inputs_.size()),
      counters_(static_cast<std::size_t>(plan.ranks)) {}

/// The frames in their order; now and then the next one is not there yet.
class DistributedRun::Supply final : public FrameSupply {
 public:
  explicit Supply(DistributedRun& run) : run_(run) {}

  State state() override {
    if (++asked_ % 3 == 0) return State::kNotYet;
    return next_ == run_.inputs_.size() ? State::kEnded : State::kReady;
  }

  FrameTask take() override {
    const std::size_t index = next_++;
    FrameTask task = run_.task(index);
    task.done = [this, index] { EXPECT_EQ(index, done_++) << "frames overtake each other"; };
    return task;
  }

 private:
  DistributedRun& run_;
  std::size_t asked_ = 0;
  std::size_t next_ = 0;
  std::size_t done_ = 0;
};

void DistributedRun::run(std::uint32_t seed) {
  on_every_rank(seed, 1, [this](Executor& executor, Communicator& communicator) {
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      // Other ranks neither read the picture nor hand anything out.
      executor.run(communicator.rank() == 0 ? task(i) : FrameTask{});
    }
  });
}

void DistributedRun::stream(std::uint32_t seed, const FramesInFlight& in_flight) {
  on_every_rank(seed, in_flight.lanes, [&](Executor& executor, Communicator& communicator) {
    if (communicator.rank() == 0) {
      Supply supply(*this);
      OrderSender orders(communicator, kTimeout);
      lead_stream(executor, orders, supply, in_flight.window);
      orders.send({Order::Kind::kDismiss});
      orders.finish();
    } else {
      OrderReceiver orders(communicator, kTimeout);
      follow_stream(executor, orders);
      EXPECT_EQ(orders.await(), Order{Order::Kind::kDismiss});
    }
  });
}

void DistributedRun::on_every_rank(std::uint32_t seed, int lanes,
                                   const std::function<void(Executor&, Communicator&)>& work) {
  use_one_blas_thread();
  Loopback loopback(plan_.ranks, seed);
  const auto run_rank = [&](Communicator& communicator) {
    const int rank = communicator.rank();
    const Program program =
        make_program({model_.network, plan_}, delivery_, rank, {lanes, threads_of_rank_});
    Weights weights({model_.network, plan_}, rank);
    for (int i = 0; i < model_.network.size(); ++i) weights.load(i, reader_of(model_));
    ThreadPool pool(threads_of_rank_);
    Executor executor(model_.network, program, weights, pool, communicator, kTimeout);
    work(executor, communicator);
    counters_[static_cast<std::size_t>(rank)] = executor.counters();
  };
  EXPECT_THAT(run_ranks(loopback, run_rank), IsEmpty());
  EXPECT_THAT(loopback.complaints(), IsEmpty());
}

FrameTask DistributedRun::task(std::size_t index) {
  Frame& frame = frames_[index];
  return {writer_of(inputs_[index]), [this, &frame](int position, std::span<const float> output) {
            EXPECT_EQ(output.size(), model_.network.layer(position).output.elements());
            std::vector<float> values(output.begin(), output.end());
            EXPECT_TRUE(frame.emplace(position, std::move(values)).second) << "delivered twice";
          }};
}

float tolerance_of(WireFormat wire) {
  switch (wire) {
    case WireFormat::kFloat: return 1e-4F;
    case WireFormat::kHalf: return 1e-2F;
    case WireFormat::kInt8: return 5e-2F;
  }
  throw Bug("an unknown format");
}

void expect_close(const std::vector<float>& actual, const std::vector<float>& expected,
                  float tolerance, const std::string& what, float least_scale) {
  ASSERT_EQ(actual.size(), expected.size()) << what;
  float largest = std::max(1e-3F, least_scale);
  for (const float value : expected) largest = std::max(largest, std::abs(value));
  for (std::size_t i = 0; i < actual.size(); ++i) {
    // Written so that NaN fails.
    const bool close = std::abs(actual[i] - expected[i]) <= tolerance * largest;
    ASSERT_TRUE(close) << what << ", element " << i << ": " << actual[i] << " instead of "
                       << expected[i];
  }
}

/// How large values are that a layer's output comes from: what is rounded of them stays where
/// they cancel each other out.
std::vector<float> scales_of(const Network& network, const Outputs& reference) {
  std::vector<float> scales;
  for (int position = 0; position < network.size(); ++position) {
    float largest = 0;
    for (const float value : reference[static_cast<std::size_t>(position)]) {
      largest = std::max(largest, std::abs(value));
    }
    for (const int input : network.layer(position).inputs) {
      largest = std::max(largest, scales[static_cast<std::size_t>(input)]);
    }
    scales.push_back(largest);
  }
  return scales;
}

void expect_same_as_reference(const SeededModel& model, const Plan& plan, const Delivery& delivery,
                              const DistributedRun& run, const std::vector<Outputs>& references) {
  ASSERT_EQ(run.frames().size(), references.size());
  for (std::size_t frame = 0; frame < references.size(); ++frame) {
    EXPECT_EQ(run.frames()[frame].size(), delivery.size());
    const std::vector<float> scales = scales_of(model.network, references[frame]);
    for (const auto& [position, output] : run.frames()[frame]) {
      expect_close(output, references[frame][static_cast<std::size_t>(position)],
                   tolerance_of(plan.coarsest_wire()),
                   "frame " + std::to_string(frame) + ", layer " +
                       std::to_string(Network::number(position)) + " " +
                       std::string(operation_name(model.network.layer(position).operation)),
                   plan.coarsest_wire() != WireFormat::kFloat
                       ? scales[static_cast<std::size_t>(position)]
                       : 0);
    }
  }
  std::size_t sent = 0;
  std::size_t received = 0;
  for (const ExecutionCounters& counters : run.counters()) {
    EXPECT_EQ(counters.frame_seconds.size(), references.size());
    sent += counters.sent_bytes;
    received += counters.received_bytes;
  }
  const std::size_t moved =
      Exchanges({model.network, delivery}, {model.network, plan}).bytes() * references.size();
  EXPECT_EQ(sent, moved);
  EXPECT_EQ(received, moved);
}

}  // namespace vpinfer
