#include "vision/segmentation.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/units.hpp"
#include "vision/annotate.hpp"
#include "vision/detection.hpp"
#include "vision/json_lines.hpp"
#include "vision/palette.hpp"

namespace vpinfer {
namespace {

int class_of(const ClassMap& map, std::span<const float> pixel) {
  if (map.numbered) {
    const bool is_class = pixel[0] >= 0 && pixel[0] < static_cast<float>(map.classes);
    return is_class ? static_cast<int>(pixel[0]) : 0;
  }
  if (pixel.size() == 1) return pixel[0] > 0.5F ? 1 : 0;
  return static_cast<int>(std::max_element(pixel.begin(), pixel.end()) - pixel.begin());
}

Rgb colour_of(const ClassMap& map, int class_index) {
  if (map.background && class_index == 0) return {};
  return to_bytes(class_colour(class_index));
}

std::vector<Rgb> palette_of(const ClassMap& map) {
  std::vector<Rgb> palette;
  for (int i = 0; i < map.classes; ++i) palette.push_back(colour_of(map, i));
  return palette;
}

}  // namespace

Segmentation segment(const ClassMap& map, std::span<const float> output, const Shape& shape,
                     const MapOverPicture& frame, const Picture& picture) {
  const auto channels = static_cast<std::size_t>(shape.channels);
  std::vector<float> numbers;
  numbers.reserve(output.size() / channels);
  for (std::size_t at = 0; at < output.size(); at += channels) {
    numbers.push_back(static_cast<float>(class_of(map, output.subspan(at, channels))));
  }
  const std::vector<float> shown =
      frame.resized(numbers, picture.rows, picture.cols, Interpolation::kNearestHalfUp);
  Segmentation result{picture.rows, picture.cols, {}};
  result.classes.assign(shown.begin(), shown.end());
  return result;
}

std::vector<ClassShare> class_shares(const Segmentation& segmentation) {
  std::array<std::size_t, kMostMapClasses> counts{};
  for (const std::uint8_t index : segmentation.classes) ++counts[index];
  std::vector<ClassShare> shares;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    shares.push_back({static_cast<int>(i), static_cast<float>(counts[i]) /
                                               static_cast<float>(segmentation.classes.size())});
  }
  std::stable_sort(shares.begin(), shares.end(),
                   [](const ClassShare& a, const ClassShare& b) { return a.share > b.share; });
  return shares;
}

IndexedPicture indexed(const ClassMap& map, const Segmentation& segmentation) {
  return {segmentation.rows, segmentation.cols, segmentation.classes, palette_of(map)};
}

Picture overlay(const Picture& picture, const ClassMap& map, const Segmentation& segmentation,
                const std::vector<std::string>& labels) {
  Picture result = picture;
  const std::vector<Rgb> palette = palette_of(map);
  for (std::size_t i = 0; i < segmentation.classes.size(); ++i) {
    const std::uint8_t index = segmentation.classes[i];
    if (map.background && index == 0) continue;
    lay_over(std::span<std::uint8_t, 3>(&result.rgb[3 * i], 3), palette[index]);
  }
  std::vector<LegendEntry> legend;
  for (const ClassShare& share : class_shares(segmentation)) {
    if (map.background && share.class_index == 0) continue;
    legend.push_back(
        {class_name(labels, share.class_index) + " " + fixed(100 * share.share, 1) + " %",
         class_colour(share.class_index)});
  }
  return with_legend(result, legend);
}

std::string segmentations_json(std::span<const PictureSegmentation> pictures,
                               const std::vector<std::string>& labels) {
  using Json = nlohmann::ordered_json;
  JsonLines lines;
  for (const PictureSegmentation& picture : pictures) {
    Json classes = Json::array();
    for (const ClassShare& share : picture.shares) {
      classes.push_back({{"class_index", share.class_index},
                         {"class", class_name(labels, share.class_index)},
                         {"share", std::round(1e6 * share.share) / 1e6}});
    }
    lines.add({{"file_name", picture.file_name}, {"layer", picture.layer}, {"classes", classes}});
  }
  return lines.text();
}

}  // namespace vpinfer
