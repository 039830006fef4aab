#include "import/known_labels.hpp"

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

/// The strings of a Python dictionary or list: {0: 'person', 1: "it's", ...}.
std::vector<std::string> quoted_strings(const std::string& text) {
  std::vector<std::string> strings;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char quote = text[i];
    if (quote != '\'' && quote != '"') continue;
    std::string word;
    for (++i; i < text.size() && text[i] != quote; ++i) {
      if (text[i] == '\\' && i + 1 < text.size()) ++i;
      word += text[i];
    }
    strings.push_back(std::move(word));
  }
  return strings;
}

}  // namespace

std::vector<std::string> known_labels(const OnnxGraph& graph, int classes) {
  const auto count = static_cast<std::size_t>(classes);
  if (const auto names = graph.metadata.find("names"); names != graph.metadata.end()) {
    std::vector<std::string> noted = quoted_strings(names->second);
    if (noted.size() == count) return noted;
  }
  if (count == kCoco.size()) return {kCoco.begin(), kCoco.end()};
  if (count == kVoc.size()) return {kVoc.begin(), kVoc.end()};
  return {};
}

}  // namespace vpinfer
