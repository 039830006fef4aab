#include "frame_stream.hpp"

#include <iostream>

#include "vpinfer/comm/mpi_session.hpp"

namespace vpinfer {

FrameStream::FrameStream(std::shared_ptr<FrameSource> source, int repeat, std::size_t ahead,
                         Handler handler)
    : source_(std::move(source)),
      repeat_(repeat),
      handler_(std::move(handler)),
      reader_(source_, ahead) {}

FrameSupply::State FrameStream::state() {
  while (!frame_ && reader_.state() == FrameReader::State::kReady) read_next();
  if (frame_) return State::kReady;
  return reader_.state() == FrameReader::State::kEnded ? State::kEnded : State::kNotYet;
}

void FrameStream::read_next() {
  ++read_;
  try {
    frame_ = std::make_shared<const Frame>(reader_.take());
    runs_left_ = repeat_;
  } catch (const BadInput& e) {
    if (source_->size() == 1) throw;
    std::cerr << message_prefix() << e.what() << "; going on with the other pictures\n";
    left_some_out_ = true;
  }
}

FrameTask FrameStream::take() {
  const auto run = std::make_shared<Run>();
  run->frame = frame_;
  run->index = read_ - 1;
  run->last = --runs_left_ == 0;
  run->begun = seconds_since(start_);
  if (run->last) frame_.reset();
  return {source_->writer(*run->frame),
          [run](int position, const ConstTensorView& view) {
            run->outputs[position].assign(view.data, view.data + view.box.elements());
          },
          [this, run] { finish(*run); }};
}

void FrameStream::finish(Run& run) {
  times_.push_back({run.begun, seconds_since(start_)});
  if (run.last) handler_(*run.frame, run.index, std::move(run.outputs));
}

}  // namespace vpinfer
