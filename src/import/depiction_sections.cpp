#include "import/depiction_sections.hpp"

#include <algorithm>
#include <array>

namespace vpinfer {
namespace {

/// The numbers of classes may lie in a column of pixels, as a tensor of three axes does.
Shape numbered_map(const Shape& box) {
  return box.cols == 1 ? Shape{box.rows, box.channels, 1} : box;
}

Depiction class_map(CfgSection& section, const Shape& box) {
  const bool numbered = section.flag("numbered");
  const int classes =
      section.integer("classes", numbered ? kMostMapClasses : std::max(2, box.channels));
  return {0, numbered ? numbered_map(box) : box,
          ClassMap{classes, numbered, section.flag("background")}};
}

Depiction drawn_picture(CfgSection& section, const Shape& box) {
  const std::string scale =
      section.one_of("scale", {"unit", "bytes", "signed", "input", "stretched"});
  DrawnPicture picture;
  if (scale == "bytes") picture.scale = PixelScale::kBytes;
  if (scale == "signed") picture.scale = PixelScale::kSigned;
  if (scale == "input") picture.scale = PixelScale::kInput;
  if (scale == "stretched") picture.scale = PixelScale::kStretched;
  picture.enlarges = section.one_of("size", {"picture", "own"}) == "own";
  picture.keeps_colours = section.flag("luma");
  return {0, box, picture};
}

Depiction landmarks(CfgSection& section, const Shape& box) {
  const std::string coding = section.one_of("coding", {"pixels", "shares", "heat-maps"});
  if (coding == "heat-maps") return {0, box, Landmarks{PointCoding::kHeatMaps}};
  const int numbers = std::max(1, section.integer("numbers", 2));
  const Shape points{static_cast<int>(box.elements()) / numbers, 1, numbers};
  return {0, points, Landmarks{coding == "pixels" ? PointCoding::kPixels : PointCoding::kShares}};
}

struct DepictionKind {
  std::string_view name;
  std::string_view help;
  Depiction (*read)(CfgSection& section, const Shape& box);
};

constexpr std::array<DepictionKind, 3> kKinds{
    {{"segmentation", "background, or numbered and classes", class_map},
     {"picture", "scale=unit|bytes|signed|input|stretched, size=picture|own, luma", drawn_picture},
     {"landmarks", "coding=pixels|shares|heat-maps, numbers", landmarks}}};

}  // namespace

std::vector<HeadHelp> depiction_kinds() {
  std::vector<HeadHelp> kinds;
  for (const DepictionKind& kind : kKinds) kinds.push_back({kind.name, kind.help});
  return kinds;
}

bool add_depiction_of(Network& network, CfgSection& section, int position) {
  for (const DepictionKind& kind : kKinds) {
    if (section.type() != kind.name) continue;
    Depiction depiction = kind.read(section, network.layer(position).output);
    depiction.position = position;
    add_depiction(network, depiction, section.where());
    return true;
  }
  return false;
}

}  // namespace vpinfer
