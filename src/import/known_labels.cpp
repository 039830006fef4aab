#include "import/known_labels.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace vpinfer {
namespace {

constexpr std::array<std::string_view, 80> kCoco{"person",        "bicycle",      "car",
                                                 "motorcycle",    "airplane",     "bus",
                                                 "train",         "truck",        "boat",
                                                 "traffic light", "fire hydrant", "stop sign",
                                                 "parking meter", "bench",        "bird",
                                                 "cat",           "dog",          "horse",
                                                 "sheep",         "cow",          "elephant",
                                                 "bear",          "zebra",        "giraffe",
                                                 "backpack",      "umbrella",     "handbag",
                                                 "tie",           "suitcase",     "frisbee",
                                                 "skis",          "snowboard",    "sports ball",
                                                 "kite",          "baseball bat", "baseball glove",
                                                 "skateboard",    "surfboard",    "tennis racket",
                                                 "bottle",        "wine glass",   "cup",
                                                 "fork",          "knife",        "spoon",
                                                 "bowl",          "banana",       "apple",
                                                 "sandwich",      "orange",       "broccoli",
                                                 "carrot",        "hot dog",      "pizza",
                                                 "donut",         "cake",         "chair",
                                                 "couch",         "potted plant", "bed",
                                                 "dining table",  "toilet",       "tv",
                                                 "laptop",        "mouse",        "remote",
                                                 "keyboard",      "cell phone",   "microwave",
                                                 "oven",          "toaster",      "sink",
                                                 "refrigerator",  "book",         "clock",
                                                 "vase",          "scissors",     "teddy bear",
                                                 "hair drier",    "toothbrush"};
constexpr std::array<std::string_view, 20> kVoc{
    "aeroplane", "bicycle",     "bird",  "boat",        "bottle", "bus",      "car",
    "cat",       "chair",       "cow",   "diningtable", "dog",    "horse",    "motorbike",
    "person",    "pottedplant", "sheep", "sofa",        "train",  "tvmonitor"};
constexpr std::array<std::string_view, 19> kCityscapes{
    "road",         "sidewalk",   "building", "wall",       "fence",  "pole",  "traffic light",
    "traffic sign", "vegetation", "terrain",  "sky",        "person", "rider", "car",
    "truck",        "bus",        "train",    "motorcycle", "bicycle"};

/// COCO's own numbers, of which it never used some, from the least on.
constexpr int kLastCocoNumber = 90;
constexpr std::array kUnusedCocoNumbers{0, 12, 26, 29, 30, 45, 66, 68, 69, 71, 83};

std::vector<std::string> coco_by_number(int first) {
  std::vector<std::string> labels;
  std::size_t next = 0;
  for (int number = first; number <= kLastCocoNumber; ++number) {
    const bool is_unused = std::find(kUnusedCocoNumbers.begin(), kUnusedCocoNumbers.end(),
                                     number) != kUnusedCocoNumbers.end();
    labels.emplace_back(is_unused ? "unused" : kCoco.at(next++));
  }
  return labels;
}

}  // namespace

std::vector<std::string> known_labels(int classes) {
  const auto count = static_cast<std::size_t>(classes);
  if (count == kCoco.size()) return {kCoco.begin(), kCoco.end()};
  if (count == kVoc.size()) return {kVoc.begin(), kVoc.end()};
  if (classes == kLastCocoNumber) return coco_by_number(1);
  if (classes == kLastCocoNumber + 1) return coco_by_number(0);
  return {};
}

std::vector<std::string> known_map_labels(int classes) {
  const auto count = static_cast<std::size_t>(classes);
  if (count == kCityscapes.size()) return {kCityscapes.begin(), kCityscapes.end()};
  if (count != kVoc.size() + 1) return {};
  std::vector<std::string> labels{"background"};
  labels.insert(labels.end(), kVoc.begin(), kVoc.end());
  return labels;
}

}  // namespace vpinfer
