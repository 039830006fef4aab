// The ends of Darknet's networks.

#include <algorithm>

#include "import/class_tree.hpp"
#include "import/darknet_layers.hpp"
#include "import/probabilities.hpp"

namespace vpinfer {
namespace {

/// Pairs of numbers; those that are missing are a half, as in Darknet.
std::vector<Anchor> read_anchors(const SectionBuild& build) {
  std::vector<Anchor> anchors(static_cast<std::size_t>(build.section.integer("num", 1)),
                              {0.5F, 0.5F});
  const std::vector<float> numbers = build.section.numbers("anchors");
  if (numbers.size() % 2 != 0 ||
      std::any_of(numbers.begin(), numbers.end(), [](float extent) { return extent <= 0; })) {
    build.refuse("anchors must be pairs of a width and a height above 0");
  }
  for (std::size_t i = 0; i + 1 < numbers.size() && i / 2 < anchors.size(); i += 2) {
    anchors[i / 2] = {numbers[i], numbers[i + 1]};
  }
  return anchors;
}

/// Anchors in cells: those of the mask, which are given in pixels of the network's input.
std::vector<Anchor> read_masked_anchors(const SectionBuild& build) {
  const std::vector<Anchor> all = read_anchors(build);
  std::vector<int> mask = build.section.integers("mask");
  if (mask.empty()) {
    for (int i = 0; i < static_cast<int>(all.size()); ++i) mask.push_back(i);
  }
  const Shape& in = build.input_shape();
  const Shape& picture = build.model.network.input_shape();
  std::vector<Anchor> anchors;
  for (const int i : mask) {
    if (i < 0 || i >= static_cast<int>(all.size())) {
      build.refuse("mask names anchor " + std::to_string(i) + " of " + std::to_string(all.size()));
    }
    const Anchor& pixels = all[static_cast<std::size_t>(i)];
    anchors.push_back(
        {pixels.width * static_cast<float>(in.cols) / static_cast<float>(picture.cols),
         pixels.height * static_cast<float>(in.rows) / static_cast<float>(picture.rows)});
  }
  return anchors;
}

/// How boxes of a class are suppressed: greedynms is the default's other name.
std::optional<float> read_distance_exponent(const SectionBuild& build) {
  const float exponent = build.section.number("beta_nms", 0.6F);
  if (build.section.word("nms_kind") == "cornersnms") {
    build.refuse("nms_kind=cornersnms is not supported: boxes that overlap would be merged");
  }
  const std::string kind = build.section.one_of("nms_kind", {"default", "greedynms", "diounms"});
  return kind == "diounms" ? std::optional(exponent) : std::nullopt;
}

/// What the heads of YOLOv3 and later have in common: they are v2's without a softmax, with anchors
/// in pixels, of which each scale takes some.
Region read_scale(const SectionBuild& build) {
  Region region{build.section.integer("classes", 20), false, read_masked_anchors(build)};
  region.stretch = build.section.number("scale_x_y", 1);
  region.distance_exponent = read_distance_exponent(build);
  return region;
}

}  // namespace

void add_softmax(const SectionBuild& build) {
  Softmax softmax;
  softmax.groups = build.section.integer("groups", 1);
  softmax.temperature = build.section.number("temperature", 1);
  if (const auto path = build.section.file("tree")) {
    softmax.tree = read_class_tree(*path);
    softmax.groups = 1;
  }
  build.append(std::move(softmax));
}

void add_region(const SectionBuild& build) {
  CfgSection& section = build.section;
  if (section.integer("coords", 4) != 4) build.refuse("coords must be 4");
  Region region{section.integer("classes", 20), section.flag("softmax"), read_anchors(build)};
  if (const auto path = section.file("tree")) region.tree = read_class_tree(*path);
  if (const auto path = section.file("map")) region.map = read_class_map(*path);
  build.append(std::move(region));
}

void add_yolo(const SectionBuild& build) {
  Region region = read_scale(build);
  if (build.section.flag("new_coords")) {
    region.coding = BoxCoding::kSquare;
    if (!comes_from(build.model.network, build.previous, gives_sigmoids)) {
      build.model.warnings.push_back(
          build.section.where() +
          ": new_coords=1 takes its input for sigmoids, as Darknet's forks do, but no "
          "activation=logistic stands before it");
    }
  }
  build.append(std::move(region));
}

void add_gaussian_yolo(const SectionBuild& build) {
  Region region = read_scale(build);
  region.coding = BoxCoding::kGaussian;
  const std::string point =
      build.section.one_of("yolo_point", {"center", "left_top", "right_bottom"});
  if (point == "left_top") region.point = BoxPoint::kTopLeft;
  if (point == "right_bottom") region.point = BoxPoint::kBottomRight;
  build.append(std::move(region));
}

void add_detection(const SectionBuild& build) {
  CfgSection& section = build.section;
  if (section.integer("coords", 1) != 4) build.refuse("coords must be 4");
  build.append(GridHead{section.integer("side", 7), section.integer("num", 1),
                        section.integer("classes", 1), section.flag("softmax"),
                        section.flag("sqrt")});
}

}  // namespace vpinfer
