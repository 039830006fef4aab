#include "vpinfer/io/model_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/error_line.hpp"
#include "support/small_model.hpp"
#include "support/temporary_folder.hpp"
#include "vpinfer/base/error.hpp"
#include "vpinfer/base/half.hpp"

namespace vpinfer {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

/// What `read(weights, biases)` gives for some filters of the layer at a position.
template <typename Read>
LayerWeights read_slice(const Network& network, int position, Interval filters, const Read& read) {
  const auto count = static_cast<std::size_t>(filters.size());
  LayerWeights slice{
      std::vector<float>(count * weight_shape(network, position).elements_per_filter()),
      std::vector<float>(count)};
  read(slice.weights, slice.biases);
  return slice;
}

LayerWeights read_slice(const ModelFile& file, int rank, int position, Interval filters) {
  return read_slice(file.network(), position, filters,
                    [&](std::span<float> weights, std::span<float> biases) {
                      file.read_filters(rank, position, filters, weights, biases);
                    });
}

/// The same filters of a layer's numbers in memory.
LayerWeights cut(const LayerWeights& whole, const Network& network, int position,
                 Interval filters) {
  const auto per_filter =
      static_cast<std::ptrdiff_t>(weight_shape(network, position).elements_per_filter());
  return {{whole.weights.begin() + filters.begin * per_filter,
           whole.weights.begin() + filters.end * per_filter},
          {whole.biases.begin() + filters.begin, whole.biases.begin() + filters.end}};
}

void expect_equal(const LayerWeights& actual, const LayerWeights& expected) {
  EXPECT_EQ(actual.weights, expected.weights);
  EXPECT_EQ(actual.biases, expected.biases);
}

class ModelFileTest : public testing::Test {
 protected:
  [[nodiscard]] fs::path path(const std::string& name) const { return folder_.path() / name; }

  ModelFile write(const std::string& name, WeightPrecision precision = WeightPrecision::kFloat,
                  unsigned seed = 1) const {
    write_model(path(name), network_, precision,
                [&](int position) { return small_model_weights(network_, position, seed); });
    return ModelFile(path(name));
  }

  [[nodiscard]] LayerWeights weights(int position) const {
    return small_model_weights(network_, position, 1);
  }

  /// Calls `body(rank, position, filters)` for everything that a rank of the plan stores.
  template <typename Body>
  void for_each_share(const Body& body) const {
    for (int rank = 0; rank < plan_.ranks; ++rank) {
      for (int position = 1; position < network_.size(); ++position) {
        const Interval filters = owned_filters(network_, plan_, position, rank);
        if (!filters.empty()) body(rank, position, filters);
      }
    }
  }

