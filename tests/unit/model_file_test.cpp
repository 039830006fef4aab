#include "io/model_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/half.hpp"
#include "support/error_line.hpp"
#include "support/every_plan.hpp"
#include "support/small_model.hpp"
#include "support/temporary_folder.hpp"
#include "support/weight_cut.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

/// What `read(weights, biases)` gives for some weights of the layer at a position.
template <typename Read>
LayerWeights read_slice(const Network& network, int position, const WeightRange& range,
                        const Read& read) {
  LayerWeights slice{std::vector<float>(weight_shape(network, position).of(range).elements()),
                     std::vector<float>(static_cast<std::size_t>(range.filters.size()))};
  read(slice.weights, slice.biases);
  return slice;
}

LayerWeights read_slice(const ModelFile& file, int rank, int position, const WeightRange& range) {
  return read_slice(file.network(), position, range,
                    [&](std::span<float> weights, std::span<float> biases) {
                      file.read_weights(rank, position, range, weights, biases);
                    });
}

/// Shares of the channels of every layer; the sums of the second convolution are divided.
Plan shares_and_sums(const Network& network, int ranks) {
  Plan plan = channel_shares(network, ranks);
  const int position = kSmallConvolutions[1];
  for (int rank = 0; rank < ranks; ++rank) {
    const Interval channels = share(network.input_shape(position, 0).channels, ranks, rank);
    plan.layers[static_cast<std::size_t>(position)].sums.push_back(
        {channels.empty() ? Box{} : whole(network.layer(position).output), channels});
  }
  return plan;
}

void expect_equal(const LayerWeights& actual, const LayerWeights& expected) {
  EXPECT_EQ(actual.weights, expected.weights);
  EXPECT_EQ(actual.biases, expected.biases);
}

class ModelFileTest : public testing::Test {
 protected:
  [[nodiscard]] fs::path path(const std::string& name) const { return folder_.path() / name; }

  ModelFile write(const std::string& name, NumberFormat precision = NumberFormat::kFloat,
                  unsigned seed = 1) const {
    Network network = network_;
    network.precision = precision;
    write_model(path(name), network,
                [&](int position) { return small_model_weights(network_, position, seed); });
    return ModelFile(path(name));
  }

  [[nodiscard]] LayerWeights weights(int position) const {
    return small_model_weights(network_, position, 1);
  }

  [[nodiscard]] WeightRange all_of(int position) const {
    return weight_shape(network_, position).range();
  }
  [[nodiscard]] LayerWeights part(int position, const WeightRange& range) const {
    return cut(weights(position), weight_shape(network_, position), range);
  }

  /// Calls `body(rank, position, range)` for everything that a rank of the plan stores.
  template <typename Body>
  void for_each_share(const Body& body) const {
    for (int rank = 0; rank < plan_.ranks; ++rank) {
      for (int position = 1; position < network_.size(); ++position) {
        const WeightRange range = Distribution(network_, plan_).weights(position, rank);
        if (!range.empty()) body(rank, position, range);
      }
    }
  }

  const TemporaryFolder folder_;
  const Network network_ = small_network();
  const Plan plan_ = shares_and_sums(network_, 3);
};

TEST_F(ModelFileTest, KeepsTheNetworkAndEveryFloat) {
  const ModelFile model = write("m.h5");
  EXPECT_EQ(model.network(), network_);
  EXPECT_EQ(model.network().precision, NumberFormat::kFloat);
  EXPECT_FALSE(model.partition());
  EXPECT_TRUE(model.holds_rank(5));
  for (const int position : kSmallConvolutions) {
    expect_equal(read_slice(model, 0, position, all_of(position)), weights(position));
  }
  EXPECT_THAT(folder_.names(), testing::ElementsAre("m.h5"));
}

TEST_F(ModelFileTest, HalvesAreTheRoundedFloats) {
  const ModelFile model = write("m.h5", NumberFormat::kHalf);
  EXPECT_EQ(model.network().precision, NumberFormat::kHalf);
  for (const int position : kSmallConvolutions) {
    LayerWeights expected = weights(position);
    for (float& value : expected.weights) value = half_to_float(float_to_half(value));
    expect_equal(read_slice(model, 0, position, all_of(position)), expected);
  }
}

