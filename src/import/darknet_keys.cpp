#include "import/darknet_keys.hpp"

#include <algorithm>
#include <array>

namespace vpinfer {
namespace {

/// They matter for training, for following objects through a video, or for a GPU's streams.
// clang-format off
constexpr auto kOfLayers = std::to_array<std::string_view>({
    "absolute", "angle", "assisted_excitation", "beta1", "bias_match", "burnin_update",
    "class_scale", "clip", "cls_normalizer", "contrastive_neg_max", "coord_scale",
    "counters_per_class", "delta_normalizer", "dets_for_show", "dets_for_track", "dont_update",
    "dropblock", "dropblock_size_abs", "dropblock_size_rel", "embedding_layer", "exposure",
    "flip", "focal_loss", "forced", "grad_centr", "ignore_thresh", "iou_loss", "iou_normalizer",
    "iou_thresh", "iou_thresh_kind", "jitter", "joint", "label_smooth", "label_smooth_eps",
    "learning_rate", "log", "map", "mask_scale", "max", "max_delta", "mean", "noloss", "noobject_scale",
    "obj_normalizer", "object_scale", "objectness_smooth", "onlyforward", "probability", "random",
    "ratio", "rescore", "resize", "reverse", "saturation", "scale", "shift", "show_details", "sim_thresh", "sqrt",
    "std", "stopbackward", "stream", "thresh", "track_ciou_norm", "track_history_size", "train_only_bn",
    "truth_thresh", "type", "uc_normalizer", "wait_stream"
});

constexpr auto kOfNet = std::to_array<std::string_view>({
    "adam", "adversarial_lr", "angle", "aspect", "attention", "augment_speed", "b1", "b2",
    "badlabels_rejection_percentage", "batch", "blur", "burn_in", "center", "clip", "contrastive",
    "contrastive_color", "contrastive_jit_flip", "cutmix", "decay", "dynamic_minibatch",
    "ema_alpha", "eps", "equidistant_point", "exposure", "flip", "gamma", "gaussian_noise", "hue",
    "label_smooth_eps", "learning_rate", "learning_rate_min", "loss_scale", "max_batches",
    "max_chart_loss", "max_crop", "max_ratio", "min_crop", "min_ratio", "mixup", "momentum",
    "mosaic", "mosaic_bound", "notruth", "num_sigmas_reject_badlabels", "optimized_memory",
    "policy", "power", "random", "resize_step", "saturation", "scale", "scales", "seen",
    "seq_scales", "sequential_subdivisions", "sgdr_cycle", "sgdr_mult", "show_receptive_field",
    "step", "steps", "subdivisions", "time_steps", "track", "try_fix_nan", "unsupervised",
    "use_cuda_graph", "weights_reject_freq", "workspace_size_limit_mb"
});
// clang-format on

static_assert(std::ranges::is_sorted(kOfLayers) && std::ranges::is_sorted(kOfNet));

}  // namespace

bool is_harmless_in_layer(std::string_view key) {
  return std::binary_search(kOfLayers.begin(), kOfLayers.end(), key);
}

bool is_harmless_in_net(std::string_view key) {
  return std::binary_search(kOfNet.begin(), kOfNet.end(), key);
}

}  // namespace vpinfer
