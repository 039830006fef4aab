#include "session/ranks.hpp"

#include <algorithm>
#include <span>
#include <string>

#include "session/loading.hpp"

namespace vpinfer {
namespace {

Delivered run_everything(Channel& channel, const Job& job, const Weights& weights, ThreadPool& pool,
                         const InputWriter& write_input) {
  const Job everything = delivering_everything(job);
  return ReadyRank(channel.communicator(), everything, weights, pool).run(write_input);
}

}  // namespace

AllRanks::AllRanks(Channel& channel, const Job& job, const Weights& weights, ThreadPool& pool)
    : channel_(channel),
      job_(job),
      weights_(weights),
      pool_(pool),
      own_(channel.communicator(), job, weights, pool),
      orders_(channel.communicator(), job.timeout) {}

void AllRanks::order(const Order& order) {
  orders_.send(order);
  orders_.finish();
}

void AllRanks::warm_up() {
  order({Order::Kind::kWarmUp});
  (void)own_.run([](std::span<float> input) { std::fill(input.begin(), input.end(), 0.0F); });
}

void AllRanks::stream(FrameSupply& supply) {
  order({Order::Kind::kStream});
  own_.lead(orders_, supply);
}

void AllRanks::stay() {
  order({Order::Kind::kStay});
}

std::vector<RankReport> AllRanks::reports() {
  order({Order::Kind::kReport});
  std::vector<RankReport> reports;
  const auto texts = channel_.gather(to_json(own_.report()), [this] { orders_.keep_alive(); });
  for (const std::string& text : texts) reports.push_back(rank_report_from_json(text));
  return reports;
}

Delivered AllRanks::run_delivering_everything(const InputWriter& write_input) {
  order({Order::Kind::kDeliverEverything});
  return run_everything(channel_, job_, weights_, pool_, write_input);
}

void AllRanks::dismiss(ExitCode code) {
  order({Order::Kind::kDismiss, code});
}

ExitCode follow_orders(Channel& channel, const Job& job, const Weights& weights, ThreadPool& pool) {
  ReadyRank own(channel.communicator(), job, weights, pool);
  OrderReceiver orders(channel.communicator(), job.timeout);
  while (true) {
    const Order order = orders.await();
    switch (order.kind) {
      case Order::Kind::kWarmUp: own.run({}); break;
      case Order::Kind::kStream: own.follow(orders); break;
      case Order::Kind::kReport: (void)channel.gather(to_json(own.report())); break;
      case Order::Kind::kDeliverEverything:
        (void)run_everything(channel, job, weights, pool, {});
        break;
      case Order::Kind::kDismiss: return order.code;
      case Order::Kind::kStay: break;  // for which nothing is to be done
      case Order::Kind::kFrame:
      case Order::Kind::kEnd: throw Bug("an order of a stream, and no stream");
    }
  }
}

ExitCode follow_job(Channel& channel, const std::filesystem::path& model, ThreadPool& pool) {
  const Job job = await_job(channel, model.string());
  const Weights weights = load_weights(channel, job, model);
  return follow_orders(channel, job, weights, pool);
}

}  // namespace vpinfer
