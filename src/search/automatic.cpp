#include "search/automatic.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>

#include "base/units.hpp"
#include "search/grids.hpp"
#include "search/planner.hpp"
#include "search/prediction.hpp"
#include "search/stages.hpp"
#include "search/switching.hpp"
#include "search/tile_runs.hpp"
#include "search/wire_choice.hpp"
#include "search/work.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

/// What one search through the whole space makes small.
struct Aim {
  Quantity quantity = Quantity::kLatency;
  /// See `Goal`; next to nothing decides only between equals.
  double price_of_memory = 1e-3;
  bool counts_memory = false;  ///< even where there is no limit
};

constexpr Aim kLatencyAim{};
constexpr Aim kPeriodAim{.quantity = Quantity::kPeriod};
constexpr Aim kMemoryAim{.price_of_memory = 30, .counts_memory = true};

/// Of what stages do not help: a frame alone is in one stage at a time.
bool is_for_latency(const Aim& aim) {
  return aim.quantity == Quantity::kLatency && !aim.counts_memory;
}

/// What to search for; what is best for a frame alone may be best in a stream, too.
std::vector<Aim> aims_for(Objective objective) {
  switch (objective) {
    case Objective::kMemory: return {kMemoryAim};
    case Objective::kLatency: return {kLatencyAim};
    case Objective::kThroughput: return {kLatencyAim, kPeriodAim};
  }
  throw Bug("an unknown objective");
}

/// The aims of all objectives, and what is between least time and least memory.
std::vector<Aim> all_aims() {
  std::vector<Aim> aims{kLatencyAim, kPeriodAim};
  for (const double price : {0.3, 3.0}) {
    aims.push_back({.price_of_memory = price, .counts_memory = true});
  }
  aims.push_back(kMemoryAim);
  return aims;
}

/// Plans and simulates, and keeps what is best.
class AutomaticPlanner {
 public:
  AutomaticPlanner(const Network& network, const Cluster& cluster, const PlanningOptions& options)
      : network_(network),
        cluster_(within_limit(cluster, options.memory_limit_bytes)),
        options_(with_wire_to_search_for(options)),
        evaluator_(network, cluster_, options.concurrency),
        delivery_(result_layers(network)),
        limits_(memory_limits(cluster_)),
        speeds_(speeds(network, options.formats.conv.value_or(ConvolutionPath::kAuto), cluster)) {
    by_speed_.resize(speeds_.size());
    std::iota(by_speed_.begin(), by_speed_.end(), 0);
    std::stable_sort(by_speed_.begin(), by_speed_.end(),
                     [this](int a, int b) { return speed(a) > speed(b); });
  }

  /// Of all plans that fit, those that no other beats; there may be none.
  [[nodiscard]] const std::vector<PredictedPlan>& front(const std::vector<Aim>& aims) {
    plan_for_each_number(aims);
    if (nothing_fits()) {
      keeps_smallest_limit_ = true;
      plan_for(aims, fastest(cluster_.ranks()));
    }
    if (nothing_fits()) look_for_the_least_memory();
    consider_strategies();
    if (nothing_fits() || !std::all_of(aims.begin(), aims.end(), is_for_latency)) consider_stages();
    return front_.plans();
  }

  /// The best plan for the objective of the options, if one fits.
  [[nodiscard]] std::optional<Plan> best() {
    const Objective objective = options_.objective.value_or(Objective::kLatency);
    const std::vector<PredictedPlan>& plans = front(aims_for(objective));
    if (plans.empty()) return std::nullopt;
    return plans[best_for(objective, plans)].plan;
  }

  /// What to say of it if no plan fits.
  [[nodiscard]] Error too_large() const {
    const Host& host = cluster_.host(lack_.rank);
    const std::optional<int> enough = enough_hosts();
    return {ExitCode::kNotEnoughMemory,
            "no plan fits: rank " + std::to_string(lack_.rank) +
                (host.name.empty() ? "" : " (" + host.name + ")") + " lacks " +
                mebibytes(lack_.bytes) + " MiB beside its " + mebibytes(limit_of(lack_.rank)) +
                " MiB; " +
                (enough ? std::to_string(*enough) + " such hosts would do"
                        : "import the model with --half, or use hosts with more memory")};
  }

 private:
  [[nodiscard]] double speed(int rank) const { return speeds_[static_cast<std::size_t>(rank)]; }

