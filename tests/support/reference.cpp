#include "support/reference.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "kernel/candidates.hpp"
#include "kernel/island.hpp"

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

  double value(int row, int col, int channel, std::size_t index = 0) const {
    return static_cast<double>(
        input(index)[flat_index(network.input_shape(position, index), row, col, channel)]);
  }

  double weight(std::size_t index) const { return static_cast<double>(weights.weights[index]); }

  /// Calls visit(window row, window col, row, col) for the places of a window in the picture.
  template <typename Visit>
  void for_each_place(const Window& rows, const Window& cols, int row, int col,
                      const Visit& visit) const {
    for (int r = 0; r < rows.size; ++r) {
      for (int c = 0; c < cols.size; ++c) {
        const int in_row = row * rows.stride - rows.pad_before + r * rows.dilation;
        const int in_col = col * cols.stride - cols.pad_before + c * cols.dilation;
        if (in_row < 0 || in_row >= in().rows || in_col < 0 || in_col >= in().cols) continue;
        visit(r, c, in_row, in_col);
      }
    }
  }

  /// How many places of a window lie in the picture or its padding.
  static int places_with_padding(const Window& window, int output, int size) {
    int count = 0;
    for (int tap = 0; tap < window.size; ++tap) {
      const int at = output * window.stride - window.pad_before + tap * window.dilation;
      if (at < size + window.pad_after) ++count;
    }
    return count;
  }

  std::vector<float> operator()(const Input&) const {
    throw std::logic_error("the input is not computed");
  }

  std::vector<float> operator()(const Constant& constant) const {
    return for_each_output([&](int row, int col, int channel) {
      const int index = (channel * constant.shape.rows + row) * constant.shape.cols + col;
      return weight(static_cast<std::size_t>(index));
    });
  }

  std::vector<float> operator()(const LocallyConnected& local) const {
    const int per_pixel = local.rows.size * local.cols.size * in().channels + 1;
    return for_each_output([&](int row, int col, int filter) {
      const int pixel = row * out().cols + col;
      const int first = (filter * out().rows * out().cols + pixel) * per_pixel;
      double sum = weight(static_cast<std::size_t>(first + per_pixel - 1));
      for_each_place(local.rows, local.cols, row, col, [&](int r, int c, int in_row, int in_col) {
        for (int i = 0; i < in().channels; ++i) {
          const int at = first + (r * local.cols.size + c) * in().channels + i;
          sum += weight(static_cast<std::size_t>(at)) * value(in_row, in_col, i);
        }
      });
      return reference_activation(local.activation, sum);
    });
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

  std::vector<float> operator()(const AveragePool& pool) const {
    return for_each_output([&](int row, int col, int channel) {
      double sum = 0;
      int count = 0;
      for_each_place(pool.rows, pool.cols, row, col, [&](int, int, int in_row, int in_col) {
        sum += value(in_row, in_col, channel);
        ++count;
      });
      if (pool.counts_padding) {
        count = places_with_padding(pool.rows, row, in().rows) *
                places_with_padding(pool.cols, col, in().cols);
      }
      return sum / count;
    });
  }

  std::vector<float> operator()(const Elementwise& pair) const {
    const auto operand = [&](std::size_t index, int row, int col, int channel) {
      const Shape& shape = network.input_shape(position, index);
      return value(shape.rows == 1 ? 0 : row, shape.cols == 1 ? 0 : col,
                   shape.channels == 1 ? 0 : channel, index);
    };
    return for_each_output([&](int row, int col, int channel) {
      const double a = operand(0, row, col, channel);
      const double b = operand(1, row, col, channel);
      const auto result = [&] {
        switch (pair.function) {
          case Arithmetic::kAdd: return a + b;
          case Arithmetic::kSubtract: return a - b;
          case Arithmetic::kMultiply: return a * b;
          case Arithmetic::kDivide: return a / b;
          case Arithmetic::kMaximum: return std::max(a, b);
          case Arithmetic::kMinimum: return std::min(a, b);
        }
        throw std::logic_error("unknown function");
      };
      return reference_activation(pair.activation, result());
    });
  }

  /// shortcut_cpu of Darknet's src/blas.c, from the added layer's side.
  std::vector<float> operator()(const Shortcut& shortcut) const {
    std::vector<double> sums(input().begin(), input().end());
    const Shape& from = network.input_shape(position, 1);
    const int stride = std::max(1, from.cols / out().cols);
    const int sample = std::max(1, out().cols / from.cols);
    const int channels = std::min(from.channels, out().channels);
    for (int i = 0; i < std::min(from.rows, out().rows); ++i) {
      for (int j = 0; j < std::min(from.cols, out().cols); ++j) {
        for (int k = 0; k < channels; ++k) {
          if (i * stride >= from.rows || j * stride >= from.cols) continue;
          if (i * sample >= out().rows || j * sample >= out().cols) continue;
          double& sum = sums[flat_index(out(), i * sample, j * sample, k)];
          sum = static_cast<double>(shortcut.alpha) * sum +
                static_cast<double>(shortcut.beta) * value(i * stride, j * stride, k, 1);
        }
      }
    }
    std::vector<float> values;
    for (const double sum : sums) {
      values.push_back(static_cast<float>(reference_activation(shortcut.activation, sum)));
    }
    return values;
  }

  std::vector<float> operator()(const Sum& all) const {
    const std::size_t inputs = network.layer(position).inputs.size();
    return for_each_output([&](int row, int col, int channel) {
      double total = 0;
      for (std::size_t i = 0; i < inputs; ++i) {
        if (channel >= network.input_shape(position, i).channels) continue;
        const std::size_t at = static_cast<std::size_t>(channel) * inputs + i;
        total +=
            (all.weighted ? static_cast<double>(weight(at)) : 1.0) * value(row, col, channel, i);
      }
      return reference_activation(all.activation, total);
    });
  }

  std::vector<float> operator()(const Activate& activate) const {
    return for_each_output([&](int row, int col, int channel) {
      return reference_activation(activate.activation, value(row, col, channel));
    });
  }

  std::vector<float> operator()(const PRelu&) const {
    return for_each_output([&](int row, int col, int channel) {
      const double x = value(row, col, channel);
      return x > 0 ? x : weight(static_cast<std::size_t>(channel)) * x;
    });
  }

  std::vector<float> operator()(const Softmax& softmax) const {
    const auto same_group = [&](int a, int b) {
      if (softmax.tree.empty())
        return a * softmax.groups / in().channels == b * softmax.groups / in().channels;
      for (int i = std::min(a, b); i <= std::max(a, b); ++i) {
        if (softmax.tree[static_cast<std::size_t>(i)] != softmax.tree[static_cast<std::size_t>(a)])
          return false;
      }
      return true;
    };
    return for_each_output([&](int row, int col, int channel) {
      double sum = 0;
      for (int r = 0; r < in().rows; ++r) {
        for (int c = 0; c < in().cols; ++c) {
          if ((!softmax.over_rows && r != row) || (!softmax.over_cols && c != col)) continue;
          for (int k = 0; k < in().channels; ++k) {
            if (!same_group(k, channel)) continue;
            sum += std::exp((value(r, c, k) - value(row, col, channel)) /
                            static_cast<double>(softmax.temperature));
          }
        }
      }
      return 1 / sum;
    });
  }

  std::vector<float> operator()(const Slice& slice) const {
    return for_each_output([&](int row, int col, int channel) {
      return value(slice.rows.begin + row * slice.rows.step,
                   slice.cols.begin + col * slice.cols.step,
                   slice.channels.begin + channel * slice.channels.step) *
                 static_cast<double>(slice.scale) +
             static_cast<double>(slice.shift);
    });
  }

  std::vector<float> operator()(const Pad& pad) const {
    const auto source = [&](const Padding& padding, int at, int size) {
      at -= padding.before;
      if (pad.mode == PadMode::kEdge) return at < 0 ? 0 : at >= size ? size - 1 : at;
      if (pad.mode == PadMode::kReflect)
        return at < 0 ? -at : at >= size ? 2 * (size - 1) - at : at;
      return at >= size ? -1 : at;
    };
    return for_each_output([&](int row, int col, int channel) {
      const int r = source(pad.rows, row, in().rows);
      const int c = source(pad.cols, col, in().cols);
      const int k = source(pad.channels, channel, in().channels);
      return r < 0 || c < 0 || k < 0 ? static_cast<double>(pad.value) : value(r, c, k);
    });
  }

  /// Every input counts as much as a tent around the output's place gives it.
  std::vector<float> operator()(const Resample& resample) const {
    const auto place = [](const Sampling& s, int at) {  // ONNX's formulas, in floats
      const float moved = static_cast<float>(at) + s.output_offset;
      const float multiplied = moved * s.multiplier;
      const float divided = multiplied / s.scale;
      return static_cast<double>(divided - s.input_offset);
    };
    const auto share = [&](const Sampling& s, int at, int source, int size) {
      const double x = std::min(std::max(place(s, at), 0.0), size - 1.0);
      if (resample.interpolation == Interpolation::kLinear) {
        return std::max(0.0, 1 - std::abs(x - source));
      }
      const double exact = place(s, at);
      double nearest = std::round(exact);
      if (resample.interpolation == Interpolation::kNearestFloor) nearest = std::floor(exact);
      if (resample.interpolation == Interpolation::kNearestCeil) nearest = std::ceil(exact);
      if (std::abs(exact - std::floor(exact) - 0.5) < 1e-6) {
        if (resample.interpolation == Interpolation::kNearestHalfDown) nearest = std::floor(exact);
        if (resample.interpolation == Interpolation::kNearestHalfUp) nearest = std::ceil(exact);
      }
      return std::min(std::max(nearest, 0.0), size - 1.0) == source ? 1.0 : 0.0;
    };
    const auto outside = [&](const Sampling& s, int at, int size) {
      return place(s, at) < 0 || place(s, at) > size - 1;
    };
    return for_each_output([&](int row, int col, int channel) {
      if (resample.fills_outside &&
          (outside(resample.rows, row, in().rows) || outside(resample.cols, col, in().cols))) {
        return static_cast<double>(resample.fill);
      }
      double sum = 0;
      for (int r = 0; r < in().rows; ++r) {
        const double of_row = share(resample.rows, row, r, in().rows);
        if (of_row == 0) continue;
        for (int c = 0; c < in().cols; ++c) {
          const double of_col = share(resample.cols, col, c, in().cols);
          if (of_col != 0) sum += of_row * of_col * value(r, c, channel);
        }
      }
      return sum * static_cast<double>(resample.gain);
    });
  }

  std::vector<float> operator()(const Flatten& flatten) const {
    std::vector<float> values = channels_first(input(), in());
    values.resize(values.size() + static_cast<std::size_t>(flatten.extra), 0.0F);
    return values;
  }

  /// Channels as a matrix of groups x members, transposed.
  std::vector<float> operator()(const ShuffleChannels& shuffle) const {
    const int members = in().channels / shuffle.groups;
    return for_each_output([&](int row, int col, int channel) {
      const int member = channel / shuffle.groups;
      const int group = channel - member * shuffle.groups;
      return value(row, col, group * members + member);
    });
  }

  /// From the input's side: each element goes where ONNX's formula sends it.
  std::vector<float> operator()(const SpaceToDepth& move) const {
    std::vector<float> values(input().size());
    for (int row = 0; row < in().rows; ++row) {
      for (int col = 0; col < in().cols; ++col) {
        for (int k = 0; k < in().channels; ++k) {
          const int depth = (row % move.rows * move.cols + col % move.cols) * in().channels + k;
          values[flat_index(out(), row / move.rows, col / move.cols, depth)] =
              static_cast<float>(value(row, col, k));
        }
      }
    }
    return values;
  }

  std::vector<float> operator()(const DepthToSpace& move) const {
    std::vector<float> values(input().size());
    const int pixels = move.rows * move.cols;
    for (int row = 0; row < in().rows; ++row) {
      for (int col = 0; col < in().cols; ++col) {
        for (int k = 0; k < in().channels; ++k) {
          const bool dcr = move.order == DepthOrder::kDepthColumnRow;
          const int pixel = dcr ? k / out().channels : k % pixels;
          const int channel = dcr ? k % out().channels : k / pixels;
          values[flat_index(out(), row * move.rows + pixel / move.cols,
                            col * move.cols + pixel % move.cols, channel)] =
              static_cast<float>(value(row, col, k));
        }
      }
    }
    return values;
  }

  std::vector<float> operator()(const GridHead& head) const {
    return for_each_output([&](int, int, int index) {
      const double x = value(0, 0, index);
      if (!head.softmax || index >= head.side * head.side * head.classes) return x;
      double sum = 0;
      for (int i = 0; i < head.classes; ++i) {
        sum += std::exp(value(0, 0, index / head.classes * head.classes + i) - x);
      }
      return 1 / sum;
    });
  }

  std::vector<float> operator()(const NanoDet& head) const {
    return for_each_output([&](int row, int col, int channel) {
      const double x = value(row, col, channel);
      if (channel < head.classes) return sigmoid(x);
      const int first = channel - (channel - head.classes) % head.bins;
      double sum = 0;
      for (int i = 0; i < head.bins; ++i) sum += std::exp(value(row, col, first + i) - x);
      return 1 / sum;
    });
  }

  std::vector<float> operator()(const Attention& attention) const {
    const Shape& keys = network.input_shape(position, 1);
    return for_each_output([&](int row, int col, int channel) {
      const int head = channel / attention.values.size;
      const auto at = [&](const HeadChannels& channels, int i) {
        return channels.begin + head * channels.stride + i;
      };
      const auto score = [&](int r, int c) {
        double sum = 0;
        for (int i = 0; i < attention.keys.size; ++i) {
          sum += value(row, col, at(attention.queries, i)) * value(r, c, at(attention.keys, i), 1);
        }
        return static_cast<double>(attention.scale) * sum;
      };
      double largest = -std::numeric_limits<double>::infinity();
      for (int r = 0; r < keys.rows; ++r) {
        for (int c = 0; c < keys.cols; ++c) largest = std::max(largest, score(r, c));
      }
      double all = 0;
      double sum = 0;
      for (int r = 0; r < keys.rows; ++r) {
        for (int c = 0; c < keys.cols; ++c) {
          const double weight = std::exp(score(r, c) - largest);
          all += weight;
          sum += weight * value(r, c, at(attention.values, channel % attention.values.size), 2);
        }
      }
      return sum / all;
    });
  }

  std::vector<float> operator()(const Concat& concat) const {
    return for_each_output([&](int row, int col, int channel) {
      int& at = concat.axis == Axis::kRows ? row : concat.axis == Axis::kCols ? col : channel;
      std::size_t index = 0;
      while (at >= along(network.input_shape(position, index), concat.axis)) {
        at -= along(network.input_shape(position, index), concat.axis);
        ++index;
      }
      return input(index)[flat_index(network.input_shape(position, index), row, col, channel)];
    });
  }

  std::vector<float> operator()(const Reorg& reorg) const {
    return channels_last(
        reorg_cpu(channels_first(input(), in()), in(), reorg.stride, reorg.reverse), out());
  }

  /// Its judges are ONNX's own tests.
  std::vector<float> operator()(const Island& island) const {
    std::vector<float> values(out().elements());
    compute_island(island, network.name, views(), {values.data(), whole(out())}, whole(out()));
    return values;
  }

  /// Its judge is a decoder in numpy.
  std::vector<float> operator()(const Candidates& head) const {
    std::vector<float> values(out().elements());
    gather_candidates(head, views(), {values.data(), whole(out())}, whole(out()));
    return values;
  }

  std::vector<ConstTensorView> views() const {
    std::vector<ConstTensorView> inputs;
    for (std::size_t i = 0; i < network.layer(position).inputs.size(); ++i) {
      inputs.push_back({input(i).data(), whole(network.input_shape(position, i))});
    }
    return inputs;
  }

  std::vector<float> operator()(const Region& region) const {
    const bool gaussian = region.coding == BoxCoding::kGaussian;
    const int first_score = gaussian ? 9 : 5;
    const int channels = region.classes + first_score;
    return for_each_output([&](int row, int col, int channel) {
      const int entry = channel % channels;
      const auto logit = [&](int of_anchor) {
        return static_cast<double>(
            input()[flat_index(in(), row, col, channel - entry + of_anchor)]);
      };
      const bool is_place = entry == 0 || entry == (gaussian ? 2 : 1);
      const auto stretched = [&](double place) {
        return is_place ? (place - 0.5) * static_cast<double>(region.stretch) + 0.5 : place;
      };
      if (region.coding == BoxCoding::kSquare) return stretched(logit(entry));
      if (gaussian ? entry == 4 || entry == 6 : entry == 2 || entry == 3) return logit(entry);
      if (is_place) return stretched(sigmoid(logit(entry)));
      if (entry < first_score || (!region.softmax && region.tree.empty()))
        return sigmoid(logit(entry));
      const auto parent = [&](int of_anchor) {
        return region.tree.empty() ? 0
                                   : region.tree[static_cast<std::size_t>(of_anchor - first_score)];
      };
      double sum = 0;
      for (int i = entry; i < channels && parent(i) == parent(entry); ++i) {
        sum += std::exp(logit(i) - logit(entry));
      }
      for (int i = entry - 1; i >= first_score && parent(i) == parent(entry); --i) {
        sum += std::exp(logit(i) - logit(entry));
      }
      return 1 / sum;
    });
  }
};

}  // namespace

