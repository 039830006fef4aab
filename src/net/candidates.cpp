#include "net/candidates.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <string>

#include "tensor/node_reader.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

constexpr int kMostBins = 1024;

/// Checks the parts of a head against each other.
class CandidateCheck {
 public:
  CandidateCheck(const Candidates& head, const std::vector<Shape>& inputs, const std::string& where)
      : head_(head), inputs_(inputs), where_(where) {}

  [[nodiscard]] Shape shape() const {
    if (head_.groups.empty()) refuse("there are no candidates");
    if (head_.bins < 1 || head_.bins > kMostBins) refuse("bins must be from 1 to 1024");
    if (head_.groups.front().size && head_.bins != 1)
      refuse("a size that stands apart has no bins");
    check_tensors();
    std::int64_t candidates = 0;
    for (const CandidateGroup& group : head_.groups) candidates += count(group);
    if (head_.classes() < 1) refuse("there is no class to find");
    check_points();
    check_grids(candidates);
    if (candidates * head_.channels() > std::numeric_limits<std::int32_t>::max()) {
      refuse("there are too many candidates");
    }
    return {static_cast<int>(candidates), 1, head_.channels()};
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const { throw BadInput(where_ + ": " + why); }

  void check_tensors() const {
    if (head_.tensors.size() != inputs_.size()) {
      refuse("it describes " + std::to_string(head_.tensors.size()) + " tensors, but has " +
             std::to_string(inputs_.size()) + " inputs");
    }
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      const CandidateTensor& tensor = head_.tensors[i];
      const auto elements = static_cast<std::size_t>(count_elements(tensor.form.dims));
      const bool has_axis =
          tensor.axis >= 0 && tensor.axis < static_cast<int>(tensor.form.dims.size());
      if (elements != inputs_[i].elements() || !has_axis) {
        refuse("a tensor of " + to_string(tensor.form.dims) + " with values along axis " +
               std::to_string(tensor.axis) + " is not its input of " + to_string(inputs_[i]));
      }
    }
  }

  /// How many candidates a group has.
  [[nodiscard]] std::int64_t count(const CandidateGroup& group) const {
    if (group.size.has_value() != head_.groups.front().size.has_value() ||
        group.objectness.has_value() != head_.has_objectness() ||
        group.points.has_value() != (head_.point_values() != 0) ||
        group.coefficients.has_value() != (head_.mask_coefficients() != 0) ||
        group.scores.values.size() != head_.score_count()) {
      refuse("its groups of candidates differ in what is known of them");
    }
    const int size_values = group.size ? 2 : 0;
    const std::int64_t candidates =
        tensor_of(group.box, head_.box_values() - size_values).candidates();
    bool same = candidates == tensor_of(group.scores, head_.score_count()).candidates();
    if (group.size) same &= candidates == tensor_of(*group.size, size_values).candidates();
    if (group.objectness) same &= candidates == tensor_of(*group.objectness, 1).candidates();
    if (group.points) {
      same &= candidates == tensor_of(*group.points, head_.point_values()).candidates();
    }
    if (group.coefficients) {
      same &= candidates == tensor_of(*group.coefficients, head_.mask_coefficients()).candidates();
    }
    if (!same) refuse("there are not as many boxes as scores, points and coefficients of masks");
    return candidates;
  }

  [[nodiscard]] const CandidateTensor& tensor_of(const CandidateValues& values, int wanted) const {
    if (values.input < 0 || values.input >= static_cast<int>(head_.tensors.size())) {
      refuse("there is no input number " + std::to_string(values.input));
    }
    const CandidateTensor& tensor = head_.tensors[static_cast<std::size_t>(values.input)];
    if (values.values.size() != wanted || values.values.begin < 0 ||
        values.values.end > tensor.values()) {
      refuse("values " + std::to_string(values.values.begin) + " to " +
             std::to_string(values.values.end) + " of " + to_string(tensor.form.dims) +
             " are not the " + std::to_string(wanted) + " wanted");
    }
    return tensor;
  }

  void check_points() const {
    if (head_.values_per_point != 2 && head_.values_per_point != 3) {
      refuse("a point has 2 or 3 values");
    }
    if (head_.point_values() % head_.values_per_point != 0) {
      refuse(std::to_string(head_.point_values()) + " values are no points of " +
             std::to_string(head_.values_per_point));
    }
  }

  void check_grids(std::int64_t candidates) const {
    const bool finite = std::isfinite(head_.point) && std::isfinite(head_.centre_gain) &&
                        std::isfinite(head_.size_gain);
    if (!finite) refuse("its numbers must be finite");
    if (!head_.is_by_cells()) return;
    if (head_.unit != BoxUnit::kPixels) refuse("boxes by cells are in pixels");
    std::int64_t cells = 0;
    for (const CandidateGrid& grid : head_.grids) {
      if (grid.rows < 1 || grid.cols < 1 || grid.stride < 1 || grid.anchors.empty()) {
        refuse("a grid of its cells is empty");
      }
      for (const Anchor& anchor : grid.anchors) {
        const float area = anchor.width * anchor.height;
        if (!(anchor.width > 0 && area > 0 && std::isfinite(area))) {
          refuse("its anchors must have a width and a height");
        }
      }
      const std::int64_t places = std::int64_t{grid.rows} * grid.cols;
      const auto anchors = static_cast<std::int64_t>(grid.anchors.size());
      if (places > candidates || anchors > candidates / places) {
        refuse("a grid has more candidates than its tensors");
      }
      cells += grid.candidates();
    }
    if (cells != candidates) {
      refuse("its grids have " + std::to_string(cells) + " candidates, its tensors " +
             std::to_string(candidates));
    }
  }

  const Candidates& head_;
  const std::vector<Shape>& inputs_;
  const std::string& where_;
};

}  // namespace

int CandidateTensor::values() const {
  return static_cast<int>(form.dims.at(static_cast<std::size_t>(axis)));
}

std::int64_t CandidateTensor::inner() const {
  const auto next = form.dims.begin() + axis + 1;
  return std::accumulate(next, form.dims.end(), std::int64_t{1}, std::multiplies<>());
}

std::int64_t CandidateTensor::candidates() const {
  return count_elements(form.dims) / std::max(1, values());
}

Shape shape_of_candidates(const Candidates& head, const std::vector<Shape>& inputs,
                          const std::string& where) {
  return CandidateCheck(head, inputs, where).shape();
}

}  // namespace vpinfer
