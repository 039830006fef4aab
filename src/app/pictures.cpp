#include "app/pictures.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/file_problem.hpp"
#include "io/tensor_file.hpp"
#include "vision/input_tensor.hpp"
#include "vision/test_picture.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

namespace fs = std::filesystem;

bool is_tensor_file(const fs::path& file) {
  return file.extension() == ".h5";
}

bool is_video_file(const fs::path& file) {
  const std::string extension = lower_case_extension(file);
  return extension == ".mjpeg" || extension == ".mjpg";
}

MotionJpeg standard_input_video() {
  if (::isatty(STDIN_FILENO) != 0) {
    throw BadUsage(
        "--input -: the standard input is a terminal; pipe a video into it: ffmpeg -i VIDEO -f "
        "mjpeg - | vpinfer ...");
  }
  return {standard_input_bytes(), "the standard input", "stdin"};
}

}  // namespace

FrameSource::FrameSource(const RunOptions& options, const Network& network) : network_(network) {
  const fs::path& input = options.input;
  if (options.reads_standard_input()) {
    video_ = Video{input, false, standard_input_video(), {}};
    return;
  }
  std::error_code unreadable;  // said when the file is opened
  if (!input.empty() && fs::is_directory(input, unreadable)) {
    files_ = list_pictures(input);
    return;
  }
  if (!input.empty() && !fs::exists(input, unreadable)) {
    throw BadInput(file_problem(FileUse::kRead, input, ENOENT));
  }
  if (is_video_file(input)) {
    video_ = Video{input,
                   fs::is_regular_file(input, unreadable),
                   {open_bytes(input), input.string(), input.stem().string()},
                   {}};
    return;
  }
  files_ = {input};
}

std::optional<Frame> FrameSource::next() {
  if (video_) return next_of_video();
  if (next_file_ == files_.size()) return std::nullopt;
  return load(next_file_++);
}

std::optional<Frame> FrameSource::next_of_video() {
  const std::optional<CodedPicture> coded = video_->pictures.next();
  if (!coded) return std::nullopt;
  if (video_->can_reread) {
    video_->places.resize(coded->number);
    video_->places.back() = {coded->offset, coded->bytes.size()};
  }
  const std::string name = video_->pictures.picture_name(coded->number);
  return Frame{name, decode_picture(coded->bytes, name), {}, coded->number - 1};
}

std::optional<std::size_t> FrameSource::size() const {
  if (!video_) return files_.size();
  if (!video_->pictures.ended()) return std::nullopt;
  return video_->pictures.begun();
}

bool FrameSource::gives_tensor() const {
  return files_.size() == 1 && is_tensor_file(files_.front());
}

Frame FrameSource::load(std::size_t index) const {
  if (video_) {
    const Place& place = video_->places.at(index);
    const std::string name = video_->pictures.picture_name(index + 1);
    const std::vector<std::byte> bytes = read_file_part(video_->path, place.offset, place.bytes);
    return {name, decode_picture(bytes, name), {}, index};
  }
  const Shape& shape = network_.input_shape();
  const fs::path& file = files_[index];
  if (file.empty()) return {"test picture", test_picture(shape.rows, shape.cols), {}, index};
  const std::string name = file.filename().string();
  if (is_tensor_file(file)) return {name, {}, read_input_tensor(file, shape), index};
  return {name, read_picture(file), {}, index};
}

InputWriter FrameSource::writer(const Frame& frame) const {
  return [&frame, this](std::span<float> input) {
    if (frame.picture.rgb.empty()) {
      std::copy(frame.tensor.begin(), frame.tensor.end(), input.begin());
    } else {
      write_input_tensor(frame.picture, network_.input_shape(), network_.normalisation, input);
    }
  };
}

}  // namespace vpinfer
