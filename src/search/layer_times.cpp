#include "search/layer_times.hpp"

#include <algorithm>
#include <variant>

namespace vpinfer {
namespace {

/// What a rank computes of a layer.
struct Computed {
  double seconds = 0;
  double end = 0;
};

/// By position.
std::vector<Computed> computed_by(const Timeline& timeline, int layers) {
  std::vector<Computed> all(static_cast<std::size_t>(layers));
  for (const Activity& activity : timeline) {
    if (activity.doing != Doing::kCompute) continue;
    Computed& computed = all[static_cast<std::size_t>(activity.position)];
    computed.seconds += activity.seconds();
    computed.end = activity.end;
  }
  return all;
}

void add(const Activity& activity, double& longest_wait, LayerTime& time) {
  switch (activity.doing) {
    case Doing::kCompute: time.compute_seconds += activity.seconds(); break;
    case Doing::kMessages: time.message_seconds += activity.seconds(); break;
    case Doing::kAwaitLink: time.link_seconds += activity.seconds(); break;
    case Doing::kAwaitPeer:
      time.peer_seconds += activity.seconds();
      if (activity.seconds() > longest_wait) time.peer = activity.peer;
      longest_wait = std::max(longest_wait, activity.seconds());
      break;
  }
}

/// What a rank does from `begin` to `end`; before it is told of the frame, it waits for the link.
LayerTime stretch(const Timeline& timeline, int rank, double begin, double end) {
  LayerTime time{.rank = rank};
  double longest_wait = 0;
  double known = begin;
  auto activity = std::partition_point(timeline.begin(), timeline.end(),
                                       [begin](const Activity& a) { return a.end <= begin; });
  for (; activity != timeline.end() && activity->begin < end; ++activity) {
    Activity part = *activity;
    part.begin = std::max(part.begin, begin);
    part.end = std::min(part.end, end);
    time.link_seconds += part.begin - known;
    known = part.end;
    add(part, longest_wait, time);
  }
  return time;
}

/// As LayerTime::compute_over_mean.
double over_mean(const std::vector<std::vector<Computed>>& ranks, int position, int rank) {
  const auto at = static_cast<std::size_t>(position);
  double sum = 0;
  int count = 0;
  for (const std::vector<Computed>& computed : ranks) {
    sum += computed[at].seconds;
    if (computed[at].seconds > 0) ++count;
  }
  return count == 0 ? 0 : count * ranks[static_cast<std::size_t>(rank)][at].seconds / sum;
}

void add_stretches(const Simulation& simulation, int layers, Prediction& prediction) {
  std::vector<std::vector<Computed>> ranks;
  for (const Timeline& timeline : simulation.timelines) {
    ranks.push_back(computed_by(timeline, layers));
  }
  const double latency = simulation.frame_seconds.front();
  double begin = 0;
  for (int position = 0; position < layers; ++position) {
    const auto end_of = [position](const std::vector<Computed>& computed) {
      return computed[static_cast<std::size_t>(position)].end;
    };
    const auto last =
        std::max_element(ranks.begin(), ranks.end(),
                         [&](const auto& a, const auto& b) { return end_of(a) < end_of(b); });
    const auto rank = static_cast<int>(last - ranks.begin());
    const double end = std::clamp(end_of(*last), begin, latency);
    prediction.layers.push_back(
        stretch(simulation.timelines[static_cast<std::size_t>(rank)], rank, begin, end));
    prediction.layers.back().compute_over_mean = over_mean(ranks, position, rank);
    begin = end;
  }
  prediction.results = stretch(simulation.timelines.front(), 0, begin, latency);
}

void add_bytes(const Demand& demand, const Exchanges& exchanges, Prediction& prediction) {
  const auto layer = [&prediction](int position) -> LayerTime& {
    LayerTime& time = prediction.layers[static_cast<std::size_t>(position)];
    if (!time.is_within_other()) return time;
    return prediction.layers[static_cast<std::size_t>(*time.computed_in)];
  };
  for (int position = 0; position < demand.network().size(); ++position) {
    const std::vector<Demand::Reader>& readers = demand.readers(position);
    LayerTime& first = readers.empty() ? prediction.results : layer(readers.front().position);
    first.moved_bytes += exchanges.output(position)->bytes();
    if (const Exchanges::Shared& sums = exchanges.sums(position)) {
      layer(position).moved_bytes += sums->bytes();
    }
  }
}

void note_strips(const std::vector<Program>& programs, Prediction& prediction) {
  for (const Program& program : programs) {
    for (const Step& step : program.steps) {
      const auto* compute = std::get_if<step::Compute>(&step);
      if (compute == nullptr || !compute->computation.strips) continue;
      const auto convolution = static_cast<std::size_t>(compute->computation.first_layer());
      prediction.layers[convolution].computed_in = compute->computation.position;
    }
  }
}

}  // namespace

void add_layer_times(const Demand& demand, const Exchanges& exchanges,
                     const std::vector<Program>& programs, const Simulation& simulation,
                     Prediction& prediction) {
  add_stretches(simulation, demand.network().size(), prediction);
  note_strips(programs, prediction);
  add_bytes(demand, exchanges, prediction);
}

}  // namespace vpinfer
