#include "report/front_svg.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/units.hpp"
#include "program/memory.hpp"
#include "report/label_places.hpp"
#include "report/measures.hpp"
#include "report/scale.hpp"
#include "report/svg.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

constexpr double kWidth = 960;
constexpr double kHeight = 480;
constexpr double kMargin = 16;
constexpr double kSmall = 12;  // letters
constexpr std::string_view kPlanColour = "#1f6fb2";
constexpr std::string_view kBestColour = "#c8500a";
constexpr std::string_view kStrategyColour = "#555555";
constexpr std::string_view kEdgeColour = "#a9cbe8";
constexpr std::string_view kGridColour = "#e4e4e4";
constexpr std::string_view kFrameColour = "#888888";

enum class Mark { kPlan, kBest, kStrategy };

/// Diamonds can be seen around a plan in the same place.
double radius_of(Mark mark) {
  switch (mark) {
    case Mark::kPlan: return 4.5;
    case Mark::kBest: return 6;
    case Mark::kStrategy: return 9;
  }
  throw Bug("an unknown mark");
}

/// A plan in one diagram.
struct Dot {
  double mebibytes = 0;  ///< of the fullest rank
  double value = 0;
  std::string label;
  std::string description;
  Mark mark = Mark::kPlan;
};

/// One of the diagrams: what it shows of a plan over its memory.
struct Diagram {
  Rectangle area;
  std::string title;
  double (*value)(const Prediction& prediction);
  bool more_is_better = false;
};

double milliseconds(const Prediction& prediction) {
  return 1e3 * prediction.latency_seconds;
}
double frames_per_second(const Prediction& prediction) {
  return 1 / prediction.period_seconds;
}

double memory_of(const Prediction& prediction) {
  return static_cast<double>(fullest(prediction.memory).bytes) / kMebibyte;
}

void draw_mark(Svg& svg, Point at, Mark mark) {
  const double r = radius_of(mark);
  if (mark == Mark::kStrategy) {
    svg.add_path(
        {{at.x - r, at.y}, {at.x, at.y - r}, {at.x + r, at.y}, {at.x, at.y + r}, {at.x - r, at.y}},
        {{"stroke", kStrategyColour}, {"stroke-width", 1.5}});
    return;
  }
  svg.add("circle", {{"cx", at.x},
                     {"cy", at.y},
                     {"r", r},
                     {"fill", mark == Mark::kBest ? kBestColour : kPlanColour},
                     {"stroke", "#ffffff"}});
}

/// Draws one diagram.
class DiagramDrawing {
 public:
  DiagramDrawing(Svg& svg, const Diagram& diagram, const std::vector<Dot>& dots)
      : svg_(svg),
        diagram_(diagram),
        dots_(dots),
        x_(values_of(&Dot::mebibytes)),
        y_(values_of(&Dot::value)),
        places_(diagram.area) {}

  void draw() {
    draw_axes();
    draw_edge();
    for (const Dot& dot : dots_) {
      svg_.open("g");
      svg_.add("title", {}, dot.description);
      draw_mark(svg_, place(dot), dot.mark);
      svg_.close();
    }
    draw_labels();
  }

 private:
  [[nodiscard]] std::vector<double> values_of(double Dot::*value) const {
    std::vector<double> values;
    for (const Dot& dot : dots_) values.push_back(dot.*value);
    return values;
  }

  [[nodiscard]] double left_of(double mebibytes) const {
    return diagram_.area.x + x_.place(mebibytes) * diagram_.area.width;
  }
  [[nodiscard]] double top_of(double value) const {
    return diagram_.area.bottom() - y_.place(value) * diagram_.area.height;
  }
  [[nodiscard]] Point place(const Dot& dot) const {
    return {left_of(dot.mebibytes), top_of(dot.value)};
  }

