#include "import/recognition.hpp"

#include <algorithm>

#include "import/depiction_recognition.hpp"
#include "import/faces.hpp"
#include "import/known_labels.hpp"
#include "import/onnx_choice.hpp"
#include "import/onnx_metadata.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

/// UltraFace's anchors in pixels, by level: squares.
const std::vector<std::vector<float>> kUltraFaceAnchors{
    {10, 16, 24}, {32, 48}, {64, 96}, {128, 192, 256}};

bool has_anchors(const std::vector<CellLevel>& levels, int anchors) {
  return std::all_of(levels.begin(), levels.end(),
                     [&](const CellLevel& level) { return level.anchors == anchors; });
}

/// One anchor of a cell's size per cell.
void add_grids(Candidates& head, const std::vector<CellLevel>& levels) {
  for (const CellLevel& level : levels) {
    head.grids.push_back({level.rows, level.cols, level.stride});
  }
}

/// Tries one kind of detector after another.
class Recogniser {
 public:
  Recogniser(const OnnxGraph& graph, const OnnxModel& model)
      : graph_(graph), model_(model), tables_(graph, model) {}

  [[nodiscard]] std::optional<Recognition> recognise() const {
    if (auto faces = find_faces(tables_, model_.results.size())) {
      return recognition(*faces->training, std::move(faces->head), faces->tables);
    }
    for (const CandidateTable& table : tables_.all()) {
      for (const auto one :
           {&Recogniser::raw_offsets, &Recogniser::decoded, &Recogniser::joined_distributions}) {
        if (auto found = (this->*one)(table)) return found;
      }
    }
    for (const auto several : {&Recogniser::boxes_and_scores, &Recogniser::pairs_of_distributions,
                               &Recogniser::raw_distributions}) {
      if (auto found = (this->*several)()) return found;
    }
    return std::nullopt;
  }

 private:
  [[nodiscard]] bool is_from_channels(const ColumnRun& run, int channels) const {
    return tables_.source_channels(run) == channels;
  }

  [[nodiscard]] Recognition recognition(const Training& training, Candidates head,
                                        const std::vector<const CandidateTable*>& tables,
                                        const std::optional<Depiction>& prototypes = {}) const {
    Recognition found{std::string(training.kind), std::move(head),   {}, training.input,
                      training.is_certain,        training.threshold};
    found.prototypes = prototypes;
    for (const CandidateTable* table : tables) {
      found.head.tensors.push_back(table->tensor);
      found.inputs.push_back(model_.results[static_cast<std::size_t>(table->result)].position);
    }
    found.labels = labels_of(graph_.metadata);
    if (static_cast<int>(found.labels.size()) != found.head.classes()) {
      found.labels = known_labels(found.head.classes());
    }
    if (found.labels.empty() && !training.only_class.empty()) {
      found.labels = {std::string(training.only_class)};
    }
    return found;
  }

  /// Four numbers as a convolution gives them, then sigmoids: objectness from a convolution of its
  /// own, and the scores.
  [[nodiscard]] std::optional<Recognition> raw_offsets(const CandidateTable& table) const {
    const auto& runs = table.runs;
    const bool fits = runs.size() == 3 && runs[0].kind == ColumnKind::kRaw && runs[0].size() == 4 &&
                      is_from_channels(runs[0], 4) && is_objectness(runs[1]) && is_scores(runs[2]);
    if (!fits) return std::nullopt;
    const auto levels = tables_.levels(runs[0]);
    if (!levels || !has_anchors(*levels, 1)) return std::nullopt;
    Candidates head{
        {}, {{{0, runs[0].columns}, CandidateValues{0, runs[1].columns}, {0, runs[2].columns}}}};
    head.box = CandidateBox::kOffsets;
    head.point = 0;
    add_grids(head, *levels);
    return recognition(kYolox, std::move(head), {&table});
  }

  [[nodiscard]] bool is_objectness(const ColumnRun& run) const {
    return run.kind == ColumnKind::kSigmoid && run.size() == 1 && is_from_channels(run, 1);
  }

  [[nodiscard]] bool is_scores(const ColumnRun& run) const {
    return run.kind == ColumnKind::kSigmoid && is_from_channels(run, run.size());
  }

