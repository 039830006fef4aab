#include "io/motion_jpeg.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{1} << 16U;
constexpr std::size_t kNameDigits = 6;

// The second byte of markers; the first is kMarker.
constexpr std::uint8_t kMarker = 0xFF;
constexpr std::uint8_t kStuffed = 0x00;  // no marker: the data byte FF
constexpr std::uint8_t kTemporary = 0x01;
constexpr std::uint8_t kLastReserved = 0xBF;
constexpr std::uint8_t kFirstRestart = 0xD0;
constexpr std::uint8_t kLastRestart = 0xD7;
constexpr std::uint8_t kStartOfImage = 0xD8;
constexpr std::uint8_t kEndOfImage = 0xD9;
constexpr std::uint8_t kStartOfScan = 0xDA;
constexpr std::uint8_t kFirstApplication = 0xE0;
constexpr std::uint8_t kLastApplication = 0xEF;

/// SOI, and the marker that always follows it: two bytes alone are too common in other data.
constexpr std::array<std::byte, 3> kStart{std::byte{kMarker}, std::byte{kStartOfImage},
                                          std::byte{kMarker}};

bool stands_alone(std::uint8_t code) {
  return code == kTemporary || (code >= kFirstRestart && code <= kLastRestart);
}

/// Application segments may hold a picture of their own.
bool may_hold_picture(std::uint8_t code) {
  return code >= kFirstApplication && code <= kLastApplication;
}

constexpr const char* kCutByEnd = "truncated by the end of the stream";

}  // namespace

MotionJpeg::MotionJpeg(ByteSource source, std::string name, std::string stem)
    : source_(std::move(source)),
      name_(std::move(name)),
      stem_(std::move(stem)),
      block_(kBlockBytes) {}

std::optional<CodedPicture> MotionJpeg::next() {
  if (ended_ || !find_start()) return std::nullopt;
  ++begun_;
  const Extent extent = measure();
  if (!extent.problem.empty()) {
    drop(extent.bytes);
    throw BadInput(picture_name(begun_) + ": damaged JPEG: " + extent.problem);
  }
  const auto end = buffer_.begin() + static_cast<std::ptrdiff_t>(extent.bytes);
  CodedPicture picture{begun_, offset_, {buffer_.begin(), end}};
  drop(extent.bytes);
  return picture;
}

std::string MotionJpeg::picture_name(std::size_t number) const {
  const std::string digits = std::to_string(number);
  const std::string zeros(kNameDigits - std::min(kNameDigits, digits.size()), '0');
  return stem_ + "-" + zeros + digits + ".jpg";
}

/// Reads until the buffer has a byte at this position; false if the stream ends before.
bool MotionJpeg::reach(std::size_t position) {
  while (!ended_ && position >= buffer_.size()) {
    std::size_t count = 0;
    try {
      count = source_(block_);
    } catch (const BadInput&) {
      ended_ = true;  // or the next call would fail the same way, and so on
      buffer_.clear();
      throw;
    }
    ended_ = count == 0;
    buffer_.insert(buffer_.end(), block_.begin(),
                   block_.begin() + static_cast<std::ptrdiff_t>(count));
  }
  return position < buffer_.size();
}

void MotionJpeg::drop(std::size_t bytes) {
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(bytes));
  offset_ += bytes;
}

std::uint8_t MotionJpeg::at(std::size_t position) const {
  return std::to_integer<std::uint8_t>(buffer_[position]);
}

/// Drops what comes before a picture; false if there is none.
bool MotionJpeg::find_start() {
  const std::uint64_t searched_from = offset_;
  while (reach(kStart.size() - 1)) {
    const auto start = std::search(buffer_.begin(), buffer_.end(), kStart.begin(), kStart.end());
    const bool found = start != buffer_.end();
    drop(found ? static_cast<std::size_t>(start - buffer_.begin())
               : buffer_.size() - (kStart.size() - 1));
    if (found) return true;
    if (offset_ - searched_from > kMostBytes) {
      ended_ = true;
      throw BadInput(name_ + ": no JPEG in " + std::to_string(kMostBytes >> 20U) +
                     " MiB; expected are JPEGs one after another, as 'ffmpeg -f mjpeg' makes them");
    }
  }
  if (begun_ > 0) return false;
  const bool empty = offset_ + buffer_.size() == 0;
  throw BadInput(name_ + (empty ? ": empty" : ": no JPEG in it") +
                 "; expected are JPEGs one after another, as 'ffmpeg -f mjpeg' makes them");
}

/// Walks through the picture at the front of the buffer.  One that ends without a marker behind the
/// beginning of its pixels, as some webcams' do, is left to the decoder.
MotionJpeg::Extent MotionJpeg::measure() {
  std::size_t position = 2;       // behind SOI
  std::size_t resume = position;  // where the next picture may begin if a segment was cut short
  bool in_coded_data = false;
  bool has_pixels = false;
  const auto cut_short = [&](std::size_t bytes, const char* complaint) {
    return Extent{bytes, has_pixels ? "" : complaint};
  };
  while (position < kMostBytes) {
    if (!reach(position + 1)) return cut_short(buffer_.size(), kCutByEnd);
    has_pixels = has_pixels || in_coded_data;
    if (at(position) != kMarker) {
      if (!in_coded_data) return {resume, "there is no marker where a segment should begin"};
      const auto from = buffer_.begin() + static_cast<std::ptrdiff_t>(position);
      const auto marker = std::find(from, buffer_.end(), std::byte{kMarker});
      position = static_cast<std::size_t>(marker - buffer_.begin());
      continue;
    }
    const std::uint8_t code = at(position + 1);
    if (code == kMarker) {  // any number of FF may precede a marker
      ++position;
    } else if ((code == kStuffed && in_coded_data) || stands_alone(code)) {
      position += 2;
    } else if (code == kEndOfImage) {
      return {position + 2, {}};
    } else if (code == kStartOfImage) {
      return cut_short(position, "another one begins in the middle of it");
    } else if (code <= kLastReserved) {
      return {position + 2, "it has an unknown marker"};
    } else {
      if (!reach(position + 3)) return cut_short(buffer_.size(), kCutByEnd);
      const std::size_t length = at(position + 2) * 256U + at(position + 3);
      if (length < 2) return {position + 2, "it has a segment of an impossible length"};
      resume = may_hold_picture(code) ? position + 2 + length : position + 4;
      position += 2 + length;
      in_coded_data = code == kStartOfScan;
    }
  }
  if (!reach(position)) return cut_short(buffer_.size(), kCutByEnd);
  return {position, "it is longer than " + std::to_string(kMostBytes >> 20U) + " MiB"};
}

}  // namespace vpinfer
