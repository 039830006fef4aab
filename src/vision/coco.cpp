#include "vision/coco.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <optional>

#include "vision/json_lines.hpp"

namespace vpinfer {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kCocoClasses = 80;
constexpr int kCocoNumbers = 91;
constexpr double kHundredths = 100;
constexpr double kHundredThousandths = 100'000;
/// Numbers that COCO once meant for further categories and never used, below its last one, 90.
constexpr std::array kUnusedCocoIds{12, 26, 29, 30, 45, 66, 68, 69, 71, 83};

bool is_coco(const std::vector<std::string>& labels, int classes) {
  return classes == kCocoClasses &&
         (labels.empty() || (labels.front() == "person" && labels.back() == "toothbrush"));
}

int coco_id(int class_index) {
  int id = class_index + 1;
  for (const int unused : kUnusedCocoIds) id += id >= unused ? 1 : 0;
  return id;
}

/// Networks with as many classes as COCO has numbers, and 0, keep to these.
bool has_coco_numbers(const std::vector<std::string>& labels, int classes) {
  return classes == kCocoNumbers && (labels.empty() || labels.at(1) == "person");
}

/// The number that the text is, all of it.
std::optional<std::int64_t> parse_digits(const std::string& text) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  const bool is_number = error == std::errc() && stop == end && number >= 0;
  return is_number ? std::optional(number) : std::nullopt;
}

Json image_id(const std::string& file_name) {
  const auto number = parse_digits(std::filesystem::path(file_name).stem().string());
  return number ? Json(*number) : Json(file_name);
}

/// Keeps the text short: 0.82 as a float is 0.8199999928474426 as a double.
double rounded(float value, double steps_per_unit) {
  return std::round(static_cast<double>(value) * steps_per_unit) / steps_per_unit;
}

Json bounding_box(const Detection& detection) {
  return {rounded(detection.left, kHundredths), rounded(detection.top, kHundredths),
          rounded(detection.width, kHundredths), rounded(detection.height, kHundredths)};
}

/// x, y and score of one point after the other.
Json keypoints_json(const std::vector<Keypoint>& keypoints) {
  Json list = Json::array();
  for (const Keypoint& point : keypoints) {
    list.insert(list.end(), {rounded(point.x, kHundredths), rounded(point.y, kHundredths),
                             rounded(point.score, kHundredThousandths)});
  }
  return list;
}

Json segmentation_json(const Mask& mask) {
  return {{"size", {mask.rows, mask.cols}}, {"counts", coco_counts(mask)}};
}

}  // namespace

std::string coco_results_json(std::span<const PictureDetections> pictures,
                              const std::vector<std::string>& labels, int classes) {
  const bool has_coco_ids = is_coco(labels, classes);
  const int first = has_coco_numbers(labels, classes) ? 0 : 1;
  const std::vector<std::string> names = display_labels(labels, classes);
  JsonLines results;
  for (const PictureDetections& picture : pictures) {
    const Json id = image_id(picture.file_name);
    for (const Detection& detection : picture.detections) {
      const int index = detection.class_index;
      Json result{{"image_id", id},
                  {"category_id", has_coco_ids ? coco_id(index) : index + first},
                  {"bbox", bounding_box(detection)},
                  {"score", rounded(detection.score, kHundredThousandths)},
                  {"category", class_name(names, index)}};
      if (!detection.keypoints.empty()) result["keypoints"] = keypoints_json(detection.keypoints);
      if (!detection.mask.empty()) result["segmentation"] = segmentation_json(detection.mask);
      results.add(result);
    }
  }
  return results.text();
}

}  // namespace vpinfer
