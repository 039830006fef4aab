#include "io/hdf5_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "base/file_problem.hpp"

namespace vpinfer {
namespace {

namespace fs = std::filesystem;

/// HDF5 would close its files once more at exit, and crash where a full disk kept it from closing
/// one. Must be called before anything else of HDF5.
const herr_t kNoExitHandler = H5dont_atexit();

/// HDF5 prints its error stack unless it is told not to; our messages take its place.
void be_quiet() {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

/// IEEE binary16, little endian: the type that h5py calls float16.
Hdf5Handle half_type() {
  const hid_t type = H5Tcopy(H5T_IEEE_F32LE);
  H5Tset_fields(type, 15, 10, 5, 0, 10);
  H5Tset_size(type, sizeof(HalfBits));
  H5Tset_ebias(type, 15);
  return {type, H5Tclose, "HDF5 cannot make a half-precision type"};
}

Hdf5Handle text_type(std::size_t size) {
  const hid_t type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, size);
  return {type, H5Tclose, "HDF5 cannot make a string type"};
}

/// The property that makes the groups on the way to a new object.
Hdf5Handle parent_groups() {
  Hdf5Handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose, "HDF5 cannot make a property");
  H5Pset_create_intermediate_group(links.id(), 1);
  return links;
}

/// Why HDF5 did not open the file.  Throws BadInput if nobody could.
std::string open_failure(const fs::path& path) {
  refuse_special_file(FileUse::kRead, path);
  (void)open_to_read(path);
  std::error_code error;
  if (fs::file_size(path, error) == 0) return path.string() + ": the file is empty";
  if (H5Fis_hdf5(path.c_str()) > 0) {
    return path.string() + ": the HDF5 file is truncated or damaged; copy or make it again";
  }
  return path.string() + ": is not an HDF5 file";
}

Hdf5Handle open(const fs::path& path) {
  be_quiet();
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  return {file, H5Fclose, file < 0 ? open_failure(path) : std::string()};
}

Hdf5Handle create(const fs::path& temporary, const fs::path& path) {
  be_quiet();
  errno = 0;
  const hid_t file = H5Fcreate(temporary.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const int error = errno;
  return {file, H5Fclose, file_problem(FileUse::kWrite, path, error)};
}

/// A lone string of fixed length; empty for anything else.
std::string read_text(hid_t object, herr_t (*read)(hid_t, hid_t, void*), hid_t type, hid_t space) {
  std::string text(H5Tget_size(type), '\0');
  if (H5Tis_variable_str(type) > 0 || H5Tget_class(type) != H5T_STRING ||
      H5Sget_simple_extent_type(space) != H5S_SCALAR || read(object, type, text.data()) < 0) {
    return {};
  }
  text.resize(std::strlen(text.c_str()));
  return text;
}

/// Widens halves that lie in the upper half of `values` to fill all of it, front to back: a float
/// never covers a half that has not been read.
void widen_in_place(std::span<float> values) {
  const auto* halves =
      reinterpret_cast<const std::byte*>(values.data()) + values.size() * sizeof(HalfBits);
  for (std::size_t i = 0; i < values.size(); ++i) {
    HalfBits half = 0;
    std::memcpy(&half, halves + i * sizeof half, sizeof half);
    values[i] = half_to_float(half);
  }
}

}  // namespace

Hdf5Reader::Hdf5Reader(const fs::path& path) : name_(path.string()), file_(open(path)) {}

void Hdf5Reader::refuse(const std::string& why) const {
  throw BadInput(name_ + ": " + why);
}

bool Hdf5Reader::has(const std::string& object) const {
  // Each part of the path must exist, and a link must lead somewhere.
  for (std::size_t slash = object.find('/', 1); slash != std::string::npos;
       slash = object.find('/', slash + 1)) {
    if (H5Oexists_by_name(file_.id(), object.substr(0, slash).c_str(), H5P_DEFAULT) <= 0) {
      return false;
    }
  }
  return H5Oexists_by_name(file_.id(), object.c_str(), H5P_DEFAULT) > 0;
}

std::optional<std::string> Hdf5Reader::attribute(const std::string& attribute,
                                                 const std::string& object) const {
  if (H5Aexists_by_name(file_.id(), object.c_str(), attribute.c_str(), H5P_DEFAULT) <= 0) {
    return std::nullopt;
  }
  const Hdf5Handle handle(
      H5Aopen_by_name(file_.id(), object.c_str(), attribute.c_str(), H5P_DEFAULT, H5P_DEFAULT),
      H5Aclose, name_ + ": the attribute " + attribute + " cannot be read");
  const Hdf5Handle type(H5Aget_type(handle.id()), H5Tclose, name_ + ": damaged attribute");
  const Hdf5Handle space(H5Aget_space(handle.id()), H5Sclose, name_ + ": damaged attribute");
  return read_text(handle.id(), H5Aread, type.id(), space.id());
}

Hdf5Handle Hdf5Reader::open_dataset(const std::string& dataset) const {
  return {H5Dopen2(file_.id(), dataset.c_str(), H5P_DEFAULT), H5Dclose,
          name_ + ": the dataset " + dataset + " is missing or damaged; make the file again"};
}

std::string Hdf5Reader::text(const std::string& dataset) const {
  const Hdf5Handle handle = open_dataset(dataset);
  const Hdf5Handle type(H5Dget_type(handle.id()), H5Tclose, name_ + ": damaged dataset");
  const auto read = [](hid_t object, hid_t memory_type, void* text) {
    return H5Dread(object, memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text);
  };
  const Hdf5Handle space(H5Dget_space(handle.id()), H5Sclose, name_ + ": damaged dataset");
  return read_text(handle.id(), read, type.id(), space.id());
}

std::vector<hsize_t> Hdf5Reader::extent(const std::string& dataset) const {
  const Hdf5Handle handle = open_dataset(dataset);
  const Hdf5Handle space(H5Dget_space(handle.id()), H5Sclose, name_ + ": damaged dataset");
  const int rank = H5Sget_simple_extent_ndims(space.id());
  std::vector<hsize_t> extent(static_cast<std::size_t>(std::max(0, rank)));
  H5Sget_simple_extent_dims(space.id(), extent.data(), nullptr);
  return extent;
}

bool Hdf5Reader::is_half(const std::string& dataset) const {
  const Hdf5Handle handle = open_dataset(dataset);
  const Hdf5Handle type(H5Dget_type(handle.id()), H5Tclose, name_ + ": damaged dataset");
  const std::size_t size = H5Tget_size(type.id());
  if (H5Tget_class(type.id()) != H5T_FLOAT || (size != sizeof(HalfBits) && size != sizeof(float))) {
    refuse("the dataset " + dataset + " holds neither float32 nor float16");
  }
  return size == sizeof(HalfBits);
}

void Hdf5Reader::read(const std::string& dataset, const std::vector<hsize_t>& first,
                      const std::vector<hsize_t>& count, std::span<float> values) const {
  if (values.empty()) return;
  const Hdf5Handle handle = open_dataset(dataset);
  const Hdf5Handle space(H5Dget_space(handle.id()), H5Sclose, name_ + ": damaged dataset");
  const hsize_t size = values.size();
  const Hdf5Handle memory(H5Screate_simple(1, &size, nullptr), H5Sclose, "HDF5 cannot read");
  const bool half = is_half(dataset);
  const Hdf5Handle half_memory_type = half_type();
  void* target = values.data() + (half ? values.size() / 2 : 0);
  if (half && values.size() % 2 != 0) target = static_cast<HalfBits*>(target) + 1;
  if (H5Sselect_hyperslab(space.id(), H5S_SELECT_SET, first.data(), nullptr, count.data(),
                          nullptr) < 0 ||
      H5Dread(handle.id(), half ? half_memory_type.id() : H5T_NATIVE_FLOAT, memory.id(), space.id(),
              H5P_DEFAULT, target) < 0) {
    refuse("the dataset " + dataset + " cannot be read; the file is damaged, make it again");
  }
  if (half) widen_in_place(values);
}

Hdf5Writer::Hdf5Writer(const fs::path& path)
    : path_(path), temporary_(path), file_(create(temporary_.path(), path)) {}

void Hdf5Writer::check(herr_t result) const {
  if (result >= 0) return;
  throw BadInput("cannot write " + path_.string() + ": " +
                 (errno != 0 ? std::strerror(errno) : "HDF5 refuses") + "; is the disk full?");
}

void Hdf5Writer::attribute(const std::string& attribute, std::string_view text,
                           const std::string& object) {
  const Hdf5Handle type = text_type(text.size() + 1);
  const Hdf5Handle space(H5Screate(H5S_SCALAR), H5Sclose, "HDF5 cannot make a scalar");
  const Hdf5Handle handle(
      H5Acreate_by_name(file_.id(), object.c_str(), attribute.c_str(), type.id(), space.id(),
                        H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
      H5Aclose, "cannot write " + path_.string());
  check(H5Awrite(handle.id(), type.id(), std::string(text).c_str()));
}

void Hdf5Writer::group(const std::string& group) {
  const Hdf5Handle links = parent_groups();
  const Hdf5Handle handle(
      H5Gcreate2(file_.id(), group.c_str(), links.id(), H5P_DEFAULT, H5P_DEFAULT), H5Gclose,
      "cannot write " + path_.string());
}

void Hdf5Writer::dataset(const std::string& dataset, const std::vector<hsize_t>& extent, hid_t type,
                         const void* values) {
  errno = 0;
  const Hdf5Handle links = parent_groups();
  const Hdf5Handle space(
      extent.empty() ? H5Screate(H5S_SCALAR)
                     : H5Screate_simple(static_cast<int>(extent.size()), extent.data(), nullptr),
      H5Sclose, "HDF5 cannot make an extent");
  // Without the time of writing, so that the same import gives the same bytes.
  const Hdf5Handle timeless(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, "HDF5 cannot make a property");
  H5Pset_obj_track_times(timeless.id(), false);
  const Hdf5Handle handle(H5Dcreate2(file_.id(), dataset.c_str(), type, space.id(), links.id(),
                                     timeless.id(), H5P_DEFAULT),
                          H5Dclose, "cannot write " + path_.string());
  check(H5Dwrite(handle.id(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values));
}

void Hdf5Writer::text(const std::string& name, std::string_view text) {
  const Hdf5Handle type = text_type(text.size() + 1);
  dataset(name, {}, type.id(), std::string(text).c_str());
}

void Hdf5Writer::floats(const std::string& name, const std::vector<hsize_t>& extent,
                        std::span<const float> values) {
  dataset(name, extent, H5T_NATIVE_FLOAT, values.data());
}

void Hdf5Writer::halves(const std::string& name, const std::vector<hsize_t>& extent,
                        std::span<const HalfBits> values) {
  const Hdf5Handle type = half_type();
  dataset(name, extent, type.id(), values.data());
}

void Hdf5Writer::link_to_file(const std::string& object, const std::string& file_name) {
  const Hdf5Handle links = parent_groups();
  check(H5Lcreate_external(file_name.c_str(), "/", file_.id(), object.c_str(), links.id(),
                           H5P_DEFAULT));
}

void Hdf5Writer::finish() {
  errno = 0;
  check(H5Fflush(file_.id(), H5F_SCOPE_LOCAL));
  if (!file_.close()) check(-1);
  temporary_.put_in_place();
}

}  // namespace vpinfer
