#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "search/planner.hpp"
#include "session/loading.hpp"
#include "support/channels.hpp"
#include "support/small_model.hpp"
#include "support/temporary_folder.hpp"

namespace vpinfer {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int kRanks = 3;
constexpr std::chrono::duration<double> kLong{20};
constexpr std::chrono::duration<double> kShort{0.1};

/// Ranks whose hosts have a folder each, with or without a copy of the model or of its shares.
class SessionLoading : public testing::Test {
 protected:
  SessionLoading() {
    for (int rank = 0; rank < kRanks; ++rank) fs::create_directory(folder(rank));
    make_model(0, 1);
    job_.network = small_network();
    job_.plan = make_plan(job_.network, Strategy::kHorizontal, kRanks);
    job_.checksum = ModelFile(path(0)).checksum();
  }

  [[nodiscard]] fs::path folder(int rank) const {
    return top_.path() / ("host-" + std::to_string(rank));
  }
  [[nodiscard]] fs::path path(int rank) const { return folder(rank) / "m.h5"; }
  [[nodiscard]] fs::path share(int rank, int host) const { return share_path(path(host), rank); }

  void make_model(int host, unsigned seed) const {
    const Network network = small_network();
    write_model(path(host), network,
                [&](int position) { return small_model_weights(network, position, seed); });
  }

  /// Splits rank 0's model into shares, all of them on its host.
  void split() {
    fs::rename(path(0), folder(0) / "whole.h5");
    write_partition(path(0), ModelFile(folder(0) / "whole.h5"), job_.plan,
                    PartitionFiles::kOnePerRank);
    job_.partitioned = true;
  }

  static void damage(const fs::path& file) { fs::resize_file(file, fs::file_size(file) / 2); }

  /// Loads on all ranks; `check` is called on each with what it has loaded.
  std::vector<RankEnd> load(const std::function<void(const Channel&, const Weights&)>& check,
                            std::chrono::duration<double> timeout) {
    const std::string text = to_json(job_);
    return run_channels(loopback_, timeout, [&](Channel& channel) {
      if (channel.rank() == 0) {
        send_job(channel, job_);
        check(channel, load_and_serve_weights(channel, job_, ModelFile(path(0)), path(0)));
      } else {
        const Job job = await_job(channel, "m.h5");
        EXPECT_EQ(to_json(job), text);
        check(channel, load_weights(channel, job, path(channel.rank())));
      }
    });
  }

  /// Whether all ranks get the numbers that the model was made of.
  void expect_right_weights() {
    const auto ends = load(
        [this](const Channel& channel, const Weights& weights) {
          Weights expected(job_.distribution(), channel.rank());
          const ModelFile model(whole_model());
          for (int i = 0; i < job_.network.size(); ++i) {
            expected.load(i, [&](int position, const WeightRange& range, std::span<float> numbers,
                                 std::span<float> biases) {
              model.read_weights(channel.rank(), position, range, numbers, biases);
            });
            EXPECT_FALSE(is_convolution(i) && weights.slice(i).range.empty());
            EXPECT_EQ(bits(weights.slice(i).floats()), bits(expected.slice(i).floats()));
            EXPECT_EQ(bits(weights.slice(i).biases), bits(expected.slice(i).biases));
          }
        },
        kLong);
    EXPECT_THAT(messages(ends), IsEmpty());
    EXPECT_THAT(loopback_.complaints(), IsEmpty());
  }

  /// How a rank ends if something is wrong; the others wait for it.
  RankEnd end_of(int rank) {
    return load([](const Channel&, const Weights&) {}, kShort)[static_cast<std::size_t>(rank)];
  }

  Job job_;
  Loopback loopback_{kRanks, 1};

 private:
  [[nodiscard]] fs::path whole_model() const {
    return job_.partitioned ? folder(0) / "whole.h5" : path(0);
  }
  /// The last convolution has one filter, which one rank has.
  [[nodiscard]] static bool is_convolution(int position) {
    return position == kSmallConvolutions[0] || position == kSmallConvolutions[1];
  }
  [[nodiscard]] static std::vector<float> bits(std::span<const float> numbers) {
    return {numbers.begin(), numbers.end()};
  }

