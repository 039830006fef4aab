#include "net/depictions.hpp"

#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

std::string pixels(const Shape& map) {
  return std::to_string(map.rows) + " x " + std::to_string(map.cols) + " pixels";
}

/// What one kind of depiction needs of its map; empty if that is there.
class Complaint {
 public:
  explicit Complaint(const Shape& map) : map_(map) {}

  std::string operator()(const ClassMap& classes) const {
    if (classes.classes < 2 || classes.classes > kMostMapClasses) {
      return "a map of classes has 2 to " + std::to_string(kMostMapClasses) + ", not " +
             std::to_string(classes.classes);
    }
    const int wanted = classes.numbered ? 1 : classes.classes;
    if (map_.channels == wanted || (map_.channels == 1 && classes.classes == 2)) return {};
    return "a map of " + std::to_string(classes.classes) + " classes has " +
           std::to_string(wanted) + " channels, not " + std::to_string(map_.channels);
  }

  std::string operator()(const DrawnPicture& picture) const {
    if (picture.keeps_colours && map_.channels != 1) return "a luma has one channel";
    if (map_.channels == 1 || map_.channels == 3) return {};
    return "a picture has 1 or 3 channels, not " + std::to_string(map_.channels);
  }

  std::string operator()(const Landmarks& points) const {
    if (points.coding == PointCoding::kHeatMaps) return {};
    if (map_.cols == 1 && (map_.channels == 2 || map_.channels == 3)) return {};
    return "a point has 2 or 3 numbers";
  }

  std::string operator()(const MaskPrototypes& /*any number of maps*/) const { return {}; }

 private:
  const Shape& map_;
};

class Description {
 public:
  explicit Description(const Shape& map) : map_(map) {}

  std::string operator()(const ClassMap& classes) const {
    return "one of " + std::to_string(classes.classes) + " classes for each of " + pixels(map_);
  }
  std::string operator()(const DrawnPicture& picture) const {
    if (picture.keeps_colours) return "the luma of a picture of " + pixels(map_);
    return (map_.channels == 1 ? "a grey picture of " : "a picture of ") + pixels(map_);
  }
  std::string operator()(const Landmarks& points) const {
    const bool maps = points.coding == PointCoding::kHeatMaps;
    return std::to_string(maps ? map_.channels : map_.rows) + " points";
  }
  std::string operator()(const MaskPrototypes& /*which differ in their map only*/) const {
    return std::to_string(map_.channels) + " prototypes of masks, each of " + pixels(map_);
  }

 private:
  const Shape& map_;
};

}  // namespace

std::string describe(const Depiction& depiction) {
  return std::visit(Description(depiction.map), depiction.content);
}

void check_depiction(const Depiction& depiction, const Shape& output, const std::string& where) {
  const Shape& map = depiction.map;
  const bool sane = map.rows > 0 && map.cols > 0 && map.channels > 0;
  // As floating-point numbers, which do not wrap around.
  if (!sane || 1.0 * map.rows * map.cols * map.channels != static_cast<double>(output.elements())) {
    throw BadInput(where + ": a depiction of " + to_string(depiction.map) +
                   " does not fit an output of " + to_string(output));
  }
  const std::string complaint = std::visit(Complaint(depiction.map), depiction.content);
  if (!complaint.empty()) throw BadInput(where + ": " + complaint);
}

}  // namespace vpinfer
