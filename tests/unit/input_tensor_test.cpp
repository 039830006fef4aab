#include "vision/input_tensor.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

std::vector<float> input_tensor(const Picture& picture, const Shape& input,
                                const InputNormalisation& normalisation) {
  std::vector<float> tensor(input.elements());
  write_input_tensor(picture, input, normalisation, tensor);
  return tensor;
}

/// What Darknet's tensor holds at one position, channels R, G, B.
struct Golden {
  int row;
  int col;
  float rgb[3];
};

/// A picture that is easy to rebuild elsewhere: (7 row + 13 col + 29 channel) mod 256.
Picture pattern(int rows, int cols) {
  Picture picture{rows, cols, {}};
  for (int row = 0; row < rows; ++row) {
    for (int col = 0; col < cols; ++col) {
      for (int channel = 0; channel < 3; ++channel) {
        picture.rgb.push_back(static_cast<std::uint8_t>((7 * row + 13 * col + 29 * channel) % 256));
      }
    }
  }
  return picture;
}

InputNormalisation darknet(Resize resize) {
  InputNormalisation normalisation;
  normalisation.resize = resize;
  return normalisation;
}

void expect_golden(const std::vector<float>& tensor, const Shape& shape,
                   const std::vector<Golden>& goldens) {
  ASSERT_EQ(tensor.size(), shape.elements());
  for (const Golden& golden : goldens) {
    const auto offset = static_cast<std::size_t>((golden.row * shape.cols + golden.col) * 3);
    for (std::size_t channel = 0; channel < 3; ++channel) {
      EXPECT_NEAR(tensor[offset + channel], golden.rgb[channel], 1e-6)
          << "row " << golden.row << " col " << golden.col << " channel " << channel;
    }
  }
}

// The goldens are letterbox_image and resize_image of Debian's libdarknet.so (20180914), called
// from C with pattern(rows, cols) / 255 as the image.
TEST(InputTensor, LetterboxAgreesWithDarknet) {
  const Shape square{32, 32, 3};
  expect_golden(input_tensor(pattern(37, 53), square, darknet(Resize::kLetterbox)), square,
                {{4, 16, {0.5F, 0.5F, 0.5F}},
                 {5, 0, {0.0F, 0.11372549F, 0.22745098F}},
                 {5, 31, {0.64313728F, 0.75686276F, 0.87058824F}},
                 {9, 7, {0.78684372F, 0.90056926F, 0.2694504F}},
                 {15, 13, {0.57836819F, 0.69209361F, 0.80581915F}},
                 {20, 25, {0.83592659F, 0.94965208F, 0.077961899F}},
                 {26, 0, {0.98823529F, 0.098039217F, 0.21176471F}},
                 {26, 31, {0.627451F, 0.74117649F, 0.85490197F}},
                 {27, 16, {0.5F, 0.5F, 0.5F}}});
  const Shape wide{24, 48, 3};
  expect_golden(input_tensor(pattern(53, 37), wide, darknet(Resize::kLetterbox)), wide,
                {{0, 15, {0.5F, 0.5F, 0.5F}},
                 {0, 16, {0.0F, 0.11372549F, 0.22745098F}},
                 {12, 20, {0.23024723F, 0.34397271F, 0.45769823F}},
                 {23, 31, {0.25098041F, 0.36470589F, 0.47843137F}},
                 {23, 32, {0.5F, 0.5F, 0.5F}}});
}

TEST(InputTensor, StretchAgreesWithDarknet) {
  const Shape square{32, 32, 3};
  expect_golden(input_tensor(pattern(37, 53), square, darknet(Resize::kStretch)), square,
                {{0, 0, {0.0F, 0.11372549F, 0.22745098F}},
                 {0, 31, {0.64313728F, 0.75686276F, 0.87058824F}},
                 {9, 7, {0.88551545F, 0.66285992F, 0.10904486F}},
                 {20, 25, {0.76761532F, 0.88134074F, 0.78300112F}},
                 {31, 0, {0.98823529F, 0.098039217F, 0.21176471F}},
                 {31, 31, {0.627451F, 0.74117649F, 0.85490197F}}});
}

TEST(InputTensor, KeepsDarknetsDarkLastRow) {
  // 415 * (15 / 415) rounds to just below 15, and Darknet takes that share of row 15 as nothing.
  const Shape large{416, 416, 3};
  expect_golden(input_tensor(pattern(16, 16), large, darknet(Resize::kStretch)), large,
                {{0, 0, {0.0F, 0.11372549F, 0.22745098F}},
                 {414, 100, {0.59503895F, 0.70876449F, 0.82248992F}},
                 {415, 100, {0.0F, 0.0F, 0.0F}}});
}

