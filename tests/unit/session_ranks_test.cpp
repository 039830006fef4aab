#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "io/model_file.hpp"
#include "kernel/blas.hpp"
#include "search/planner.hpp"
#include "support/channels.hpp"
#include "support/distributed_run.hpp"
#include "support/random_network.hpp"
#include "support/small_model.hpp"
#include "support/temporary_folder.hpp"
#include "vpinfer/session.hpp"

namespace vpinfer {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int kRanks = 3;
constexpr std::chrono::duration<double> kLong{20};
constexpr std::chrono::duration<double> kShort{0.2};

/// Frames that are all there.
class Film final : public FrameSupply {
 public:
  explicit Film(const std::vector<std::vector<float>>& inputs) : inputs_(inputs) {}

  State state() override { return next_ == inputs_.size() ? State::kEnded : State::kReady; }
  FrameTask take() override {
    Delivered& frame = frames_.emplace_back();
    return {writer_of(inputs_[next_++]), copy_into(frame)};
  }

  [[nodiscard]] const std::deque<Delivered>& frames() const { return frames_; }

 private:
  const std::vector<std::vector<float>>& inputs_;
  std::size_t next_ = 0;
  std::deque<Delivered> frames_;
};

/// A whole job, of which only rank 0 has the model.
class SessionRanks : public testing::Test {
 protected:
  SessionRanks() {
    use_one_blas_thread();
    for (int position = 0; position < network_.size(); ++position) {
      weights_.push_back(small_model_weights(network_, position, 1));
    }
    write_model(path(), network_,
                [&](int position) { return weights_[static_cast<std::size_t>(position)]; });
    for (std::uint32_t i = 0; i < 5; ++i) {
      inputs_.push_back(seeded_input(network_, i));
      references_.push_back(reference_run(network_, weights_, inputs_.back()));
    }
  }

  [[nodiscard]] std::filesystem::path path() const { return folder_.path() / "m.h5"; }

  /// Rank 0 leads, the others follow until dismissed.
  std::vector<RankEnd> conduct(Strategy strategy, std::chrono::duration<double> timeout,
                               const std::function<void(Leader&)>& lead) {
    return run_channels(loopback_, timeout, [&](Channel& channel) {
      const std::shared_ptr<Communicator> communicator(std::shared_ptr<void>(),
                                                       &channel.communicator());
      const RankOptions own{.timeout = timeout};
      if (channel.rank() != 0) {
        codes_[static_cast<std::size_t>(channel.rank())] =
            follow(communicator, folder_.path() / "none.h5", own);
        return;
      }
      const Model model(path());
      const Plan plan = make_plan(network_, strategy, kRanks);
      Leader leader(communicator, model, plan, {.rank = own, .deliver = deliver_});
      lead(leader);
    });
  }

  void expect_close_to_reference(const Delivered& outputs, std::size_t frame) const {
    for (const auto& [position, values] : outputs) {
      expect_close(values, references_[frame][static_cast<std::size_t>(position)],
                   tolerance_of(WireFormat::kFloat), "layer at " + std::to_string(position));
    }
  }

  const Network network_ = small_network();
  std::vector<LayerWeights> weights_;
  std::vector<std::vector<float>> inputs_;
  std::vector<Outputs> references_;
  std::vector<int> deliver_;
  Loopback loopback_{kRanks, 1};
  std::array<std::optional<ExitCode>, kRanks> codes_;

