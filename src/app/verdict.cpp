#include "app/verdict.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "app/planning.hpp"
#include "base/units.hpp"
#include "report/measures.hpp"
#include "report/table.hpp"
#include "search/planner.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

/// A format for all that travels; nothing: for each exchange its own.
using Wire = std::optional<WireFormat>;

std::string name_of(Wire wire) {
  return std::string(wire ? to_string(*wire) : kChosenWire);
}

/// That the user asks for, if any.
std::optional<Wire> asked_wire(const PlanningOptions& planning) {
  if (planning.chooses_wire) return Wire{};
  if (planning.formats.wire) return planning.formats.wire;
  return std::nullopt;
}

/// One way to run the model.
struct Way {
  int hosts = 1;
  Strategy strategy = Strategy::kAuto;
  Wire wire = WireFormat::kFloat;
  Objective objective = Objective::kLatency;  ///< of `auto`
  std::optional<Prediction> prediction{};     ///< nothing: it does not fit into the memory

  [[nodiscard]] double seconds_for(Objective what) const { return amount_of(what, *prediction); }
  [[nodiscard]] bool is_for_streams() const { return objective == Objective::kThroughput; }
};

/// One host, twice as many, and so on, and all.
std::vector<int> numbers_of_hosts(int all) {
  std::vector<int> numbers;
  for (int hosts = 1; hosts < all; hosts *= 2) numbers.push_back(hosts);
  numbers.push_back(all);
  return numbers;
}

/// The ways worth a line: the others but `auto` are for comparison, as long as they are soon found.
std::vector<Way> ways(const Cluster& cluster, std::optional<Wire> asked) {
  std::vector<Wire> wires{WireFormat::kFloat, WireFormat::kHalf};
  if (asked && std::find(wires.begin(), wires.end(), *asked) == wires.end()) {
    wires.push_back(*asked);
  }
  std::vector<Way> all;
  for (const int hosts : numbers_of_hosts(cluster.ranks())) {
    if (hosts == 1) {
      all.push_back({1, Strategy::kSingle});
      continue;
    }
    for (const Wire wire : wires) {
      all.push_back({hosts, Strategy::kAuto, wire});
      if (hosts > kMostSoonPlannedHosts) continue;
      all.push_back({hosts, Strategy::kAuto, wire, Objective::kThroughput});
      for (const Strategy strategy :
           {Strategy::kVertical, Strategy::kData, Strategy::kSequential}) {
        all.push_back({hosts, strategy, wire});
      }
    }
  }
  return all;
}

std::optional<Prediction> prediction_of(const Way& way, const Model& model, const Cluster& cluster,
                                        const PlanOptions& options) {
  Cluster some = cluster;
  some.hosts.resize(static_cast<std::size_t>(way.hosts));
  PlanOptions wanted = options;
  wanted.planning.formats.wire = way.wire;
  wanted.planning.chooses_wire = !way.wire;
  if (way.strategy == Strategy::kAuto) wanted.planning.objective = way.objective;
  const PlanningOptions planning = planning_of(way.strategy, wanted, some);
  const auto plan = plan_if_it_fits(model, way.strategy, some, planning);
  if (!plan) return std::nullopt;
  return plan->prediction;
}

/// Where no plan of `auto` for a frame fits, none for a stream does, nor, if all hosts have as much
/// memory, one on fewer hosts: these searches in vain take the longest.
void predict_all(std::vector<Way>& ways, const Model& model, const Cluster& cluster,
                 const PlanOptions& options) {
  std::vector<Way*> most_hosts_first;
  for (Way& way : ways) most_hosts_first.push_back(&way);
  std::stable_sort(most_hosts_first.begin(), most_hosts_first.end(),
                   [](const Way* a, const Way* b) { return a->hosts > b->hosts; });
  const bool are_alike = std::all_of(
      cluster.hosts.begin(), cluster.hosts.end(),
      [&cluster](const Host& host) { return host.memory_bytes == cluster.host(0).memory_bytes; });
  std::map<Wire, int> too_few;  // hosts for such a wire
  for (Way* way : most_hosts_first) {
    const bool is_auto = way->strategy == Strategy::kAuto;
    const auto known = too_few.find(way->wire);
    const bool is_in_vain =
        is_auto && known != too_few.end() && (are_alike || way->hosts == known->second);
    if (is_in_vain) continue;
    way->prediction = prediction_of(*way, model, cluster, options);
    if (is_auto && !way->is_for_streams() && !way->prediction) too_few[way->wire] = way->hosts;
  }
}

std::string table_of(const std::vector<Way>& ways) {
  std::vector<Table::Column> columns{{"hosts"}, {"strategy", Align::kLeft}, {"wire", Align::kLeft}};
  const std::vector<Table::Column> measures = measure_columns();
  columns.insert(columns.end(), measures.begin(), measures.end());
  Table table(std::move(columns));
  for (const Way& way : ways) {
    std::vector<std::string> cells{
        std::to_string(way.hosts),
        std::string(to_string(way.strategy)) + (way.is_for_streams() ? ", stream" : ""),
        way.hosts == 1 ? "-" : name_of(way.wire)};
    std::vector<std::string> taken{"does not fit", "", "", ""};
    if (way.prediction) taken = measure_cells(*way.prediction);
    cells.insert(cells.end(), taken.begin(), taken.end());
    table.add(std::move(cells));
  }
  return table.text();
}