TEST(InputTensor, PlacesPicturesAsDarknetDoes) {
  const Shape input{416, 416, 3};
  // 576 * 416 / 768 = 312 rows, (416 - 312) / 2 = 52 above.
  EXPECT_EQ(place_picture(Resize::kLetterbox, 576, 768, input), (Placement{{52, 364}, {0, 416}}));
  // 424 * 416 / 640 = 275.6 rows.
  EXPECT_EQ(place_picture(Resize::kLetterbox, 424, 640, input), (Placement{{70, 345}, {0, 416}}));
  EXPECT_EQ(place_picture(Resize::kLetterbox, 640, 424, input), (Placement{{0, 416}, {70, 345}}));
  EXPECT_EQ(place_picture(Resize::kStretch, 424, 640, input), (Placement{{0, 416}, {0, 416}}));
  // Darknet would leave nothing of a picture as thin as that.
  EXPECT_EQ(place_picture(Resize::kLetterbox, 1, 5000, input), (Placement{{207, 208}, {0, 416}}));
}

TEST(InputTensor, NormalisesInTheNetworksOrder) {
  const Picture orange{1, 1, {200, 100, 50}};
  InputNormalisation normalisation{
      {10, 20, 30}, {0.5F, 0.25F, 2}, ChannelOrder::kBgr, Resize::kStretch};
  EXPECT_EQ(input_tensor(orange, {1, 1, 3}, normalisation), (std::vector<float>{20, 20, 340}));
  normalisation.order = ChannelOrder::kRgb;
  EXPECT_EQ(input_tensor(orange, {1, 1, 3}, normalisation), (std::vector<float>{95, 20, 40}));
}

TEST(InputTensor, NormalisesTheFillToo) {
  const Picture picture{1, 2, {0, 0, 0, 0, 0, 0}};
  const InputNormalisation normalisation{
      {27.5F, 0, 127.5F}, {0.01F, 2, 1}, ChannelOrder::kRgb, Resize::kLetterbox};
  const std::vector<float> tensor = input_tensor(picture, {2, 2, 3}, normalisation);
  // One row of picture above one row of grey: (2 - 1) / 2 = 0 rows of grey above.
  EXPECT_FLOAT_EQ(tensor[0], -0.275F);
  EXPECT_FLOAT_EQ(tensor[6], 1.0F);
  EXPECT_FLOAT_EQ(tensor[7], 255.0F);
  EXPECT_FLOAT_EQ(tensor[8], 0.0F);
}

TEST(InputTensor, GreyIsLuma) {
  const InputNormalisation normalisation{
      {10, 0, 0}, {2, 9, 9}, ChannelOrder::kBgr, Resize::kStretch};
  const std::vector<float> tensor = input_tensor({1, 1, {200, 100, 50}}, {1, 1, 1}, normalisation);
  ASSERT_EQ(tensor.size(), 1U);
  EXPECT_NEAR(tensor[0], 2 * (59.8 + 58.7 + 5.7 - 10), 1e-3);
}

TEST(InputTensor, SurvivesExtremeShapes) {
  for (const Picture& picture : {pattern(1, 1), pattern(1, 300), pattern(300, 1), pattern(2, 2)}) {
    for (const Shape& shape : {Shape{1, 1, 3}, Shape{1, 7, 3}, Shape{9, 1, 3}, Shape{16, 16, 1}}) {
      for (const Resize resize : {Resize::kLetterbox, Resize::kStretch}) {
        const std::vector<float> tensor = input_tensor(picture, shape, darknet(resize));
        EXPECT_TRUE(std::all_of(tensor.begin(), tensor.end(),
                                [](float value) { return value >= 0 && value <= 1; }));
      }
    }
  }
}

TEST(InputTensor, RejectsOtherChannelCounts) {
  EXPECT_THROW(static_cast<void>(input_tensor(pattern(4, 4), {8, 8, 2}, {})), BadInput);
  try {
    static_cast<void>(input_tensor(pattern(4, 4), {8, 8, 4}, {}));
    FAIL() << "a picture has no fourth channel";
  } catch (const BadInput& error) {
    EXPECT_NE(std::string(error.what()).find("HDF5"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace vpinfer
