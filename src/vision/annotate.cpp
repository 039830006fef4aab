#include "vision/annotate.hpp"

#include <cairo.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <numbers>
#include <utility>

#include "base/units.hpp"
#include "vision/palette.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

/// In pixels of the picture.
struct Rectangle {
  double left = 0;
  double top = 0;
  double width = 0;
  double height = 0;

  [[nodiscard]] double right() const { return left + width; }
  [[nodiscard]] double bottom() const { return top + height; }
};

/// A detection, ready to draw.
struct Mark {
  std::string text;
  Colour colour;
  Rectangle box;
  Rectangle tag;
};

/// Lengths that follow from the size of the picture.
struct Style {
  double font = 0;
  double line = 0;
  double rim = 0;  ///< the dark edge that sets a line off from a background of the same colour
  double padding = 0;
};

Style style_for(const Picture& picture) {
  const double size = std::sqrt(static_cast<double>(picture.rows) * picture.cols);
  const double font = std::max(9.0, size * 0.027);
  return {font, std::max(1.5, font * 0.2), std::max(0.5, font * 0.06), font * 0.32};
}

/// A Cairo drawing surface that starts as a copy of a picture.
class Canvas {
 public:
  explicit Canvas(const Picture& picture)
      : surface_(cairo_image_surface_create(CAIRO_FORMAT_RGB24, picture.cols, picture.rows)),
        context_(cairo_create(surface_.get())) {
    check();
    for (int row = 0; row < picture.rows; ++row) {
      const std::uint8_t* rgb = picture.rgb.data() + rgb_offset(picture, row);
      for (int col = 0; col < picture.cols; ++col, rgb += 3) {
        const std::uint32_t pixel = static_cast<std::uint32_t>(rgb[0]) << 16U |
                                    static_cast<std::uint32_t>(rgb[1]) << 8U | rgb[2];
        std::memcpy(pixel_address(row, col), &pixel, sizeof pixel);
      }
    }
    cairo_surface_mark_dirty(surface_.get());
    cairo_select_font_face(get(), "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_BOLD);
  }

  [[nodiscard]] cairo_t* get() const { return context_.get(); }

  /// Copies the pixels back.  Throws BadInput if anything could not be drawn.
  void copy_to(Picture& picture) const {
    check();
    cairo_surface_flush(surface_.get());
    for (int row = 0; row < picture.rows; ++row) {
      std::uint8_t* rgb = picture.rgb.data() + rgb_offset(picture, row);
      for (int col = 0; col < picture.cols; ++col, rgb += 3) {
        std::uint32_t pixel = 0;
        std::memcpy(&pixel, pixel_address(row, col), sizeof pixel);
        rgb[0] = static_cast<std::uint8_t>(pixel >> 16U);
        rgb[1] = static_cast<std::uint8_t>(pixel >> 8U);
        rgb[2] = static_cast<std::uint8_t>(pixel);
      }
    }
  }

 private:
  static std::size_t rgb_offset(const Picture& picture, int row) {
    return static_cast<std::size_t>(row) * static_cast<std::size_t>(picture.cols) * 3;
  }

  [[nodiscard]] unsigned char* pixel_address(int row, int col) const {
    const std::ptrdiff_t stride = cairo_image_surface_get_stride(surface_.get());
    return cairo_image_surface_get_data(surface_.get()) + row * stride + std::ptrdiff_t{4} * col;
  }

  void check() const {
    const cairo_status_t status = cairo_status(get());
    if (status != CAIRO_STATUS_SUCCESS) {
      throw BadInput(std::string("cannot annotate the picture: ") + cairo_status_to_string(status));
    }
  }

  struct Destroy {
    void operator()(cairo_surface_t* surface) const { cairo_surface_destroy(surface); }
    void operator()(cairo_t* context) const { cairo_destroy(context); }
  };
  std::unique_ptr<cairo_surface_t, Destroy> surface_;
  std::unique_ptr<cairo_t, Destroy> context_;
};

void set_colour(cairo_t* context, const Colour& colour, double opacity = 1) {
  cairo_set_source_rgba(context, colour.red, colour.green, colour.blue, opacity);
}

void trace_rounded(cairo_t* context, const Rectangle& shape, double wanted_radius) {
  constexpr double kQuarter = std::numbers::pi / 2;
  const double radius = std::min({wanted_radius, shape.width / 2, shape.height / 2});
  cairo_new_sub_path(context);
  cairo_arc(context, shape.right() - radius, shape.top + radius, radius, -kQuarter, 0);
  cairo_arc(context, shape.right() - radius, shape.bottom() - radius, radius, 0, kQuarter);
  cairo_arc(context, shape.left + radius, shape.bottom() - radius, radius, kQuarter, 2 * kQuarter);
  cairo_arc(context, shape.left + radius, shape.top + radius, radius, 2 * kQuarter, 3 * kQuarter);
  cairo_close_path(context);
}

/// The part of a box that the picture shows, drawn in so that the whole line stays visible.
Rectangle visible_box(const Detection& detection, const Picture& picture, const Style& style) {
  const double inset = style.line / 2;
  const auto clip = [inset](double value, int size) {
    return std::clamp(value, std::min(inset, size / 2.0), std::max(size - inset, size / 2.0));
  };
  const double left = clip(detection.left, picture.cols);
  const double top = clip(detection.top, picture.rows);
  const double right = clip(double{detection.left} + detection.width, picture.cols);
  const double bottom = clip(double{detection.top} + detection.height, picture.rows);
  return {left, top, std::max(0.0, right - left), std::max(0.0, bottom - top)};
}

double overlap_area(const Rectangle& a, const Rectangle& b) {
  const double width = std::min(a.right(), b.right()) - std::max(a.left, b.left);
  const double height = std::min(a.bottom(), b.bottom()) - std::max(a.top, b.top);
  return std::max(0.0, width) * std::max(0.0, height);
}

/// Moves a tag into the picture; a tag larger than the picture keeps its beginning visible.
Rectangle moved_inside(Rectangle tag, const Picture& picture) {
  tag.left = std::max(0.0, std::min(tag.left, picture.cols - tag.width));
  tag.top = std::max(0.0, std::min(tag.top, picture.rows - tag.height));
  return tag;
}

/// Puts a mark's tag at the first good place around its box: above, inside, below, to the left and
/// to the right.  Places that cover earlier tags or that the picture's border shifts cost more.
void place_tag(Mark& mark, std::span<const Mark> earlier, const Picture& picture,
               const Style& style) {
  const double edge = style.line / 2;
  const Rectangle outer{mark.box.left - edge, mark.box.top - edge, mark.box.width + style.line,
                        mark.box.height + style.line};
  const double width = mark.tag.width;
  const double height = mark.tag.height;
  double best_cost = std::numeric_limits<double>::infinity();
  for (const double top :
       {outer.top - height, outer.top, outer.bottom(), outer.bottom() - height}) {
    for (const double left : {outer.left, outer.right() - width}) {
      const Rectangle tag = moved_inside({left, top, width, height}, picture);
      double cost = std::abs(tag.left - left) * height + std::abs(tag.top - top) * width;
      for (const Mark& other : earlier) cost += overlap_area(tag, other.tag);
      if (cost < best_cost) {
        best_cost = cost;
        mark.tag = tag;
      }
    }
  }
}

/// A tag as large as its text, in no place yet.
Rectangle tag_for(cairo_t* context, const std::string& text, const Style& style) {
  cairo_font_extents_t font;
  cairo_font_extents(context, &font);
  cairo_text_extents_t extents;
  cairo_text_extents(context, text.c_str(), &extents);
  return {0, 0, extents.x_advance + 2 * style.padding,
          font.ascent + font.descent + style.padding / 2};
}

/// What can be drawn, the best first.
std::vector<Detection> best_first(std::span<const Detection> detections) {
  std::vector<Detection> list(detections.begin(), detections.end());
  std::erase_if(list, [](const Detection& detection) { return !is_finite(detection); });
  std::stable_sort(list.begin(), list.end(),
                   [](const Detection& a, const Detection& b) { return a.score > b.score; });
  return list;
}

/// The picture with masks laid over it, the best ones last.
Picture with_masks(const Picture& picture, std::span<const Detection> best_first) {
  Picture result = picture;
  for (auto detection = best_first.rbegin(); detection != best_first.rend(); ++detection) {
    if (detection->mask.empty()) continue;
    const Rgb colour = to_bytes(class_colour(detection->class_index));
    for_each_pixel(detection->mask, [&](int row, int col) {
      const std::size_t at =
          (static_cast<std::size_t>(row) * static_cast<std::size_t>(picture.cols) +
           static_cast<std::size_t>(col)) *
          3;
      lay_over(std::span<std::uint8_t, 3>(&result.rgb[at], 3), colour);
    });
  }
  return result;
}

/// Marks of detections, of which the first choose their places first.
std::vector<Mark> make_marks(cairo_t* context, const Picture& picture,
                             std::span<const Detection> detections,
                             const std::vector<std::string>& labels, const Style& style) {
  std::vector<Mark> marks;
  for (const Detection& detection : detections) {
    Mark mark{class_name(labels, detection.class_index) + " " + fixed(detection.score, 2),
              class_colour(detection.class_index),
              visible_box(detection, picture, style),
              {}};
    mark.tag = tag_for(context, mark.text, style);
    place_tag(mark, marks, picture, style);
    marks.push_back(std::move(mark));
  }
  return marks;
}

void draw_box(cairo_t* context, const Mark& mark, const Style& style) {
  trace_rounded(context, mark.box, style.line * 1.5);
  cairo_set_line_width(context, style.line + 2 * style.rim);
  set_colour(context, {}, 0.45);
  cairo_stroke_preserve(context);
  cairo_set_line_width(context, style.line);
  set_colour(context, mark.colour);
  cairo_stroke(context);
}

void draw_tag(cairo_t* context, const Mark& mark, const Style& style) {
  trace_rounded(context, mark.tag, style.line);
  set_colour(context, mark.colour);
  cairo_fill(context);
  cairo_font_extents_t font;
  cairo_font_extents(context, &font);
  cairo_move_to(context, mark.tag.left + style.padding,
                mark.tag.top + style.padding / 4 + font.ascent);
  set_colour(context, text_colour(mark.colour));
  cairo_show_text(context, mark.text.c_str());
}

/// The points that the network is sure of, one colour for each.
void draw_keypoints(cairo_t* context, std::span<const Keypoint> points, const Style& style) {
  constexpr float kSure = 0.5F;
  int index = 0;
  for (const Keypoint& point : points) {
    const Colour colour = class_colour(++index);
    const bool is_place = std::isfinite(point.x) && std::isfinite(point.y);
    if (!is_place || point.score < kSure) continue;
    cairo_new_sub_path(context);
    cairo_arc(context, point.x, point.y, style.line, 0, 2 * std::numbers::pi);
    set_colour(context, colour);
    cairo_fill_preserve(context);
    cairo_set_line_width(context, 2 * style.rim);
    set_colour(context, {}, 0.45);
    cairo_stroke(context);
  }
}

}  // namespace