TEST_F(ModelFileTest, SlicesEqualTheSliceOfTheWhole) {
  for (const NumberFormat precision : {NumberFormat::kFloat, NumberFormat::kHalf}) {
    const ModelFile model = write("m.h5", precision);
    for (const int position : kSmallConvolutions) {
      const WeightShape shape = weight_shape(network_, position);
      const LayerWeights whole = read_slice(model, 0, position, shape.range());
      for (int begin = 0; begin < shape.filters; ++begin) {
        for (int end = begin + 1; end <= shape.filters; ++end) {
          for (const Interval channels : {Interval{0, shape.channels}, Interval{1, 3}}) {
            const WeightRange range{{begin, end}, channels};
            expect_equal(read_slice(model, 0, position, range), cut(whole, shape, range));
          }
        }
      }
    }
  }
}

TEST_F(ModelFileTest, ChecksumsTellModelsApart) {
  const std::string checksum = write("a.h5").checksum();
  EXPECT_EQ(checksum.size(), 16U);
  EXPECT_EQ(checksum, write("b.h5").checksum());
  EXPECT_NE(checksum, write("half.h5", NumberFormat::kHalf).checksum());
  EXPECT_NE(checksum, write("seed.h5", NumberFormat::kFloat, 2).checksum());
}

TEST_F(ModelFileTest, APartitionInOneFileGivesEachRankItsSlices) {
  for (const NumberFormat precision : {NumberFormat::kFloat, NumberFormat::kHalf}) {
    const ModelFile model = write("m.h5", precision);
    write_partition(path("m-3.h5"), model, plan_, PartitionFiles::kOne);
    const ModelFile partition(path("m-3.h5"));
    EXPECT_EQ(partition.partition(), plan_);
    EXPECT_EQ(partition.network(), model.network());
    EXPECT_EQ(partition.network().precision, precision);
    EXPECT_EQ(partition.checksum(), model.checksum());
    for_each_share([&](int rank, int position, const WeightRange& range) {
      EXPECT_TRUE(partition.holds_rank(rank));
      expect_equal(read_slice(partition, rank, position, range),
                   read_slice(model, rank, position, range));
    });
  }
}

TEST_F(ModelFileTest, APartitionStillGivesAnyRankTheWholeLayer) {
  const ModelFile model = write("m.h5");
  write_partition(path("m-3.h5"), model, plan_, PartitionFiles::kOne);
  const ModelFile partition(path("m-3.h5"));
  for (const int position : kSmallConvolutions) {
    for (int rank = 0; rank < 3; ++rank) {
      expect_equal(read_slice(partition, rank, position, all_of(position)), weights(position));
    }
  }
}

TEST_F(ModelFileTest, ARankMayHaveBiasesOnly) {
  // Of six ranks one sums over none of the five input channels, but adds up a filter.
  const Plan plan = shares_and_sums(network_, 6);
  const int position = kSmallConvolutions[1];
  const WeightRange biases_only = Distribution(network_, plan).weights(position, 0);
  ASSERT_TRUE(biases_only.channels.empty() && !biases_only.filters.empty());
  const ModelFile model = write("m.h5");
  write_partition(path("m-6.h5"), model, plan, PartitionFiles::kOne);
  const ModelFile partition(path("m-6.h5"));
  for (const WeightRange& range : {biases_only, all_of(position)}) {
    expect_equal(read_slice(partition, 0, position, range), part(position, range));
  }
}

TEST_F(ModelFileTest, SplitFilesGiveEachRankItsSlices) {
  const ModelFile model = write("m.h5");
  write_partition(path("m-3.h5"), model, plan_, PartitionFiles::kOnePerRank);
  EXPECT_THAT(folder_.names(), testing::UnorderedElementsAre("m.h5", "m-3.h5", "m-3.rank0.h5",
                                                             "m-3.rank1.h5", "m-3.rank2.h5"));
  const ModelFile master(path("m-3.h5"));
  for_each_share([&](int rank, int position, const WeightRange& range) {
    const ShareFile share(share_path(path("m-3.h5"), rank), network_, plan_, rank,
                          model.checksum());
    const LayerWeights expected = part(position, range);
    expect_equal(read_slice(master, rank, position, range), expected);
    expect_equal(read_slice(network_, position, range,
                            [&](std::span<float> values, std::span<float> biases) {
                              share.read_weights(position, range, values, biases);
                            }),
                 expected);
  });
}

TEST_F(ModelFileTest, SharesServeEveryFormat) {
  // One may be wanted when they are made and another when they are used.
  const Plan others = with_blas(with_wire(plan_, WireFormat::kHalf));
  const ModelFile model = write("m.h5");
  for (const Plan& made : {plan_, others}) {
    write_partition(path("m-3.h5"), model, made, PartitionFiles::kOnePerRank);
    EXPECT_EQ(ModelFile(path("m-3.h5")).partition(), made);
    for (const Plan& used : {plan_, others}) {
      EXPECT_NO_THROW(ShareFile(path("m-3.rank1.h5"), network_, used, 1, model.checksum()));
    }
  }
}