  /// Boxes over cells, computed by the graph, then objectness if at all, scores, and perhaps more.
  [[nodiscard]] std::optional<Recognition> decoded(const CandidateTable& table) const {
    const auto& runs = table.runs;
    const bool begins_with_boxes =
        runs.size() >= 2 && runs[0].kind == ColumnKind::kComputed && runs[0].size() == 4;
    if (!begins_with_boxes) return std::nullopt;
    CandidateGroup group{{0, runs[0].columns}, {}, {}};
    const std::size_t first = runs[1].kind == ColumnKind::kOne && runs[1].size() == 1 ? 2 : 1;
    if (first == runs.size()) return std::nullopt;
    const auto boxes = tables_.decoded_boxes(table);
    if (!boxes) return std::nullopt;
    const int anchors = boxes->cells.levels.front().anchors;
    const ColumnRun& next = runs[first];
    const bool has_more = runs.size() > first + 1;
    std::size_t after_scores = first + 1;
    const Training* training = first == 2 ? &kYolov6 : &kYolov8;
    if (is_objectness(next) && has_more && is_scores(runs[first + 1])) {
      group.objectness = {0, next.columns};
      group.scores = {0, runs[first + 1].columns};
      ++after_scores;
      training = boxes->cells.point == 0 ? &kYolox : &kYolov5;
    } else if (next.kind == ColumnKind::kSigmoid && next.size() > 1 &&
               (is_from_channels(next, anchors * (4 + next.size())) ||
                is_from_channels(next, anchors * table.cols()))) {
      group.objectness = {0, {next.columns.begin, next.columns.begin + 1}};
      group.scores = {0, {next.columns.begin + 1, next.columns.end}};
      training = &kYolov5;
    } else if (is_scores(next)) {
      group.scores = {0, next.columns};
    } else {
      return std::nullopt;
    }
    Candidates head{{}, {group}, boxes->box, boxes->unit};
    if (const auto values = tables_.values_per_point(table, after_scores)) {
      head.groups[0].points = {0, {runs[after_scores].columns.begin, table.cols()}};
      head.values_per_point = *values;
    }
    std::optional<Depiction> prototypes;
    if (after_scores + 1 == runs.size() && runs[after_scores].kind == ColumnKind::kRaw) {
      prototypes = recognise_prototypes(model_, runs[after_scores].size());
      if (prototypes) head.groups[0].coefficients = {0, runs[after_scores].columns};
    }
    return recognition(*training, std::move(head), {&table}, prototypes);
  }

  /// Of masks, as convolutions give them, if another output can be their prototypes; else null.
  [[nodiscard]] const CandidateTable* coefficients_of(const CandidateTable& scores) const {
    return tables_.partner(scores, [&](const CandidateTable& other) {
      return other.is_only(ColumnKind::kRaw) && other.cols() != 4 &&
             recognise_prototypes(model_, other.cols());
    });
  }

  /// Scores and the logits of distributions over distances, from one convolution per level.
  [[nodiscard]] std::optional<Recognition> joined_distributions(const CandidateTable& table) const {
    const auto& runs = table.runs;
    const bool fits = runs.size() == 2 && runs[0].kind == ColumnKind::kSigmoid &&
                      is_distributions(runs[1]) && is_from_channels(runs[0], table.cols()) &&
                      runs[0].sources == runs[1].sources;
    const auto levels = fits ? tables_.levels(runs[0]) : std::nullopt;
    if (!levels || !has_anchors(*levels, 1)) return std::nullopt;
    Candidates head{{}, {{{0, runs[1].columns}, {}, {0, runs[0].columns}}}};
    head.box = CandidateBox::kDistances;
    head.bins = runs[1].size() / 4;
    head.point = 0;
    add_grids(head, *levels);
    return recognition(kNanoDetPlus, std::move(head), {&table});
  }

  [[nodiscard]] static bool is_distributions(const ColumnRun& run) {
    return run.kind == ColumnKind::kRaw && run.size() > 4 && run.size() % 4 == 0;
  }

