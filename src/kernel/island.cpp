#include "kernel/island.hpp"

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "kernel/places.hpp"
#include "tensor/operators.hpp"

namespace vpinfer {
namespace {

OnnxTensor tensor_of(const ConstTensorView& view, const TensorForm& form) {
  std::vector<float> values;
  values.reserve(view.box.elements());
  for_each_place(view.box, form.order, [&](int row, int col, int channel) {
    values.push_back(*view.at(row, col, channel));
  });
  if (form.is_float) return {form.dims, std::move(values)};
  std::vector<std::int64_t> integers;
  integers.reserve(values.size());
  for (const float value : values) integers.push_back(std::llround(value));
  return {form.dims, std::move(integers)};
}

template <typename Number>
void write(const std::vector<Number>& values, const TensorForm& form, const Box& whole,
           const TensorView& output, const Box& box) {
  auto value = values.begin();
  for_each_place(whole, form.order, [&](int row, int col, int channel) {
    const auto number = static_cast<float>(*value++);
    const Box place{{row, row + 1}, {col, col + 1}, {channel, channel + 1}};
    if (box.contains(place)) *output.at(row, col, channel) = number;
  });
}

}  // namespace

void compute_island(const Island& island, const std::string& where,
                    std::span<const ConstTensorView> inputs, const TensorView& output,
                    const Box& box) {
  const OnnxNodeReader node(island.node, where, island.opset);
  std::vector<OnnxTensor> read;
  read.reserve(island.arguments.size());
  std::vector<const OnnxTensor*> arguments;
  for (const IslandArgument& argument : island.arguments) {
    if (argument.constant) {
      arguments.push_back(&*argument.constant);
    } else if (argument.input) {
      read.push_back(tensor_of(inputs[static_cast<std::size_t>(*argument.input)], argument.form));
      arguments.push_back(&read.back());
    } else {
      arguments.push_back(nullptr);
    }
  }
  const std::vector<OnnxTensor> results = evaluate(node, arguments);
  const auto index = static_cast<std::size_t>(island.result);
  if (index >= results.size() || results[index].dims != island.form.dims) {
    node.refuse("does not give " + to_string(island.form.dims));
  }
  std::visit(
      [&](const auto& values) {
        write(values, island.form, whole(box_of(island.form.dims)), output, box);
      },
      results[index].values);
}

std::size_t island_workspace(const Island& island) {
  const auto floats = [](const TensorForm& form) {
    return static_cast<std::size_t>(count_elements(form.dims)) * (form.is_float ? 1 : 2);
  };
  std::size_t sum = 2 * floats(island.form);  // a result, and what it is made of
  for (const IslandArgument& argument : island.arguments) {
    if (argument.input) sum += floats(argument.form);
  }
  return sum;
}

}  // namespace vpinfer
