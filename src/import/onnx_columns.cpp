#include "import/onnx_columns.hpp"

#include <algorithm>
#include <cmath>

#include "tensor/node_reader.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

/// More sources than levels of a detector have.
constexpr std::size_t kMostSources = 60;

/// What the source is given that is to be told apart from the others; its sigmoid tells it, too.
float probe_number(std::size_t source) {
  return 0.1F * static_cast<float>(source + 1);
}

/// Whose number a value is; empty if nobody's.
std::optional<int> source_of(float value, std::size_t sources) {
  const auto nearest = static_cast<long>(std::lround(10 * static_cast<double>(value))) - 1;
  if (!std::isfinite(value) || nearest < 0 || nearest >= static_cast<long>(sources)) return {};
  const float number = probe_number(static_cast<std::size_t>(nearest));
  if (std::abs(value - number) > 1e-2F) return {};
  return static_cast<int>(nearest);
}

bool is_near(float value, float wanted) {
  return std::abs(value - wanted) < 1e-5F;
}

/// Of what any two sources are given when they are to be told apart, ascending.
std::vector<float> products_of_sigmoids(std::size_t sources) {
  const auto sigmoid = [](std::size_t i) { return 1 / (1 + std::exp(-probe_number(i))); };
  std::vector<float> products;
  for (std::size_t i = 0; i < sources; ++i) {
    for (std::size_t j = i; j < sources; ++j) products.push_back(sigmoid(i) * sigmoid(j));
  }
  std::sort(products.begin(), products.end());
  return products;
}

/// A value of each candidate, as a tensor holds it.
class TableValues {
 public:
  explicit TableValues(const CandidateTensor& tensor)
      : values_(tensor.values()), inner_(tensor.inner()) {}

  [[nodiscard]] float operator()(const OnnxTensor& tensor, std::int64_t candidate,
                                 int column) const {
    const std::int64_t place =
        (candidate / inner_ * values_ + column) * inner_ + candidate % inner_;
    return tensor.floats()[static_cast<std::size_t>(place)];
  }

 private:
  std::int64_t values_;
  std::int64_t inner_;
};

/// What one column is, as a run of its own.
class ColumnReader {
 public:
  ColumnReader(const OnnxTail& tail, const TailProbe& probe, const CandidateTable& table)
      : sources_(tail.sources().size()),
        zero_(probe.zero[static_cast<std::size_t>(table.result)]),
        distinct_(probe.distinct[static_cast<std::size_t>(table.result)]),
        table_(table),
        values_(table.tensor),
        products_(products_of_sigmoids(tail.sources().size())) {}

  [[nodiscard]] ColumnRun read(int column) const {
    const Interval place{column, column + 1};
    if (auto raw = sources(column, 0, [](float x) { return x; })) {
      return {ColumnKind::kRaw, place, std::move(*raw)};
    }
    const auto logit = [](float p) { return std::log(p / (1 - p)); };
    if (auto sigmoid = sources(column, 0.5F, logit)) {
      return {ColumnKind::kSigmoid, place, std::move(*sigmoid)};
    }
    if (is_always(column, 1)) return {ColumnKind::kOne, place};
    if (is_always(column, values_(zero_, 0, column))) return {ColumnKind::kSoftmax, place};
    if (is_product(column)) return {ColumnKind::kProduct, place};
    return {ColumnKind::kComputed, place};
  }

  /// Whether each of these columns is one of so many equal shares of 1, whatever the sources give.
  [[nodiscard]] bool shares_one(const ColumnRun& run, int shares) const {
    for (int i = run.columns.begin; i < run.columns.end; ++i) {
      if (!is_always(i, 1.0F / static_cast<float>(shares))) return false;
    }
    return shares > 1;
  }

 private:
  /// The sources of a column that is `at_zero` for zeros and, undone, a source's number otherwise.
  template <typename Undo>
  [[nodiscard]] std::optional<std::vector<int>> sources(int column, float at_zero,
                                                        const Undo& undo) const {
    std::vector<int> list;
    for (std::int64_t i = 0; i < table_.rows(); ++i) {
      const auto source = source_of(undo(values_(distinct_, i, column)), sources_);
      if (!source || !is_near(values_(zero_, i, column), at_zero)) return std::nullopt;
      list.push_back(*source);
    }
    return list;
  }

  [[nodiscard]] bool is_product(int column) const {
    for (std::int64_t i = 0; i < table_.rows(); ++i) {
      if (!is_near(values_(zero_, i, column), 0.25F)) return false;
      const float value = values_(distinct_, i, column);
      const auto next = std::lower_bound(products_.begin(), products_.end(), value - 1e-5F);
      if (next == products_.end() || *next > value + 1e-5F) return false;
    }
    return true;
  }

  [[nodiscard]] bool is_always(int column, float wanted) const {
    for (std::int64_t i = 0; i < table_.rows(); ++i) {
      if (!is_near(values_(zero_, i, column), wanted)) return false;
      if (!is_near(values_(distinct_, i, column), wanted)) return false;
    }
    return true;
  }

  std::size_t sources_;
  const OnnxTensor& zero_;
  const OnnxTensor& distinct_;
  const CandidateTable& table_;
  TableValues values_;
  std::vector<float> products_;  // ascending
};

/// Joins what is computed and stands side by side.
std::vector<ColumnRun> with_joined_computed(const std::vector<ColumnRun>& runs) {
  std::vector<ColumnRun> joined;
  for (const ColumnRun& run : runs) {
    const bool joins = run.kind == ColumnKind::kComputed && !joined.empty() &&
                       joined.back().kind == ColumnKind::kComputed;
    if (joins) {
      joined.back().columns.end = run.columns.end;
    } else {
      joined.push_back(run);
    }
  }
  return joined;
}

}  // namespace

TailProbe probe(const OnnxTail& tail) {
  const std::size_t count = tail.sources().size();
  if (count == 0 || count > kMostSources) throw BadInput("this is no end of a detector");
  std::vector<float> numbers;
  for (std::size_t i = 0; i < count; ++i) numbers.push_back(probe_number(i));
  return {tail.compute(std::vector<float>(count, 0)), tail.compute(numbers)};
}

CandidateTable read_table(const OnnxTail& tail, const TailProbe& probe, int result,
                          const TensorForm& form, int axis) {
  CandidateTable table{result, {form, axis}, {}};
  const ColumnReader reader(tail, probe, table);
  for (int column = 0; column < table.cols(); ++column) {
    ColumnRun run = reader.read(column);
    ColumnRun* last = table.runs.empty() ? nullptr : &table.runs.back();
    if (last != nullptr && last->kind == run.kind && last->sources == run.sources) {
      ++last->columns.end;
    } else {
      table.runs.push_back(std::move(run));
    }
  }
  for (ColumnRun& run : table.runs) {
    if (run.kind != ColumnKind::kSoftmax || reader.shares_one(run, run.size())) continue;
    run.kind =
        reader.shares_one(run, run.size() + 1) ? ColumnKind::kSoftmaxPart : ColumnKind::kComputed;
  }
  table.runs = with_joined_computed(table.runs);
  return table;
}

float value_of(const std::vector<OnnxTensor>& outputs, const CandidateTable& table,
               std::int64_t candidate, int column) {
  return TableValues(table.tensor)(outputs[static_cast<std::size_t>(table.result)], candidate,
                                   column);
}

}  // namespace vpinfer
