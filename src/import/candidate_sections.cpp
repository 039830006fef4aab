#include "import/candidate_sections.hpp"

#include "import/probabilities.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

constexpr std::string_view kName = "candidates";

class CandidatesSection {
 public:
  CandidatesSection(Network& network, CfgSection& section) : network_(network), section_(section) {}

  void add(int boxes, int scores) {
    const bool apart = scores != boxes;
    Candidates head;
    head.tensors.push_back(table(boxes, apart ? kBoxValues : 0));
    if (apart) head.tensors.push_back(table_of(scores, head.tensors.front().candidates()));
    const int first = apart ? 0 : kBoxValues;
    const int objectness = section_.flag("objectness") ? 1 : 0;
    const int values = head.tensors.back().values();
    if (values <= first + objectness) {
      refuse("its " + std::to_string(values) + " values per candidate leave no scores");
    }
    const int input = apart ? 1 : 0;
    CandidateGroup group{{0, {0, kBoxValues}}, {}, {input, {first + objectness, values}}};
    if (objectness == 1) group.objectness = CandidateValues{input, {first, first + 1}};
    head.groups.push_back(group);
    set_meaning(head, scores);
    add_layer(network_, head, apart ? std::vector{boxes, scores} : std::vector{boxes},
              section_.where(), "boxes");
  }

 private:
  static constexpr int kBoxValues = 4;

  [[noreturn]] void refuse(const std::string& why) const {
    throw BadInput(section_.where() + ": " + why);
  }

  /// An output by its pixels or its rows, along whose other axes a candidate's values stand.
  [[nodiscard]] static CandidateTensor by_pixels(const Shape& box) {
    return {{{1, std::int64_t{box.rows} * box.cols, box.channels}, kChannelsLast}, 2};
  }
  [[nodiscard]] static CandidateTensor by_channels(const Shape& box) {
    return {{{1, box.rows, std::int64_t{box.cols} * box.channels}, kChannelsLast}, 1};
  }

  /// Of so many values per candidate or, if that is 0, as many as there are fewer than candidates.
  [[nodiscard]] CandidateTensor table(int position, int values) const {
    const Shape& box = network_.layer(position).output;
    for (const CandidateTensor& tensor : {by_pixels(box), by_channels(box)}) {
      const bool fits =
          values == 0 ? tensor.values() < tensor.candidates() : tensor.values() == values;
      if (fits) return tensor;
    }
    refuse("its input of " + to_string(box) + " is no table of candidates" +
           (values == 0 ? "" : " with four values each"));
  }

  [[nodiscard]] CandidateTensor table_of(int position, std::int64_t candidates) const {
    const Shape& box = network_.layer(position).output;
    for (const CandidateTensor& tensor : {by_pixels(box), by_channels(box)}) {
      if (tensor.candidates() == candidates) return tensor;
    }
    refuse("the scores of " + to_string(box) + " are not those of " + std::to_string(candidates) +
           " boxes");
  }

  void set_meaning(Candidates& head, int scores) {
    if (section_.one_of("box", {"centre", "corners"}) == "corners")
      head.box = CandidateBox::kCorners;
    if (section_.one_of("unit", {"pixels", "shares"}) == "shares") head.unit = BoxUnit::kShares;
    const std::string score = section_.one_of("score", {"probability", "sigmoid", "softmax"});
    if (score == "sigmoid") head.scores = ScoreKind::kSigmoidLogits;
    if (score == "softmax") head.scores = ScoreKind::kSoftmaxLogits;
    if (score != "probability" && comes_from(network_, scores, gives_probabilities)) {
      refuse("score=" + score + " takes logits, but the graph makes probabilities of them already");
    }
    const std::string background = section_.one_of("background", {"none", "first", "last"});
    if (background == "first") head.background = Background::kFirst;
    if (background == "last") head.background = Background::kLast;
    head.overlaps = section_.integer("overlaps", 1) != 0;
  }

  Network& network_;
  CfgSection& section_;
};

}  // namespace

HeadHelp candidates_kind() {
  return {kName,
          "scores=OUTPUT, objectness, box=centre|corners, unit=pixels|shares, "
          "score=probability|sigmoid|softmax, background=none|first|last, overlaps"};
}

bool add_candidates_of(Network& network, CfgSection& section, int boxes, int scores) {
  if (section.type() != kName) return false;
  CandidatesSection(network, section).add(boxes, scores);
  return true;
}

}  // namespace vpinfer
