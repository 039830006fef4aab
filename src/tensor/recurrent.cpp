// LSTM, GRU and RNN, with the activations that ONNX gives them.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

#include "tensor/picking.hpp"

namespace vpinfer {
namespace {

using State = std::vector<float>;

float logistic(float x) {
  return 1 / (1 + std::exp(-x));
}

/// The weights of one direction: rows for every gate, one gate after the other.
struct RecurrentWeights {
  const float* of_input = nullptr;   ///< [gates x hidden][inputs]
  const float* of_state = nullptr;   ///< [gates x hidden][hidden]
  const float* bias = nullptr;       ///< those of the input, then those of the state; may be null
  const float* peepholes = nullptr;  ///< of LSTM's gates i, o, f; may be null
};

struct RecurrentSizes {
  std::size_t steps = 0;
  std::size_t batch = 0;
  std::size_t inputs = 0;
  std::size_t hidden = 0;
  std::size_t directions = 1;
};

/// What one step works on: hidden is its state, cell that of an LSTM.
struct RecurrentStep {
  const RecurrentSizes& sizes;
  const RecurrentWeights& weights;
  const float* input;
  float clip;
  bool input_forget;
  bool linear_before_reset;
  State& hidden;
  State& cell;

  [[nodiscard]] float clipped(float x) const { return std::clamp(x, -clip, clip); }
  [[nodiscard]] float input_sum(std::size_t row) const {
    float sum = weights.bias == nullptr ? 0 : weights.bias[row];
    const float* line = weights.of_input + row * sizes.inputs;
    for (std::size_t i = 0; i < sizes.inputs; ++i) sum += line[i] * input[i];
    return sum;
  }
  [[nodiscard]] float state_sum(std::size_t row, const State& state, std::size_t gates) const {
    float sum = weights.bias == nullptr ? 0 : weights.bias[gates * sizes.hidden + row];
    const float* line = weights.of_state + row * sizes.hidden;
    for (std::size_t i = 0; i < sizes.hidden; ++i) sum += line[i] * state[i];
    return sum;
  }
};

constexpr std::size_t kLstmGates = 4;  // input, output, forget, cell
constexpr std::size_t kGruGates = 3;   // update, reset, hidden
constexpr std::size_t kRnnGates = 1;

void step_lstm(const RecurrentStep& step) {
  const std::size_t size = step.sizes.hidden;
  const State before = step.hidden;
  const auto sum = [&](std::size_t gate, std::size_t i) {
    const std::size_t row = gate * size + i;
    return step.input_sum(row) + step.state_sum(row, before, kLstmGates);
  };
  const auto peephole = [&](std::size_t gate, std::size_t i) {
    const float* weights = step.weights.peepholes;
    return weights == nullptr ? 0 : weights[gate * size + i] * step.cell[i];
  };
  for (std::size_t i = 0; i < size; ++i) {
    const float enter = logistic(step.clipped(sum(0, i) + peephole(0, i)));
    const float forget =
        step.input_forget ? 1 - enter : logistic(step.clipped(sum(2, i) + peephole(2, i)));
    step.cell[i] = forget * step.cell[i] + enter * std::tanh(step.clipped(sum(3, i)));
    const float leave = logistic(step.clipped(sum(1, i) + peephole(1, i)));
    step.hidden[i] = leave * std::tanh(step.cell[i]);
  }
}

void step_gru(const RecurrentStep& step) {
  const std::size_t size = step.sizes.hidden;
  const auto gate = [&](std::size_t row) {
    return logistic(
        step.clipped(step.input_sum(row) + step.state_sum(row, step.hidden, kGruGates)));
  };
  State resets(size);
  State kept(size);
  for (std::size_t i = 0; i < size; ++i) {
    resets[i] = gate(size + i);
    kept[i] = resets[i] * step.hidden[i];
  }
  State next(size);
  for (std::size_t i = 0; i < size; ++i) {
    const std::size_t row = 2 * size + i;
    const float of_state = step.linear_before_reset
                               ? resets[i] * step.state_sum(row, step.hidden, kGruGates)
                               : step.state_sum(row, kept, kGruGates);
    const float update = gate(i);
    next[i] = (1 - update) * std::tanh(step.clipped(step.input_sum(row) + of_state)) +
              update * step.hidden[i];
  }
  step.hidden = std::move(next);
}

void step_rnn(const RecurrentStep& step) {
  State next(step.sizes.hidden);
  for (std::size_t i = 0; i < next.size(); ++i) {
    next[i] =
        std::tanh(step.clipped(step.input_sum(i) + step.state_sum(i, step.hidden, kRnnGates)));
  }
  step.hidden = std::move(next);
}

/// One of the three operators.
struct Recurrence {
  std::size_t gates;
  void (*step)(const RecurrentStep&);
};

/// An input of floats of these extents; null if an optional one is left out.
const float* floats_or_null(const OnnxCall& call, std::size_t input, const OnnxDims& dims) {
  if (!call.has(input)) return nullptr;
  if (call.input(input).dims != dims) {
    call.node.refuse("its input number " + std::to_string(input + 1) + " is " +
                     to_string(call.input(input).dims) + " instead of " + to_string(dims));
  }
  return call.floats(input).data();
}

/// With steps first, as without the attribute `layout`.
OnnxTensor steps_first(const OnnxCall& call) {
  const OnnxTensor& data = call.input(0);
  if (!data.is_float() || data.dims.size() != 3) call.node.refuse("its input must be sequences");
  return call.node.flag("layout") ? permuted(call, data, data.dims, {1, 0, 2}) : data;
}

/// What a recurrence reads and writes.
class RecurrentRun {
 public:
  RecurrentRun(const OnnxCall& call, const Recurrence& recurrence)
      : call_(call), recurrence_(recurrence), data_(steps_first(call)) {
    const std::string direction = call.node.text("direction", "forward");
    const OnnxDims& state = call.input(2).dims;
    if (state.size() != 3) call.node.refuse("its weights must be of three axes");
    backward_ = direction == "reverse";
    const auto extent = [](std::int64_t number) { return static_cast<std::size_t>(number); };
    sizes_ = {extent(data_.dims[0]), extent(data_.dims[1]), extent(data_.dims[2]), extent(state[2]),
              direction == "bidirectional" ? 2U : 1U};
    const std::size_t results = sizes_.directions * sizes_.batch * sizes_.hidden;
    check_size(call, {data_.dims[0], static_cast<std::int64_t>(results)});
    all_.assign(sizes_.steps * results, 0);
    last_.assign(results, 0);
    last_cells_.assign(results, 0);
  }

