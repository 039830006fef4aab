#pragma once

#include <string>
#include <vector>

#include "net/layer.hpp"

namespace vpinfer {

// What a head needs of its input; its output has the same shape.  All throw BadInput, beginning
// with `where`, if that does not fit.

void check_head(const Region& region, const Shape& in, const std::string& where);
void check_head(const GridHead& head, const Shape& in, const std::string& where);
void check_head(const NanoDet& head, const Shape& in, const std::string& where);

/// Classes follow their parents.
void check_tree(const std::vector<int>& parents, const std::string& where);

}  // namespace vpinfer
