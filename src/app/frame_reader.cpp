#include "app/frame_reader.hpp"

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <variant>

#include "vpinfer/error.hpp"

namespace vpinfer {

/// What the two threads share; lives as long as the last of them needs it.
struct FrameReader::Shared {
  std::mutex mutex;  // guards what follows
  std::condition_variable taken;
  std::deque<std::variant<Frame, std::exception_ptr>> frames;
  bool ended = false;
  bool abandoned = false;

  void put(std::variant<Frame, std::exception_ptr> frame) {
    const std::lock_guard lock(mutex);
    frames.push_back(std::move(frame));
  }

  /// False if nobody wants more.
  bool wait_for_room(std::size_t ahead) {
    std::unique_lock lock(mutex);
    taken.wait(lock, [&] { return frames.size() < ahead || abandoned; });
    return !abandoned;
  }

  void read_all(FrameSource& source, std::size_t ahead) {
    while (wait_for_room(ahead)) {
      try {
        std::optional<Frame> frame = source.next();
        if (!frame) break;
        put(std::move(*frame));
      } catch (const BadInput&) {
        put(std::current_exception());
      } catch (...) {
        put(std::current_exception());
        break;
      }
    }
    const std::lock_guard lock(mutex);
    ended = true;
  }
};

FrameReader::FrameReader(std::shared_ptr<FrameSource> source, std::size_t ahead)
    : shared_(std::make_shared<Shared>()) {
  // Not joined: it may be reading from a pipe that never ends when the job fails.
  std::thread([shared = shared_, source = std::move(source), ahead] {
    shared->read_all(*source, ahead);
  }).detach();
}

FrameReader::~FrameReader() {
  const std::lock_guard lock(shared_->mutex);
  shared_->abandoned = true;
  shared_->taken.notify_one();
}

FrameReader::State FrameReader::state() const {
  const std::lock_guard lock(shared_->mutex);
  if (!shared_->frames.empty()) return State::kReady;
  return shared_->ended ? State::kEnded : State::kNotYet;
}

Frame FrameReader::take() {
  std::unique_lock lock(shared_->mutex);
  auto frame = std::move(shared_->frames.front());
  shared_->frames.pop_front();
  shared_->taken.notify_one();
  lock.unlock();
  if (auto* error = std::get_if<std::exception_ptr>(&frame)) std::rethrow_exception(*error);
  return std::get<Frame>(std::move(frame));
}

}  // namespace vpinfer
