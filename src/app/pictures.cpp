#include "pictures.hpp"

#include <algorithm>

#include "vpinfer/base/error.hpp"
#include "vpinfer/io/tensor_file.hpp"
#include "vpinfer/vision/input_tensor.hpp"
#include "vpinfer/vision/test_picture.hpp"

namespace vpinfer {
namespace {

bool is_tensor_file(const std::filesystem::path& file) {
  return file.extension() == ".h5";
}

}  // namespace

FrameSource::FrameSource(const RunOptions& options, const Network& network) : network_(network) {
  std::error_code unreadable;  // said when the file is opened
  if (!options.input.empty() && std::filesystem::is_directory(options.input, unreadable)) {
    files_ = list_pictures(options.input);
    return;
  }
  if (!options.input.empty() && !std::filesystem::exists(options.input, unreadable)) {
    throw BadInput(options.input.string() + ": there is no such picture, folder or .h5 file");
  }
  files_ = {options.input};
}

Frame FrameSource::load(std::size_t index) const {
  const Shape& shape = network_.input_shape();
  const std::filesystem::path& file = files_[index];
  if (is_tensor_file(file)) return {file.filename().string(), {}, read_input_tensor(file, shape)};
  Frame frame;
  frame.name = file.empty() ? "test picture" : file.filename().string();
  frame.picture = file.empty() ? test_picture(shape.rows, shape.cols) : read_picture(file);
  return frame;
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
