#include "report/svg.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/label_places.hpp"

namespace vpinfer {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(XmlText, EscapesWhatXmlReads) {
  EXPECT_EQ(xml_text("a<b> & \"c\" 'd'"), "a&lt;b&gt; &amp; &quot;c&quot; 'd'");
  EXPECT_EQ(xml_text("Größe × 2 €, \U0001F600"), "Größe × 2 €, \U0001F600");
}

TEST(XmlText, ReplacesWhatIsNoCharacter) {
  EXPECT_EQ(xml_text(std::string_view("a\0b\x01\n", 5)), "a\uFFFDb\uFFFD\n");
  EXPECT_EQ(xml_text("\xFF"
                     "a"),
            "\uFFFDa");
  EXPECT_EQ(xml_text("\xC3"), "\uFFFD") << "cut off";
  EXPECT_EQ(xml_text("\xE2\x82"
                     "a"),
            "\uFFFD\uFFFDa");
  EXPECT_EQ(xml_text("\xC0\xAF"), "\uFFFD\uFFFD") << "longer than it need be";
  EXPECT_EQ(xml_text("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD") << "half a surrogate pair";
  EXPECT_EQ(xml_text("\xEF\xBF\xBF"), "\uFFFD\uFFFD\uFFFD") << "U+FFFF";
}

TEST(Svg, IsADocumentOnWhiteGround) {
  Svg svg(200, 100.5, "a & b");
  svg.open("g", {{"fill", "<red>"}});
  svg.add_text({1, 2.345}, 12, Svg::Anchor::kEnd, "1 < 2");
  svg.close();
  svg.add_path({{0, 0}, {1.5, 2}}, {{"stroke", "#000000"}});
  const std::string text = svg.document();
  EXPECT_THAT(text, AllOf(StartsWith("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"200\" "
                                     "height=\"100.5\" viewBox=\"0 0 200 100.5\""),
                          EndsWith("</svg>\n")));
  EXPECT_THAT(text, HasSubstr("<title>a &amp; b</title>\n"
                              "<rect width=\"200\" height=\"100.5\" fill=\"#ffffff\"/>\n"));
  EXPECT_THAT(text, HasSubstr("<g fill=\"&lt;red&gt;\">\n<text x=\"1\" y=\"2.35\""));
  EXPECT_THAT(text, AllOf(HasSubstr("text-anchor=\"end\""), HasSubstr(">1 &lt; 2</text>\n</g>")));
  EXPECT_THAT(text, HasSubstr("d=\"M0,0 L1.5,2\""));
}

TEST(LabelPlaces, NeverCoverEachOtherOrAPoint) {
  const Rectangle area{0, 0, 200, 200};
  LabelPlaces places(area);
  const Rectangle point{95, 95, 10, 10};
  places.occupy(point);
  std::vector<Rectangle> found{point};
  while (const auto place = places.find({100, 100}, 5, 30, 12)) {
    EXPECT_TRUE(area.contains(*place));
    for (const Rectangle& other : found) EXPECT_FALSE(place->overlaps(other));
    found.push_back(*place);
    ASSERT_LT(found.size(), 100U);
  }
  EXPECT_GT(found.size(), 8U);
}

TEST(LabelPlaces, AreWithinTheAreaAtItsCorners) {
  const Rectangle area{0, 0, 100, 100};
  for (const Point corner : {Point{0, 0}, Point{100, 0}, Point{0, 100}, Point{100, 100}}) {
    LabelPlaces places(area);
    const auto place = places.find(corner, 4, 20, 10);
    ASSERT_TRUE(place);
    EXPECT_TRUE(area.contains(*place));
  }
  EXPECT_FALSE(LabelPlaces(area).find({50, 50}, 4, 101, 10)) << "too wide";
}

}  // namespace
}  // namespace vpinfer