  TemporaryFolder top_;
};

TEST_F(SessionLoading, ServesRanksWithoutACopy) {
  expect_right_weights();
}

TEST_F(SessionLoading, ServesOnlyThoseWithoutACopy) {
  fs::copy(path(0), path(1));
  expect_right_weights();
}

TEST_F(SessionLoading, TakesWhatEveryRankHas) {
  fs::copy(path(0), path(1));
  fs::copy(path(0), path(2));
  expect_right_weights();
}

TEST_F(SessionLoading, TakesSharesFromWhereTheyLie) {
  split();
  fs::rename(share(1, 0), share(1, 1));  // rank 1 has its own, rank 0 those of 0 and 2
  expect_right_weights();
}

TEST_F(SessionLoading, NamesAShareThatNobodyHas) {
  split();
  fs::remove(share(2, 0));
  const RankEnd end = end_of(0);
  EXPECT_EQ(end.code, ExitCode::kBadInput);
  EXPECT_EQ(end.message, share(2, 0).string() +
                             ": neither rank 2 (host-2) nor rank 0 has this share; copy it to one "
                             "of them");
}

TEST_F(SessionLoading, NamesAMissingShareOfRankZero) {
  split();
  fs::remove(share(0, 0));
  const RankEnd end = end_of(0);
  EXPECT_EQ(end.code, ExitCode::kBadInput);
  EXPECT_EQ(end.message,
            share(0, 0).string() + ": rank 0 (host-0) lacks this share; copy it there");
}

TEST_F(SessionLoading, NamesADamagedShareOfItsRank) {
  split();
  fs::rename(share(2, 0), share(2, 2));
  damage(share(2, 2));
  const RankEnd end = end_of(2);
  EXPECT_EQ(end.code, ExitCode::kBadInput);
  EXPECT_THAT(end.message, AllOf(HasSubstr(share(2, 2).string()), HasSubstr("truncated")));
}

TEST_F(SessionLoading, NamesADamagedShareThatRankZeroShouldServe) {
  split();
  damage(share(1, 0));
  const RankEnd end = end_of(0);
  EXPECT_EQ(end.code, ExitCode::kBadInput);
  EXPECT_THAT(end.message, AllOf(HasSubstr(share(1, 0).string()), HasSubstr("truncated")));
}

TEST_F(SessionLoading, RefusesAnotherRanksShare) {
  split();
  fs::copy(share(2, 0), share(1, 1));
  const RankEnd end = end_of(1);
  EXPECT_EQ(end.code, ExitCode::kBadInput);
  EXPECT_THAT(end.message, HasSubstr("belongs to another rank (2) than wanted here (1)"));
}

TEST_F(SessionLoading, RefusesAnotherModelThanRankZeros) {
  make_model(1, 2);
  const RankEnd end = end_of(1);
  EXPECT_EQ(end.code, ExitCode::kBadInput);
  EXPECT_EQ(end.message, path(1).string() + ": this host has another model than rank 0 (checksum " +
                             ModelFile(path(1)).checksum() + ", there " + job_.checksum +
                             "); copy rank 0's file here");
}

TEST_F(SessionLoading, RefusesADamagedCopy) {
  fs::copy(path(0), path(2));
  damage(path(2));
  const RankEnd end = end_of(2);
  EXPECT_EQ(end.code, ExitCode::kBadInput);
  EXPECT_THAT(end.message, AllOf(HasSubstr(path(2).string()), HasSubstr("truncated")));
}

TEST_F(SessionLoading, NamesARankThatFallsSilent) {
  loopback_.silence(2);
  const RankEnd end = end_of(0);
  EXPECT_EQ(end.code, ExitCode::kRankFailed);
  EXPECT_THAT(end.message, HasSubstr("no word from rank 2 (host-2) for 0.2 s"));
}

TEST_F(SessionLoading, NamesARankZeroThatSendsNoJob) {
  loopback_.silence(0);
  for (const int rank : {1, 2}) {
    const RankEnd end = end_of(rank);
    EXPECT_EQ(end.code, ExitCode::kRankFailed);
    EXPECT_THAT(end.message, HasSubstr("no word from rank 0 (host-0) for 0.3 s"));
  }
}

TEST_F(SessionLoading, NamesARankZeroThatStopsServing) {
  const auto ends = run_channels(loopback_, kShort, [&](Channel& channel) {
    if (channel.rank() != 0) {
      (void)load_weights(channel, job_, path(channel.rank()));
      return;
    }
    const ModelFile model(path(0));
    (void)load_and_serve_weights(channel, job_, model, path(0), [&](int position) {
      if (position == kSmallConvolutions[0]) loopback_.silence(0);
    });
  });
  EXPECT_EQ(ends[1].code, ExitCode::kRankFailed);
  EXPECT_THAT(ends[1].message, HasSubstr("no word from rank 0 (host-0) for 0.3 s"));
}

TEST_F(SessionLoading, TellsOfEveryLayer) {
  std::vector<int> loaded;
  const auto ends = run_channels(loopback_, kLong, [&](Channel& channel) {
    if (channel.rank() != 0) {
      (void)load_weights(channel, job_, path(channel.rank()));
      return;
    }
    (void)load_and_serve_weights(channel, job_, ModelFile(path(0)), path(0),
                                 [&](int position) { loaded.push_back(position); });
  });
  EXPECT_THAT(messages(ends), IsEmpty());
  EXPECT_THAT(loaded, testing::ElementsAre(0, 1, 2, 3, 4));
}

}  // namespace
}  // namespace vpinfer
