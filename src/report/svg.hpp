#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vpinfer {

struct Point {
  double x = 0;
  double y = 0;
};

/// In pixels from the upper left corner, y downwards.
struct Rectangle {
  double x = 0;
  double y = 0;
  double width = 0;
  double height = 0;

  [[nodiscard]] double right() const { return x + width; }
  [[nodiscard]] double bottom() const { return y + height; }
  [[nodiscard]] bool overlaps(const Rectangle& other) const;
  [[nodiscard]] bool contains(const Rectangle& other) const;
};

/// Any bytes as text of an XML document: `&lt;` for `<`, and U+FFFD for what is no UTF-8 or no
/// character of XML.
[[nodiscard]] std::string xml_text(std::string_view bytes);

/// A vector graphic under construction, see https://www.w3.org/TR/SVG11.  Black text without serifs
/// on white ground.
class Svg {
 public:
  /// An attribute and its value, which is escaped.
  struct Attribute {
    Attribute(std::string_view attribute, double number);  ///< to a hundredth
    Attribute(std::string_view attribute, std::string_view text) : name(attribute), value(text) {}
    std::string name;
    std::string value;
  };
  using Attributes = std::vector<Attribute>;
  enum class Anchor { kStart, kMiddle, kEnd };

  /// Of so many pixels, with a title that viewers show elsewhere.
  Svg(double width, double height, std::string_view title);

  /// An element with a text in it, which is escaped, or without.
  void add(std::string_view element, const Attributes& attributes, std::string_view text = {});
  /// An element of those that are added before it is closed.
  void open(std::string_view element, const Attributes& attributes = {});
  void close();

  void add_line(Point from, Point to, const Attributes& attributes);
  void add_path(const std::vector<Point>& points, const Attributes& attributes);
  /// `at` is on the base line.
  void add_text(Point at, double size, Anchor anchor, std::string_view text,
                const Attributes& attributes = {});

  /// The document; what is open must be closed.
  [[nodiscard]] std::string document() const { return text_ + "</svg>\n"; }

 private:
  void begin(std::string_view element, const Attributes& attributes);

  std::string text_;
  std::vector<std::string> open_;
};

/// About how wide a text is in letters of a size, which depends on the fonts that there are.
[[nodiscard]] double text_width(std::string_view text, double size);

}  // namespace vpinfer
