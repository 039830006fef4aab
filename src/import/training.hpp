#pragma once

#include <array>
#include <string_view>

#include "net/network.hpp"

namespace vpinfer {

// How networks of well-known kinds were trained to see pictures.

inline constexpr std::array<float, 3> kPlainMean{0, 0, 0};
inline constexpr std::array<float, 3> kPerByte{1.0F / 255, 1.0F / 255, 1.0F / 255};
/// ImageNet's colours as the networks below were trained on.
inline constexpr std::array<float, 3> kBlueFirstMean{103.53F, 116.28F, 123.675F};
inline constexpr std::array<float, 3> kBlueFirstScale{1 / 57.375F, 1 / 57.12F, 1 / 58.395F};
inline constexpr std::array<float, 3> kRedFirstMean{123.675F, 116.28F, 103.53F};
inline constexpr std::array<float, 3> kRedFirstScale{1 / 58.395F, 1 / 57.12F, 1 / 57.375F};

/// SSD's variances (Liu et al., 2016), which several kinds keep.
inline constexpr float kSsdCentreGain = 0.1F;
inline constexpr float kSsdSizeGain = 0.2F;

/// What is usual for a kind of network.
struct Training {
  std::string_view kind;
  InputNormalisation input;
  float threshold = 0.5F;
  bool is_certain = true;            ///< of the input
  std::string_view only_class = {};  ///< of those that find one thing
};

inline const Training kYolox{
    "YOLOX",
    {kPlainMean, {1, 1, 1}, ChannelOrder::kBgr, Resize::kTopLeft, PixelGrid::kCentres, 114},
    0.3F};
inline const Training kYolov5{
    "YOLOv5 or YOLOv7",
    {kPlainMean, kPerByte, ChannelOrder::kRgb, Resize::kLetterbox, PixelGrid::kCentres, 114},
    0.25F};
inline const Training kYolov6{"YOLOv6", kYolov5.input, 0.25F};
inline const Training kYolov8{"YOLOv8 or later", kYolov5.input, 0.25F};
inline const Training kUnknown{"a detector that decodes its boxes itself", kYolov5.input, 0.25F,
                               false};
inline const Training kNanoDet{"NanoDet",
                               {kBlueFirstMean, kBlueFirstScale, ChannelOrder::kBgr,
                                Resize::kLetterbox, PixelGrid::kCentres, 0},
                               0.35F};
inline const Training kNanoDetPlus{
    "NanoDet-plus",
    {kBlueFirstMean, kBlueFirstScale, ChannelOrder::kBgr, Resize::kStretch, PixelGrid::kCentres},
    0.35F};
inline const Training kPicoDet{
    "PicoDet",
    {kRedFirstMean, kRedFirstScale, ChannelOrder::kRgb, Resize::kStretch, PixelGrid::kCentres},
    0.4F,
    false};
inline const Training kUltraFace{"UltraFace",
                                 {{127, 127, 127},
                                  {1.0F / 128, 1.0F / 128, 1.0F / 128},
                                  ChannelOrder::kRgb,
                                  Resize::kStretch,
                                  PixelGrid::kCentres},
                                 0.7F,
                                 true,
                                 "face"};
inline const Training kYolov10{"YOLOv10 or later", kYolov5.input, 0.25F};
inline const Training kScrfd{"SCRFD",
                             {{127.5F, 127.5F, 127.5F},
                              {1.0F / 128, 1.0F / 128, 1.0F / 128},
                              ChannelOrder::kRgb,
                              Resize::kTopLeft,
                              PixelGrid::kCentres,
                              0},
                             0.5F,
                             true,
                             "face"};
inline const Training kYuNet{
    "YuNet",
    {kPlainMean, {1, 1, 1}, ChannelOrder::kBgr, Resize::kTopLeft, PixelGrid::kCentres, 0},
    0.7F,
    true,
    "face"};
inline const Training kRetinaFace{
    "RetinaFace",
    {{104, 117, 123}, {1, 1, 1}, ChannelOrder::kBgr, Resize::kLetterbox, PixelGrid::kCentres, 114},
    0.6F,
    true,
    "face"};

inline const Training kBlazeFace{"BlazeFace",
                                 {{127.5F, 127.5F, 127.5F},
                                  {1 / 127.5F, 1 / 127.5F, 1 / 127.5F},
                                  ChannelOrder::kRgb,
                                  Resize::kLetterbox,
                                  PixelGrid::kCentres,
                                  0},
                                 0.5F,
                                 true,
                                 "face"};
inline const Training kSsd{"SSD", kUltraFace.input, 0.4F, false};
/// Which makes shares of bytes of what it sees itself.
inline const Training kTorchvisionSsd{
    "SSD",
    {kPlainMean, kPerByte, ChannelOrder::kRgb, Resize::kStretch, PixelGrid::kCentres},
    0.4F,
    false};
inline const Training kCenterNet{"CenterNet",
                                 {{104.04F, 113.985F, 119.85F},
                                  {1 / 73.695F, 1 / 69.87F, 1 / 70.89F},
                                  ChannelOrder::kBgr,
                                  Resize::kLetterbox,
                                  PixelGrid::kCentres,
                                  0},
                                 0.3F,
                                 false};
inline const Training kDetr{
    "DETR",
    {kRedFirstMean, kRedFirstScale, ChannelOrder::kRgb, Resize::kStretch, PixelGrid::kCentres},
    0.7F};
inline const Training kDeformableDetr{"Deformable DETR", kDetr.input, 0.4F, false};
inline const Training kRtDetr{
    "RT-DETR",
    {kPlainMean, kPerByte, ChannelOrder::kRgb, Resize::kStretch, PixelGrid::kCentres},
    0.5F};

}  // namespace vpinfer
