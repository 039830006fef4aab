#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "import/darknet.hpp"
#include "import/labels.hpp"
#include "support/error_line.hpp"
#include "support/temporary_folder.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kNet = "[net]\nheight=10\nwidth=7\nchannels=4\n";

DarknetModel parse(const std::string& text) {
  const TemporaryFolder folder;
  return read_darknet_cfg(folder.write("net.cfg", text));
}

/// The message for a .cfg that is refused.
std::string refusal(const std::string& text) {
  return error_line<BadInput>([&] { (void)parse(text); });
}

/// The message for one block, which begins in line 5, after an input of 10 x 7 x 4.
std::string refusal_of_layer(const std::string& block) {
  return refusal(kNet + block);
}

/// The one layer after an input of 10 x 7 x 4.
Layer layer_of(const std::string& block) {
  return parse(kNet + block).network.layers.at(1);
}

TEST(Cfg, AcceptsCrlfCommentsAndSpaces) {
  const DarknetModel plain = parse(
      "[net]\nheight=10\nwidth=7\nchannels=4\n"
      "[convolutional]\nfilters=3\nsize=3\npad=1\nactivation=leaky\n");
  const DarknetModel unusual = parse(
      "# a comment\r\n\r\n [ net ]\r\n; another = one\r\n height = 10 \r\n\twidth\t=7\r\n"
      "channels= 4\r\n[convolutional]   \r\n filters =3\r\nsize=3\r\npad=1\r\nactivation = leaky");
  EXPECT_EQ(plain.network, unusual.network);
  EXPECT_EQ(unusual.network.layers.at(1).output, (Shape{10, 7, 3}));
  EXPECT_TRUE(unusual.warnings.empty());
}

/// As the parsers of Darknet's forks take it.
TEST(Cfg, IgnoresCaseCommentsBehindValuesAndAByteOrderMark) {
  const DarknetModel plain = parse(
      "[net]\nheight=10\nwidth=7\nchannels=4\n"
      "[convolutional]\nfilters=3\nsize=3\npad=1\nactivation=leaky\n");
  const DarknetModel unusual = parse(
      "\xEF\xBB\xBF[NET]  # the input\nHeight=10 # rows\nwidth=7;columns\nchannels=+4\n"
      "[Convolutional] ; the first\nfilters=3 # x\nSIZE=3\npad=1\nactivation=LEAKY # as ever\n");
  EXPECT_EQ(plain.network, unusual.network);
  EXPECT_TRUE(unusual.warnings.empty());
}

TEST(Cfg, SaysHowPicturesAreResized) {
  const auto resize = [](const std::string& key) {
    return parse(kNet + key + "[maxpool]\n").resize;
  };
  EXPECT_EQ(resize(""), Resize::kLetterbox);
  EXPECT_EQ(resize("letter_box=1\n"), Resize::kLetterbox);
  EXPECT_EQ(resize("letter_box=0\n"), Resize::kStretch);
}

TEST(Cfg, NamesTheNetworkAfterTheFile) {
  EXPECT_EQ(parse(std::string(kNet) + "[maxpool]\n").network.name, "net");
}

TEST(Cfg, TheFirstOfRepeatedKeysCounts) {
  const Layer layer = layer_of("[convolutional]\nfilters=3\nsize=1\nfilters=9\n");
  EXPECT_EQ(layer.output.channels, 3);
}

TEST(Cfg, WarnsOfUnknownKeysButNotOfTrainingKeys) {
  const DarknetModel model = parse(std::string(kNet) +
                                   "[convolutional]\nfilters=27\nsize=1\ndilaton=2\n"
                                   "[region]\nclasses=4\nnum=3\nthresh=.6\njitter=.3\nbias_mach=1");
  ASSERT_EQ(model.warnings.size(), 2U);
  EXPECT_THAT(model.warnings[0], StartsWith("net.cfg:8 [convolutional]: the key 'dilaton'"));
  EXPECT_THAT(model.warnings[1], StartsWith("net.cfg:14 [region]: the key 'bias_mach'"));
}

