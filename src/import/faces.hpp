#pragma once

#include <optional>
#include <vector>

#include "import/detector_tables.hpp"
#include "import/training.hpp"

namespace vpinfer {

// Detectors of faces and of five points of each: eyes, nose, corners of the mouth.

/// What reads some tables, and how its network was trained.
struct FoundFaces {
  const Training* training = nullptr;
  Candidates head;
  std::vector<const CandidateTable*> tables;
};

/// Per level, boxes and points as convolutions give them beside scores (SCRFD, Guo et al., 2021;
/// YuNet, Wu et al., 2023), which have to be all `results`, or boxes and points on anchors beside
/// a softmax (RetinaFace, Deng et al., 2019).
[[nodiscard]] std::optional<FoundFaces> find_faces(const DetectorTables& tables,
                                                   std::size_t results);

}  // namespace vpinfer
