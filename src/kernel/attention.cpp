#include "kernel/attention.hpp"

#include <cblas.h>

#include <algorithm>

#include "kernel/softmax.hpp"

namespace vpinfer {
namespace {

/// Queries that are computed at once: enough for BLAS, few for a cache.
constexpr int kQueries = 32;

int pixels(const Box& box) {
  return box.rows.size() * box.cols.size();
}

/// What one thread needs beside the tensors, for so many positions.
struct Scratch {
  Scratch(const Attention& attention, int positions, float* memory)
      : queries(memory),
        scores(queries + kQueries * attention.queries.size),
        values(scores + kQueries * positions) {}

  static std::size_t size(const Attention& attention, int positions) {
    return static_cast<std::size_t>(kQueries) *
           static_cast<std::size_t>(attention.queries.size + positions + attention.values.size);
  }

  float* queries;
  float* scores;
  float* values;
};

/// All positions of one input.
struct Positions {
  explicit Positions(const ConstTensorView& all)
      : view(all), count(pixels(all.box)), stride(all.box.channels.size()) {}

  [[nodiscard]] const float* from(int channel) const {
    return view.at(view.box.rows.begin, view.box.cols.begin, channel);
  }

  const ConstTensorView& view;
  int count;
  int stride;  ///< in floats, from one position to the next
};

class Attend {
 public:
  Attend(const Attention& attention, std::span<const ConstTensorView> inputs,
         const TensorView& output, const Box& box)
      : attention_(attention),
        queries_(inputs[0]),
        keys_(inputs[1]),
        values_(inputs[2]),
        output_(output),
        box_(box) {}

  [[nodiscard]] int positions() const { return keys_.count; }

  /// Some queries, by their number in the box, for one head.
  void compute(int head, Interval some, const Scratch& scratch) const {
    const int first = head * attention_.values.size;
    const Interval channels =
        intersect(box_.channels, Interval{first, first + attention_.values.size});
    gather(head, some, scratch.queries);
    const int size = attention_.queries.size;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, some.size(), keys_.count, size,
                attention_.scale, scratch.queries, size,
                keys_.from(attention_.keys.of({head, head + 1}).begin), keys_.stride, 0,
                scratch.scores, keys_.count);
    for (int i = 0; i < some.size(); ++i) {
      softmax({scratch.scores + i * keys_.count, static_cast<std::size_t>(keys_.count)});
    }
    const int value = attention_.values.of({head, head + 1}).begin + channels.begin - first;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, some.size(), channels.size(),
                keys_.count, 1, scratch.scores, keys_.count, values_.from(value), values_.stride, 0,
                scratch.values, channels.size());
    scatter(some, channels, scratch.values);
  }

 private:
  [[nodiscard]] int row(int query) const { return box_.rows.begin + query / box_.cols.size(); }
  [[nodiscard]] int col(int query) const { return box_.cols.begin + query % box_.cols.size(); }

  void gather(int head, Interval some, float* to) const {
    const Interval channels = attention_.queries.of({head, head + 1});
    for (int i = some.begin; i < some.end; ++i) {
      to = std::copy_n(queries_.at(row(i), col(i), channels.begin), channels.size(), to);
    }
  }

  void scatter(Interval some, Interval channels, const float* from) const {
    for (int i = some.begin; i < some.end; ++i) {
      std::copy_n(from, channels.size(), output_.at(row(i), col(i), channels.begin));
      from += channels.size();
    }
  }

  const Attention& attention_;
  const ConstTensorView& queries_;
  Positions keys_;
  Positions values_;
  const TensorView& output_;
  const Box& box_;
};

}  // namespace

void attend(const Attention& attention, std::span<const ConstTensorView> inputs,
            const TensorView& output, const Box& box, std::span<float> workspace,
            const Workers& workers) {
  const Attend computation(attention, inputs, output, box);
  const Interval heads = attention.heads_of(box.channels);
  const int queries = pixels(box);
  const int blocks = (queries + kQueries - 1) / kQueries;
  const std::size_t size = Scratch::size(attention, computation.positions());
  const auto task = [&](int i, int thread) {
    const int begin = i % blocks * kQueries;
    const Scratch scratch(attention, computation.positions(),
                          workspace.data() + static_cast<std::size_t>(thread) * size);
    computation.compute(heads.begin + i / blocks, {begin, std::min(queries, begin + kQueries)},
                        scratch);
  };
  workers.share_out(heads.size() * blocks, task);
}

std::size_t attention_workspace(const Attention& attention, const Shape& keys, int threads) {
  return static_cast<std::size_t>(threads) * Scratch::size(attention, keys.rows * keys.cols);
}

}  // namespace vpinfer
