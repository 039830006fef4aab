#include "vpinfer/version.hpp"

namespace vpinfer {

std::string_view version() {
  return VPINFER_VERSION;
}
std::string_view git_hash() {
  return VPINFER_GIT_HASH;
}

}  // namespace vpinfer
