#include "support/reference.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace vpinfer {
namespace {

double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}

/// reorg_cpu of Darknet's src/blas.c, on [channels][rows][cols] arrays, with Darknet's names.
std::vector<float> reorg_cpu(const std::vector<float>& x, const Shape& in, int stride,
                             bool forward) {
  const int w = in.cols;
  const int h = in.rows;
  const int c = in.channels;
  std::vector<float> out(x.size());
  const int out_c = c / (stride * stride);
  for (int k = 0; k < c; ++k) {
    for (int j = 0; j < h; ++j) {
      for (int i = 0; i < w; ++i) {
        const auto in_index = static_cast<std::size_t>(i + w * (j + h * k));
        const int c2 = k % out_c;
        const int offset = k / out_c;
        const int w2 = i * stride + offset % stride;
        const int h2 = j * stride + offset / stride;
        const auto out_index = static_cast<std::size_t>(w2 + w * stride * (h2 + h * stride * c2));
        if (forward) {
          out[out_index] = x[in_index];
        } else {
          out[in_index] = x[out_index];
        }
      }
    }
  }
  return out;
}

std::vector<float> channels_first(const std::vector<float>& x, const Shape& shape) {
  std::vector<float> planes;
  for (int channel = 0; channel < shape.channels; ++channel) {
    for (int row = 0; row < shape.rows; ++row) {
      for (int col = 0; col < shape.cols; ++col) {
        planes.push_back(x[flat_index(shape, row, col, channel)]);
      }
    }
  }
  return planes;
}

std::vector<float> channels_last(const std::vector<float>& planes, const Shape& shape) {
  std::vector<float> x(planes.size());
  auto next = planes.begin();
  for (int channel = 0; channel < shape.channels; ++channel) {
    for (int row = 0; row < shape.rows; ++row) {
      for (int col = 0; col < shape.cols; ++col) {
        x[flat_index(shape, row, col, channel)] = *next++;
      }
    }
  }
  return x;
}

/// Computes one layer, element by element.
struct ReferenceLayer {
  const Network& network;
  int position;
  const LayerWeights& weights;
  const Outputs& outputs;

  const Shape& in() const { return network.input_shape(position, 0); }
  const Shape& out() const { return network.layer(position).output; }
  const std::vector<float>& input(std::size_t index = 0) const {
    return outputs[static_cast<std::size_t>(network.layer(position).inputs[index])];
  }

  template <typename Element>
  std::vector<float> for_each_output(const Element& element) const {
    std::vector<float> values;
    for (int row = 0; row < out().rows; ++row) {
      for (int col = 0; col < out().cols; ++col) {
        for (int channel = 0; channel < out().channels; ++channel) {
          values.push_back(static_cast<float>(element(row, col, channel)));
        }
      }
    }
    return values;
  }

  /// Calls visit(window row, window col, row, col) for the places of a window in the picture.
  template <typename Visit>
  void for_each_place(const Window& rows, const Window& cols, int row, int col,
                      const Visit& visit) const {
    for (int r = 0; r < rows.size; ++r) {
      for (int c = 0; c < cols.size; ++c) {
        const int in_row = row * rows.stride - rows.pad_before + r;
        const int in_col = col * cols.stride - cols.pad_before + c;
        if (in_row < 0 || in_row >= in().rows || in_col < 0 || in_col >= in().cols) continue;
        visit(r, c, in_row, in_col);
      }
    }
  }

  std::vector<float> operator()(const Input&) const {
    throw std::logic_error("the input is not computed");
  }

  std::vector<float> operator()(const Convolution& conv) const {
    const int channels = in().channels / conv.groups;
    return for_each_output([&](int row, int col, int filter) {
      const int first_channel = filter / (conv.filters / conv.groups) * channels;
      double sum = weights.biases[static_cast<std::size_t>(filter)];
      for_each_place(conv.rows, conv.cols, row, col, [&](int r, int c, int in_row, int in_col) {
        for (int i = 0; i < channels; ++i) {
          const int weight = ((filter * conv.rows.size + r) * conv.cols.size + c) * channels + i;
          sum += static_cast<double>(weights.weights[static_cast<std::size_t>(weight)]) *
                 static_cast<double>(input()[flat_index(in(), in_row, in_col, first_channel + i)]);
        }
      });
      return reference_activation(conv.activation, sum);
    });
  }

