#pragma once

#include <map>
#include <string>
#include <vector>

#include "pictures.hpp"
#include "vpinfer/app/options.hpp"
#include "vpinfer/vision/coco.hpp"

namespace vpinfer {

/// The delivered outputs of one frame, by position, each [rows][cols][channels].
using Outputs = std::map<int, std::vector<float>>;

/// Turns outputs into what the user asked for: a table on stdout, annotated pictures, detections.
class Results {
 public:
  /// Makes the output folder.  Throws BadInput if that fails or if it holds the input pictures.
  Results(const RunOptions& options, const Network& network);

  /// Decodes, prints and draws one frame.
  void add(const Frame& frame, const Outputs& outputs);
  /// Writes the detections of all frames beside the pictures.
  void finish() const;
  /// COCO's results format.
  [[nodiscard]] std::string detections_json() const;

 private:
  void draw(const Frame& frame, const std::vector<Detection>& detections) const;

  const RunOptions& options_;
  const Network& network_;
  const Region* region_;  ///< of the last layer; null if that is none
  std::vector<std::string> labels_;
  std::vector<PictureDetections> seen_;
};

/// Writes the results and the dumped layers of a frame to an HDF5 file.
void dump_outputs(const std::filesystem::path& path, const Network& network,
                  const DumpLayers& layers, const Outputs& outputs);

}  // namespace vpinfer
