#include "report/measures.hpp"

#include "base/units.hpp"
#include "program/memory.hpp"

namespace vpinfer {
namespace {

std::string latency_text(const Prediction& prediction) {
  return fixed(1e3 * prediction.latency_seconds, 1);
}

std::string rate_text(const Prediction& prediction) {
  return fixed(1 / prediction.period_seconds, 2);
}

std::string memory_text(const Prediction& prediction) {
  return mebibytes(fullest(prediction.memory).bytes);
}

}  // namespace

std::vector<Table::Column> measure_columns() {
  return {{"ms a frame"}, {"frames/s"}, {"fullest/MiB"}, {"moved/MiB"}};
}

std::vector<std::string> measure_cells(const Prediction& prediction) {
  return {latency_text(prediction), rate_text(prediction), memory_text(prediction),
          mebibytes(prediction.moved_bytes)};
}

std::string describe_measures(const std::string& name, const Prediction& prediction) {
  return name + ": " + latency_text(prediction) + " ms a frame, " + rate_text(prediction) +
         " frames/s, " + memory_text(prediction) + " MiB";
}

}  // namespace vpinfer