  const TemporaryFolder folder_;
  const Network network_ = small_network();
  const Plan plan_ = channel_shares(network_, 3);
};

TEST_F(ModelFileTest, KeepsTheNetworkAndEveryFloat) {
  const ModelFile model = write("m.h5");
  EXPECT_EQ(model.network(), network_);
  EXPECT_EQ(model.precision(), WeightPrecision::kFloat);
  EXPECT_FALSE(model.partition());
  EXPECT_TRUE(model.holds_rank(5));
  for (const int position : kSmallConvolutions) {
    const int filters = weight_shape(network_, position).filters;
    expect_equal(read_slice(model, 0, position, {0, filters}), weights(position));
  }
  EXPECT_THAT(folder_.names(), testing::ElementsAre("m.h5"));
}

TEST_F(ModelFileTest, HalvesAreTheRoundedFloats) {
  const ModelFile model = write("m.h5", WeightPrecision::kHalf);
  EXPECT_EQ(model.precision(), WeightPrecision::kHalf);
  for (const int position : kSmallConvolutions) {
    LayerWeights expected = weights(position);
    for (float& value : expected.weights) value = half_to_float(float_to_half(value));
    const int filters = weight_shape(network_, position).filters;
    expect_equal(read_slice(model, 0, position, {0, filters}), expected);
  }
}

TEST_F(ModelFileTest, SlicesEqualTheSliceOfTheWhole) {
  for (const WeightPrecision precision : {WeightPrecision::kFloat, WeightPrecision::kHalf}) {
    const ModelFile model = write("m.h5", precision);
    for (const int position : kSmallConvolutions) {
      const int filters = weight_shape(network_, position).filters;
      const LayerWeights whole = read_slice(model, 0, position, {0, filters});
      for (int begin = 0; begin < filters; ++begin) {
        for (int end = begin + 1; end <= filters; ++end) {
          expect_equal(read_slice(model, 0, position, {begin, end}),
                       cut(whole, network_, position, {begin, end}));
        }
      }
    }
  }
}

TEST_F(ModelFileTest, ChecksumsTellModelsApart) {
  const std::string checksum = write("a.h5").checksum();
  EXPECT_EQ(checksum.size(), 16U);
  EXPECT_EQ(checksum, write("b.h5").checksum());
  EXPECT_NE(checksum, write("half.h5", WeightPrecision::kHalf).checksum());
  EXPECT_NE(checksum, write("seed.h5", WeightPrecision::kFloat, 2).checksum());
}

TEST_F(ModelFileTest, APartitionInOneFileGivesEachRankItsSlices) {
  for (const WeightPrecision precision : {WeightPrecision::kFloat, WeightPrecision::kHalf}) {
    const ModelFile model = write("m.h5", precision);
    write_partition(path("m-3.h5"), model, plan_, PartitionFiles::kOne);
    const ModelFile partition(path("m-3.h5"));
    EXPECT_EQ(partition.partition(), plan_);
    EXPECT_EQ(partition.network(), network_);
    EXPECT_EQ(partition.precision(), precision);
    EXPECT_EQ(partition.checksum(), model.checksum());
    for_each_share([&](int rank, int position, Interval filters) {
      EXPECT_TRUE(partition.holds_rank(rank));
      expect_equal(read_slice(partition, rank, position, filters),
                   read_slice(model, rank, position, filters));
    });
  }
}

TEST_F(ModelFileTest, APartitionStillGivesAnyRankTheWholeLayer) {
  const ModelFile model = write("m.h5");
  write_partition(path("m-3.h5"), model, plan_, PartitionFiles::kOne);
  const ModelFile partition(path("m-3.h5"));
  for (const int position : kSmallConvolutions) {
    const int filters = weight_shape(network_, position).filters;
    for (int rank = 0; rank < 3; ++rank) {
      expect_equal(read_slice(partition, rank, position, {0, filters}), weights(position));
    }
  }
}

TEST_F(ModelFileTest, SplitFilesGiveEachRankItsSlices) {
  const ModelFile model = write("m.h5");
  write_partition(path("m-3.h5"), model, plan_, PartitionFiles::kOnePerRank);
  EXPECT_THAT(folder_.names(), testing::UnorderedElementsAre("m.h5", "m-3.h5", "m-3.rank0.h5",
                                                             "m-3.rank1.h5", "m-3.rank2.h5"));
  const ModelFile master(path("m-3.h5"));
  for_each_share([&](int rank, int position, Interval filters) {
    const ShareFile share(share_path(path("m-3.h5"), rank), network_, plan_, rank,
                          model.checksum());
    const LayerWeights expected = cut(weights(position), network_, position, filters);
    expect_equal(read_slice(master, rank, position, filters), expected);
    expect_equal(read_slice(network_, position, filters,
                            [&](std::span<float> values, std::span<float> biases) {
                              share.read_filters(position, filters, values, biases);
                            }),
                 expected);
  });
}

TEST_F(ModelFileTest, SharesServeEveryWireFormat) {
  // One may be wanted when they are made and another when they are used.
  const auto halves = [this] {
    Plan plan = plan_;
    plan.wire = WireFormat::kHalf;
    return plan;
  }();
  const ModelFile model = write("m.h5");
  for (const Plan& made : {plan_, halves}) {
    write_partition(path("m-3.h5"), model, made, PartitionFiles::kOnePerRank);
    EXPECT_EQ(ModelFile(path("m-3.h5")).partition(), made);
    for (const Plan& used : {plan_, halves}) {
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
    for_each_share([&](int rank, int position, Interval filters) {
      EXPECT_TRUE(master.holds_rank(rank));
      expect_equal(read_slice(master, rank, position, filters),
                   cut(weights(position), network_, position, filters));
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
  EXPECT_THAT(open("m-9.rank0.h5", 0), HasSubstr("there is no such file"));
}

TEST(SharePath, StandsBesideThePartition) {
  EXPECT_EQ(share_path("some/M-8.h5", 3), "some/M-8.rank3.h5");
  EXPECT_EQ(share_path("M-8", 12), "M-8.rank12");
}

}  // namespace
}  // namespace vpinfer
