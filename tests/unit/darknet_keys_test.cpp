// Every key that the parsers of Darknet's forks read (src/parser.c of AlexeyAB's, from which the
// others come), layer by layer: it is supported, changes nothing, or ends the import.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "import/darknet.hpp"
#include "support/error_line.hpp"
#include "support/temporary_folder.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

enum class Fate {
  kSupported,  ///< the network is another
  kHarmless,   ///< the network is the same, and nothing is said
  kRefused,    ///< one line says what of it is wrong, or what it would change
};

struct Key {
  std::string name;
  std::string value;  ///< that would change something, if the key does
  Fate fate = Fate::kHarmless;
  std::string says{};  ///< a part of the line that refuses it; the key's name if empty
};

/// A block of a layer that can be imported, and the keys that may stand in it.
struct Block {
  std::string text;
  std::vector<Key> keys;
};

std::vector<Key> operator+(std::vector<Key> a, const std::vector<Key>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

std::vector<Key> harmless(const std::vector<std::string>& names) {
  std::vector<Key> result;
  for (const std::string& name : names) result.push_back({name, "1"});
  return result;
}

std::vector<Key> supported(const std::vector<std::pair<std::string, std::string>>& list) {
  std::vector<Key> result;
  for (const auto& [name, value] : list) result.push_back({name, value, Fate::kSupported});
  return result;
}

struct Refusal {
  std::string name;
  std::string value;
  std::string says{};
};

std::vector<Key> refused(const std::vector<Refusal>& list) {
  std::vector<Key> result;
  for (const auto& [name, value, says] : list) {
    result.push_back({name, value, Fate::kRefused, says});
  }
  return result;
}

/// Of every layer.
std::vector<Key> common() {
  return harmless({"clip", "onlyforward", "dont_update", "burnin_update", "stopbackward",
                   "train_only_bn", "learning_rate"});
}

/// Of the heads since YOLOv3.
std::vector<Key> of_scales() {
  return supported({{"mask", "1,0"},
                    {"anchors", "2,2, 3,3, 4,4"},
                    {"scale_x_y", "1.2"},
                    {"nms_kind", "diounms"}}) +
         refused({{"classes", "9", "channels"},
                  {"nms_kind", "cornersnms", "merged"},
                  {"mask", "0,3", "anchor 3"}}) +
         harmless({"max", "max_delta", "label_smooth_eps", "objectness_smooth", "iou_normalizer",
                   "obj_normalizer", "cls_normalizer", "delta_normalizer", "iou_loss",
                   "iou_thresh_kind", "jitter", "resize", "ignore_thresh", "truth_thresh",
                   "iou_thresh", "random", "counters_per_class", "uc_normalizer", "beta1"}) +
         std::vector<Key>{{"nms_kind", "greedynms"}, {"nms_kind", "default"}, {"beta_nms", "0.7"}};
}

const std::string kTwelve = "[convolutional]\nfilters=12\nsize=3\nstride=1\npad=1\n\n";
const std::string kHead = "[convolutional]\nfilters=14\nsize=1\n\n";

std::vector<Block> blocks() {
  return {
      {kTwelve + "[convolutional]\nfilters=12\nsize=3\n",
       common() +
           supported({{"stride", "2"},
                      {"stride_x", "2"},
                      {"stride_y", "2"},
                      {"groups", "4"},
                      {"pad", "1"},
                      {"padding", "2"},
                      {"activation", "mish"},
                      {"antialiasing", "1"},
                      {"antialiasing", "2"}}) +
           refused({{"binary", "1", "two values"},
                    {"xnor", "1", "two values"},
                    {"bin_output", "1", "signs"},
                    {"flipped", "1", "transposed"},
                    {"dot", "1", "pulled apart"},
                    {"sway", "1", "shifted copies"},
                    {"rotate", "1", "rotated copies"},
                    {"stretch", "1", "stretched copies"},
                    {"stretch_sway", "1", "stretched and shifted"},
                    {"coordconv", "1", "depend on their place"},
                    {"dontload", "1", "not be in the .weights"},
                    {"dontloadscales", "1", "batch normalisation would not be"},
                    {"dilation", "2", "odd size"},
                    {"share_index", "7", "no layer 7"},
                    {"activation", "normalize_channels", "sum over all"},
                    {"activation", "normalize_channels_softmax"},
                    {"activation", "normalize_channels_softmax_maxval"}}) +
           harmless({"assisted_excitation", "angle", "grad_centr", "stream", "wait_stream"})},
      {kTwelve + "[convolutional]\nfilters=12\nsize=3\npad=1\n", supported({{"dilation", "2"}})},
      {"[connected]\noutput=6\n",
       common() + supported({{"activation", "relu"}}) +
           refused({{"dontload", "1", "not be in the .weights"},
                    {"dontloadscales", "1", "batch normalisation would not be"},
                    {"flipped", "1", "transposed"}})},
      {"[local]\nfilters=3\nsize=3\n",
       common() + supported({{"stride", "2"}, {"pad", "1"}, {"activation", "relu"}}) +
           refused({{"dontload", "1", "not be in the .weights"}})},
      {kTwelve + "[maxpool]\nsize=3\n", common() +
                                            supported({{"stride", "2"},
                                                       {"stride_x", "2"},
                                                       {"stride_y", "2"},
                                                       {"padding", "0"},
                                                       {"maxpool_depth", "1"},
                                                       {"antialiasing", "1"}}) +
                                            refused({{"maxpool_zero_nonmax", "1", "become 0"}})},
      {kTwelve + "[maxpool]\nmaxpool_depth=1\n",
       supported({{"out_channels", "4"}}) + refused({{"out_channels", "5"}})},
      {kTwelve + "[local_avgpool]\nsize=3\n",
       common() +
           supported({{"stride", "2"}, {"stride_x", "2"}, {"stride_y", "2"}, {"padding", "0"}})},
      {"[avgpool]\n", common()},
      {"[dropout]\n", common() + harmless({"probability", "dropblock", "dropblock_size_rel",
                                           "dropblock_size_abs"})},
      {"[cost]\n", common() + harmless({"type", "scale", "ratio"})},
      {"[crop]\ncrop_height=4\ncrop_width=5\n",
       common() + supported({{"noadjust", "1"}}) +
           harmless({"flip", "angle", "saturation", "exposure", "shift"})},
      {kTwelve + "[route]\nlayers=-1\n", common() + supported({{"groups", "3"}}) +
                                             refused({{"groups", "5"}, {"group_id", "1"}}) +
                                             harmless({"stream", "wait_stream"})},
      {kTwelve + "[route]\nlayers=-1\ngroups=3\n", supported({{"group_id", "2"}})},
      {kTwelve + kTwelve + "[shortcut]\nfrom=-2\n", common() +
                                                        supported({{"activation", "leaky"},
                                                                   {"weights_type", "per_feature"},
                                                                   {"weights_type", "per_channel"},
                                                                   {"alpha", "0.5"},
                                                                   {"beta", "2"}}) +
                                                        refused({{"weights_type", "per_pixel"}})},
      {kTwelve + kTwelve + "[shortcut]\nfrom=-2\nweights_type=per_channel\n",
       supported({{"weights_normalization", "relu"}, {"weights_normalization", "softmax"}}) +
           refused({{"weights_normalization", "sigmoid"}})},
      {kTwelve + "[avgpool]\n\n[scale_channels]\nfrom=-2\n",
       common() + supported({{"activation", "relu"}}) + refused({{"scale_wh", "1", "multiplies"}})},
      {kTwelve + kTwelve + "[sam]\nfrom=-2\n", common() + supported({{"activation", "relu"}})},
      {"[upsample]\n", common() + supported({{"stride", "3"}, {"scale", "2"}})},
      {"[reorg]\nstride=1\n", common() + supported({{"reverse", "1"}, {"extra", "2"}}) +
                                  refused({{"flatten", "1", "another order"}})},
      {"[upsample]\n\n[reorg3d]\n",
       common() + supported({{"stride", "2"}}) + refused({{"reverse", "1", "out of bounds"}})},
      {"[activation]\n", common() + supported({{"activation", "mish"}})},
      {"[batchnorm]\n", common() + refused({{"dontload", "1", "not be in the .weights"}})},
      {"[implicit]\n", common() + supported({{"filters", "4"}, {"atoms", "2"}}) +
                           harmless({"mean", "std"}) +
                           refused({{"dontload", "1", "not be in the .weights"}})},
      {"[softmax]\n", common() + supported({{"groups", "2"}, {"temperature", "2"}}) +
                          harmless({"noloss"}) + refused({{"spatial", "1", "on its own"}})},
      {kHead + "[region]\nclasses=2\nnum=2\n",
       common() + supported({{"softmax", "1"}, {"anchors", "1,2, 3,4"}}) +
           refused({{"coords", "5"},
                    {"classes", "9", "channels"},
                    {"background", "1", "that of the background"},
                    {"classfix", "1", "would become 0"}}) +
           harmless({"max", "log", "sqrt", "focal_loss", "jitter", "resize", "rescore", "thresh",
                     "absolute", "random", "coord_scale", "object_scale", "noobject_scale",
                     "mask_scale", "class_scale", "bias_match"})},
      {kHead + "[yolo]\nclasses=2\nnum=3\nmask=0,1\nanchors=1,2, 3,4, 5,6\n",
       common() + of_scales() + supported({{"new_coords", "1"}}) +
           harmless({"show_details", "focal_loss", "track_history_size", "sim_thresh",
                     "dets_for_track", "dets_for_show", "track_ciou_norm", "embedding_layer"})},
      {kHead + "[yolo]\nclasses=2\nnum=3\nmask=0,1\nanchors=1,2, 3,4, 5,6\nnms_kind=diounms\n",
       supported({{"beta_nms", "0.7"}})},
      {"[convolutional]\nfilters=22\nsize=1\n\n[Gaussian_yolo]\nclasses=2\nnum=3\nmask=0,1\n"
       "anchors=1,2, 3,4, 5,6\n",
       common() + of_scales() +
           supported({{"yolo_point", "left_top"}, {"yolo_point", "right_bottom"}}) +
           refused({{"yolo_point", "middle"}})},
      {"[connected]\noutput=44\n\n[detection]\nclasses=1\nside=2\nnum=2\ncoords=4\n",
       common() + supported({{"softmax", "1"}, {"sqrt", "1"}}) +
           refused({{"coords", "1"},
                    {"classes", "3"},
                    {"side", "3", "3 x 3 cells"},
                    {"num", "3", "3 boxes"}}) +
           harmless({"rescore", "max", "coord_scale", "forced", "object_scale", "noobject_scale",
                     "class_scale", "jitter", "resize", "random"})},
  };
}

DarknetModel parse(const std::string& text) {
  const TemporaryFolder folder;
  return read_darknet_cfg(folder.write("net.cfg", text));
}

std::string text_of(const Block& block, const Key& key) {
  // The first of repeated keys counts.
  const std::size_t body = block.text.rfind("]\n") + 2;
  return "[net]\nheight=10\nwidth=8\nchannels=4\n\n" +
         std::string(block.text).insert(body, key.name + "=" + key.value + "\n");
}

/// The same network, however the numbers of its layers are stored.
bool same(const DarknetModel& a, const DarknetModel& b) {
  if (a.network != b.network || a.weights.size() != b.weights.size()) return false;
  return std::equal(
      a.weights.begin(), a.weights.end(), b.weights.begin(), [](const auto& x, const auto& y) {
        if (x.second.index() != y.second.index()) return false;
        const auto* sum = std::get_if<StoredSumWeights>(&x.second);
        return sum == nullptr ||
               sum->normalisation == std::get<StoredSumWeights>(y.second).normalisation;
      });
}

TEST(DarknetKeys, AreSupportedHarmlessOrRefused) {
  for (const Block& block : blocks()) {
    const DarknetModel plain = parse("[net]\nheight=10\nwidth=8\nchannels=4\n\n" + block.text);
    for (const Key& key : block.keys) {
      const std::string text = text_of(block, key);
      SCOPED_TRACE(text);
      if (key.fate == Fate::kRefused) {
        const std::string line = error_line<BadInput>([&] { (void)parse(text); });
        EXPECT_THAT(line, HasSubstr(key.says.empty() ? key.name : key.says));
        continue;
      }
      const DarknetModel model = parse(text);
      const bool repeated = block.text.find("\n" + key.name + "=") != std::string::npos;
      if (!repeated && key.name != "new_coords") {
        EXPECT_THAT(model.warnings, IsEmpty());
      }
      EXPECT_EQ(same(model, plain), key.fate == Fate::kHarmless) << key.name;
    }
  }
}

TEST(DarknetKeys, OfTheInputAreHarmless) {
  const std::string layer = "[maxpool]\n";
  const std::string net = "[net]\nheight=10\nwidth=8\nchannels=4\n";
  const Network plain = parse(net + layer).network;
  for (const char* key : {"max_batches",
                          "batch",
                          "learning_rate",
                          "learning_rate_min",
                          "sgdr_cycle",
                          "sgdr_mult",
                          "momentum",
                          "decay",
                          "subdivisions",
                          "time_steps",
                          "track",
                          "augment_speed",
                          "sequential_subdivisions",
                          "try_fix_nan",
                          "weights_reject_freq",
                          "equidistant_point",
                          "badlabels_rejection_percentage",
                          "num_sigmas_reject_badlabels",
                          "ema_alpha",
                          "use_cuda_graph",
                          "loss_scale",
                          "dynamic_minibatch",
                          "optimized_memory",
                          "workspace_size_limit_MB",
                          "adam",
                          "B1",
                          "B2",
                          "eps",
                          "max_crop",
                          "min_crop",
                          "flip",
                          "blur",
                          "gaussian_noise",
                          "mixup",
                          "cutmix",
                          "mosaic",
                          "mosaic_bound",
                          "contrastive",
                          "contrastive_jit_flip",
                          "contrastive_color",
                          "unsupervised",
                          "label_smooth_eps",
                          "resize_step",
                          "attention",
                          "adversarial_lr",
                          "max_chart_loss",
                          "angle",
                          "aspect",
                          "saturation",
                          "exposure",
                          "hue",
                          "power",
                          "policy",
                          "burn_in",
                          "step",
                          "steps",
                          "scale",
                          "scales",
                          "seq_scales",
                          "gamma",
                          "show_receptive_field"}) {
    const DarknetModel model = parse(net + key + "=1\n" + layer);
    EXPECT_EQ(model.network, plain) << key;
    EXPECT_THAT(model.warnings, IsEmpty());
  }
  EXPECT_THAT(error_line<BadInput>([&] { (void)parse(net + "inputs=100\n" + layer); }),
              HasSubstr("inputs"));
  EXPECT_EQ(parse(net + "inputs=320\n" + layer).network, plain);
}

}  // namespace
}  // namespace vpinfer
