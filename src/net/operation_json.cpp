#include "net/operation_json.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "net/candidates_json.hpp"
#include "net/island_json.hpp"

namespace vpinfer {
namespace {

using nlohmann::json;

// The members of each operation under their keys.  `field` either writes or reads a member;
// `field.newer` one that came with schema 3, and has its default in older files.

template <typename Field>
void fields(Input& /*input*/, const Field& /*field*/) {}

template <typename Field>
void fields(Constant& c, const Field& field) {
  field("shape", c.shape);
}

template <typename Field>
void fields(Convolution& c, const Field& field) {
  field("filters", c.filters);
  field("groups", c.groups);
  field("rows", c.rows);
  field("cols", c.cols);
  field("activation", c.activation);
}

template <typename Field>
void fields(LocallyConnected& l, const Field& field) {
  field("filters", l.filters);
  field("rows", l.rows);
  field("cols", l.cols);
  field("activation", l.activation);
}

template <typename Field>
void fields(MaxPool& p, const Field& field) {
  field("rows", p.rows);
  field("cols", p.cols);
}

template <typename Field>
void fields(AveragePool& p, const Field& field) {
  field("rows", p.rows);
  field("cols", p.cols);
  field("counts_padding", p.counts_padding);
}

template <typename Field>
void fields(Elementwise& e, const Field& field) {
  field("function", e.function);
  field("activation", e.activation);
}

template <typename Field>
void fields(Shortcut& s, const Field& field) {
  field("alpha", s.alpha);
  field("beta", s.beta);
  field("activation", s.activation);
}

template <typename Field>
void fields(Sum& s, const Field& field) {
  field("weighted", s.weighted);
  field("activation", s.activation);
}

template <typename Field>
void fields(Activate& a, const Field& field) {
  field("activation", a.activation);
}

template <typename Field>
void fields(PRelu& /*prelu*/, const Field& /*field*/) {}

template <typename Field>
void fields(Softmax& s, const Field& field) {
  field("groups", s.groups);
  field("over_rows", s.over_rows);
  field("over_cols", s.over_cols);
  field("temperature", s.temperature);
  field("tree", s.tree);
}

template <typename Field>
void fields(Attention& a, const Field& field) {
  field("heads", a.heads);
  field("scale", a.scale);
  field("queries", a.queries);
  field("keys", a.keys);
  field("values", a.values);
}

template <typename Field>
void fields(Concat& c, const Field& field) {
  field("axis", c.axis);
}

template <typename Field>
void fields(Slice& s, const Field& field) {
  field("rows", s.rows);
  field("cols", s.cols);
  field("channels", s.channels);
  field("scale", s.scale);
  field("shift", s.shift);
}

template <typename Field>
void fields(Pad& p, const Field& field) {
  field("rows", p.rows);
  field("cols", p.cols);
  field("channels", p.channels);
  field("mode", p.mode);
  field("value", p.value);
}

template <typename Field>
void fields(Resample& r, const Field& field) {
  field("rows", r.rows);
  field("cols", r.cols);
  field("interpolation", r.interpolation);
  field("gain", r.gain);
  field("fills_outside", r.fills_outside);
  field("fill", r.fill);
}

template <typename Field>
void fields(Flatten& f, const Field& field) {
  field("extra", f.extra);
}

template <typename Field>
void fields(Reorg& r, const Field& field) {
  field("stride", r.stride);
  field("reverse", r.reverse);
}

template <typename Field>
void fields(SpaceToDepth& s, const Field& field) {
  field("rows", s.rows);
  field("cols", s.cols);
}

template <typename Field>
void fields(DepthToSpace& d, const Field& field) {
  field("rows", d.rows);
  field("cols", d.cols);
  field("order", d.order);
}

template <typename Field>
void fields(ShuffleChannels& s, const Field& field) {
  field("groups", s.groups);
}

template <typename Field>
void fields(Island& i, const Field& field) {
  field("node", i);
}

template <typename Field>
void fields(Region& r, const Field& field) {
  field("classes", r.classes);
  field("softmax", r.softmax);
  field("anchors", r.anchors);
  field("tree", r.tree);
  field("map", r.map);
  field.newer("coding", r.coding);
  field.newer("stretch", r.stretch);
  field.newer("point", r.point);
  field.newer("distance_exponent", r.distance_exponent);
}

template <typename Field>
void fields(GridHead& h, const Field& field) {
  field("side", h.side);
  field("boxes", h.boxes);
  field("classes", h.classes);
  field("softmax", h.softmax);
  field("square_root", h.square_root);
}

template <typename Field>
void fields(NanoDet& h, const Field& field) {
  field("classes", h.classes);
  field("bins", h.bins);
  field("stride", h.stride);
}

template <typename Field>
void fields(Candidates& c, const Field& field) {
  field("head", c);
}

/// The words for the values of an enumeration, in their order.
template <typename Enum>
struct Words;
template <>
struct Words<Axis> {
  static constexpr std::array list{"rows", "cols", "channels"};
};
template <>
struct Words<Arithmetic> {
  static constexpr std::array list{"add", "subtract", "multiply", "divide", "maximum", "minimum"};
};
template <>
struct Words<PadMode> {
  static constexpr std::array list{"constant", "edge", "reflect"};
};
template <>
struct Words<Interpolation> {
  static constexpr std::array list{"linear", "nearest-floor", "nearest-ceil", "nearest-half-down",
                                   "nearest-half-up"};
};
template <>
struct Words<DepthOrder> {
  static constexpr std::array list{"dcr", "crd"};
};

template <>
struct Words<BoxCoding> {
  static constexpr std::array list{"exponential", "square", "gaussian"};
};
template <>
struct Words<BoxPoint> {
  static constexpr std::array list{"centre", "top-left", "bottom-right"};
};

/// Writes a member into an object.
struct Write {
  json& object;