  /// All hosts, and how many of the fastest to try without the others: any number, of many hosts
  /// fewer by halves, and those before a host that is much slower than the one before it.
  [[nodiscard]] std::vector<int> numbers_of_hosts() const {
    constexpr double kMuchSlower = 0.75;
    constexpr int kMany = 8;
    const int all = cluster_.ranks();
    std::vector<int> numbers;
    for (int hosts = all; hosts > 0; hosts = hosts > kMany ? hosts / 2 : hosts - 1) {
      numbers.push_back(hosts);
    }
    for (int hosts = 1; hosts < all; ++hosts) {
      const double last = speed(by_speed_[static_cast<std::size_t>(hosts) - 1]);
      if (speed(by_speed_[static_cast<std::size_t>(hosts)]) < kMuchSlower * last) {
        numbers.push_back(hosts);
      }
    }
    std::sort(numbers.begin(), numbers.end());
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
    return numbers;
  }

  /// What a rank may take.
  [[nodiscard]] std::size_t limit_of(int rank) const {
    return limits_[static_cast<std::size_t>(rank)];
  }

  [[nodiscard]] Choice all(const Division& division) const {
    return divide_alike(network_, division, options_.formats);
  }

  [[nodiscard]] bool nothing_fits() const { return front_.plans().empty(); }

  [[nodiscard]] std::vector<int> fastest(int number) const {
    std::vector<int> ranks(by_speed_.begin(), by_speed_.begin() + number);
    std::sort(ranks.begin(), ranks.end());
    return ranks;
  }

  void plan_for_each_number(const std::vector<Aim>& aims) {
    for (const int number : numbers_of_hosts()) plan_for(aims, fastest(number));
    if (by_speed_.front() != 0) plan_for(aims, {0});  // it has the picture
  }

  /// Whatever the aim, on all hosts: within the limit, and with more room in which to search.
  void look_for_the_least_memory() {
    const std::vector<int> ranks = fastest(cluster_.ranks());
    std::vector<double> alike(ranks.size(), 1.0);
    for (const double room : {1.0, 1.2, 2.0}) {
      room_ = room;
      if (nothing_fits()) (void)plan_in_proportion({kMemoryAim}, ranks, alike);
    }
    room_ = 1;
  }

  /// Points of the space that the search may miss, as long as they are soon found.
  void consider_strategies() {
    if (cluster_.ranks() > kMostSoonPlannedHosts) return;
    PlanningOptions usual = options_;
    usual.objective.reset();
    for (const Strategy strategy : {Strategy::kVertical, Strategy::kData, Strategy::kHorizontal}) {
      Plan plan = make_plan(network_, strategy, cluster_, usual);
      plan.strategy = Strategy::kAuto;
      consider(std::move(plan));
    }
  }

  /// Shares in proportion to speed; where they take too much memory, smaller ones there.
  void plan_for(const std::vector<Aim>& aims, const std::vector<int>& ranks) {
    constexpr int kMostTries = 4;
    std::vector<double> proportions;
    for (const int rank : ranks) proportions.push_back(speed(rank));
    for (int attempt = 0; attempt < kMostTries; ++attempt) {
      const std::vector<std::size_t> taken = plan_in_proportion(aims, ranks, proportions);
      bool fits = true;
      for (std::size_t i = 0; i < ranks.size(); ++i) {
        const std::size_t limit = limit_of(ranks[i]);
        const std::size_t bytes = taken[static_cast<std::size_t>(ranks[i])];
        if (bytes <= limit) continue;
        fits = false;
        proportions[i] *= 0.95 * static_cast<double>(limit) / static_cast<double>(bytes);
      }
      if (fits) return;
    }
  }

  /// All ways, or of many ranks, for which an evaluation takes long, a few.
  [[nodiscard]] std::vector<Division> ways_of(const std::vector<int>& ranks,
                                              const std::vector<double>& proportions) const {
    std::vector<Division> ways = grids(ranks, proportions);
    if (ranks.size() <= 16) return ways;
    return best_few(evaluator_, options_.formats, std::move(ways), ranks.size() <= 64 ? 9 : 4);
  }

