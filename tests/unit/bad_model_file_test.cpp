#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "io/model_file.hpp"
#include "io/tensor_file.hpp"
#include "support/error_line.hpp"
#include "support/small_model.hpp"
#include "support/temporary_folder.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

/// Bad files made of a good one.
class BadModelFile : public testing::Test {
 protected:
  BadModelFile() {
    write_model(folder_.path() / "good.h5", network_,
                [&](int position) { return small_model_weights(network_, position, 1); });
    good_ = folder_.read("good.h5");
  }

  /// The message for a file that cannot be opened or whose weights cannot be read.
  std::string refusal(const fs::path& path) const {
    const std::string line = error_line<BadInput>([&] {
      const ModelFile model(path);
      for (const int position : kSmallConvolutions) {
        const WeightShape shape = weight_shape(model.network(), position);
        std::vector<float> weights(shape.elements());
        std::vector<float> biases(static_cast<std::size_t>(shape.filters));
        model.read_weights(0, position, shape.range(), weights, biases);
      }
    });
    EXPECT_THAT(line, HasSubstr(path.string()));
    return line;
  }

  /// The same for a file with this content.
  std::string refusal_of(const std::string& contents) const {
    return refusal(folder_.write("bad.h5", contents));
  }

  /// The good file with the first `from` behind `after` replaced by `to`, of the same length.
  [[nodiscard]] std::string patched(const std::string& after, const std::string& from,
                                    const std::string& to) const {
    std::string contents = good_;
    const std::size_t anchor = contents.find(after);
    const std::size_t found = anchor == std::string::npos ? anchor : contents.find(from, anchor);
    if (found == std::string::npos) {
      ADD_FAILURE() << "no " << from << " in the file";
      return contents;
    }
    return contents.replace(found, from.size(), to);
  }

  const TemporaryFolder folder_;
  const Network network_ = small_network();
  std::string good_;
};

TEST_F(BadModelFile, MissingEmptyFolderText) {
  EXPECT_THAT(refusal(folder_.path() / "absent.h5"),
              HasSubstr("absent.h5: No such file or directory"));
  EXPECT_THAT(refusal(folder_.path() / "absent" / "m.h5"),
              HasSubstr("m.h5: No such file or directory"));
  EXPECT_THAT(refusal(folder_.path()), HasSubstr("Is a directory"));
  EXPECT_THAT(refusal_of(""), HasSubstr("empty"));
  EXPECT_THAT(refusal_of("[net]\nheight=4\n"), HasSubstr("not an HDF5 file"));
}

TEST_F(BadModelFile, TruncatedAnywhere) {
  EXPECT_THAT(refusal_of(good_.substr(0, 4)), HasSubstr("not an HDF5 file"));
  for (const std::size_t length :
       {std::size_t{9}, std::size_t{100}, good_.size() / 4, good_.size() / 2, good_.size() - 1}) {
    EXPECT_THAT(refusal_of(good_.substr(0, length)), HasSubstr("truncated or damaged"));
  }
}

TEST_F(BadModelFile, DamagedAnywhereNeverCrashes) {
  // A model may survive damage (no checksum is kept of its weights), but only BadInput may come.
  for (std::size_t offset = 0; offset + 16 < good_.size(); offset += 97) {
    std::string contents = good_;
    contents.replace(offset, 16, 16, '\xA5');
    try {
      const ModelFile model(folder_.write("damaged.h5", contents));
      const WeightShape shape = weight_shape(model.network(), 1);
      std::vector<float> weights(shape.elements());
      std::vector<float> biases(static_cast<std::size_t>(shape.filters));
      model.read_weights(0, 1, shape.range(), weights, biases);
    } catch (const BadInput& e) {
      EXPECT_THAT(e.what(), HasSubstr("damaged.h5")) << "offset " << offset;
    } catch (const std::exception& e) {
      ADD_FAILURE() << "offset " << offset << ": " << e.what();
    }
  }
}

TEST_F(BadModelFile, Foreign) {
  const fs::path path = folder_.path() / "tensor.h5";
  TensorFileWriter tensor(path);
  tensor.write("/input", {1, 1, 2}, std::vector<float>{1, 2});
  tensor.finish();
  EXPECT_THAT(refusal(path), HasSubstr("not made by vpinfer"));
}

TEST_F(BadModelFile, OtherFormatOrSchema) {
  EXPECT_THAT(refusal_of(patched("", "vpinfer-model", "vpinfer-share")),
              HasSubstr("is a vpinfer-share, not a vpinfer-model"));
  EXPECT_THAT(refusal_of(patched(std::string("schema") + '\0', "1", "2")),
              HasSubstr("has schema 2, this vpinfer reads schema 1"));
  EXPECT_THAT(refusal_of(patched("", "\"schema\":3", "\"schema\":7")),
              HasSubstr("its network has schema 7"));
}

TEST_F(BadModelFile, MissingAttributeOrDataset) {
  EXPECT_THAT(refusal_of(patched("", std::string("format") + '\0', std::string("formed") + '\0')),
              HasSubstr("not made by vpinfer"));
  EXPECT_THAT(refusal_of(patched("", "checksum", "checkers")),
              HasSubstr("the attribute 'checksum' is missing"));
  EXPECT_THAT(refusal_of(patched("", "precision", "precisely")),
              HasSubstr("the attribute 'precision' is missing"));
  EXPECT_THAT(refusal_of(patched("", std::string("biases") + '\0', std::string("biased") + '\0')),
              HasSubstr("biases is missing"));
}

