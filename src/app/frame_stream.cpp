#include "app/frame_stream.hpp"

#include <iostream>
#include <utility>

#include "comm/mpi_communicator.hpp"

namespace vpinfer {

FrameStream::FrameStream(std::shared_ptr<FrameSource> source, int repeat, std::size_t ahead,
                         Handler handler)
    : source_(std::move(source)),
      repeat_(repeat),
      handler_(std::move(handler)),
      reader_(source_, ahead) {}

FrameSupply::State FrameStream::state() {
  while (!frame_ && reader_.state() == State::kReady) read_next();
  if (frame_) return State::kReady;
  if (reader_.state() != State::kEnded) return State::kNotYet;
  if (only_error_) std::rethrow_exception(only_error_);
  return State::kEnded;
}

void FrameStream::read_next() {
  const bool is_first = !read_some_ && !left_some_out_;
  if (only_error_) complain(std::exchange(only_error_, nullptr));
  try {
    frame_ = std::make_shared<const Frame>(reader_.take());
    if (const std::string& flaw = frame_->picture.flaw; !flaw.empty()) {
      std::cerr << "warning: " << printable(frame_->name) << ": " << flaw << '\n';
    }
    runs_left_ = repeat_;
    read_some_ = true;
  } catch (const BadInput&) {
    left_some_out_ = true;
    if (is_first) {
      only_error_ = std::current_exception();
    } else {
      complain(std::current_exception());
    }
  }
}

void FrameStream::complain(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const BadInput& e) {
    std::cerr << message_prefix() << e.what() << "; going on with the other pictures\n";
  }
}

FrameTask FrameStream::take() {
  const auto run = std::make_shared<Run>();
  run->frame = frame_;
  run->last = --runs_left_ == 0;
  run->begun = seconds_since(start_);
  if (run->last) frame_.reset();
  return {source_->writer(*run->frame),
          [this, run](int position, std::span<const float> output) {
            if (run->outputs.empty() && !spare_.empty()) {
              run->outputs = std::move(spare_.back());
              spare_.pop_back();
            }
            copy_into(run->outputs)(position, output);
          },
          [this, run] { finish(*run); }};
}

void FrameStream::finish(Run& run) {
  times_.push_back({run.begun, seconds_since(start_)});
  if (run.last) handler_(*run.frame, run.outputs);
  spare_.push_back(std::move(run.outputs));
}

}  // namespace vpinfer
