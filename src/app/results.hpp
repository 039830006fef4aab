#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/depiction_results.hpp"
#include "app/options.hpp"
#include "app/output_pictures.hpp"
#include "app/pictures.hpp"
#include "report/run_report.hpp"
#include "session/ready_rank.hpp"
#include "vision/classification.hpp"
#include "vision/coco.hpp"
#include "vision/interpretation.hpp"

namespace vpinfer {

/// Turns outputs into what the user asked for: a table on stdout, and, of a detector, annotated
/// pictures and detections, of a classifier, classifications, of depictions their pictures.
class Results {
 public:
  /// Makes the output folder.  Throws BadInput if that fails, if it holds the input pictures, or if
  /// the network's heads do not fit together.
  Results(const RunOptions& options, const Network& network);

  /// What makes the outputs of a frame no result, naming the layer: a NaN or an infinity.
  [[nodiscard]] std::optional<std::string> fault(const Delivered& outputs) const;
  /// Decodes, prints and draws one frame without a fault.
  void add(const Frame& frame, const Delivered& outputs);
  /// Adds how what is found in a frame differs from what other outputs show.  Both are without a
  /// fault.
  void compare(const Frame& frame, const Delivered& reference, const Delivered& outputs,
               FindingChanges& changes) const;
  /// Writes what was found in all frames beside the pictures.
  void finish() const;
  [[nodiscard]] Findings findings() const;

 private:
  [[nodiscard]] bool shows_objects(const Frame& frame) const;
  [[nodiscard]] bool shows_depictions(const Frame& frame) const;
  [[nodiscard]] std::vector<Detection> detect(const Picture& picture,
                                              const Delivered& outputs) const;
  [[nodiscard]] std::vector<Classification> classify(const Delivered& outputs) const;
  void add_detections(const Frame& frame, const Delivered& outputs);
  void add_classifications(const Frame& frame, const Delivered& outputs);
  void draw(const Frame& frame, const std::vector<Detection>& detections);

  const RunOptions& options_;
  const Network& network_;
  Interpretation meaning_;
  std::vector<std::string> labels_;
  float threshold_;
  std::vector<PictureDetections> detected_;
  OutputPictures pictures_;  ///< annotated
  DepictionResults depictions_;
  std::vector<PictureClassifications> classified_;
};

/// Writes the results and the dumped layers of a frame to an HDF5 file.
void dump_outputs(const std::filesystem::path& path, const Network& network,
                  const DumpLayers& layers, const Delivered& outputs);

}  // namespace vpinfer
