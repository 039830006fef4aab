#include "report/front_table.hpp"

#include <numeric>
#include <utility>

#include "report/division_text.hpp"
#include "report/measures.hpp"
#include "report/table.hpp"
#include "search/pipeline.hpp"

namespace vpinfer {
namespace {

/// The cells between name and remark.
std::vector<std::string> cells_of(const Network& network, const PredictedPlan& plan) {
  std::vector<std::string> cells = measure_cells(plan.prediction);
  const std::vector<int> stages = stage_sizes(network, plan.plan);
  cells.push_back(std::to_string(std::accumulate(stages.begin(), stages.end(), 0)));
  cells.push_back(division_text(network, plan.plan));
  return cells;
}

void add_row(Table& table, const std::string& name, std::vector<std::string> cells,
             const std::string& remark) {
  cells.insert(cells.begin(), name);
  cells.push_back(remark);
  table.add(std::move(cells));
}

/// For example `best latency, memory`.
std::string objectives_of(std::size_t index, const std::vector<PredictedPlan>& front) {
  std::string text;
  for (const Objective objective : kObjectives) {
    if (best_for(objective, front) != index) continue;
    text += (text.empty() ? "best " : ", ") + std::string(to_string(objective));
  }
  return text;
}

/// For example `plan 2 beats it`.
std::string beaten_by(const std::vector<PredictedPlan>& front, const Prediction& prediction) {
  for (const double times : {1.0, kNotablyMore}) {
    for (std::size_t i = 0; i < front.size(); ++i) {
      const Prediction& other = front[i].prediction;
      if (!takes_no_more(other, prediction, times)) continue;
      const bool is_nearly = times > 1;
      const bool is_equal = takes_no_more(prediction, other);
      return "plan " + std::to_string(i + 1) +
             (is_nearly  ? " nearly beats it"
              : is_equal ? " is as good"
                         : " beats it");
    }
  }
  return "";
}

}  // namespace

std::string describe_front(const Network& network, const std::vector<PredictedPlan>& front,
                           const std::vector<ComparedStrategy>& strategies) {
  std::vector<Table::Column> columns = measure_columns();
  columns.insert(columns.begin(), {"plan"});
  columns.insert(columns.end(), {{"hosts"}, {"divided", Align::kLeft}, {"remark", Align::kLeft}});
  Table table(std::move(columns));
  for (std::size_t i = 0; i < front.size(); ++i) {
    add_row(table, std::to_string(i + 1), cells_of(network, front[i]), objectives_of(i, front));
  }
  add_row(table, "", std::vector<std::string>(6), "");
  for (const ComparedStrategy& compared : strategies) {
    const std::string name(to_string(compared.strategy));
    if (compared.plan) {
      add_row(table, name, cells_of(network, *compared.plan),
              beaten_by(front, compared.plan->prediction));
    } else {
      add_row(table, name, {"", "", "does not fit", "", "", ""}, "");
    }
  }
  return table.text();
}

}  // namespace vpinfer
