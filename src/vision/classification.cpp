#include "vision/classification.hpp"

#include <algorithm>
#include <cmath>

#include "vision/detection.hpp"
#include "vision/hierarchy.hpp"
#include "vision/json_lines.hpp"

namespace vpinfer {
namespace {

using Json = nlohmann::ordered_json;

/// From [rows][cols][channels] to [channels][rows][cols].
std::vector<float> channels_first(std::span<const float> output, const Shape& shape) {
  const auto channels = static_cast<std::size_t>(shape.channels);
  const std::size_t pixels = output.size() / channels;
  std::vector<float> values(output.size());
  for (std::size_t i = 0; i < output.size(); ++i) {
    values[i % channels * pixels + i / channels] = output[i];
  }
  return values;
}

bool is_better(const Classification& a, const Classification& b) {
  return a.score != b.score ? a.score > b.score : a.class_index < b.class_index;
}

}  // namespace

std::vector<Classification> classify(std::span<const float> output, const Shape& shape,
                                     const std::vector<int>& tree, int count) {
  const Hierarchy hierarchy(tree);
  const std::vector<float> scores =
      tree.empty() ? channels_first(output, shape) : hierarchy.absolute_probabilities(output);
  std::vector<Classification> classes;
  for (int i = 0; i < static_cast<int>(scores.size()); ++i) {
    const float score = scores[static_cast<std::size_t>(i)];
    if (!std::isfinite(score) || (!tree.empty() && !hierarchy.is_leaf(i))) continue;
    classes.push_back({i, score});
  }
  const auto kept = std::min(classes.size(), static_cast<std::size_t>(count));
  const auto end = classes.begin() + static_cast<std::ptrdiff_t>(kept);
  std::partial_sort(classes.begin(), end, classes.end(), is_better);
  classes.erase(end, classes.end());
  return classes;
}

std::string classifications_json(std::span<const PictureClassifications> pictures,
                                 const std::vector<std::string>& labels) {
  constexpr double kMillionths = 1'000'000;  // more than the numbers of two runs share
  JsonLines lines;
  for (const PictureClassifications& picture : pictures) {
    Json classes = Json::array();
    for (const Classification& c : picture.classifications) {
      classes.push_back({{"class_index", c.class_index},
                         {"class", class_name(labels, c.class_index)},
                         {"score", std::round(double{c.score} * kMillionths) / kMillionths}});
    }
    lines.add({{"file_name", picture.file_name}, {"classes", classes}});
  }
  return lines.text();
}

}  // namespace vpinfer
