#pragma once

#include <hdf5.h>

#include <string>
#include <utility>

#include "vpinfer/error.hpp"

namespace vpinfer {

/// Owns one HDF5 identifier and closes it.
class Hdf5Handle {
 public:
  using Close = herr_t (*)(hid_t);

  /// Throws BadInput with the message if the identifier is not valid.
  Hdf5Handle(hid_t id, Close closer, const std::string& message) : id_(id), close_(closer) {
    if (id_ < 0) throw BadInput(message);
  }
  Hdf5Handle(Hdf5Handle&& other) noexcept
      : id_(std::exchange(other.id_, H5I_INVALID_HID)), close_(other.close_) {}
  Hdf5Handle& operator=(Hdf5Handle&&) = delete;
  Hdf5Handle(const Hdf5Handle&) = delete;
  ~Hdf5Handle() {
    if (id_ >= 0) close_(id_);
  }

  [[nodiscard]] hid_t id() const { return id_; }

  /// Closes now and tells whether that worked: the last chance for a full disk to be noticed.
  [[nodiscard]] bool close() { return close_(std::exchange(id_, H5I_INVALID_HID)) >= 0; }

 private:
  hid_t id_;
  Close close_;
};

}  // namespace vpinfer