TEST_F(ModelFileTest, AMasterKnowsWhichSharesAreElsewhere) {
  write_partition(path("m-3.h5"), write("m.h5"), plan_, PartitionFiles::kOnePerRank);
  fs::remove(path("m-3.rank1.h5"));
  const ModelFile master(path("m-3.h5"));
  EXPECT_TRUE(master.holds_rank(0));
  EXPECT_FALSE(master.holds_rank(1));
  EXPECT_TRUE(master.holds_rank(2));
}

TEST_F(ModelFileTest, AMasterSaysWhatIsWrongWithAShare) {
  write_partition(path("m-3.h5"), write("m.h5"), plan_, PartitionFiles::kOnePerRank);
  const auto check = [](const ModelFile& master, int rank) {
    return error_line<BadInput>([&] { master.check_rank(rank); });
  };
  fs::remove(path("m-3.rank0.h5"));
  fs::resize_file(path("m-3.rank1.h5"), fs::file_size(path("m-3.rank1.h5")) / 2);
  const ModelFile master(path("m-3.h5"));
  EXPECT_FALSE(master.finds_rank(0));
  EXPECT_TRUE(master.finds_rank(1));
  EXPECT_THAT(check(master, 0), HasSubstr("m-3.rank0.h5: No such file or directory"));
  EXPECT_THAT(check(master, 1), AllOf(HasSubstr("m-3.rank1.h5"), HasSubstr("truncated")));
  fs::rename(path("m-3.h5"), path("n-3.h5"));
  fs::rename(path("m-3.rank2.h5"), path("n-3.rank2.h5"));
  EXPECT_THAT(check(ModelFile(path("n-3.h5")), 2),
              AllOf(HasSubstr("n-3.rank2.h5"), HasSubstr("by another name")));
}

/// Changes the working directory and changes it back.
class WorkingDirectory {
 public:
  explicit WorkingDirectory(const fs::path& path) : before_(fs::current_path()) {
    fs::current_path(path);
  }
  WorkingDirectory(const WorkingDirectory&) = delete;
  WorkingDirectory& operator=(const WorkingDirectory&) = delete;
  ~WorkingDirectory() { fs::current_path(before_); }

 private:
  fs::path before_;
};

TEST_F(ModelFileTest, LinksSurviveAnotherWorkingDirectoryAndAMove) {
  const ModelFile model = write("m.h5");
  fs::create_directory(path("made"));
  {
    const WorkingDirectory inside(folder_.path());
    write_partition("made/m-3.h5", model, plan_, PartitionFiles::kOnePerRank);
  }
  fs::rename(path("made"), path("moved"));
  const auto expect_readable = [&](const fs::path& name) {
    const ModelFile master(name);
    for_each_share([&](int rank, int position, const WeightRange& range) {
      EXPECT_TRUE(master.holds_rank(rank));
      expect_equal(read_slice(master, rank, position, range), part(position, range));
    });
  };
  expect_readable(path("moved/m-3.h5"));
  const WorkingDirectory above(folder_.path());
  expect_readable("moved/m-3.h5");
  const WorkingDirectory beside(path("moved"));
  expect_readable("m-3.h5");
}

TEST_F(ModelFileTest, RefusesTheShareOfAnotherRank) {
  write_partition(path("m-3.h5"), write("m.h5"), plan_, PartitionFiles::kOnePerRank);
  const auto open = [&](const std::string& name, int rank) {
    return error_line<BadInput>([&] {
      (void)ShareFile(path(name), network_, plan_, rank, ModelFile(path("m-3.h5")).checksum());
    });
  };
  EXPECT_THAT(open("m-3.rank1.h5", 2),
              HasSubstr("belongs to another rank (1) than wanted here (2)"));
  EXPECT_THAT(open("m.h5", 0), HasSubstr("is a vpinfer-model, not a vpinfer-share"));
  EXPECT_THAT(open("m-9.rank0.h5", 0), HasSubstr("m-9.rank0.h5: No such file or directory"));
}

TEST(SharePath, StandsBesideThePartition) {
  EXPECT_EQ(share_path("some/M-8.h5", 3), "some/M-8.rank3.h5");
  EXPECT_EQ(share_path("M-8", 12), "M-8.rank12");
}

}  // namespace
}  // namespace vpinfer