TEST(Cfg, RefusesWhatIsNoCfg) {
  const TemporaryFolder folder;
  const auto reading = [&](const std::string& name) {
    return error_line<BadInput>([&] { (void)read_darknet_cfg(folder.path() / name); });
  };
  EXPECT_THAT(reading("absent.cfg"), HasSubstr("absent.cfg"));
  folder.write("empty.cfg", "");
  EXPECT_THAT(reading("empty.cfg"), HasSubstr("empty.cfg"));
  EXPECT_THAT(refusal("[net]\nheight=4\nwidth=4\n"), HasSubstr("no layer after [net]"));
  EXPECT_THAT(refusal("hello\n"), StartsWith("net.cfg:1: 'hello' is neither"));
  EXPECT_THAT(refusal("height=4\n[net]\n"), StartsWith("net.cfg:1: "));
  EXPECT_THAT(refusal("[net\n"), StartsWith("net.cfg:1: '[net' has no closing bracket"));
  EXPECT_THAT(refusal("\n[convolutional]\nfilters=1\nsize=1\n"),
              StartsWith("net.cfg:2 [convolutional]: the first block"));
}

TEST(Cfg, RefusesAnInputWithoutSize) {
  EXPECT_THAT(refusal("[net]\nheight=4\n[maxpool]\n"),
              StartsWith("net.cfg:1 [net]: the key 'width' is missing"));
  EXPECT_THAT(refusal("[net]\nheight=0\nwidth=4\n[maxpool]\n"), StartsWith("net.cfg:1 [net]: "));
}

TEST(Cfg, RefusesAnInputThatNoMachineHolds) {
  EXPECT_THAT(refusal("[net]\nheight=65536\nwidth=65536\n[convolutional]\nfilters=1\nsize=1\n"
                      "stride=1024\n"),
              HasSubstr("65536x65536x3"));
}

TEST(Cfg, NamesTheLayersThatAreKnown) {
  const std::string line = refusal_of_layer("[lstm]\noutput=3\n");
  EXPECT_THAT(line, StartsWith("net.cfg:5 [lstm]: this layer type is not supported"));
  EXPECT_THAT(line, HasSubstr("convolutional"));
  EXPECT_THAT(line, HasSubstr("region"));
}

TEST(Cfg, RefusesMissingKeys) {
  EXPECT_THAT(refusal_of_layer("[convolutional]\nfilters=3\n"),
              StartsWith("net.cfg:5 [convolutional]: the key 'size' is missing"));
  EXPECT_THAT(refusal_of_layer("[convolutional]\nsize=3\n"),
              StartsWith("net.cfg:5 [convolutional]: the key 'filters' is missing"));
  EXPECT_THAT(refusal_of_layer("[route]\n"),
              StartsWith("net.cfg:5 [route]: the key 'layers' is missing"));
}

TEST(Cfg, RefusesUnknownActivations) {
  EXPECT_THAT(refusal_of_layer("[convolutional]\nfilters=3\nsize=1\nactivation=gello\n"),
              StartsWith("net.cfg:5 [convolutional]: unknown activation 'gello'"));
}

TEST(Cfg, RefusesBadNumbers) {
  for (const std::string value :
       {"", "three", "3.5", "3x", "-3", "0x10", "1e2", "65537", "99999999999999999999"}) {
    EXPECT_THAT(refusal_of_layer("[convolutional]\nsize=1\nfilters=" + value + "\n"),
                StartsWith("net.cfg:7 [convolutional]: filters=" + value + " is not "));
  }
  EXPECT_THAT(refusal_of_layer("[convolutional]\nsize=1\nfilters=0\n"),
              HasSubstr("filters must be at least 1"));
  EXPECT_THAT(refusal_of_layer("[convolutional]\nsize=0\nfilters=1\n"),
              HasSubstr("must be at least 1"));
  EXPECT_THAT(refusal_of_layer("[maxpool]\nsize=2\nstride=0\n"), HasSubstr("must be at least 1"));
  EXPECT_THAT(refusal_of_layer("[region]\nclasses=0\nnum=1\nanchors=1,two\n"),
              StartsWith("net.cfg:8 [region]: anchors=1,two is not"));
}

TEST(Cfg, RefusesHugeNumbers) {
  EXPECT_THAT(refusal_of_layer("[convolutional]\nfilters=65536\nsize=1\npadding=65536\n"),
              HasSubstr("too large"));
  EXPECT_THAT(refusal_of_layer("[region]\nnum=65536\nclasses=65536\n"), HasSubstr("has 4"));
  EXPECT_THAT(refusal_of_layer("[route]\nlayers=-2147483648\n"), HasSubstr("-2147483648"));
}

