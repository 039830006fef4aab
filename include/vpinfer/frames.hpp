#pragma once

#include <functional>
#include <map>
#include <span>
#include <vector>

namespace vpinfer {

/// Writes a frame, [rows][cols][channels] of the network's input, into the memory it is given.
using InputWriter = std::function<void(std::span<float> input)>;

/// Takes a complete output on rank 0, [rows][cols][channels] of the layer at a position; the memory
/// is valid during the call only.
using Receiver = std::function<void(int position, std::span<const float> output)>;

/// What one frame brings and leaves.  All three are called on rank 0 and may be empty elsewhere.
struct FrameTask {
  InputWriter write_input{};
  Receiver receiver{};           ///< of every delivered output
  std::function<void()> done{};  ///< when nothing is left to do for the frame
};

/// Where rank 0 gets the frames of a stream from.
class FrameSupply {
 public:
  enum class State { kReady, kNotYet, kEnded };

  FrameSupply() = default;
  FrameSupply(const FrameSupply&) = delete;
  FrameSupply& operator=(const FrameSupply&) = delete;
  virtual ~FrameSupply() = default;

  /// Whether there is a frame to take.  Does not wait.
  [[nodiscard]] virtual State state() = 0;
  /// The next frame; `state` has just been kReady.
  [[nodiscard]] virtual FrameTask take() = 0;
};

/// The delivered outputs of one frame, by position, each [rows][cols][channels].
using Delivered = std::map<int, std::vector<float>>;

/// Copies what a frame delivers; `outputs` must live until the frame is done.
[[nodiscard]] inline Receiver copy_into(Delivered& outputs) {
  return [&outputs](int position, std::span<const float> output) {
    outputs[position].assign(output.begin(), output.end());
  };
}

}  // namespace vpinfer