Picture annotate(const Picture& picture, std::span<const Detection> detections,
                 const std::vector<std::string>& labels) {
  const Style style = style_for(picture);
  const std::vector<Detection> list = best_first(detections);
  Picture annotated = with_masks(picture, list);
  const Canvas canvas(annotated);
  cairo_t* context = canvas.get();
  cairo_set_font_size(context, style.font);
  const std::vector<Mark> marks = make_marks(context, picture, list, labels, style);
  // The best marks are drawn last, on top.
  for (auto mark = marks.rbegin(); mark != marks.rend(); ++mark) draw_box(context, *mark, style);
  for (const Detection& detection : list) draw_keypoints(context, detection.keypoints, style);
  for (auto mark = marks.rbegin(); mark != marks.rend(); ++mark) draw_tag(context, *mark, style);
  canvas.copy_to(annotated);
  return annotated;
}

Picture with_legend(const Picture& picture, std::span<const LegendEntry> legend) {
  const Style style = style_for(picture);
  const Canvas canvas(picture);
  cairo_t* context = canvas.get();
  cairo_set_font_size(context, style.font);
  double top = style.padding;
  for (const LegendEntry& entry : legend) {
    Mark mark{entry.text, entry.colour, {}, tag_for(context, entry.text, style)};
    mark.tag.left = style.padding;
    mark.tag.top = top;
    top = mark.tag.bottom() + style.padding / 2;
    if (top > picture.rows) break;
    draw_tag(context, mark, style);
  }
  Picture result = picture;
  canvas.copy_to(result);
  return result;
}

Picture with_points(const Picture& picture, std::span<const Keypoint> points) {
  const Canvas canvas(picture);
  draw_keypoints(canvas.get(), points, style_for(picture));
  Picture result = picture;
  canvas.copy_to(result);
  return result;
}

}  // namespace vpinfer
