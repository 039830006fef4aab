#pragma once

#include <cstddef>
#include <memory>

#include "app/pictures.hpp"
#include "session/stream.hpp"

namespace vpinfer {

/// Reads and decodes frames ahead, on a thread of its own, while others are computed.
class FrameReader {
 public:
  using State = FrameSupply::State;

  /// Holds at most `ahead` frames that nobody has taken.
  FrameReader(std::shared_ptr<FrameSource> source, std::size_t ahead);
  FrameReader(const FrameReader&) = delete;
  FrameReader& operator=(const FrameReader&) = delete;
  ~FrameReader();

  [[nodiscard]] State state() const;
  /// The next frame; `state` has just been kReady.  Throws BadInput if it could not be read; the
  /// one after it can still be taken.
  [[nodiscard]] Frame take();

 private:
  struct Shared;

  std::shared_ptr<Shared> shared_;
};

}  // namespace vpinfer