  /// Returns what the plans for the aims take at most, by rank.
  std::vector<std::size_t> plan_in_proportion(const std::vector<Aim>& aims,
                                              const std::vector<int>& ranks,
                                              const std::vector<double>& proportions) {
    const std::vector<Division> ways = ways_of(ranks, proportions);
    LayerDivisions space(network_, all(ways.front()));
    for (const int position : layers_divided_by_choice(network_)) space.vary(position, ways);
    const SwitchTable switches(evaluator_, space);
    std::vector<std::size_t> taken(speeds_.size(), 0);
    for (const Aim& aim : aims) {
      const Goal goal = goal_of(aim, ranks);
      std::vector<Digits> starts;
      for (const double price : prices_of_byte(goal)) starts.push_back(switches.cheapest(price));
      space.begin_with(std::move(starts));
      const Prediction prediction = consider(search(evaluator_, space, Strategy::kAuto, goal));
      if (aim.counts_memory && uses_all(ranks)) {
        consider_leaner(space, goal, fullest(prediction.memory).bytes);
      }
      for (std::size_t rank = 0; rank < taken.size(); ++rank) {
        taken[rank] = std::max(taken[rank], prediction.memory[rank].total());
      }
      if (ranks.size() > 1 && !aim.counts_memory) consider_rows(aim, ranks, proportions);
    }
    return taken;
  }

  /// All hosts take the least each, if they are not so many that a search takes long.
  [[nodiscard]] bool uses_all(const std::vector<int>& ranks) const {
    return static_cast<int>(ranks.size()) == cluster_.ranks() &&
           cluster_.ranks() <= kMostSoonPlannedHosts;
  }

  /// Where a search has come to an end, one within a little less memory may go on, as it begins
  /// elsewhere.
  void consider_leaner(const LayerDivisions& space, Goal goal, std::size_t bytes) {
    constexpr int kMostTimes = 3;
    for (int i = 0; i < kMostTimes; ++i) {
      goal.memory = MemoryAllowance{.limit_bytes = bytes - bytes / 32, .takes_all = true};
      const Prediction leaner = consider(search(evaluator_, space, Strategy::kAuto, goal));
      const std::size_t found = fullest(leaner.memory).bytes;
      if (found >= bytes) return;
      bytes = found;
    }
  }

  void consider_rows(const Aim& aim, const std::vector<int>& ranks,
                     const std::vector<double>& proportions) {
    const Division rows{
        .rows = static_cast<int>(ranks.size()), .ranks = ranks, .proportions = proportions};
    consider(search(evaluator_, TileRuns(network_, all(rows), std::nullopt), Strategy::kAuto,
                    {aim.quantity}));
    consider(search(evaluator_, LayerDivisions(network_, all(rows)), Strategy::kAuto, {}));
  }

  [[nodiscard]] Goal goal_of(const Aim& aim, const std::vector<int>& ranks) const {
    Goal goal{aim.quantity};
    goal.price_of_memory = aim.price_of_memory;
    const auto [smallest, largest] = std::minmax_element(
        ranks.begin(), ranks.end(), [this](int a, int b) { return limit_of(a) < limit_of(b); });
    std::size_t limit = limit_of(keeps_smallest_limit_ ? *smallest : *largest);
    const bool is_limited = limit < std::numeric_limits<std::size_t>::max();
    if (is_limited) limit = static_cast<std::size_t>(room_ * static_cast<double>(limit));
    if (is_limited || aim.counts_memory) {
      goal.memory = MemoryAllowance{.limit_bytes = limit, .takes_all = true};
    }
    return goal;
  }

  /// What a byte of weights may cost in seconds: nothing, and, where memory counts, what makes ever
  /// leaner plans.
  [[nodiscard]] std::vector<double> prices_of_byte(const Goal& goal) const {
    std::vector<double> prices{0};
    if (!goal.memory) return prices;
    constexpr double kDearest = 1e-6;
    for (double price = 1e-10; price <= kDearest; price *= 4) prices.push_back(price);
    return prices;
  }

  /// On the fastest hosts, each a stage of its own or in teams.
  void consider_stages() {
    for (const int number : numbers_of_hosts()) {
      if (number > 1) consider_stages(fastest(number));
    }
  }

  void consider_stages(const std::vector<int>& ranks) {
    for (const int largest_team : {1, static_cast<int>(ranks.size())}) {
      const Stages stages(evaluator_, all(on_rank(0)), {largest_team, limits_, ranks});
      const Digits start = stages.starts().front();  // fits, where turned digits need not
      consider(evaluator_.evaluate(stages.choice(start), Strategy::kAuto).plan);
      consider(search(evaluator_, stages, Strategy::kAuto, {Quantity::kPeriod}));
    }
  }

