#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/half.hpp"
#include "io/file.hpp"
#include "io/hdf5_handle.hpp"

namespace vpinfer {

/// An HDF5 file open for reading.  Every failure is BadInput and names the file.
class Hdf5Reader {
 public:
  explicit Hdf5Reader(const std::filesystem::path& path);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] bool has(const std::string& object) const;
  /// A string attribute of a group or dataset; nothing if there is none.
  [[nodiscard]] std::optional<std::string> attribute(const std::string& attribute,
                                                     const std::string& object = "/") const;
  /// A scalar string dataset.
  [[nodiscard]] std::string text(const std::string& dataset) const;
  [[nodiscard]] std::vector<hsize_t> extent(const std::string& dataset) const;
  /// True for 16-bit, false for 32-bit floats; BadInput for other types.
  [[nodiscard]] bool is_half(const std::string& dataset) const;
  /// The block of `count` entries along every axis from `first` on, as fp32; `values` has its exact
  /// size.
  void read(const std::string& dataset, const std::vector<hsize_t>& first,
            const std::vector<hsize_t>& count, std::span<float> values) const;

  [[noreturn]] void refuse(const std::string& why) const;

 private:
  [[nodiscard]] Hdf5Handle open_dataset(const std::string& dataset) const;

  std::string name_;
  Hdf5Handle file_;
};

/// An HDF5 file under construction, under a temporary name until `finish`.
class Hdf5Writer {
 public:
  explicit Hdf5Writer(const std::filesystem::path& path);

  /// A string attribute of a group or dataset that exists.
  void attribute(const std::string& attribute, std::string_view text,
                 const std::string& object = "/");
  void text(const std::string& name, std::string_view text);
  void floats(const std::string& name, const std::vector<hsize_t>& extent,
              std::span<const float> values);
  void halves(const std::string& name, const std::vector<hsize_t>& extent,
              std::span<const HalfBits> values);
  void group(const std::string& group);
  /// A link at `object` to the root of another file, looked for beside this one.
  void link_to_file(const std::string& object, const std::string& file_name);
  void finish();

 private:
  void dataset(const std::string& dataset, const std::vector<hsize_t>& extent, hid_t type,
               const void* values);
  void check(herr_t result) const;

  std::filesystem::path path_;
  TemporaryFile temporary_;
  Hdf5Handle file_;
};

}  // namespace vpinfer
