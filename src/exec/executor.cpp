#include "vpinfer/exec/executor.hpp"

#include <algorithm>
#include <string>

#include "vpinfer/base/clock.hpp"
#include "vpinfer/base/error.hpp"
#include "vpinfer/base/units.hpp"
#include "vpinfer/comm/polling.hpp"
#include "vpinfer/kernel/convolution.hpp"
#include "vpinfer/kernel/elementwise.hpp"
#include "vpinfer/kernel/heads.hpp"
#include "vpinfer/kernel/locally_connected.hpp"
#include "vpinfer/kernel/pooling.hpp"
#include "vpinfer/kernel/rearrange.hpp"
#include "vpinfer/kernel/reorg.hpp"
#include "vpinfer/kernel/resample.hpp"
#include "vpinfer/kernel/softmax.hpp"

namespace vpinfer {
namespace {

/// Everything that a kernel may need to compute one box of one layer.
struct ComputeBox {
  const Network& network;
  int position;
  const Box& box;
  const std::vector<ConstTensorView>& inputs;
  const TensorView& output;
  const FilterSlice& weights;
  std::span<float> workspace;
  const Progress& progress;

  const Shape& input_shape(std::size_t index = 0) const {
    return network.input_shape(position, index);
  }
  const Shape& output_shape() const { return network.layer(position).output; }

  void operator()(const Input&) const { throw Bug("the input is loaded, not computed"); }
  void operator()(const Constant& constant) const {
    write_constant(constant, weights.weights, weights.filters.begin, output, box);
  }
  void operator()(const Convolution& conv) const {
    convolve(conv, weights, input_shape(), inputs.front(), output, box, workspace, progress);
  }
  void operator()(const LocallyConnected& local) const {
    connect_locally(local, weights, input_shape(), output_shape(), inputs.front(), output, box,
                    workspace, progress);
  }
  void operator()(const MaxPool& pool) const {
    max_pool(pool, input_shape(), inputs.front(), output, box, progress);
  }
  void operator()(const AveragePool& pool) const {
    average_pool(pool, input_shape(), inputs.front(), output, box, progress);
  }
  void operator()(const Elementwise& elementwise) const {
    combine(elementwise, input_shape(0), inputs[0], input_shape(1), inputs[1], output, box,
            progress);
  }
  void operator()(const Shortcut& shortcut) const {
    add_shortcut(shortcut, inputs[0], output_shape(), input_shape(1), inputs[1], output, box,
                 progress);
  }
  void operator()(const Activate& activate) const {
    activate_box(activate.activation, inputs.front(), output, box, progress);
  }
  void operator()(const PRelu&) const {
    prelu(weights.weights, weights.filters.begin, inputs.front(), output, box, progress);
  }
  void operator()(const Softmax& softmax) const {
    softmax_box(softmax, input_shape(), inputs.front(), output, box);
  }
  void operator()(const Concat& concat) const {
    int before = 0;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const Box all = shifted(whole(input_shape(i)), concat.axis, before);
      copy_box(shifted(inputs[i], concat.axis, before), output, intersect(box, all));
      before += along(input_shape(i), concat.axis);
    }
  }
  void operator()(const Slice& cut) const { slice(cut, inputs.front(), output, box); }
  void operator()(const Pad& margin) const {
    pad(margin, input_shape(), inputs.front(), output, box);
  }
  void operator()(const Resample& resize) const {
    resample(resize, input_shape(), inputs.front(), output, box, progress);
  }
  void operator()(const Flatten&) const { flatten(input_shape(), inputs.front(), output, box); }
  void operator()(const Reorg& reorg) const {
    reorganise(reorg, input_shape(), output_shape(), inputs.front(), output, box);
  }
  void operator()(const SpaceToDepth& move) const {
    space_to_depth(move, input_shape(), inputs.front(), output, box);
  }
  void operator()(const DepthToSpace& move) const {
    depth_to_space(move, output_shape(), inputs.front(), output, box);
  }
  void operator()(const Region& region) const {
    activate_region(region, inputs.front(), output, box);
  }
  void operator()(const GridHead& head) const { activate_grid(head, inputs.front(), output, box); }
  void operator()(const NanoDet& head) const {
    activate_nanodet(head, inputs.front(), output, box);
  }
};

}  // namespace

ExecutionCounters& ExecutionCounters::operator+=(const ExecutionCounters& other) {
  compute_seconds += other.compute_seconds;
  wait_seconds += other.wait_seconds;
  sent_bytes += other.sent_bytes;
  received_bytes += other.received_bytes;
  return *this;
}