  void draw_axes() {
    const Rectangle& area = diagram_.area;
    const Svg::Attributes grid{{"stroke", kGridColour}};
    for (const Scale::Tick& tick : x_.ticks()) {
      const double x = left_of(tick.value);
      svg_.add_line({x, area.y}, {x, area.bottom()}, grid);
      svg_.add_text({x, area.bottom() + 16}, kSmall, Svg::Anchor::kMiddle, tick.label);
    }
    for (const Scale::Tick& tick : y_.ticks()) {
      const double y = top_of(tick.value);
      svg_.add_line({area.x, y}, {area.right(), y}, grid);
      svg_.add_text({area.x - 6, y + 4}, kSmall, Svg::Anchor::kEnd, tick.label);
    }
    svg_.add("rect", {{"x", area.x},
                      {"y", area.y},
                      {"width", area.width},
                      {"height", area.height},
                      {"fill", "none"},
                      {"stroke", kFrameColour}});
    svg_.add_text({area.x, area.y - 8}, kSmall, Svg::Anchor::kStart, diagram_.title,
                  {{"font-weight", "bold"}});
    svg_.add_text({area.x + area.width / 2, area.bottom() + 36}, kSmall, Svg::Anchor::kMiddle,
                  "memory of the fullest rank, MiB");
  }

  /// The best value of a plan of the front that takes no more memory, as stairs.
  void draw_edge() {
    std::vector<Dot> plans;
    std::copy_if(dots_.begin(), dots_.end(), std::back_inserter(plans),
                 [](const Dot& dot) { return dot.mark != Mark::kStrategy; });
    std::stable_sort(plans.begin(), plans.end(),
                     [](const Dot& a, const Dot& b) { return a.mebibytes < b.mebibytes; });
    std::vector<Point> stairs;
    double best = plans.front().value;
    for (const Dot& plan : plans) {
      const bool is_better = diagram_.more_is_better ? plan.value > best : plan.value < best;
      if (!stairs.empty() && !is_better) continue;
      stairs.push_back({left_of(plan.mebibytes), top_of(best)});
      best = plan.value;
      stairs.push_back(place(plan));
    }
    stairs.push_back({diagram_.area.right(), top_of(best)});
    svg_.add_path(stairs, {{"stroke", kEdgeColour}, {"stroke-width", 2}});
  }

  void draw_labels() {
    for (const Dot& dot : dots_) {
      const Point at = place(dot);
      const double half = 0.8 * radius_of(dot.mark);  // its corners are empty
      places_.occupy({at.x - half, at.y - half, 2 * half, 2 * half});
    }
    for (const Dot& dot : labelled_dots()) draw_label(dot);
  }

  /// First what matters most; plans whose marks nearly touch have one label together, because
  /// no place is nearer to one of them.
  [[nodiscard]] std::vector<Dot> labelled_dots() const {
    std::vector<Dot> labelled;
    std::vector<bool> has_label(dots_.size(), false);
    for (const Mark mark : {Mark::kBest, Mark::kStrategy, Mark::kPlan}) {
      for (std::size_t i = 0; i < dots_.size(); ++i) {
        if (has_label[i] || dots_[i].mark != mark) continue;
        Dot dot = dots_[i];
        dot.label.clear();
        for (std::size_t other = 0; other < dots_.size(); ++other) {
          if (has_label[other] || (other != i && !are_close(dots_[other], dot))) continue;
          dot.label += (dot.label.empty() ? "" : ", ") + dots_[other].label;
          has_label[other] = true;
        }
        labelled.push_back(std::move(dot));
      }
    }
    return labelled;
  }

  [[nodiscard]] bool are_close(const Dot& one, const Dot& other) const {
    if (one.mark == Mark::kStrategy || other.mark == Mark::kStrategy) return false;
    const Point a = place(one);
    const Point b = place(other);
    return std::hypot(a.x - b.x, a.y - b.y) < 3 * radius_of(Mark::kPlan);
  }

  void draw_label(const Dot& dot) {
    const Point at = place(dot);
    const double radius = radius_of(dot.mark);
    const auto found = places_.find(at, radius, text_width(dot.label, kSmall), kSmall);
    if (!found) return;
    const Point centre{found->x + found->width / 2, found->y + found->height / 2};
    const Rectangle touching{at.x - radius - 2, at.y - radius - 2, 2 * radius + 4, 2 * radius + 4};
    if (!touching.overlaps(*found)) {
      svg_.add_line(at, centre, {{"stroke", kFrameColour}, {"stroke-width", 0.5}});
    }
    svg_.add_text({centre.x, found->bottom() - 2}, kSmall, Svg::Anchor::kMiddle, dot.label,
                  {{"stroke", "#ffffff"}, {"stroke-width", 3}, {"paint-order", "stroke"}});
  }