TEST(Cfg, RefusesGroupsThatDoNotDivide) {
  EXPECT_THAT(refusal_of_layer("[convolutional]\nfilters=6\nsize=1\ngroups=3\n"),
              HasSubstr("groups=3 must divide"));
  EXPECT_THAT(refusal_of_layer("[convolutional]\nfilters=6\nsize=1\ngroups=0\n"),
              HasSubstr("groups=0 must divide"));
}

TEST(Cfg, SharesTheNumbersOfConvolutionsAlikeOnly) {
  const std::string first =
      std::string(kNet) + "[convolutional]\nfilters=4\nsize=3\npad=1\nbatch_normalize=1\n";
  const auto refusal_with = [&](const std::string& keys, const std::string& of_first = "") {
    return refusal(first + of_first + "[convolutional]\nsize=3\npad=1\n" + keys);
  };
  const std::string alike = "filters=4\nbatch_normalize=1\n";
  EXPECT_THAT(refusal_with(alike + "share_index=0\n", "antialiasing=1\n"),
              HasSubstr("share_index"));
  EXPECT_THAT(refusal_with("filters=4\nshare_index=0\n"), HasSubstr("share_index"));
  EXPECT_THAT(refusal_with("filters=5\nbatch_normalize=1\nshare_index=0\n"),
              HasSubstr("share_index"));
  EXPECT_THAT(refusal_with(alike + "share_index=0,0\n"), HasSubstr("share_index"));
}

TEST(Cfg, RefusesWindowsLargerThanTheirInput) {
  EXPECT_THAT(refusal_of_layer("[convolutional]\nfilters=1\nsize=9\n"),
              HasSubstr("a window of 9 does not fit 7 columns"));
  EXPECT_THAT(refusal_of_layer("[maxpool]\nsize=8\nstride=1\npadding=0\n"),
              HasSubstr("a window of 8 does not fit 7 columns"));
}

TEST(Cfg, RefusesOperationsThatAreNotSupported) {
  EXPECT_THAT(refusal_of_layer("[convolutional]\nfilters=1\nsize=1\nxnor=1\n"), HasSubstr("xnor"));
  EXPECT_THAT(refusal_of_layer("[reorg]\nstride=1\nflatten=1\n"), HasSubstr("flatten"));
  EXPECT_THAT(refusal_of_layer("[region]\nclasses=0\ncoords=5\n"), HasSubstr("coords must be 4"));
  EXPECT_THAT(refusal_of_layer("[region]\nclasses=0\ntree=x.tree\n"), HasSubstr("tree"));
}

constexpr const char* kTwoLayers = "[convolutional]\nfilters=3\nsize=1\n[maxpool]\nsize=2\n";

TEST(CfgRoute, CountsFromTheFirstLayerOrBackwards) {
  const auto inputs = [](const std::string& layers) {
    return parse(kNet + std::string(kTwoLayers) + "stride=1\n[route]\nlayers=" + layers + "\n")
        .network.layers.at(3);
  };
  EXPECT_EQ(inputs("-1").inputs, (std::vector<int>{2}));
  EXPECT_EQ(inputs("-1,-2").inputs, (std::vector<int>{2, 1}));
  EXPECT_EQ(inputs(" 0 , 1 ").inputs, (std::vector<int>{1, 2}));
  EXPECT_EQ(inputs("0,-1,0").output, (Shape{10, 7, 9}));
}

TEST(CfgRoute, RefusesLayersThatAreNotThere) {
  // The route would be layer 2 itself.
  for (const std::string number : {"2", "3", "99", "-3", "-99"}) {
    EXPECT_THAT(refusal(kNet + std::string(kTwoLayers) + "[route]\nlayers=0," + number + "\n"),
                StartsWith("net.cfg:10 [route]: there is no layer " + number));
  }
}

TEST(CfgRoute, RefusesToJoinOtherExtents) {
  EXPECT_THAT(refusal(kNet + std::string(kTwoLayers) + "stride=2\n[route]\nlayers=-1,-2\n"),
              StartsWith("net.cfg:11 [route]: cannot join 5x4x3 and 10x7x3"));
}

TEST(CfgReorg, Shapes) {
  const std::string even = "[net]\nheight=6\nwidth=4\nchannels=8\n[reorg]\nstride=2\n";
  EXPECT_EQ(parse(even).network.layers.at(1).output, (Shape{3, 2, 32}));
  EXPECT_EQ(parse(even + "reverse=1\n").network.layers.at(1).output, (Shape{12, 8, 2}));
  EXPECT_THAT(refusal_of_layer("[reorg]\nstride=2\n"),
              StartsWith("net.cfg:5 [reorg]: the columns of its input 10x7x4"));
  EXPECT_THAT(refusal_of_layer("[reorg]\nstride=3\n"), HasSubstr("the channels of its input"));
}