TEST_F(BadModelFile, UnknownPrecision) {
  EXPECT_THAT(refusal_of(patched("", "float32", "float64")), HasSubstr("float64"));
}

TEST_F(BadModelFile, DatasetOfAnotherExtentThanItsLayer) {
  EXPECT_THAT(refusal_of(patched("", "\"filters\":7", "\"filters\":6")),
              AllOf(HasSubstr("/layers/2/weights"), HasSubstr("another extent")));
}

TEST_F(BadModelFile, DamagedNetwork) {
  EXPECT_THAT(refusal_of(patched("", "{\"input\"", "[\"input\"")), HasSubstr("is damaged"));
  EXPECT_THAT(refusal_of(patched("", "\"filters\":5", "\"filters\":0")), HasSubstr("filters"));
  EXPECT_THAT(refusal_of(patched("", "\"leaky\"", "\"leeky\"")), HasSubstr("leeky"));
}

TEST(WriteModel, LeavesNothingBehindWhenItFails) {
  const TemporaryFolder folder;
  const Network network = small_network();
  const auto failing = [&](int position) -> LayerWeights {
    if (position == kSmallConvolutions[1]) throw BadInput("the weights end here");
    return small_model_weights(network, position, 1);
  };
  EXPECT_EQ(error_line<BadInput>([&] { write_model(folder.path() / "m.h5", network, failing); }),
            "the weights end here");
  EXPECT_THAT(folder.names(), IsEmpty());
}

TEST(WriteModel, NamesAFolderThatIsMissing) {
  const TemporaryFolder folder;
  const Network network = small_network();
  const fs::path path = folder.path() / "missing" / "m.h5";
  errno = 0;  // the reason must be this call's, not an older one
  EXPECT_THAT(
      error_line<BadInput>([&] { write_model(path, network, [](int) { return LayerWeights{}; }); }),
      AllOf(HasSubstr(path.string()), HasSubstr("No such file or directory")));
  EXPECT_THAT(folder.names(), IsEmpty());
}

TEST(WriteModel, DoesNotReplaceWhatIsNoFile) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "m.h5";
  fs::create_directory(path);
  const Network network = small_network();
  EXPECT_THAT(error_line<BadInput>([&] {
                write_model(path, network, [&](int position) {
                  return small_model_weights(network, position, 1);
                });
              }),
              HasSubstr(path.string()));
  EXPECT_TRUE(fs::is_directory(path));
  EXPECT_THAT(folder.names(), testing::ElementsAre("m.h5"));
}

TEST(WritePartition, LeavesNothingBehindWhenAShareFails) {
  const TemporaryFolder folder;
  const Network network = small_network();
  write_model(folder.path() / "m.h5", network,
              [&](int position) { return small_model_weights(network, position, 1); });
  // The third share cannot take its place.
  fs::create_directory(folder.path() / "m-3.rank2.h5");
  const ModelFile model(folder.path() / "m.h5");
  EXPECT_THAT(error_line<BadInput>([&] {
                write_partition(folder.path() / "m-3.h5", model, channel_shares(network, 3),
                                PartitionFiles::kOnePerRank);
              }),
              HasSubstr("m-3.rank2.h5"));
  EXPECT_THAT(folder.names(), testing::UnorderedElementsAre("m.h5", "m-3.rank2.h5"));
}

TEST(TensorFile, RoundTrip) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "t.h5";
  const std::vector<float> values{1, -2, 3.5F, 4, 5e-40F, -0.0F};
  TensorFileWriter file(path);
  file.write("/input", {1, 2, 3}, values);
  file.write("/layers/3", {3, 2, 1}, values);
  EXPECT_FALSE(fs::exists(path));
  file.finish();
  EXPECT_EQ(read_input_tensor(path, {1, 2, 3}), values);
}

TEST(TensorFile, LeavesNothingBehindUnlessFinished) {
  const TemporaryFolder folder;
  { TensorFileWriter(folder.path() / "t.h5").write("/input", {1, 1, 1}, std::vector<float>{1}); }
  EXPECT_THAT(folder.names(), IsEmpty());
}

TEST(TensorFile, RefusesAnotherShapeAndNamesBoth) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "t.h5";
  TensorFileWriter file(path);
  file.write("/input", {1, 2, 3}, std::vector<float>(6));
  file.finish();
  EXPECT_THAT(error_line<BadInput>([&] {
                (void)read_input_tensor(path, {3, 2, 1});
              }),
              AllOf(HasSubstr(path.string()), HasSubstr("is 1x2x3"), HasSubstr("takes 3x2x1")));
}

TEST(TensorFile, RefusesAFileWithoutInput) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "t.h5";
  TensorFileWriter file(path);
  file.write("/output/3", {1, 2, 3}, std::vector<float>(6));
  file.finish();
  EXPECT_THAT(error_line<BadInput>([&] {
                (void)read_input_tensor(path, {1, 2, 3});
              }),
              AllOf(HasSubstr(path.string()), HasSubstr("no dataset 'input'")));
}

}  // namespace
}  // namespace vpinfer
