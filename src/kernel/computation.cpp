#include "kernel/computation.hpp"

#include "kernel/attention.hpp"
#include "kernel/candidates.hpp"
#include "kernel/convolution/convolution.hpp"
#include "kernel/elementwise.hpp"
#include "kernel/heads.hpp"
#include "kernel/island.hpp"
#include "kernel/locally_connected.hpp"
#include "kernel/pooling.hpp"
#include "kernel/rearrange.hpp"
#include "kernel/reorg.hpp"
#include "kernel/resample.hpp"
#include "kernel/softmax.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

/// The scratch memory of a layer's operation, for a computation that is not in strips.
struct WorkspaceOf {
  const Network& network;
  const Computation& computation;
  int threads;

  std::size_t operator()(const Convolution& conv) const {
    return convolution_workspace(conv, computation.algorithm, summed_channels(network, computation),
                                 computation.box, threads);
  }
  std::size_t operator()(const LocallyConnected& local) const {
    return locally_connected_workspace(local,
                                       network.input_shape(computation.position, 0).channels);
  }
  std::size_t operator()(const Attention& attention) const {
    return attention_workspace(attention, network.input_shape(computation.position, 1), threads);
  }
  std::size_t operator()(const Island& island) const { return island_workspace(island); }
  template <typename Other>
  std::size_t operator()(const Other&) const {
    return 0;
  }
};

/// Computes a box by a layer's operation.
struct ComputeBox {
  const Network& network;
  const Computation& computation;
  const Box& box;
  std::span<const ConstTensorView> inputs;
  const WeightSlice& weights;
  const TensorView& output;
  std::span<float> workspace;
  const Workers& workers;

  const Shape& input_shape(std::size_t index = 0) const {
    return network.input_shape(computation.first_layer(), index);
  }
  const Shape& output_shape() const { return network.layer(computation.position).output; }

  ConvolutionCall call(const Convolution& conv) const {
    return {conv,
            computation.algorithm,
            weights,
            input_shape(),
            inputs.front(),
            output,
            box,
            computation.sum.value_or(ChannelSum{{0, input_shape().channels}}),
            workspace};
  }

  void operator()(const Input&) const { throw Bug("the input is loaded, not computed"); }
  void operator()(const Constant& constant) const {
    write_constant(constant, weights.floats(), weights.range.filters.begin, output, box);
  }
  void operator()(const Convolution& conv) const { convolve(call(conv), workers); }
  void operator()(const LocallyConnected& local) const {
    connect_locally(local, weights, input_shape(), output_shape(), inputs.front(), output, box,
                    workspace, workers);
  }
  void operator()(const MaxPool& pool) const {
    max_pool(pool, input_shape(), inputs.front(), output, box, workers);
  }
  void operator()(const AveragePool& pool) const {
    average_pool(pool, input_shape(), inputs.front(), output, box, workers);
  }
  void operator()(const Elementwise& elementwise) const {
    combine(elementwise, input_shape(0), inputs[0], input_shape(1), inputs[1], output, box,
            workers);
  }
  void operator()(const Shortcut& shortcut) const {
    add_shortcut(shortcut, inputs[0], output_shape(), input_shape(1), inputs[1], output, box,
                 workers);
  }
  void operator()(const Sum& all) const {
    add_up(all, weights.floats(), weights.range.filters.begin, inputs, output, box, workers);
  }
  void operator()(const Activate& activate) const {
    activate_box(activate.activation, inputs.front(), output, box, workers);
  }
  void operator()(const PRelu&) const {
    prelu(weights.floats(), weights.range.filters.begin, inputs.front(), output, box, workers);
  }
  void operator()(const Softmax& softmax) const {
    softmax_box(softmax, input_shape(), inputs.front(), output, box);
  }
  void operator()(const Attention& attention) const {
    attend(attention, inputs, output, box, workspace, workers);
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
    resample(resize, input_shape(), inputs.front(), output, box, workers);
  }
  void operator()(const Flatten&) const { flatten(input_shape(), inputs.front(), output, box); }
  void operator()(const Reorg& reorg) const {
    reorganise(reorg, input_shape(), output_shape(), inputs.front(), output, box, workers);
  }
  void operator()(const SpaceToDepth& move) const {
    space_to_depth(move, input_shape(), inputs.front(), output, box);
  }
  void operator()(const DepthToSpace& move) const {
    depth_to_space(move, output_shape(), inputs.front(), output, box);
  }
  void operator()(const ShuffleChannels& shuffle) const {
    shuffle_channels(shuffle, input_shape(), inputs.front(), output, box);
  }
  void operator()(const Island& island) const {
    compute_island(island, network.name, inputs, output, box);
  }
  void operator()(const Region& region) const {
    activate_region(region, inputs.front(), output, box, workers);
  }
  void operator()(const GridHead& head) const {
    activate_grid(head, inputs.front(), output, box, workers);
  }
  void operator()(const NanoDet& head) const {
    activate_nanodet(head, inputs.front(), output, box, workers);
  }
  void operator()(const Candidates& head) const { gather_candidates(head, inputs, output, box); }
};

}  // namespace

