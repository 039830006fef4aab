#pragma once

#include <optional>
#include <vector>

#include "import/detector_tables.hpp"
#include "import/training.hpp"

namespace vpinfer {

// One function per family of detectors: each reads tables that it is certain of, or nothing.

/// What reads some tables, and how its network was trained.
struct FoundDetector {
  Training training;
  Candidates head;
  std::vector<const CandidateTable*> tables;
};

/// Per level, boxes as convolutions give them beside scores, perhaps with points (SCRFD, Guo et
/// al., 2021; YuNet, Wu et al., 2023), which have to be all results; boxes and points on anchors
/// beside a softmax (RetinaFace, Deng et al., 2019) or logits (BlazeFace, Bazarevsky et al., 2019).
[[nodiscard]] std::optional<FoundDetector> find_faces(const DetectorTables& tables);

/// Boxes over cells and scores in one table (YOLOv5 and later, YOLOX, NanoDet-plus).
[[nodiscard]] std::optional<FoundDetector> find_in_one_table(const DetectorTables& tables);

/// Boxes over cells, decoded in the graph, beside scores, perhaps with a background (SSD, Liu et
/// al., 2016), or on the anchors of UltraFace.
[[nodiscard]] std::optional<FoundDetector> find_boxes_and_scores(const DetectorTables& tables);

/// Per level, distributions over distances (NanoDet, PicoDet, YOLOv8).
[[nodiscard]] std::optional<FoundDetector> find_distributions(const DetectorTables& tables);

/// A heat map per class beside sizes and offsets (CenterNet, Zhou et al., 2019).
[[nodiscard]] std::optional<FoundDetector> find_peaks(const DetectorTables& tables);

/// A box per query of a transformer (DETR, Carion et al., 2020; RT-DETR, Zhao et al., 2024).
[[nodiscard]] std::optional<FoundDetector> find_queries(const DetectorTables& tables);

}  // namespace vpinfer
