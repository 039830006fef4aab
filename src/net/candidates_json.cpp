#include "net/candidates_json.hpp"

#include <array>
#include <string_view>

#include "base/json.hpp"
#include "base/json_words.hpp"
#include "net/island_json.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 5> kBoxes{"centre", "corners", "offsets", "sizes",
                                                 "distances"};
constexpr std::array<std::string_view, 3> kBackgrounds{"none", "first", "last"};
constexpr std::array<std::string_view, 2> kUnits{"pixels", "shares"};
constexpr std::array<std::string_view, 4> kScores{"probabilities", "sigmoid", "softmax", "squares"};

json values_to_json(const CandidateValues& values) {
  return {values.input, values.values.begin, values.values.end};
}

CandidateValues values_from_json(const json& j) {
  return {json_int(j.at(0)), {json_int(j.at(1)), json_int(j.at(2))}};
}

json group_to_json(const CandidateGroup& group) {
  json object{{"box", values_to_json(group.box)}, {"scores", values_to_json(group.scores)}};
  if (group.size) object["size"] = values_to_json(*group.size);
  if (group.objectness) object["objectness"] = values_to_json(*group.objectness);
  if (group.points) object["points"] = values_to_json(*group.points);
  if (group.coefficients) object["coefficients"] = values_to_json(*group.coefficients);
  return object;
}

CandidateGroup group_from_json(const json& j) {
  CandidateGroup group{values_from_json(j.at("box")), {}, values_from_json(j.at("scores"))};
  if (j.contains("size")) group.size = values_from_json(j.at("size"));
  if (j.contains("objectness")) group.objectness = values_from_json(j.at("objectness"));
  if (j.contains("points")) group.points = values_from_json(j.at("points"));
  if (j.contains("coefficients")) group.coefficients = values_from_json(j.at("coefficients"));
  return group;
}

json grid_to_json(const CandidateGrid& grid) {
  json anchors = json::array();
  for (const Anchor& anchor : grid.anchors) anchors.push_back({anchor.width, anchor.height});
  return {{"rows", grid.rows}, {"cols", grid.cols}, {"stride", grid.stride}, {"anchors", anchors}};
}

CandidateGrid grid_from_json(const json& j) {
  CandidateGrid grid{json_int(j.at("rows")), json_int(j.at("cols")), json_int(j.at("stride")), {}};
  for (const json& anchor : j.at("anchors")) grid.anchors.push_back({anchor.at(0), anchor.at(1)});
  return grid;
}

/// Older models say whether there is one, which is the first.
Background background_from_json(const json& j) {
  if (j.is_boolean()) return j.get<bool>() ? Background::kFirst : Background::kNone;
  return word_from_json<Background>(j, kBackgrounds);
}

}  // namespace

json candidates_to_json(const Candidates& head) {
  json tensors = json::array();
  for (const CandidateTensor& tensor : head.tensors) {
    tensors.push_back({{"form", form_to_json(tensor.form)}, {"axis", tensor.axis}});
  }
  json groups = json::array();
  for (const CandidateGroup& group : head.groups) groups.push_back(group_to_json(group));
  json grids = json::array();
  for (const CandidateGrid& grid : head.grids) grids.push_back(grid_to_json(grid));
  return {{"tensors", tensors},
          {"groups", groups},
          {"box", word_of(head.box, kBoxes)},
          {"unit", word_of(head.unit, kUnits)},
          {"scores", word_of(head.scores, kScores)},
          {"background", word_of(head.background, kBackgrounds)},
          {"bins", head.bins},
          {"grids", grids},
          {"point", head.point},
          {"spread", head.spread},
          {"gains", {head.centre_gain, head.size_gain}},
          {"values_per_point", head.values_per_point},
          {"overlaps", head.overlaps}};
}

Candidates candidates_from_json(const json& object) {
  Candidates head;
  for (const json& tensor : object.at("tensors")) {
    head.tensors.push_back({form_from_json(tensor.at("form")), json_int(tensor.at("axis"))});
  }
  for (const json& group : object.at("groups")) head.groups.push_back(group_from_json(group));
  head.box = word_from_json<CandidateBox>(object.at("box"), kBoxes);
  head.unit = word_from_json<BoxUnit>(object.at("unit"), kUnits);
  head.scores = word_from_json<ScoreKind>(object.at("scores"), kScores);
  head.background = background_from_json(object.at("background"));
  head.bins = json_int(object.at("bins"));
  for (const json& grid : object.at("grids")) head.grids.push_back(grid_from_json(grid));
  head.point = object.at("point").get<float>();
  head.centre_gain = object.at("gains").at(0).get<float>();
  head.size_gain = object.at("gains").at(1).get<float>();
  // What follows came later.
  head.spread = object.value("spread", head.spread);
  head.overlaps = object.value("overlaps", head.overlaps);
  if (object.contains("values_per_point")) {
    head.values_per_point = json_int(object.at("values_per_point"));
  }
  return head;
}

}  // namespace vpinfer