TEST(CfgReorg, RefusesHugeStrides) {
  EXPECT_THAT(refusal_of_layer("[reorg]\nstride=65536\n"), StartsWith("net.cfg:5 [reorg]: "));
  EXPECT_THAT(refusal_of_layer("[reorg]\nreverse=1\nstride=65536\n"),
              StartsWith("net.cfg:5 [reorg]: "));
  EXPECT_THAT(refusal_of_layer("[reorg]\nstride=46341\n"), StartsWith("net.cfg:5 [reorg]: "));
}

TEST(CfgRegion, NeedsTheRightChannels) {
  const std::string line = refusal_of_layer("[region]\nclasses=20\nnum=5\n");
  EXPECT_THAT(line, StartsWith("net.cfg:5 [region]: needs 125 channels"));
  EXPECT_THAT(line, HasSubstr("its input has 4"));
  const DarknetModel model = parse(
      "[net]\nheight=2\nwidth=2\nchannels=12\n"
      "[region]\nclasses=1\nnum=2\nsoftmax=1\nanchors = 1.5,2\n");
  const Region& region = std::get<Region>(model.network.layers.at(1).operation);
  EXPECT_EQ(region, (Region{1, true, {{1.5F, 2}, {0.5F, 0.5F}}}));
  for (const char* anchors : {"1,2,3", "0,1", "-1,1"}) {
    EXPECT_THAT(refusal_of_layer(std::string("[region]\nclasses=20\nnum=5\nanchors=") + anchors),
                HasSubstr("pairs of a width and a height above 0"));
  }
  EXPECT_THAT(refusal_of_layer("[region]\nclasses=20\nnum=5\nanchors=\n"),
              HasSubstr("a list of numbers"));
}

// Darknet: rows = (rows + 2 padding - size) / stride + 1; pad=1 means padding = size / 2.
TEST(CfgConvolution, FollowsDarknetsPadding) {
  const auto shape = [](const std::string& keys) {
    return layer_of("[convolutional]\nfilters=6\n" + keys).output;
  };
  EXPECT_EQ(shape("size=3\npad=1\n"), (Shape{10, 7, 6}));
  EXPECT_EQ(shape("size=3\npad=1\nstride=2\n"), (Shape{5, 4, 6}));
  EXPECT_EQ(shape("size=3\n"), (Shape{8, 5, 6}));
  EXPECT_EQ(shape("size=4\npad=1\n"), (Shape{11, 8, 6}));
  EXPECT_EQ(shape("size=3\npadding=2\n"), (Shape{12, 9, 6}));
  EXPECT_EQ(shape("size=3\npad=1\npadding=5\n"), (Shape{10, 7, 6}));
  EXPECT_EQ(shape("size=1\npad=1\n"), (Shape{10, 7, 6}));
}

// Darknet: rows = (rows + padding - size) / stride + 1; padding is size - 1 unless given, and its
// smaller half comes first.
TEST(CfgMaxPool, FollowsDarknetsPadding) {
  const auto pool = [](const std::string& keys) { return layer_of("[maxpool]\n" + keys); };
  const auto window = [&](const std::string& keys) {
    return std::get<MaxPool>(pool(keys).operation).rows;
  };
  EXPECT_EQ(pool("size=2\nstride=2\n").output, (Shape{5, 4, 4}));
  EXPECT_EQ(pool("stride=2\n").output, (Shape{5, 4, 4}));
  EXPECT_EQ(pool("size=2\nstride=2\npadding=0\n").output, (Shape{5, 3, 4}));
  EXPECT_EQ(pool("size=3\nstride=2\n").output, (Shape{5, 4, 4}));
  EXPECT_EQ(pool("size=5\nstride=1\n").output, (Shape{10, 7, 4}));
  EXPECT_EQ(window("size=2\nstride=1\n"), (Window{2, 1, 0, 1}));
  EXPECT_EQ(window("size=4\nstride=1\n"), (Window{4, 1, 1, 2}));
  EXPECT_EQ(window("size=3\nstride=2\npadding=3\n"), (Window{3, 2, 1, 2}));
  EXPECT_THAT(refusal_of_layer("[maxpool]\nsize=2\nstride=2\npadding=3\n"),
              HasSubstr("window 4 of its columns lies in the padding alone"));
}