  template <typename Member>
  void operator()(const char* key, const Member& member) const {
    object[key] = value(member);
  }
  template <typename Member>
  void newer(const char* key, const Member& member) const {
    (*this)(key, member);
  }

  static json value(int v) { return v; }
  static json value(bool v) { return v; }
  static json value(float v) { return v; }
  static json value(std::optional<float> v) { return v ? json(*v) : json(); }
  static json value(const std::vector<int>& v) { return v; }
  static json value(const Island& i) { return island_to_json(i); }
  static json value(const Candidates& c) { return candidates_to_json(c); }
  static json value(const Shape& s) { return {s.rows, s.cols, s.channels}; }
  static json value(const Window& w) {
    return {w.size, w.stride, w.pad_before, w.pad_after, w.dilation, w.overhang};
  }
  static json value(const Cut& c) { return {c.begin, c.size, c.step}; }
  static json value(const Padding& p) { return {p.before, p.after}; }
  static json value(const HeadChannels& h) { return {h.begin, h.stride, h.size}; }
  static json value(const Sampling& s) {
    return {s.size, s.scale, s.output_offset, s.input_offset, s.multiplier};
  }
  static json value(const Activation& a) { return {to_string(a.function), a.alpha, a.beta}; }
  static json value(const std::vector<Anchor>& anchors) {
    json list = json::array();
    for (const Anchor& a : anchors) list.push_back({a.width, a.height});
    return list;
  }
  template <typename Enum>
  requires std::is_enum_v<Enum>
  static json value(Enum e) { return Words<Enum>::list[static_cast<std::size_t>(e)]; }
};

/// Reads a member from an object.
struct Read {
  const json& object;

  template <typename Member>
  void operator()(const char* key, Member& member) const {
    read(object.at(key), member);
  }
  template <typename Member>
  void newer(const char* key, Member& member) const {
    if (object.contains(key)) (*this)(key, member);
  }

  static void read(const json& j, int& v) { v = json_int(j); }
  static void read(const json& j, bool& v) { v = j.get<bool>(); }
  static void read(const json& j, float& v) { v = j.get<float>(); }
  static void read(const json& j, std::optional<float>& v) {
    if (!j.is_null()) v = j.get<float>();
  }
  static void read(const json& j, std::vector<int>& v) {
    for (const json& item : j) v.push_back(json_int(item));
  }
  static void read(const json& j, Island& i) { i = island_from_json(j); }
  static void read(const json& j, Candidates& c) { c = candidates_from_json(j); }
  static void read(const json& j, Shape& s) { read_all(j, s.rows, s.cols, s.channels); }
  static void read(const json& j, Window& w) {
    read_all(j, w.size, w.stride, w.pad_before, w.pad_after, w.dilation);
    if (j.size() > 5) read(j.at(5), w.overhang);  // there since schema 3
  }
  static void read(const json& j, Cut& c) { read_all(j, c.begin, c.size, c.step); }
  static void read(const json& j, Padding& p) { read_all(j, p.before, p.after); }
  static void read(const json& j, HeadChannels& h) { read_all(j, h.begin, h.stride, h.size); }
  static void read(const json& j, Sampling& s) {
    read_all(j, s.size, s.scale, s.output_offset, s.input_offset);
    if (j.size() > 4) read(j.at(4), s.multiplier);  // there since schema 3
  }
  static void read(const json& j, Activation& a) {
    const std::string name = j.at(0).get<std::string>();
    const auto function = parse_activation(name);
    if (!function) throw BadInput("unknown activation '" + name + "'");
    a = {*function, j.at(1).get<float>(), j.at(2).get<float>()};
  }
  static void read(const json& j, std::vector<Anchor>& anchors) {
    for (const json& a : j) anchors.push_back({a.at(0), a.at(1)});
  }
  template <typename Enum>
  requires std::is_enum_v<Enum>
  static void read(const json& j, Enum& e) {
    const auto& words = Words<Enum>::list;
    const std::string word = j.get<std::string>();
    const auto found = std::find(words.begin(), words.end(), word);
    if (found == words.end()) throw BadInput("unknown word '" + word + "'");
    e = static_cast<Enum>(found - words.begin());
  }

 private:
  /// The members of a small struct, stored as an array.
  template <typename... Members>
  static void read_all(const json& j, Members&... members) {
    std::size_t i = 0;
    (read(j.at(i++), members), ...);
  }
};

/// Reads `object` as the first of the operation types from number `Index` on that has this name.
template <std::size_t Index = 0>
Operation read_named(const std::string& name, const json& object) {
  if constexpr (Index == std::variant_size_v<Operation>) {
    throw BadInput("unknown layer type '" + name + "'; a newer vpinfer may have written it");
  } else {
    std::variant_alternative_t<Index, Operation> operation{};
    if (name != operation_name(operation)) return read_named<Index + 1>(name, object);
    fields(operation, Read{object});
    return operation;
  }
}

}  // namespace

json operation_to_json(const Operation& operation) {
  json object{{"type", operation_name(operation)}};
  Operation copy = operation;  // `fields` reads and writes, so it wants one it may change
  std::visit([&](auto& concrete) { fields(concrete, Write{object}); }, copy);
  return object;
}

Operation operation_from_json(const json& object) {
  return read_named(object.at("type").get<std::string>(), object);
}

}  // namespace vpinfer