  std::vector<OnnxTensor> run() {
    for (std::size_t direction = 0; direction < sizes_.directions; ++direction) {
      const RecurrentWeights weights = read_weights(direction);
      for (std::size_t sequence = 0; sequence < sizes_.batch; ++sequence) {
        run_sequence(weights, direction, sequence);
      }
    }
    const auto extent = [](std::size_t number) { return static_cast<std::int64_t>(number); };
    const OnnxDims of_last{extent(sizes_.directions), extent(sizes_.batch), extent(sizes_.hidden)};
    OnnxDims of_all = of_last;
    of_all.insert(of_all.begin(), extent(sizes_.steps));
    std::vector<OnnxTensor> results{{of_all, std::move(all_)}, {of_last, std::move(last_)}};
    if (recurrence_.gates == kLstmGates) results.push_back({of_last, std::move(last_cells_)});
    if (!call_.node.flag("layout")) return results;
    for (OnnxTensor& result : results) {
      const bool is_all = result.dims.size() == 4;
      result = permuted(
          call_, result, result.dims,
          is_all ? std::vector<std::size_t>{2, 0, 1, 3} : std::vector<std::size_t>{1, 0, 2});
    }
    return results;
  }

 private:
  [[nodiscard]] RecurrentWeights read_weights(std::size_t direction) const {
    const auto directions = static_cast<std::int64_t>(sizes_.directions);
    const auto hidden = static_cast<std::int64_t>(sizes_.hidden);
    const auto rows = static_cast<std::int64_t>(recurrence_.gates) * hidden;
    const auto read = [&](std::size_t input, const OnnxDims& dims) {
      const float* values = floats_or_null(call_, input, dims);
      const auto size = static_cast<std::size_t>(count_elements(dims) / directions);
      return values == nullptr ? nullptr : values + direction * size;
    };
    (void)call_.input(1);
    const bool is_lstm = recurrence_.gates == kLstmGates;
    return {read(1, {directions, rows, data_.dims[2]}), read(2, {directions, rows, hidden}),
            read(3, {directions, 2 * rows}), is_lstm ? read(7, {directions, 3 * hidden}) : nullptr};
  }

