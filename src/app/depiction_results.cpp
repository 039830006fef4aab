#include "app/depiction_results.hpp"

#include <iostream>
#include <variant>

#include "base/program_output.hpp"
#include "base/units.hpp"
#include "io/file.hpp"
#include "report/table.hpp"
#include "vision/annotate.hpp"
#include "vision/changes.hpp"
#include "vision/detection.hpp"
#include "vision/drawn_picture.hpp"

namespace vpinfer {
namespace {

constexpr std::string_view kJpeg = ".jpg";
constexpr std::string_view kPng = ".png";

std::string shares_table(const std::vector<ClassShare>& shares,
                         const std::vector<std::string>& labels) {
  Table table({{"class", Align::kLeft}, {"share"}});
  for (const ClassShare& share : shares) {
    table.add({class_name(labels, share.class_index), fixed(100 * share.share, 1) + " %"});
  }
  return table.text();
}

}  // namespace

DepictionResults::DepictionResults(const std::filesystem::path& folder, const Network& network)
    : folder_(folder), network_(network), pictures_(folder) {}

void DepictionResults::add(const Frame& frame, const Delivered& outputs) {
  for (const Depiction& depiction : network_.depictions) {
    std::visit(
        [&](const auto& content) {
          show(frame, depiction, content, outputs.at(depiction.position));
        },
        depiction.content);
  }
}

void DepictionResults::compare(const Frame& frame, const Delivered& reference,
                               const Delivered& outputs, FindingChanges& changes) const {
  for (const Depiction& depiction : network_.depictions) {
    const auto* map = std::get_if<ClassMap>(&depiction.content);
    if (map == nullptr) continue;
    if (!changes.pixels) changes.pixels.emplace();
    add_changes(segment_frame(frame, depiction, *map, reference.at(depiction.position)),
                segment_frame(frame, depiction, *map, outputs.at(depiction.position)),
                *changes.pixels);
  }
}

Segmentation DepictionResults::segment_frame(const Frame& frame, const Depiction& depiction,
                                             const ClassMap& map,
                                             std::span<const float> output) const {
  const Picture& picture = frame.picture;
  const MapOverPicture over(network_.normalisation.resize, picture.rows, picture.cols,
                            network_.input_shape(), depiction.map);
  return segment(map, output, depiction.map, over, picture);
}

/// A network's only depiction has its frame's name; of several, each the number of its layer, too.
std::string DepictionResults::name_for(const Frame& frame, const Depiction& depiction) const {
  if (network_.depictions.size() == 1) return frame.name;
  return frame.name + ".layer-" + std::to_string(Network::number(depiction.position));
}

void DepictionResults::show(const Frame& frame, const Depiction& depiction, const ClassMap& map,
                            std::span<const float> output) {
  const Segmentation segmentation = segment_frame(frame, depiction, map, output);
  std::vector<ClassShare> shares = class_shares(segmentation);
  std::cout << printable(frame.name) << ": " << shares.size()
            << (shares.size() == 1 ? " class\n" : " classes\n")
            << shares_table(shares, network_.labels);
  segmented_.push_back({frame.name, Network::number(depiction.position), std::move(shares)});
  if (folder_.empty()) return;
  const std::string name = name_for(frame, depiction);
  write_jpeg(pictures_.path_for(name, kJpeg),
             overlay(frame.picture, map, segmentation, network_.labels));
  write_png(pictures_.path_for(name + ".classes", kPng), indexed(map, segmentation));
}

void DepictionResults::show(const Frame& frame, const Depiction& depiction,
                            const DrawnPicture& drawn, std::span<const float> output) {
  const Picture picture = draw(drawn, output, depiction.map, network_, frame.picture);
  std::cout << printable(frame.name) << ": a picture of " << picture.cols << " x " << picture.rows
            << " pixels\n";
  if (!folder_.empty()) write_png(pictures_.path_for(name_for(frame, depiction), kPng), picture);
}

void DepictionResults::show(const Frame& frame, const Depiction& depiction,
                            const Landmarks& landmarks, std::span<const float> output) {
  std::vector<Keypoint> points =
      find_points(landmarks, output, depiction.map, network_, frame.picture);
  Table table({{"point"}, {"x"}, {"y"}});
  for (std::size_t i = 0; i < points.size(); ++i) {
    table.add({std::to_string(i), fixed(points[i].x, 1), fixed(points[i].y, 1)});
  }
  std::cout << printable(frame.name) << ": " << points.size() << " points\n" << table.text();
  if (!folder_.empty()) {
    write_jpeg(pictures_.path_for(name_for(frame, depiction), kJpeg),
               with_points(frame.picture, points));
  }
  landmarks_.push_back({frame.name, Network::number(depiction.position), std::move(points)});
}

void DepictionResults::finish() const {
  if (folder_.empty()) return;
  const Findings found = findings();
  if (!segmented_.empty()) {
    write_file_atomically(folder_ / "segmentations.json", found.segmentations);
  }
  if (!landmarks_.empty()) write_file_atomically(folder_ / "landmarks.json", found.landmarks);
}

Findings DepictionResults::findings() const {
  Findings found;
  found.segmentations = segmentations_json(segmented_, network_.labels);
  found.landmarks = landmarks_json(landmarks_);
  return found;
}

}  // namespace vpinfer