  Prediction consider(Plan plan) {
    if (options_.chooses_wire) plan = with_fastest_wires(network_, cluster_, std::move(plan));
    Prediction prediction = predict({network_, plan}, delivery_, cluster_, options_.concurrency);
    if (fits(prediction)) front_.add({std::move(plan), prediction});
    note_lack(prediction);
    return prediction;
  }

  [[nodiscard]] bool fits(const Prediction& prediction) const {
    for (int rank = 0; rank < cluster_.ranks(); ++rank) {
      if (prediction.memory[static_cast<std::size_t>(rank)].total() > limit_of(rank)) return false;
    }
    return true;
  }

  /// Keeps what the plan that nearly fits lacks on its fullest host.
  void note_lack(const Prediction& prediction) {
    Fullest lack;
    for (int rank = 0; rank < cluster_.ranks(); ++rank) {
      const std::size_t bytes = prediction.memory[static_cast<std::size_t>(rank)].total();
      const std::size_t beyond = bytes - std::min(bytes, limit_of(rank));
      if (beyond > lack.bytes) lack = {rank, beyond};
    }
    if (lack.bytes > 0 && lack.bytes < lack_.bytes) lack_ = lack;
  }

  /// How many hosts like the one that lacks memory would do; nothing if not even many would.  Those
  /// of which `vertical` makes enough are soon found; of fewer, some may do in other ways.
  [[nodiscard]] std::optional<int> enough_hosts() const {
    constexpr int kMost = 64;
    constexpr int kFew = 32;
    const Host& lacking = cluster_.host(lack_.rank);
    const auto fit_lean = [&](int hosts) {
      PlanningOptions lean = options_;
      lean.objective = Objective::kMemory;
      const Plan plan = make_plan(network_, Strategy::kVertical, cluster_of(hosts, lacking), lean);
      const auto memory = predict_memory({network_, plan}, delivery_, options_.concurrency);
      return fullest(memory).bytes <= limit_of(lack_.rank);
    };
    const auto fit = [&](int hosts) {
      AutomaticPlanner planner(network_, cluster_of(hosts, lacking), options_);
      planner.look_for_the_least_memory();
      return !planner.nothing_fits();
    };
    if (cluster_.ranks() >= kMost || !fit_lean(kMost)) return std::nullopt;
    const int enough = fewest(cluster_.ranks(), kMost, fit_lean);
    return enough > kFew ? enough : fewest(cluster_.ranks(), enough, fit);
  }

  /// By halves, of numbers of which one is too small and one is not.
  template <typename Fits>
  [[nodiscard]] static int fewest(int too_few, int enough, const Fits& fits) {
    while (enough - too_few > 1) {
      const int middle = (too_few + enough) / 2;
      (fits(middle) ? enough : too_few) = middle;
    }
    return enough;
  }

  const Network& network_;
  Cluster cluster_;  // within the limit
  PlanningOptions options_;
  Evaluator evaluator_;
  Delivery delivery_;
  std::vector<std::size_t> limits_;    // of bytes, by rank
  std::vector<double> speeds_;         // of each rank: frames per second, were it alone
  std::vector<int> by_speed_;          // ranks, the fastest first
  Front front_;                        // of what fits
  bool keeps_smallest_limit_ = false;  // on every rank: where nothing else fits
  double room_ = 1;                    // times the limit, in which to search
  Fullest lack_{0, std::numeric_limits<std::size_t>::max()};
};

}  // namespace

Plan plan_automatically(const Network& network, const Cluster& cluster,
                        const PlanningOptions& options) {
  AutomaticPlanner planner(network, cluster, options);
  std::optional<Plan> plan = planner.best();
  if (!plan) throw planner.too_large();
  return *std::move(plan);
}

std::optional<Plan> plan_automatically_if_it_fits(const Network& network, const Cluster& cluster,
                                                  const PlanningOptions& options) {
  return AutomaticPlanner(network, cluster, options).best();
}

std::vector<PredictedPlan> plan_front(const Network& network, const Cluster& cluster,
                                      const PlanningOptions& options) {
  AutomaticPlanner planner(network, cluster, options);
  std::vector<PredictedPlan> plans = planner.front(all_aims());
  if (plans.empty()) throw planner.too_large();
  std::sort(plans.begin(), plans.end(), [](const PredictedPlan& a, const PredictedPlan& b) {
    return a.prediction.latency_seconds < b.prediction.latency_seconds;
  });
  return plans;
}

}  // namespace vpinfer
