#pragma once

#include "io/picture.hpp"

namespace vpinfer {

/// The built-in picture that runs when the user gives none: spheres on a chequered floor in front
/// of a sunset, with gradients, edges and fine grain.  Integer arithmetic only: the same bytes on
/// every machine.  Throws Bug unless both extents are positive.
[[nodiscard]] Picture test_picture(int rows, int cols);

}  // namespace vpinfer
