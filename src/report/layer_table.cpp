#include "report/layer_table.hpp"

#include <algorithm>

#include "base/units.hpp"
#include "report/division_text.hpp"
#include "report/table.hpp"

namespace vpinfer {
namespace {

/// Multiplications of one rank for a layer, up to a factor that is the same for all ranks.
double share_of(const Distribution& distribution, int position, int rank) {
  const auto summed = distribution.summed(position, rank);
  return static_cast<double>(distribution.computed(position, rank).elements()) *
         (summed ? summed->size() : 1);
}

/// A rank's share as a multiple of the mean of all ranks that have one.
double share_over_mean(const Distribution& distribution, int position, int rank) {
  double sum = 0;
  int count = 0;
  for (int other = 0; other < distribution.ranks(); ++other) {
    const double share = share_of(distribution, position, other);
    sum += share;
    if (share > 0) ++count;
  }
  return count == 0 ? 0 : count * share_of(distribution, position, rank) / sum;
}

/// Computing takes as long as on the slowest rank: because of its share, or because its host takes
/// longer than others for the same work.  Compared with the mean it takes share times slowness; the
/// larger factor is named.
std::string limit_of_computing(const Distribution& distribution, int position,
                               const LayerTime& time, const Cluster& cluster) {
  constexpr double kMuch = 1.2;
  if (time.compute_over_mean < kMuch) return "compute";
  const double share = share_over_mean(distribution, position, time.rank);
  const std::string rank = "rank " + std::to_string(time.rank);
  const bool hosts_differ =
      std::any_of(cluster.hosts.begin(), cluster.hosts.end(),
                  [&](const Host& other) { return other.speed != cluster.host(time.rank).speed; });
  if (!hosts_differ || share * share >= time.compute_over_mean) return "largest share, " + rank;
  const std::string& name = cluster.host(time.rank).name;
  return "slow host " + (name.empty() ? rank : name);
}

/// Many a layer takes less than one.
std::string fine_milliseconds(double seconds) {
  return fixed(1e3 * seconds, 2);
}

std::string limit_of_messages(const LayerTime& time) {
  const double most = std::max({time.message_seconds, time.link_seconds, time.peer_seconds});
  if (most <= 0) return "";
  if (time.message_seconds == most) return "messages";
  if (time.link_seconds == most) return "link";
  return "waiting for rank " + std::to_string(time.peer);
}

/// The rank and its times; what is computed in the strips of a pooling has none.
void add_row(Table& table, std::vector<std::string> cells, const LayerTime& time,
             const std::string& limit) {
  if (time.is_within_other()) {
    cells.resize(8);
    cells.push_back("in strips, with layer " + std::to_string(Network::number(*time.computed_in)));
  } else {
    cells.insert(cells.end(),
                 {std::to_string(time.rank), fine_milliseconds(time.compute_seconds),
                  fine_milliseconds(time.message_seconds), fine_milliseconds(time.wait_seconds()),
                  kibibytes(time.moved_bytes), limit});
  }
  table.add(std::move(cells));
}

/// The last line, of sums.
void add_frame(Table& table, const Prediction& prediction) {
  LayerTime sum = prediction.results;
  for (const LayerTime& time : prediction.layers) {
    sum.compute_seconds += time.compute_seconds;
    sum.message_seconds += time.message_seconds;
    sum.link_seconds += time.link_seconds;
    sum.peer_seconds += time.peer_seconds;
    sum.moved_bytes += time.moved_bytes;
  }
  table.add({"", "frame", "", "", fine_milliseconds(sum.compute_seconds),
             fine_milliseconds(sum.message_seconds), fine_milliseconds(sum.wait_seconds()),
             kibibytes(sum.moved_bytes), ""});
}

}  // namespace

std::string limit_of(const Distribution& distribution, int position, const LayerTime& time,
                     const Cluster& cluster) {
  const bool computes = time.compute_seconds >=
                        std::max({time.message_seconds, time.link_seconds, time.peer_seconds});
  if (!computes || time.compute_seconds <= 0) return limit_of_messages(time);
  return limit_of_computing(distribution, position, time, cluster);
}

std::string describe_layer_times(const Distribution& distribution, const Prediction& prediction,
                                 const Cluster& cluster) {
  Table table({{"layer"},
               {"operation", Align::kLeft},
               {"divided", Align::kLeft},
               {"rank"},
               {"compute/ms"},
               {"messages/ms"},
               {"wait/ms"},
               {"moved/KiB"},
               {"limited by", Align::kLeft}});
  const Network& network = distribution.network();
  for (int position = 0; position < network.size(); ++position) {
    const Layer& layer = network.layer(position);
    const LayerTime& time = prediction.layers[static_cast<std::size_t>(position)];
    add_row(table,
            {position == 0 ? "" : std::to_string(Network::number(position)),
             std::string(operation_name(layer.operation)),
             division_text(distribution.plan().layer(position), layer.output)},
            time, limit_of(distribution, position, time, cluster));
  }
  const LayerTime& results = prediction.results;
  if (results.seconds() > 0) {
    add_row(table, {"", "results", "to rank 0"}, results, limit_of_messages(results));
  }
  add_frame(table, prediction);
  return "where its time goes: each layer on the rank that ends it last, from when all ranks had "
         "the layers before;\nmessages are packed, sent, received and unpacked, and moved by all "
         "ranks together\n" +
         table.text();
}

}  // namespace vpinfer