TEST(CfgConnected, IsAConvolutionAsLargeAsItsInput) {
  const Layer layer = layer_of("[connected]\noutput=9\nactivation=linear\n");
  EXPECT_EQ(layer.output, (Shape{1, 1, 9}));
  EXPECT_EQ(std::get<Convolution>(layer.operation),
            (Convolution{9, 1, Window{10}, Window{7}, Activation::kLinear}));
}

TEST(CfgLocal, PadsAsDarknetDoes) {
  EXPECT_EQ(layer_of("[local]\nfilters=2\nsize=3\npad=1\n").output, (Shape{10, 7, 2}));
  EXPECT_EQ(layer_of("[local]\nfilters=2\nsize=5\nstride=2\n").output, (Shape{3, 2, 2}));
  EXPECT_THAT(refusal_of_layer("[local]\nfilters=2\nsize=5\npad=1\n"), HasSubstr("pad=1"));
}

TEST(CfgCrop, TakesTheCentreAndMovesValues) {
  const Layer layer = layer_of("[crop]\ncrop_height=5\ncrop_width=4\n");
  EXPECT_EQ(std::get<Slice>(layer.operation), (Slice{{2, 5}, {1, 4}, {0, 4}, 2, -1}));
  EXPECT_EQ(std::get<Slice>(layer_of("[crop]\ncrop_height=5\ncrop_width=4\nnoadjust=1\n").operation)
                .scale,
            1);
  (void)refusal_of_layer("[crop]\ncrop_height=11\ncrop_width=4\n");
}

TEST(CfgOthers, HaveTheirShapes) {
  EXPECT_EQ(layer_of("[avgpool]\n").output, (Shape{1, 1, 4}));
  EXPECT_EQ(layer_of("[upsample]\nstride=3\n").output, (Shape{30, 21, 4}));
  EXPECT_EQ(layer_of("[softmax]\ngroups=2\n").output, (Shape{10, 7, 4}));
  EXPECT_EQ(layer_of("[dropout]\nprobability=.5\n").output, (Shape{10, 7, 4}));
  EXPECT_EQ(layer_of("[cost]\ntype=sse\n").output, (Shape{10, 7, 4}));
  EXPECT_EQ(layer_of("[reorg]\nextra=1\nstride=1\n").output, (Shape{1, 1, 281}));
  EXPECT_THAT(refusal_of_layer("[shortcut]\nactivation=linear\n"), HasSubstr("from"));
  EXPECT_THAT(refusal_of_layer("[shortcut]\nfrom=-9\n"), HasSubstr("-9"));
  EXPECT_THAT(refusal_of_layer("[softmax]\ntree=nowhere.tree\n"), HasSubstr("nowhere.tree"));
  EXPECT_THAT(refusal_of_layer("[rnn]\n"), HasSubstr("not supported"));
}

TEST(Cfg, NamesWhatIsNotSupportedBeforeWhatIsMissing) {
  EXPECT_THAT(refusal("[net]\ninputs=256\n[rnn]\noutput=3\n"), StartsWith("net.cfg:3 [rnn]: "));
}

TEST(CfgYolo, TakesItsAnchorsFromTheMask) {
  const DarknetModel model = parse(
      "[net]\nheight=64\nwidth=32\nchannels=14\n"
      "[maxpool]\nsize=32\nstride=32\n"
      "[yolo]\nclasses=2\nnum=3\nmask=2,0\nanchors=8,16, 1,1, 32,64\n");
  EXPECT_EQ(std::get<Region>(model.network.layers.at(2).operation),
            (Region{2, false, {{1, 2}, {0.25F, 0.5F}}}));
  EXPECT_THAT(refusal_of_layer("[yolo]\nclasses=1\nnum=2\nmask=2\n"), HasSubstr("mask"));
}

TEST(CfgDetection, ReadsTheGrid) {
  const DarknetModel model = parse(
      "[net]\nheight=2\nwidth=2\nchannels=3\n"
      "[connected]\noutput=28\n"
      "[detection]\nclasses=2\ncoords=4\nside=2\nnum=1\nsqrt=1\n");
  EXPECT_EQ(std::get<GridHead>(model.network.layers.at(2).operation),
            (GridHead{2, 1, 2, false, true}));
}

}  // namespace
}  // namespace vpinfer