  /// The state that a sequence begins with.
  [[nodiscard]] State initial(std::size_t input, std::size_t direction,
                              std::size_t sequence) const {
    const auto directions = static_cast<std::int64_t>(sizes_.directions);
    const bool batch_first = call_.node.flag("layout");
    const OnnxDims dims = batch_first ? OnnxDims{data_.dims[1], directions, hidden_extent()}
                                      : OnnxDims{directions, data_.dims[1], hidden_extent()};
    const float* values = floats_or_null(call_, input, dims);
    if (values == nullptr) return State(sizes_.hidden);
    const std::size_t line = batch_first ? sequence * sizes_.directions + direction
                                         : direction * sizes_.batch + sequence;
    return {values + line * sizes_.hidden, values + (line + 1) * sizes_.hidden};
  }

  [[nodiscard]] std::int64_t hidden_extent() const {
    return static_cast<std::int64_t>(sizes_.hidden);
  }

  /// How many steps a sequence has.
  [[nodiscard]] std::size_t length(std::size_t sequence) const {
    if (!call_.has(4)) return sizes_.steps;
    const std::vector<std::int64_t>& lengths = call_.integers(4);
    if (lengths.size() != sizes_.batch) call_.node.refuse("needs a length for each sequence");
    const auto most = static_cast<std::int64_t>(sizes_.steps);
    return static_cast<std::size_t>(std::clamp(lengths[sequence], std::int64_t{0}, most));
  }

  void run_sequence(const RecurrentWeights& weights, std::size_t direction, std::size_t sequence) {
    State hidden = initial(5, direction, sequence);
    const bool is_lstm = recurrence_.gates == kLstmGates;
    State cell = is_lstm ? initial(6, direction, sequence) : State{};
    const float clip = call_.node.number("clip", std::numeric_limits<float>::max());
    const std::size_t steps = length(sequence);
    for (std::size_t i = 0; i < steps; ++i) {
      const std::size_t at = backward_ || direction == 1 ? steps - 1 - i : i;
      const float* input = data_.floats().data() + (at * sizes_.batch + sequence) * sizes_.inputs;
      recurrence_.step({sizes_, weights, input, clip, call_.node.flag("input_forget"),
                        call_.node.flag("linear_before_reset"), hidden, cell});
      store(hidden, all_, at * sizes_.directions + direction, sequence);
    }
    store(hidden, last_, direction, sequence);
    if (is_lstm) store(cell, last_cells_, direction, sequence);
  }

  void store(const State& state, State& results, std::size_t plane, std::size_t sequence) const {
    const std::size_t begin = (plane * sizes_.batch + sequence) * sizes_.hidden;
    std::copy(state.begin(), state.end(), results.begin() + static_cast<std::ptrdiff_t>(begin));
  }

  const OnnxCall& call_;
  const Recurrence& recurrence_;
  OnnxTensor data_;
  RecurrentSizes sizes_;
  bool backward_ = false;
  State all_;
  State last_;
  State last_cells_;
};

template <std::size_t kGates, void (*kStep)(const RecurrentStep&)>
std::vector<OnnxTensor> recur(const OnnxCall& call) {
  constexpr Recurrence kRecurrence{kGates, kStep};
  return RecurrentRun(call, kRecurrence).run();
}

}  // namespace

std::vector<OnnxComputation> recurrent_operators() {
  return {{"LSTM", recur<kLstmGates, step_lstm>},
          {"GRU", recur<kGruGates, step_gru>},
          {"RNN", recur<kRnnGates, step_rnn>}};
}

}  // namespace vpinfer