 private:
  TemporaryFolder folder_;
};

TEST_F(SessionRanks, CarryOutEveryOrder) {
  for (const Strategy strategy : {Strategy::kVertical, Strategy::kSequential}) {
    SCOPED_TRACE(to_string(strategy));
    const auto ends = conduct(strategy, kLong, [&](Leader& leader) {
      Film film(inputs_);
      leader.warm_up();
      leader.stream(film);
      ASSERT_EQ(film.frames().size(), inputs_.size());
      for (std::size_t i = 0; i < inputs_.size(); ++i) {
        EXPECT_EQ(film.frames()[i].size(), 1U);
        expect_close_to_reference(film.frames()[i], i);
      }
      const std::vector<RankReport> reports = leader.reports();
      ASSERT_EQ(reports.size(), static_cast<std::size_t>(kRanks));
      for (int rank = 0; rank < kRanks; ++rank) {
        const RankReport& report = reports[static_cast<std::size_t>(rank)];
        EXPECT_EQ(report.rank, rank);
        EXPECT_EQ(report.host, "host-" + std::to_string(rank));
        EXPECT_EQ(report.frame_seconds.size(), inputs_.size());
      }
      const Delivered outputs = leader.run(inputs_[2]);
      EXPECT_EQ(outputs.size(), 1U);
      expect_close_to_reference(outputs, 2);
      leader.dismiss(ExitCode::kComparisonFailed);
    });
    EXPECT_THAT(messages(ends), IsEmpty());
    EXPECT_THAT(loopback_.complaints(), IsEmpty());
    EXPECT_EQ(codes_[1], ExitCode::kComparisonFailed);
    EXPECT_EQ(codes_[2], ExitCode::kComparisonFailed);
  }
}

TEST_F(SessionRanks, ReportOnTheLastStreamWhateverRunsAfterIt) {
  const auto ends = conduct(Strategy::kVertical, kLong, [&](Leader& leader) {
    Film film(inputs_);
    leader.stream(film);
    const std::vector<RankReport> before = leader.reports();
    leader.warm_up();
    const std::vector<RankReport> after = leader.reports();
    ASSERT_EQ(after.size(), before.size());
    for (std::size_t rank = 0; rank < after.size(); ++rank) {
      EXPECT_EQ(after[rank].frame_seconds, before[rank].frame_seconds);
      EXPECT_EQ(after[rank].compute_seconds, before[rank].compute_seconds);
      EXPECT_EQ(after[rank].sent_bytes, before[rank].sent_bytes);
      EXPECT_EQ(after[rank].utilisation, before[rank].utilisation);
    }
    (void)leader.run(inputs_[0]);
    for (const RankReport& report : leader.reports()) EXPECT_EQ(report.frame_seconds.size(), 1U);
  });
  EXPECT_THAT(messages(ends), IsEmpty());
}

TEST_F(SessionRanks, HaveAsManyFramesUnderWayAsPayUnlessAskedOtherwise) {
  for (const auto& [strategy, expected] :
       {std::pair{Strategy::kVertical, InFlight{.frames = 2, .lanes = 2}},
        std::pair{Strategy::kSequential, InFlight{.frames = 2 * kRanks, .lanes = 2}}}) {
    const auto ends = conduct(strategy, kLong, [&, wanted = expected](const Leader& leader) {
      EXPECT_EQ(leader.in_flight(), wanted);
    });
    EXPECT_THAT(messages(ends), IsEmpty());
  }
}

TEST_F(SessionRanks, TakeThePredictedMemoryWhateverIsDelivered) {
  const Model model(path());
  const Cluster cluster = cluster_of(kRanks, raspberry_pi_4());
  const Plan plan = make_plan(network_, Strategy::kVertical, kRanks);
  for (const auto& deliver : {std::vector<int>{}, std::vector<int>{1, 2}}) {
    deliver_ = deliver;
    const auto ends = conduct(Strategy::kVertical, kLong, [&](Leader& leader) {
      (void)leader.run(inputs_[0]);
      const Concurrency concurrency{.lanes = leader.in_flight().lanes};
      const Prediction prediction = predict(model, plan, cluster, concurrency, deliver_);
      for (const RankReport& report : leader.reports()) {
        EXPECT_EQ(report.memory, prediction.memory[static_cast<std::size_t>(report.rank)]);
      }
    });
    EXPECT_THAT(messages(ends), IsEmpty());
  }
  EXPECT_THROW((void)predict(model, plan, cluster, {}, {99}), BadUsage);
}

TEST_F(SessionRanks, WaitWhileRankZeroComparesAlone) {
  const auto ends = conduct(Strategy::kVertical, kLong, [&](Leader& leader) {
    SingleRank single(leader, 2);
    const InputWriter write_input = writer_of(inputs_[0]);
    Delivered outputs{{4, references_[0][4]}};
    EXPECT_TRUE(single.compare(write_input, outputs));
    EXPECT_TRUE(single.verdict(1).pass());
    outputs[4].front() += 10;
    EXPECT_FALSE(single.compare(write_input, outputs));
    EXPECT_FALSE(single.verdict(1).pass());
  });
  EXPECT_THAT(messages(ends), IsEmpty());
  EXPECT_EQ(codes_[1], ExitCode::kDone);
}

TEST_F(SessionRanks, TellInWhichLayerTheyDifferFirst) {
  const auto ends = conduct(Strategy::kVertical, kLong, [&](Leader& leader) {
    SingleRank single(leader);
    EXPECT_THROW((void)single.verdict(1), BadUsage);
    EXPECT_TRUE(single.compare(writer_of(inputs_[0]), {{4, references_[0][4]}}));
    single.find_first_difference(writer_of(inputs_[0]));
    EXPECT_EQ(single.verdict(1).first_layer, std::nullopt);
    // Each run of it draws another input, so that already the inputs differ.
    std::size_t run = 0;
    single.find_first_difference([&](std::span<float> input) {
      std::copy_n(inputs_[run].begin(), input.size(), input.begin());
      ++run;
    });
    EXPECT_EQ(run, 2U);
    EXPECT_EQ(single.verdict(1).first_layer, Network::number(0));
  });
  EXPECT_THAT(messages(ends), IsEmpty());
}

TEST_F(SessionRanks, RefuseWhatNoJobCanBeMadeOf) {
  const auto ends = run_channels(loopback_, kShort, [&](Channel& channel) {
    if (channel.rank() != 0) return;
    const std::shared_ptr<Communicator> communicator(std::shared_ptr<void>(),
                                                     &channel.communicator());
    const Model model(path());
    const Plan plan = make_plan(network_, Strategy::kVertical, kRanks);
    const Plan foreign = make_plan(random_network(1), Strategy::kVertical, kRanks);
    EXPECT_THROW(Leader(communicator, model, foreign), BadInput);
    EXPECT_THROW(Leader(communicator, model, make_plan(network_, Strategy::kData, 2)), BadUsage);
    EXPECT_THROW(Leader(communicator, model, plan, {.in_flight = InFlight{0, 1}}), BadUsage);
    EXPECT_THROW(Leader(communicator, model, plan, {.in_flight = InFlight{1, 0}}), BadUsage);
    EXPECT_THROW(Leader(communicator, model, plan, {.rank = {.threads = 0}}), BadUsage);
  });
  EXPECT_THAT(messages(ends), IsEmpty());
}

TEST_F(SessionRanks, DoNothingOnceTheyAreDismissed) {
  const auto ends = conduct(Strategy::kVertical, kLong, [&](Leader& leader) {
    leader.dismiss();
    EXPECT_THROW((void)leader.run(inputs_[0]), BadUsage);
  });
  EXPECT_THAT(messages(ends), IsEmpty());
}

TEST_F(SessionRanks, NameARankZeroThatFallsSilent) {
  const auto ends = conduct(Strategy::kVertical, kShort, [](Leader& leader) {
    leader.warm_up();
    std::this_thread::sleep_for(3 * kShort);  // says nothing
    throw BadInput("too late");
  });
  for (const int rank : {1, 2}) {
    const RankEnd& end = ends[static_cast<std::size_t>(rank)];
    EXPECT_EQ(end.code, ExitCode::kRankFailed);
    EXPECT_THAT(end.message, HasSubstr("between frames: no word from rank 0 (host-0) for 0.4 s"));
  }
}

TEST_F(SessionRanks, NameARankThatHandsInNoReport) {
  const auto ends = conduct(Strategy::kVertical, kShort, [&](Leader& leader) {
    Film film(inputs_);
    leader.stream(film);
    loopback_.cut(2, 0);
    (void)leader.reports();
  });
  EXPECT_EQ(ends[0].code, ExitCode::kRankFailed);
  // It may or may not have heard that rank 0 still waits.
  EXPECT_THAT(ends[0].message,
              AnyOf(HasSubstr("between frames: no word from rank 2 (host-2) for 0.4 s"),
                    HasSubstr("between frames: could not reach rank 2 (host-2) within 0.2 s")));
}

}  // namespace
}  // namespace vpinfer