  std::vector<float> operator()(const MaxPool& pool) const {
    return for_each_output([&](int row, int col, int channel) {
      float largest = -std::numeric_limits<float>::max();
      for_each_place(pool.rows, pool.cols, row, col, [&](int, int, int in_row, int in_col) {
        largest = std::max(largest, input()[flat_index(in(), in_row, in_col, channel)]);
      });
      return largest;
    });
  }

  std::vector<float> operator()(const Concat&) const {
    return for_each_output([&](int row, int col, int channel) {
      std::size_t index = 0;
      while (channel >= network.input_shape(position, index).channels) {
        channel -= network.input_shape(position, index).channels;
        ++index;
      }
      return input(index)[flat_index(network.input_shape(position, index), row, col, channel)];
    });
  }

  std::vector<float> operator()(const Reorg& reorg) const {
    return channels_last(
        reorg_cpu(channels_first(input(), in()), in(), reorg.stride, reorg.reverse), out());
  }

  std::vector<float> operator()(const Region& region) const {
    const int channels = region.classes + 5;
    return for_each_output([&](int row, int col, int channel) {
      const int entry = channel % channels;
      const auto logit = [&](int of_anchor) {
        return static_cast<double>(
            input()[flat_index(in(), row, col, channel - entry + of_anchor)]);
      };
      if (entry == 2 || entry == 3) return logit(entry);
      if (entry < 5 || !region.softmax) return sigmoid(logit(entry));
      double sum = 0;
      for (int i = 5; i < channels; ++i) sum += std::exp(logit(i) - logit(entry));
      return 1 / sum;
    });
  }
};

}  // namespace

double reference_activation(Activation activation, double x) {
  switch (activation) {
    case Activation::kLinear: return x;
    case Activation::kLogistic: return sigmoid(x);
    case Activation::kLoggy: return 2 * sigmoid(x) - 1;
    case Activation::kRelu: return x > 0 ? x : 0;
    case Activation::kElu: return x >= 0 ? x : std::expm1(x);
    case Activation::kSelu: return 1.0507 * (x >= 0 ? x : 1.6732 * std::expm1(x));
    case Activation::kRelie: return x > 0 ? x : 0.01 * x;
    case Activation::kRamp: return x > 0 ? 1.1 * x : 0.1 * x;
    case Activation::kLeaky: return x > 0 ? x : 0.1 * x;
    case Activation::kTanh: return std::tanh(x);
    case Activation::kPlse:
      return x < -4 ? 0.01 * (x + 4) : x > 4 ? 0.01 * (x - 4) + 1 : 0.125 * x + 0.5;
    case Activation::kStair: {
      const int n = static_cast<int>(std::floor(x));
      return n % 2 == 0 ? std::floor(x / 2) : (x - n) + std::floor(x / 2);
    }
    case Activation::kHardtan: return x < -1 ? -1 : x > 1 ? 1 : x;
    case Activation::kLhtan: return x < 0 ? 0.001 * x : x > 1 ? 0.001 * (x - 1) + 1 : x;
  }
  throw std::logic_error("unknown activation");
}

std::vector<float> reference_layer(const Network& network, int position,
                                   const LayerWeights& weights, const Outputs& outputs) {
  return std::visit(ReferenceLayer{network, position, weights, outputs},
                    network.layer(position).operation);
}

Outputs reference_run(const Network& network, const std::vector<LayerWeights>& weights,
                      const std::vector<float>& input) {
  Outputs outputs{input};
  for (int i = 1; i < network.size(); ++i) {
    outputs.push_back(reference_layer(network, i, weights[static_cast<std::size_t>(i)], outputs));
  }
  return outputs;
}

std::size_t flat_index(const Shape& shape, int row, int col, int channel) {
  return static_cast<std::size_t>((row * shape.cols + col) * shape.channels + channel);
}

}  // namespace vpinfer
