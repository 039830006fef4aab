#pragma once

#include <string>
#include <vector>

#include "app/output_pictures.hpp"
#include "app/pictures.hpp"
#include "vision/landmarks.hpp"
#include "vision/segmentation.hpp"
#include "vpinfer/changes.hpp"
#include "vpinfer/frames.hpp"
#include "vpinfer/report.hpp"

namespace vpinfer {

/// Prints and draws what a network's depictions show: maps of classes, pictures, points.
class DepictionResults {
 public:
  /// Writes pictures to `folder`; empty for none.
  DepictionResults(const std::filesystem::path& folder, const Network& network);

  /// Of one frame that is a picture.
  void add(const Frame& frame, const Delivered& outputs);
  /// Adds how the maps of classes of a frame differ.
  void compare(const Frame& frame, const Delivered& reference, const Delivered& outputs,
               FindingChanges& changes) const;
  /// Writes beside the pictures what was found in all frames.
  void finish() const;
  [[nodiscard]] Findings findings() const;

 private:
  void show(const Frame& frame, const Depiction& depiction, const ClassMap& map,
            std::span<const float> output);
  void show(const Frame& frame, const Depiction& depiction, const DrawnPicture& drawn,
            std::span<const float> output);
  void show(const Frame& frame, const Depiction& depiction, const Landmarks& landmarks,
            std::span<const float> output);
  /// Shown with the objects whose masks are made of them.
  static void show(const Frame& /*frame*/, const Depiction& /*depiction*/,
                   const MaskPrototypes& /*prototypes*/, std::span<const float> /*output*/) {}
  [[nodiscard]] Segmentation segment_frame(const Frame& frame, const Depiction& depiction,
                                           const ClassMap& map,
                                           std::span<const float> output) const;
  [[nodiscard]] std::string name_for(const Frame& frame, const Depiction& depiction) const;

  std::filesystem::path folder_;
  const Network& network_;
  OutputPictures pictures_;
  std::vector<PictureSegmentation> segmented_;
  std::vector<PictureLandmarks> landmarks_;
};

}  // namespace vpinfer