double reference_activation(const Activation& activation, double x) {
  const auto alpha = static_cast<double>(activation.alpha);
  const auto beta = static_cast<double>(activation.beta);
  const auto elu = [&] { return x >= 0 ? x : alpha * std::expm1(x); };
  const auto softplus = [&] { return x > 30 ? x : std::log1p(std::exp(x)); };
  switch (activation.function) {
    case Activation::kLinear: return x;
    case Activation::kLogistic: return sigmoid(x);
    case Activation::kLoggy: return 2 * sigmoid(x) - 1;
    case Activation::kRelu: return x > 0 ? x : 0;
    case Activation::kElu: return elu();
    case Activation::kSelu: return beta * elu();
    case Activation::kRelie: return x > 0 ? x : 0.01 * x;
    case Activation::kRamp: return x > 0 ? 1.1 * x : 0.1 * x;
    case Activation::kLeaky: return x > 0 ? x : alpha * x;
    case Activation::kTanh: return std::tanh(x);
    case Activation::kPlse:
      return x < -4 ? 0.01 * (x + 4) : x > 4 ? 0.01 * (x - 4) + 1 : 0.125 * x + 0.5;
    case Activation::kStair: {
      const int n = static_cast<int>(std::floor(x));
      return n % 2 == 0 ? std::floor(x / 2) : (x - n) + std::floor(x / 2);
    }
    case Activation::kHardtan: return x < -1 ? -1 : x > 1 ? 1 : x;
    case Activation::kLhtan: return x < 0 ? 0.001 * x : x > 1 ? 0.001 * (x - 1) + 1 : x;
    case Activation::kClip: return x < alpha ? alpha : x > beta ? beta : x;
    case Activation::kHardSigmoid: return std::max(0.0, std::min(1.0, alpha * x + beta));
    case Activation::kHardSwish: return x * std::max(0.0, std::min(1.0, x / 6 + 0.5));
    case Activation::kSwish: return x * sigmoid(x);
    case Activation::kSoftplus: return softplus();
    case Activation::kMish: return x * std::tanh(softplus());
    case Activation::kHardMish: return x * std::max(0.0, std::min(1.0, x / 2 + 1));
    case Activation::kGeluTanh:
      return 0.5 * x * (1 + std::tanh(0.797885 * x + 0.035677 * std::pow(x, 3)));
    case Activation::kGelu: return 0.5 * x * std::erfc(-x / std::sqrt(2));
    case Activation::kErf: return std::erf(x);
    case Activation::kExp: return std::exp(x);
    case Activation::kLog: return std::log(x);
    case Activation::kSquareRoot: return std::sqrt(x);
    case Activation::kReciprocal: return 1 / x;
    case Activation::kAbsolute: return std::fabs(x);
    case Activation::kPower: return std::pow(x, alpha);
    case Activation::kCelu: return x >= 0 ? x : alpha * (std::exp(x / alpha) - 1);
    case Activation::kSoftsign: return x / (1 + std::fabs(x));
    case Activation::kFloor: return std::floor(x);
    case Activation::kCeil: return std::ceil(x);
    case Activation::kRound: return std::rint(x);
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

}  // namespace vpinfer
