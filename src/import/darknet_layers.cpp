#include "import/darknet_layers.hpp"

#include <array>

#include "import/darknet_keys.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

constexpr UnsupportedKey kDontload{"dontload", "its numbers would not be in the .weights file"};
constexpr UnsupportedKey kDontloadScales{
    "dontloadscales", "its batch normalisation would not be in the .weights file"};

constexpr std::array<UnsupportedKey, 12> kOfConvolution{{
    {"binary", "its weights would have two values"},
    {"xnor", "its weights and inputs would have two values"},
    {"bin_output", "what it gives would be reduced to signs"},
    {"flipped", "its weights would be stored transposed"},
    {"dot", "its filters would be pulled apart"},
    {"sway", "its filters would be shifted copies of each other"},
    {"rotate", "its filters would be rotated copies of each other"},
    {"stretch", "its filters would be stretched copies of each other"},
    {"stretch_sway", "its filters would be stretched and shifted copies of each other"},
    {"coordconv", "its weights would depend on their place"},
    kDontload,
    kDontloadScales,
}};
constexpr std::array<UnsupportedKey, 3> kOfConnected{
    {{"flipped", "its weights would be stored transposed"}, kDontload, kDontloadScales}};
constexpr std::array<UnsupportedKey, 1> kOfOtherWeights{{kDontload}};
constexpr std::array<UnsupportedKey, 1> kOfMaxPool{
    {{"maxpool_zero_nonmax", "all but the largest values of its input would become 0"}}};
constexpr std::array<UnsupportedKey, 1> kOfReorg{
    {{"flatten", "its elements would be in another order"}}};
constexpr std::array<UnsupportedKey, 1> kOfReorg3d{
    {{"reverse", "blocks of channels would become pixels, where the forks write out of bounds"}}};
constexpr std::array<UnsupportedKey, 1> kOfSoftmax{
    {{"spatial", "each pixel would be normalised on its own"}}};
constexpr std::array<UnsupportedKey, 2> kOfRegion{
    {{"background", "objectness would be that of the background"},
     {"classfix", "classes of boxes that are not sure would become 0"}}};

constexpr auto kLayerTypes = std::to_array<DarknetLayerType>({
    {"convolutional", add_convolution,
     "filters, size, stride[_x, _y], pad or padding, dilation, groups, batch_normalize, "
     "cbn, activation, antialiasing, share_index",
     kOfConvolution},
    {"conv", add_convolution, "the same", kOfConvolution},
    {"connected", add_connected, "output, batch_normalize, activation", kOfConnected},
    {"conn", add_connected, "the same", kOfConnected},
    {"local", add_local, "filters, size, stride, pad, activation", kOfOtherWeights},
    {"batchnorm", add_batch_norm, "of what it reads", kOfOtherWeights},
    {"implicit", add_implicit, "filters, atoms; trained numbers", kOfOtherWeights},
    {"implicit_add", add_implicit, "the same", kOfOtherWeights},
    {"implicit_mul", add_implicit, "the same", kOfOtherWeights},
    {"maxpool", add_max_pool,
     "size, stride[_x, _y], padding, antialiasing, maxpool_depth with out_channels", kOfMaxPool},
    {"max", add_max_pool, "the same", kOfMaxPool},
    {"local_avgpool", add_local_average_pool, "size, stride[_x, _y], padding"},
    {"local_avg", add_local_average_pool, "the same"},
    {"avgpool", add_average_pool, "over the whole picture"},
    {"avg", add_average_pool, "the same"},
    {"route", add_route, "layers, groups, group_id"},
    {"shortcut", add_shortcut,
     "from (one or many), weights_type, weights_normalization, alpha, beta, activation; any sizes"},
    {"scale_channels", add_scale_channels, "from, scale_wh, activation"},
    {"sam", add_attention, "from, activation"},
    {"shift_channels", add_shift_channels, "from"},
    {"control_channels", add_control_channels, "from"},
    {"upsample", add_upsample, "stride, scale"},
    {"reorg", add_reorg, "stride, reverse, extra", kOfReorg},
    {"reorg3d", add_reorg_3d, "stride", kOfReorg3d},
    {"crop", add_crop, "crop_height, crop_width, noadjust; the centre"},
    {"activation", add_activation, "activation"},
    {"softmax", add_softmax, "groups, temperature, tree", kOfSoftmax},
    {"soft", add_softmax, "the same", kOfSoftmax},
    {"dropout", add_identity, "does nothing"},
    {"cost", add_identity, "does nothing"},
    {"empty", add_identity, "does nothing"},
    {"silence", add_identity, "does nothing"},
    {"region", add_region, "classes, num, anchors, softmax, tree, map", kOfRegion},
    {"yolo", add_yolo, "classes, num, anchors, mask, scale_x_y, new_coords, nms_kind, beta_nms"},
    {"gaussian_yolo", add_gaussian_yolo, "the same without new_coords, and yolo_point"},
    {"detection", add_detection, "classes, side, num, coords=4, softmax, sqrt"},
});

}  // namespace

std::span<const DarknetLayerType> darknet_layer_table() {
  return kLayerTypes;
}

const DarknetLayerType& find_layer_type(const CfgSection& section,
                                        std::span<const DarknetLayerType> known) {
  std::string names;
  for (const DarknetLayerType& type : known) {
    if (type.name == section.type()) return type;
    names += names.empty() ? "" : ", ";
    names += type.name;
  }
  throw BadInput(section.where() + ": this layer type is not supported; there are " + names);
}

void add_layer_of(const SectionBuild& build, std::span<const DarknetLayerType> known) {
  const DarknetLayerType& type = find_layer_type(build.section, known);
  for (const UnsupportedKey& unsupported : type.unsupported) {
    if (build.section.number(unsupported.key, 0) == 0) continue;
    build.refuse("the key '" + std::string(unsupported.key) + "' is not supported, with it " +
                 std::string(unsupported.effect) + "; remove it if that is not meant");
  }
  type.add(build);
  build.model.sections.push_back(build.model.network.size() - 1);
  const std::vector<std::string> unused = build.section.unused(is_harmless_in_layer);
  build.model.warnings.insert(build.model.warnings.end(), unused.begin(), unused.end());
}

}  // namespace vpinfer
