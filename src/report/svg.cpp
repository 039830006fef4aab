#include "report/svg.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/units.hpp"

namespace vpinfer {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

std::uint32_t bits(char byte) {
  return static_cast<unsigned char>(byte);
}

/// Whether a byte of UTF-8 is not the first one of a character.
bool goes_on(char byte) {
  return (bits(byte) & 0xC0U) == 0x80U;
}

/// How many bytes a character takes by its first one; 0 if none begins so.
std::size_t length_of(char first) {
  if (bits(first) < 0x80U) return 1;
  if ((bits(first) & 0xE0U) == 0xC0U) return 2;
  if ((bits(first) & 0xF0U) == 0xE0U) return 3;
  return (bits(first) & 0xF8U) == 0xF0U ? 4 : 0;
}

/// https://www.w3.org/TR/xml, production 2.
bool is_character_of_xml(std::uint32_t code) {
  if (code < 0x20) return code == '\t' || code == '\n' || code == '\r';
  return (code < 0xD800 || code > 0xDFFF) && code != 0xFFFE && code != 0xFFFF && code <= 0x10FFFF;
}

/// The bytes of the character of XML that a text begins with; 0 if it begins with none.
std::size_t character_length(std::string_view text) {
  constexpr std::array<std::uint32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
  const std::size_t length = length_of(text.front());
  if (length == 0 || length > text.size()) return 0;
  std::uint32_t code = length == 1 ? bits(text.front()) : bits(text.front()) & (0x7FU >> length);
  for (const char byte : text.substr(1, length - 1)) {
    if (!goes_on(byte)) return 0;
    code = (code << 6U) | (bits(byte) & 0x3FU);
  }
  return code >= kLeast[length] && is_character_of_xml(code) ? length : 0;
}

std::string number_text(double value) {
  std::string text = fixed(value, 2);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string anchor_name(Svg::Anchor anchor) {
  constexpr std::array kNames{"start", "middle", "end"};
  return kNames[static_cast<std::size_t>(anchor)];
}

}  // namespace

bool Rectangle::overlaps(const Rectangle& other) const {
  return x < other.right() && other.x < right() && y < other.bottom() && other.y < bottom();
}

bool Rectangle::contains(const Rectangle& other) const {
  return other.x >= x && other.right() <= right() && other.y >= y && other.bottom() <= bottom();
}

std::string xml_text(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const std::size_t length = character_length(bytes);
    switch (bytes.front()) {
      case '&': text += "&amp;"; break;
      case '<': text += "&lt;"; break;
      case '>': text += "&gt;"; break;
      case '"': text += "&quot;"; break;
      default: text += length == 0 ? kReplacement : bytes.substr(0, length);
    }
    bytes.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return text;
}

double text_width(std::string_view text, double size) {
  constexpr double kUsualWidth = 0.65;
  const auto characters =
      std::count_if(text.begin(), text.end(), [](char c) { return !goes_on(c); });
  return kUsualWidth * size * static_cast<double>(characters);
}

Svg::Attribute::Attribute(std::string_view attribute, double number)
    : name(attribute), value(number_text(number)) {}

Svg::Svg(double width, double height, std::string_view title) {
  begin("svg", {{"xmlns", "http://www.w3.org/2000/svg"},
                {"width", width},
                {"height", height},
                {"viewBox", "0 0 " + number_text(width) + " " + number_text(height)},
                {"font-family", "DejaVu Sans, Helvetica, Arial, sans-serif"}});
  text_ += ">\n";
  add("title", {}, title);
  add("rect", {{"width", width}, {"height", height}, {"fill", "#ffffff"}});
}

void Svg::begin(std::string_view element, const Attributes& attributes) {
  text_ += '<' + std::string(element);
  for (const Attribute& attribute : attributes) {
    text_ += ' ' + attribute.name + "=\"" + xml_text(attribute.value) + '"';
  }
}

void Svg::add(std::string_view element, const Attributes& attributes, std::string_view text) {
  begin(element, attributes);
  text_ += text.empty() ? "/>\n" : '>' + xml_text(text) + "</" + std::string(element) + ">\n";
}

void Svg::open(std::string_view element, const Attributes& attributes) {
  begin(element, attributes);
  text_ += ">\n";
  open_.emplace_back(element);
}

void Svg::close() {
  text_ += "</" + open_.back() + ">\n";
  open_.pop_back();
}

void Svg::add_line(Point from, Point to, const Attributes& attributes) {
  add_path({from, to}, attributes);
}

void Svg::add_path(const std::vector<Point>& points, const Attributes& attributes) {
  std::string path;
  for (const Point& point : points) {
    path += (path.empty() ? "M" : " L") + number_text(point.x) + ',' + number_text(point.y);
  }
  Attributes all{{"d", path}, {"fill", "none"}};
  all.insert(all.end(), attributes.begin(), attributes.end());
  add("path", all);
}

void Svg::add_text(Point at, double size, Anchor anchor, std::string_view text,
                   const Attributes& attributes) {
  Attributes all{{"x", at.x},
                 {"y", at.y},
                 {"font-size", size},
                 {"text-anchor", anchor_name(anchor)},
                 {"fill", "#222222"}};
  all.insert(all.end(), attributes.begin(), attributes.end());
  add("text", all, text);
}

}  // namespace vpinfer