  [[nodiscard]] static bool has_scores_only(const CandidateTable& table) {
    return table.is_only(ColumnKind::kSigmoid) || table.is_only(ColumnKind::kSoftmax);
  }

  /// Two outputs: scores, after a softmax with the background first, and boxes; perhaps a third of
  /// coefficients.
  [[nodiscard]] std::optional<Recognition> boxes_and_scores() const {
    for (const CandidateTable& scores : tables_.all()) {
      if (!has_scores_only(scores)) continue;
      const CandidateTable* boxes = tables_.partner(scores, [](const CandidateTable& other) {
        return other.cols() == 4 &&
               (other.is_only(ColumnKind::kComputed) || other.is_only(ColumnKind::kRaw));
      });
      if (boxes == nullptr) continue;
      CandidateGroup group{{0, {0, 4}}, {}, {1, {0, scores.cols()}}};
      Candidates head{{}, {group}};
      head.background = scores.is_only(ColumnKind::kSoftmax);
      const bool raw = boxes->is_only(ColumnKind::kRaw);
      const auto training = raw ? set_anchors(head, *boxes) : set_decoded(head, *boxes);
      if (!training) continue;
      const CandidateTable* coefficients = coefficients_of(scores);
      if (coefficients == nullptr) return recognition(*training, std::move(head), {boxes, &scores});
      const int count = coefficients->cols();
      head.groups[0].coefficients = {2, {0, count}};
      return recognition(*training, std::move(head), {boxes, &scores, coefficients},
                         recognise_prototypes(model_, count));
    }
    return std::nullopt;
  }

  [[nodiscard]] static bool are_ultra_face(const Candidates& head,
                                           const std::vector<CellLevel>& levels) {
    if (!head.background || head.classes() != 1 || levels.size() != kUltraFaceAnchors.size()) {
      return false;
    }
    for (std::size_t i = 0; i < levels.size(); ++i) {
      if (levels[i].stride != 8 << i) return false;
      if (levels[i].anchors != static_cast<int>(kUltraFaceAnchors[i].size())) return false;
    }
    return true;
  }

  /// The only network whose anchors are told by how many there are per cell.
  [[nodiscard]] std::optional<Training> set_anchors(Candidates& head,
                                                    const CandidateTable& boxes) const {
    const auto levels = tables_.levels(boxes.runs.front());
    if (!levels || !are_ultra_face(head, *levels)) return std::nullopt;
    add_grids(head, *levels);
    for (std::size_t i = 0; i < levels->size(); ++i) {
      CandidateGrid& grid = head.grids[i];
      grid.anchors.clear();
      for (const float pixels : kUltraFaceAnchors[i]) {
        const float cells = pixels / static_cast<float>(grid.stride);
        grid.anchors.push_back({cells, cells});
      }
    }
    head.box = CandidateBox::kOffsets;
    head.spread = true;
    head.centre_gain = kSsdCentreGain;
    head.size_gain = kSsdSizeGain;
    return kUltraFace;
  }

  [[nodiscard]] std::optional<Training> set_decoded(Candidates& head,
                                                    const CandidateTable& boxes) const {
    const auto decoded = tables_.decoded_boxes(boxes);
    if (!decoded) return std::nullopt;
    head.box = decoded->box;
    head.unit = decoded->unit;
    const bool faces = head.unit == BoxUnit::kShares && are_ultra_face(head, decoded->cells.levels);
    if (head.background && !faces) return std::nullopt;  // where it stands is not to be seen
    return faces ? kUltraFace : kUnknown;
  }