constexpr double kNearly = 1.05;  // as good, if it takes fewer hosts

/// What is fastest on such a wire; of what is nearly as fast, what takes the fewest hosts.
const Way* recommended(const std::vector<Way>& ways, Wire wire, Objective objective) {
  const auto is_candidate = [wire](const Way& way) {
    return way.prediction && (way.wire == wire || way.hosts == 1);
  };
  const Way* best = nullptr;
  for (const Way& way : ways) {
    if (!is_candidate(way)) continue;
    if (best == nullptr || way.seconds_for(objective) < best->seconds_for(objective)) best = &way;
  }
  if (best == nullptr) return nullptr;
  for (const Way& way : ways) {  // fewest hosts first
    if (is_candidate(way) && way.seconds_for(objective) <= kNearly * best->seconds_for(objective)) {
      return way.hosts < best->hosts ? &way : best;
    }
  }
  return best;
}

/// A cluster that `run` cannot be told, of a hostfile or with another link, it measures.
std::string command_of(const Way& way, Objective objective, const PlanOptions& options) {
  std::string command = run_command(way.hosts, options);
  const auto add = [&command](const std::string& name, const std::string& value) {
    command += " --" + name + " " + shell_word(value);
  };
  if (way.hosts > 1) {
    add("strategy", std::string(to_string(way.strategy)));
    if (way.is_for_streams()) add("objective", "throughput");
    const bool can_tell = !options.cluster.empty() && !options.link_bytes_per_second;
    if (can_tell) add("cluster", options.cluster);
    if (way.wire != WireFormat::kFloat) add("wire", name_of(way.wire));
  }
  if (const auto conv = options.planning.formats.conv) add("conv", std::string(to_string(*conv)));
  return command + (objective == Objective::kThroughput ? " --input VIDEO" : "");
}

/// In words, and the command to type.
std::string recommendation(const Way& way, const Way& alone, Objective objective, int hosts,
                           const PlanOptions& options) {
  std::string text;
  if (way.hosts == 1) {
    text = hosts == 1 ? "the one host" : "one host; more of them are hardly faster, if at all";
  } else {
    text = std::to_string(way.hosts) + " hosts, " + std::string(to_string(way.strategy));
    if (way.wire != WireFormat::kFloat) text += ", " + name_of(way.wire) + " on the wire";
    if (way.hosts < hosts) text += "; more of them are hardly faster";
    if (alone.prediction) {
      text += ", " + fixed(alone.seconds_for(objective) / way.seconds_for(objective), 1) +
              " times as fast as one";
    }
  }
  return text + "\n    " + command_of(way, objective, options) + "\n";
}

}  // namespace

std::string verdict_on(const Model& model, const Cluster& cluster, const PlanOptions& options) {
  const std::optional<Wire> asked = asked_wire(options.planning);
  std::vector<Way> all = ways(cluster, asked);
  predict_all(all, model, cluster, options);
  // Without loss, unless the user has allowed one or nothing else fits.
  Wire wire = asked.value_or(WireFormat::kFloat);
  const Way* best = recommended(all, wire, Objective::kLatency);
  if (best == nullptr && !asked) {
    wire = WireFormat::kHalf;
    best = recommended(all, wire, Objective::kLatency);
  }
  if (best == nullptr) {
    const PlanningOptions planning = planning_of(Strategy::kAuto, options, cluster);
    (void)plan_within_memory(model, Strategy::kAuto, cluster, planning);  // says what is missing
    throw Error(ExitCode::kNotEnoughMemory,
                options.model.string() + " fits on no " + std::to_string(cluster.ranks()) +
                    " of these hosts; use more of them, or import it with --half");
  }
  const auto recommend = [&](const Way& way, Objective objective) {
    return recommendation(way, all.front(), objective, cluster.ranks(), options);
  };
  std::string text = table_of(all);
  text += "memory is for a frame alone, of what is for a stream for two\n";
  if (cluster.ranks() > kMostSoonPlannedHosts) {
    text += "on more than " + std::to_string(kMostSoonPlannedHosts) +
            " hosts, only what is best for a frame alone was looked for\n";
  }
  text += "Recommended: " + recommend(*best, Objective::kLatency);
  const Way& in_stream = *recommended(all, wire, Objective::kThroughput);
  const double period = in_stream.seconds_for(Objective::kThroughput);
  if (kNearly * period < best->seconds_for(Objective::kThroughput)) {
    text += "For a stream: " + recommend(in_stream, Objective::kThroughput);
  }
  return text;
}

}  // namespace vpinfer