  Svg& svg_;
  const Diagram& diagram_;
  const std::vector<Dot>& dots_;
  Scale x_;
  Scale y_;
  LabelPlaces places_;
};

bool is_best(std::size_t index, const std::vector<PredictedPlan>& front) {
  return std::any_of(kObjectives.begin(), kObjectives.end(),
                     [&](Objective objective) { return best_for(objective, front) == index; });
}

std::vector<Dot> dots_of(const Diagram& diagram, const std::vector<PredictedPlan>& front,
                         const std::vector<ComparedStrategy>& strategies) {
  std::vector<Dot> dots;
  const auto add = [&](const std::string& label, const std::string& name,
                       const Prediction& prediction, Mark mark) {
    dots.push_back({memory_of(prediction), diagram.value(prediction), label,
                    describe_measures(name, prediction), mark});
  };
  for (const ComparedStrategy& compared : strategies) {
    const std::string name(to_string(compared.strategy));
    if (compared.plan) add(name, name, compared.plan->prediction, Mark::kStrategy);
  }
  for (std::size_t i = 0; i < front.size(); ++i) {
    const std::string number = std::to_string(i + 1);
    add(number, "plan " + number, front[i].prediction,
        is_best(i, front) ? Mark::kBest : Mark::kPlan);
  }
  return dots;
}

/// In smaller letters if it is too long for the picture.
void draw_title(Svg& svg, double y, double size, const std::string& text,
                const Svg::Attributes& attributes) {
  constexpr double kMost = kWidth - 2 * kMargin;
  const double fitting = size * std::min(1.0, kMost / text_width(text, size));
  svg.add_text({kMargin, y}, fitting, Svg::Anchor::kStart, text, attributes);
}

void draw_legend(Svg& svg, double y) {
  constexpr double kGap = 20;
  double x = kMargin + 6;
  const auto add_text = [&](const std::string& text) {
    svg.add_text({x + 14, y + 4}, kSmall, Svg::Anchor::kStart, text);
    x += 14 + text_width(text, kSmall) + kGap;
  };
  const auto add = [&](Mark mark, const std::string& text) {
    draw_mark(svg, {x, y}, mark);
    add_text(text);
  };
  add(Mark::kPlan, "plan of the front");
  add(Mark::kBest, "best in one measure");
  add(Mark::kStrategy, "strategy, for comparison");
  svg.add_line({x - 8, y}, {x + 8, y}, {{"stroke", kEdgeColour}, {"stroke-width", 2}});
  add_text("best within so much memory");
}

}  // namespace

std::string front_svg(const std::string& title, const std::string& subtitle,
                      const std::vector<PredictedPlan>& front,
                      const std::vector<ComparedStrategy>& strategies) {
  constexpr double kTop = 112;
  constexpr double kDiagramWidth = 390;
  constexpr double kDiagramHeight = 312;
  const std::vector<Diagram> diagrams{
      {{66, kTop, kDiagramWidth, kDiagramHeight},
       "milliseconds a frame (less is better)",
       milliseconds},
      {{kWidth - kMargin - kDiagramWidth, kTop, kDiagramWidth, kDiagramHeight},
       "frames per second in a stream (more is better)",
       frames_per_second,
       true}};
  Svg svg(kWidth, kHeight, title);
  draw_title(svg, 28, 17, title, {{"font-weight", "bold"}});
  draw_title(svg, 47, kSmall, subtitle, {});
  draw_legend(svg, 70);
  for (const Diagram& diagram : diagrams) {
    const std::vector<Dot> dots = dots_of(diagram, front, strategies);
    DiagramDrawing(svg, diagram, dots).draw();
  }
  return svg.document();
}

}  // namespace vpinfer
