#include "vision/landmarks.hpp"

#include <cmath>

#include "vision/json_lines.hpp"
#include "vision/picture_frame.hpp"

namespace vpinfer {
namespace {

/// The place of the largest value of one channel, as shares of the map.
Keypoint peak(std::span<const float> output, const Shape& map, std::size_t channel) {
  const auto channels = static_cast<std::size_t>(map.channels);
  std::size_t best = 0;
  for (std::size_t pixel = 1; pixel * channels < output.size(); ++pixel) {
    if (output[pixel * channels + channel] > output[best * channels + channel]) best = pixel;
  }
  const auto cols = static_cast<std::size_t>(map.cols);
  const std::size_t row = best / cols;
  return {(static_cast<float>(best % cols) + 0.5F) / static_cast<float>(map.cols),
          (static_cast<float>(row) + 0.5F) / static_cast<float>(map.rows)};
}

/// The points as shares of the network's input.
std::vector<Keypoint> input_shares(const Landmarks& landmarks, std::span<const float> output,
                                   const Shape& map, const Shape& input) {
  std::vector<Keypoint> points;
  const auto channels = static_cast<std::size_t>(map.channels);
  if (landmarks.coding == PointCoding::kHeatMaps) {
    for (std::size_t i = 0; i < channels; ++i) points.push_back(peak(output, map, i));
    return points;
  }
  const bool are_pixels = landmarks.coding == PointCoding::kPixels;
  const float width = are_pixels ? static_cast<float>(input.cols) : 1;
  const float height = are_pixels ? static_cast<float>(input.rows) : 1;
  for (std::size_t at = 0; at < output.size(); at += channels) {
    points.push_back({output[at] / width, output[at + 1] / height});
  }
  return points;
}

}  // namespace

std::vector<Keypoint> find_points(const Landmarks& landmarks, std::span<const float> output,
                                  const Shape& map, const Network& network,
                                  const Picture& picture) {
  const PictureFrame frame(network.normalisation.resize, picture.rows, picture.cols,
                           network.input_shape());
  std::vector<Keypoint> points = input_shares(landmarks, output, map, network.input_shape());
  for (Keypoint& point : points) point = frame.keypoint(point);
  return points;
}

std::string landmarks_json(std::span<const PictureLandmarks> pictures) {
  using Json = nlohmann::ordered_json;
  const auto hundredths = [](float value) { return std::round(100.0 * value) / 100; };
  JsonLines lines;
  for (const PictureLandmarks& picture : pictures) {
    Json points = Json::array();
    for (const Keypoint& point : picture.points) {
      points.push_back({hundredths(point.x), hundredths(point.y)});
    }
    lines.add({{"file_name", picture.file_name}, {"layer", picture.layer}, {"points", points}});
  }
  return lines.text();
}

}  // namespace vpinfer
