#include "net/depictions_json.hpp"

#include "base/json.hpp"
#include "base/json_words.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 5> kPixelScales{"unit", "bytes", "signed", "input",
                                                       "stretched"};
constexpr std::array<std::string_view, 3> kPointCodings{"pixels", "shares", "heat-maps"};

struct ContentToJson {
  json operator()(const ClassMap& map) const {
    return {{"type", "classes"},
            {"classes", map.classes},
            {"numbered", map.numbered},
            {"background", map.background}};
  }
  json operator()(const DrawnPicture& picture) const {
    return {{"type", "picture"},
            {"scale", word_of(picture.scale, kPixelScales)},
            {"enlarges", picture.enlarges},
            {"keeps_colours", picture.keeps_colours}};
  }
  json operator()(const Landmarks& points) const {
    return {{"type", "points"}, {"coding", word_of(points.coding, kPointCodings)}};
  }
  json operator()(const MaskPrototypes& /*nothing else*/) const { return {{"type", "prototypes"}}; }
};

}  // namespace

json depiction_to_json(const Depiction& depiction) {
  json j = std::visit(ContentToJson{}, depiction.content);
  j["layer"] = depiction.position;
  j["map"] = {depiction.map.rows, depiction.map.cols, depiction.map.channels};
  return j;
}

Depiction depiction_from_json(const json& j) {
  const json& map = j.at("map");
  if (map.size() != 3) throw BadInput("a map has 3 extents");
  Depiction depiction{
      json_int(j.at("layer")), {json_int(map.at(0)), json_int(map.at(1)), json_int(map.at(2))}, {}};
  const json& type = j.at("type");
  if (type == "classes") {
    depiction.content = ClassMap{json_int(j.at("classes")), j.at("numbered"), j.at("background")};
  } else if (type == "picture") {
    depiction.content = DrawnPicture{word_from_json<PixelScale>(j.at("scale"), kPixelScales),
                                     j.at("enlarges"), j.at("keeps_colours")};
  } else if (type == "points") {
    depiction.content = Landmarks{word_from_json<PointCoding>(j.at("coding"), kPointCodings)};
  } else if (type == "prototypes") {
    depiction.content = MaskPrototypes{};
  } else {
    throw BadInput("unknown depiction '" + type.dump() + "'; a newer vpinfer may have written it");
  }
  return depiction;
}

}  // namespace vpinfer