  /// Per level one output of scores and one of distributions over distances.
  [[nodiscard]] std::optional<Recognition> pairs_of_distributions() const {
    Candidates head;
    std::vector<const CandidateTable*> used;
    for (const CandidateTable& scores : tables_.all()) {
      if (!scores.is_only(ColumnKind::kSigmoid)) continue;
      const ColumnRun& run = scores.runs.front();
      const CandidateTable* boxes = tables_.partner(scores, [&](const CandidateTable& other) {
        return other.runs.size() == 1 && is_distributions(other.runs.front());
      });
      const auto levels = boxes == nullptr ? std::nullopt : tables_.levels(run);
      if (!levels || levels->size() != 1 || !has_anchors(*levels, 1)) continue;
      const int bins = boxes->cols() / 4;
      if (head.groups.empty()) head.bins = bins;
      if (bins != head.bins) return std::nullopt;
      const int index = static_cast<int>(used.size());
      head.groups.push_back({{index, {0, boxes->cols()}}, {}, {index + 1, {0, scores.cols()}}});
      add_grids(head, *levels);
      used.insert(used.end(), {boxes, &scores});
    }
    if (head.groups.size() < 2 || used.size() != model_.results.size()) return std::nullopt;
    head.box = CandidateBox::kDistances;
    const Training& training = head.groups.size() == 3 ? kNanoDet : kPicoDet;
    return recognition(training, std::move(head), used);
  }

  /// Per level one output as its convolutions give it: 16 bins per side, then logits of scores.
  [[nodiscard]] std::optional<Recognition> raw_distributions() const {
    constexpr int kBins = 16;
    Candidates head;
    head.box = CandidateBox::kDistances;
    head.bins = kBins;
    head.scores = ScoreKind::kSigmoidLogits;
    std::vector<const CandidateTable*> used;
    for (const CandidateTable& table : tables_.all()) {
      const int classes = table.cols() - head.box_values();
      const auto& runs = table.runs;
      const bool fits = table.tensor.form.dims.size() == 4 && runs.size() == 2 && classes > 0 &&
                        runs[0].kind == ColumnKind::kRaw && runs[0].size() == head.box_values() &&
                        runs[1].kind == ColumnKind::kRaw && is_from_channels(runs[1], classes);
      const auto levels = fits ? tables_.levels(runs[0]) : std::nullopt;
      if (!levels || levels->size() != 1) return std::nullopt;
      const int index = static_cast<int>(used.size());
      head.groups.push_back({{index, runs[0].columns}, {}, {index, runs[1].columns}});
      if (head.score_count() != classes) return std::nullopt;
      add_grids(head, *levels);
      used.push_back(&table);
    }
    if (used.size() < 2 || used.size() != model_.results.size()) return std::nullopt;
    return recognition(kYolov8, std::move(head), used);
  }

  const OnnxGraph& graph_;
  const OnnxModel& model_;
  DetectorTables tables_;
};

}  // namespace

std::optional<Recognition> recognise_detector(const OnnxGraph& graph, const OnnxModel& model) {
  const int channels = model.network.input_shape().channels;
  if (channels != 1 && channels != 3) return std::nullopt;
  try {
    return Recogniser(graph, model).recognise();
  } catch (const BadInput&) {
    return std::nullopt;  // what cannot be computed is not certain
  }
}

std::optional<ChosenRecognition> recognise_before_choice(const OnnxGraph& graph,
                                                         const OnnxImportOptions& options,
                                                         const std::string& where) {
  const auto choice = find_choice(graph);
  if (!choice || !options.outputs.empty()) return std::nullopt;
  OnnxImportOptions cut = options;
  cut.outputs = choice->tensors;
  try {
    OnnxModel model = translate_onnx(graph, cut, where);
    auto found = recognise_detector(graph, model);
    if (!found) return std::nullopt;
    // What decodes boxes in the graph only to choose the best few is trained to give one per
    // object.
    found->head.overlaps = choice->suppresses || found->kind != kUnknown.kind;
    if (choice->suppresses) {
      model.warnings.emplace_back(
          "the graph suppresses boxes itself; it is cut before that, and 'run' does it: see --nms");
    }
    if (!choice->suppresses && found->kind == kUnknown.kind) {
      found->kind = kYolov10.kind;
    }
    return ChosenRecognition{std::move(model), std::move(*found)};
  } catch (const BadInput&) {
    return std::nullopt;
  }
}

void add_recognised(Network& network, const Recognition& found, const std::string& where) {
  add_layer(network, found.head, found.inputs, where, "boxes");
  network.normalisation = found.normalisation;
  network.threshold = found.threshold;
  network.labels = found.labels;
  if (found.prototypes) add_depiction(network, *found.prototypes, where);
}

}  // namespace vpinfer