PooledConvolution pooled_convolution(const Network& network, int convolution, int pool) {
  return {std::get<Convolution>(network.layer(convolution).operation),
          std::get<MaxPool>(network.layer(pool).operation), network.layer(convolution).output};
}

int summed_channels(const Network& network, const Computation& computation) {
  return computation.sum ? computation.sum->channels.size()
                         : network.input_shape(computation.first_layer(), 0).channels;
}

ConvolutionAlgorithm choose_algorithm(const Network& network, ConvolutionPath path, WeightForm form,
                                      const Computation& computation) {
  const int layer = computation.first_layer();
  const Box& box = computation.box;
  const Box convolved = computation.strips
                            ? pooled_convolution(network, layer, computation.position)
                                  .largest_strip(box, computation.strips->rows)
                            : box;
  return choose_algorithm(std::get<Convolution>(network.layer(layer).operation), path, form,
                          summed_channels(network, computation), convolved);
}

std::size_t workspace_floats(const Network& network, const Computation& computation, int threads) {
  if (const std::optional<Strips>& strips = computation.strips) {
    const int channels = summed_channels(network, computation);
    return pooled_workspace(pooled_convolution(network, strips->convolution, computation.position),
                            computation.algorithm, channels, computation.box, strips->rows,
                            threads);
  }
  return std::visit(WorkspaceOf{network, computation, threads},
                    network.layer(computation.position).operation);
}

void compute(const Network& network, const Computation& computation, const Operands& operands,
             const Workers& workers) {
  const ComputeBox compute_box{
      network,          computation,     computation.box,    operands.inputs,
      operands.weights, operands.output, operands.workspace, workers};
  if (const std::optional<Strips>& strips = computation.strips) {
    const PooledConvolution both =
        pooled_convolution(network, strips->convolution, computation.position);
    convolve_and_pool(both, strips->rows, compute_box.call(both.convolution), workers);
    return;
  }
  std::visit(compute_box, network.layer(computation.position).operation);
}

void add_up_parts(const Network& network, int position, std::span<const PartialSums> parts,
                  const WeightSlice& weights, const TensorView& output, const Box& box,
                  const Workers& workers) {
  for (const PartialSums& part : parts) {
    const bool begins = &part == &parts.front();
    if (const auto* received = std::get_if<EncodedBox>(&part)) {
      begins ? decode(*received, output, box) : add_decoded(*received, output, box);
    } else {
      const auto& computed = std::get<ConstTensorView>(part);
      begins ? copy_box(computed, output, box) : add_box(computed, output, box);
    }
    workers.progress();
  }
  end_sums(std::get<Convolution>(network.layer(position).operation), weights, output, box);
}

}  // namespace vpinfer