Executor::Executor(const Network& network, const Program& program, const Weights& weights,
                   Communicator& communicator, std::chrono::duration<double> timeout)
    : network_(network),
      program_(program),
      weights_(weights),
      communicator_(communicator),
      timeout_(timeout),
      progress_([this] { communicator_.progress(); }),
      arena_(program.arena_floats) {
  const auto endpoints = [this](const std::vector<Message>& messages) {
    std::vector<Endpoint> list;
    for (const Message& message : messages) list.push_back({message.peer, buffer(message)});
    return list;
  };
  for (int position = 0; position < network.size(); ++position) {
    const Tensor& tensor = program.tensor(position);
    inputs_.emplace_back();
    for (const int input : network.layer(position).inputs) {
      inputs_.back().emplace_back(view(program.tensor(input).read));
    }
    exchanges_.push_back({communicator.receives(endpoints(tensor.receives), position),
                          communicator.sends(endpoints(tensor.sends), position)});
  }
}

void Executor::run(const InputWriter& write_input, const Receiver& receiver) {
  for (const Step& step : program_.steps) execute(step, write_input, receiver);
}

void Executor::execute(const Step& step, const InputWriter& write_input, const Receiver& receiver) {
  const Tensor& tensor = program_.tensor(step.position);
  switch (step.action) {
    case Action::kLoad:
      write_input({view(tensor.written).data, tensor.written.box.elements()});
      return;
    case Action::kPostReceives: exchange(step.position).receives->start(); return;
    case Action::kCompute: compute(step.position, step.box); return;
    case Action::kKeep: keep(step.position); return;
    case Action::kSend: send(step.position); return;
    case Action::kAwaitReceives: await_receives(step.position); return;
    case Action::kAwaitSends: await_sends(step.position); return;
    case Action::kDeliver: receiver(step.position, view(tensor.read)); return;
  }
}

void Executor::compute(int position, const Box& box) {
  const Clock::time_point start = Clock::now();
  const Tensor& tensor = program_.tensor(position);
  std::visit(ComputeBox{network_, position, box, inputs_[static_cast<std::size_t>(position)],
                        view(tensor.written), weights_.slice(position),
                        arena_.part(tensor.workspace_offset, tensor.workspace_floats), progress_},
             network_.layer(position).operation);
  counters_.compute_seconds += seconds_since(start);
}

void Executor::keep(int position) {
  const Tensor& tensor = program_.tensor(position);
  copy_box(view(tensor.written), view(tensor.read), intersect(tensor.written.box, tensor.read.box));
}

void Executor::send(int position) {
  const Tensor& tensor = program_.tensor(position);
  for (const Message& message : tensor.sends) {
    if (message.staging == Staging::kPacked) pack(tensor, message);
    counters_.sent_bytes += message.floats * sizeof(float);
  }
  exchange(position).sends->start();
}

void Executor::await_receives(int position) {
  const Tensor& tensor = program_.tensor(position);
  const std::vector<Message>& messages = tensor.receives;
  Transfers& receives = *exchange(position).receives;
  while (receives.unfinished()) {
    const Message& message = messages[await_one(receives, messages, position, "receive from")];
    if (message.staging == Staging::kPacked) unpack(tensor, message);
    counters_.received_bytes += message.floats * sizeof(float);
  }
}

void Executor::await_sends(int position) {
  Transfers& sends = *exchange(position).sends;
  while (sends.unfinished()) {
    (void)await_one(sends, program_.tensor(position).sends, position, "send to");
  }
}

void Executor::pack(const Tensor& tensor, const Message& message) {
  const auto pack_to = [&](auto* target) {
    for (const Box& box : message.boxes) {
      copy_box(view(tensor.written), View{target, box}, box);
      target += box.elements();
    }
  };
  if (program_.wire == WireFormat::kFloat) return pack_to(buffer(message).data());
  buffer(message).back() = 0;  // of an odd number of halves, half of the last float
  pack_to(halves(message));
}

void Executor::unpack(const Tensor& tensor, const Message& message) {
  const auto unpack_from = [&](const auto* source) {
    for (const Box& box : message.boxes) {
      copy_box(View{source, box}, view(tensor.read), box);
      source += box.elements();
    }
  };
  if (program_.wire == WireFormat::kFloat) return unpack_from(buffer(message).data());
  unpack_from(halves(message));
}

std::size_t Executor::await_one(Transfers& transfers, const std::vector<Message>& messages,
                                int position, const std::string& what) {
  const Clock::time_point start = Clock::now();
  Polling polling(timeout_);
  while (true) {
    if (const auto finished = transfers.test()) {
      counters_.wait_seconds += seconds_since(start);
      return *finished;
    }
    if (polling.pause()) continue;
    const int peer = messages[*transfers.unfinished()].peer;
    throw Error(ExitCode::kRankFailed,
                Network::label(position) + ": could not " + what + " rank " + std::to_string(peer) +
                    " (" + communicator_.host(peer) + ") within " + fixed(timeout_.count(), 1) +
                    " s; is it down or much slower? --timeout sets the limit");
  }
}

std::span<float> Executor::buffer(const Message& message) {
  return arena_.part(message.offset, message.floats);
}

HalfBits* Executor::halves(const Message& message) {
  return reinterpret_cast<HalfBits*>(buffer(message).data());
}

}  // namespace vpinfer
