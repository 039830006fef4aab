// Sums of products along named axes, as numpy's einsum.

#include <algorithm>
#include <cctype>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "tensor/call.hpp"
#include "tensor/numbers.hpp"

namespace vpinfer {
namespace {

/// Names of axes: letters and, for those of an ellipsis, counted from its end, negative numbers.
using Labels = std::vector<int>;

struct LabelledTensor {
  Labels labels;
  OnnxTensor tensor;
};

struct Equation {
  std::vector<std::string> terms;
  std::optional<std::string> result;
};

Equation read_equation(const OnnxCall& call) {
  std::string text = call.node.text("equation", "");
  std::erase(text, ' ');
  Equation equation;
  const std::size_t arrow = text.find("->");
  if (arrow != std::string::npos) {
    equation.result = text.substr(arrow + 2);
    text.resize(arrow);
  }
  equation.terms.emplace_back();
  for (const char letter : text) {
    if (letter == ',') {
      equation.terms.emplace_back();
    } else {
      equation.terms.back() += letter;
    }
  }
  if (equation.terms.size() != call.inputs.size()) {
    call.node.refuse("its attribute 'equation' does not name the axes of " +
                     std::to_string(call.inputs.size()) + " inputs");
  }
  return equation;
}

/// The names in a term whose ellipsis stands for so many axes.
Labels read_labels(const OnnxCall& call, const std::string& term, std::size_t hidden) {
  Labels labels;
  for (std::size_t i = 0; i < term.size(); ++i) {
    if (term.compare(i, 3, "...") == 0) {
      for (std::size_t k = hidden; k > 0; --k) labels.push_back(-static_cast<int>(k));
      i += 2;
    } else if (std::isalpha(static_cast<unsigned char>(term[i])) != 0) {
      labels.push_back(term[i]);
    } else {
      call.node.refuse("its attribute 'equation' holds '" + term + "', which names no axes");
    }
  }
  return labels;
}

LabelledTensor read_operand(const OnnxCall& call, std::size_t index, const std::string& term) {
  const OnnxTensor& tensor = call.input(index);
  const std::size_t rank = tensor.dims.size();
  const std::size_t named = term.find("...") == std::string::npos ? term.size() : term.size() - 3;
  Labels labels = read_labels(call, term, rank - std::min(rank, named));
  if (labels.size() != rank) {
    call.node.refuse("'" + term + "' does not name the axes of " + to_string(tensor.dims));
  }
  return {std::move(labels), tensor};
}

/// Without an arrow: the axes of ellipses, then the letters that stand there once, in their order.
Labels implied_result(const std::vector<LabelledTensor>& operands) {
  std::map<int, int> counts;
  for (const LabelledTensor& operand : operands) {
    for (const int label : operand.labels) ++counts[label];
  }
  Labels labels;
  for (const auto& [label, count] : counts) {
    if (label < 0 || count == 1) labels.push_back(label);
  }
  return labels;
}

using Extents = std::map<int, std::int64_t>;

Extents extents_of(const OnnxCall& call, const std::vector<LabelledTensor>& operands) {
  Extents extents;
  for (const LabelledTensor& operand : operands) {
    for (std::size_t i = 0; i < operand.labels.size(); ++i) {
      const std::int64_t extent = operand.tensor.dims[i];
      std::int64_t& known = extents.try_emplace(operand.labels[i], extent).first->second;
      if (known == 1) known = extent;
      if (extent != known && extent != 1) {
        call.node.refuse("one axis has the extents " + std::to_string(known) + " and " +
                         std::to_string(extent));
      }
    }
  }
  return extents;
}

/// An axis of the result or one that is summed over, and what a step along it is in each operand.
struct SumAxis {
  std::int64_t extent = 1;
  std::size_t first = 0;
  std::size_t second = 0;
};

std::size_t step_along(const LabelledTensor& operand, int label) {
  const OnnxDims strides = strides_of(operand.tensor.dims);
  std::size_t step = 0;
  for (std::size_t i = 0; i < strides.size(); ++i) {
    const bool moves = operand.labels[i] == label && operand.tensor.dims[i] != 1;
    step += moves ? static_cast<std::size_t>(strides[i]) : 0;
  }
  return step;
}

/// Calls visit(place in the first operand, place in the second) for all steps along some axes, at
/// least one.
template <typename Visit>
void step_through(std::span<const SumAxis> axes, std::size_t first, std::size_t second,
                  const Visit& visit) {
  const SumAxis axis = axes.front();
  for (std::int64_t i = 0; i < axis.extent; ++i) {
    if (axes.size() == 1) {
      visit(first, second);
    } else {
      step_through(axes.subspan(1), first, second, visit);
    }
    first += axis.first;
    second += axis.second;
  }
}

/// The sums of products of two operands along all axes but those that are kept.
LabelledTensor contract(const OnnxCall& call, const LabelledTensor& a, const LabelledTensor& b,
                        const Labels& kept, const Extents& extents) {
  std::vector<SumAxis> outer;
  std::vector<SumAxis> summed;
  LabelledTensor result{kept, {}};
  const auto axis_of = [&](int label) {
    return SumAxis{extents.at(label), step_along(a, label), step_along(b, label)};
  };
  for (const int label : kept) {
    outer.push_back(axis_of(label));
    result.tensor.dims.push_back(outer.back().extent);
  }
  std::set<int> labels(a.labels.begin(), a.labels.end());
  labels.insert(b.labels.begin(), b.labels.end());
  for (const int label : labels) {
    if (std::count(kept.begin(), kept.end(), label) == 0) summed.push_back(axis_of(label));
  }
  check_size(call, result.tensor.dims);
  for (auto* axes : {&outer, &summed}) {
    if (axes->empty()) axes->emplace_back();
  }
  std::visit(
      [&](const auto& left) {
        using Values = std::decay_t<decltype(left)>;
        using Number = typename Values::value_type;
        using Sum = Accumulator<Number>;
        const auto& right = std::get<Values>(b.tensor.values);
        Values values;
        step_through(outer, 0, 0, [&](auto i, auto j) {
          Sum sum{};
          step_through(summed, i, j, [&](auto k, auto l) {
            const auto product =
                wrapped(static_cast<Sum>(left[k]), static_cast<Sum>(right[l]), std::multiplies<>());
            sum = wrapped(sum, product, std::plus<>());
          });
          values.push_back(static_cast<Number>(sum));
        });
        result.tensor.values = std::move(values);
      },
      a.tensor.values);
  return result;
}

/// Labels of the product of two operands that the result or a later operand has.
Labels kept_labels(const Labels& a, const Labels& b, const std::set<int>& needed) {
  Labels kept;
  for (const Labels* labels : {&a, &b}) {
    for (const int label : *labels) {
      const bool is_new = std::count(kept.begin(), kept.end(), label) == 0;
      if (needed.contains(label) && is_new) kept.push_back(label);
    }
  }
  return kept;
}

std::vector<LabelledTensor> read_operands(const OnnxCall& call, const Equation& equation) {
  std::vector<LabelledTensor> operands;
  for (std::size_t i = 0; i < equation.terms.size(); ++i) {
    operands.push_back(read_operand(call, i, equation.terms[i]));
    if (operands.back().tensor.is_float() != operands.front().tensor.is_float()) {
      call.node.refuse("its inputs have different types");
    }
  }
  return operands;
}

Labels read_result(const OnnxCall& call, const Equation& equation,
                   const std::vector<LabelledTensor>& operands, const Extents& extents) {
  if (!equation.result) return implied_result(operands);
  const int lowest_label = extents.empty() ? 0 : std::min(extents.begin()->first, 0);
  Labels wanted = read_labels(call, *equation.result, static_cast<std::size_t>(-lowest_label));
  for (const int label : wanted) {
    if (!extents.contains(label) || std::count(wanted.begin(), wanted.end(), label) > 1) {
      call.node.refuse("the result '" + *equation.result +
                       "' must name axes of the inputs, each once");
    }
  }
  return wanted;
}

/// One operand after the other; an axis is summed over as soon as no later one has it.
OnnxTensor einsum(const OnnxCall& call) {
  const Equation equation = read_equation(call);
  const std::vector<LabelledTensor> operands = read_operands(call, equation);
  const Extents extents = extents_of(call, operands);
  const Labels wanted = read_result(call, equation, operands, extents);
  LabelledTensor product{{}, {{}, std::vector<std::int64_t>{1}}};
  if (operands.front().tensor.is_float()) product.tensor.values = std::vector<float>{1};
  for (auto operand = operands.begin(); operand != operands.end(); ++operand) {
    std::set<int> needed(wanted.begin(), wanted.end());
    for (auto later = operand + 1; later != operands.end(); ++later) {
      needed.insert(later->labels.begin(), later->labels.end());
    }
    const bool last = operand + 1 == operands.end();
    const Labels kept = last ? wanted : kept_labels(product.labels, operand->labels, needed);
    product = contract(call, product, *operand, kept, extents);
  }
  return product.tensor;
}

}  // namespace

std::vector<OnnxComputation> einsum_operators() {
  return {{"Einsum", one<einsum>}};
}

}  // namespace vpinfer
