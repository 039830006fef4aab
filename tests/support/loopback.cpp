#include "support/loopback.hpp"

#include <algorithm>
#include <compare>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

#include "base/clock.hpp"
#include "support/random.hpp"

namespace vpinfer {
namespace {

struct Route {
  int from;
  int to;
  int tag;
  auto operator<=>(const Route&) const = default;
};

struct Link {
  int from;
  int to;
  auto operator<=>(const Link&) const = default;
};

std::string to_string(const Route& route) {
  return "message from rank " + std::to_string(route.from) + " to rank " +
         std::to_string(route.to) + " with tag " + std::to_string(route.tag);
}

/// Floats of such bytes are NaN.
constexpr std::byte kPoison{0xFF};

/// A message on its way.
struct Parcel {
  std::span<const std::byte> bytes;  // the sender's buffer, or `copy`
  std::vector<std::byte> copy;
  Clock::time_point arrival{};  // not delivered before
  bool eager = false;           // its send completes before it is delivered
  bool delivered = false;
};

class Receives;

}  // namespace

struct LoopbackState {
  explicit LoopbackState(int ranks, std::uint32_t seed)
      : random(seed),
        delays(static_cast<std::size_t>(ranks)),
        receives(static_cast<std::size_t>(ranks)) {}

  std::mutex mutex;  // guards everything
  Random random;
  std::vector<Clock::duration> delays;  // by sending rank
  std::set<Link> cuts;
  std::map<Route, std::deque<std::shared_ptr<Parcel>>> mail;
  std::map<Route, std::deque<const void*>> posted;  // receives without a message
  std::vector<std::vector<Receives*>> receives;     // by receiving rank
  std::vector<std::string> misuse;

  void deliver_to(int rank);
};

namespace {

using Lock = std::lock_guard<std::mutex>;

class LoopbackTransfers : public Transfers {
 public:
  LoopbackTransfers(LoopbackState& state, int rank, std::vector<Endpoint> endpoints, int tag)
      : state_(state), rank_(rank), tag_(tag) {
    for (const Endpoint& endpoint : endpoints) items_.push_back({endpoint, Phase::kIdle, {}});
  }

  std::optional<std::size_t> test() final {
    const Lock lock(state_.mutex);
    state_.deliver_to(rank_);
    if (state_.random.chance(30)) return std::nullopt;
    std::vector<std::size_t> complete;
    for (std::size_t i = 0; i < items_.size(); ++i) {
      if (items_[i].phase == Phase::kActive && is_complete(items_[i])) complete.push_back(i);
    }
    if (complete.empty()) return std::nullopt;
    const std::size_t index = state_.random.pick(complete);
    items_[index].phase = Phase::kIdle;
    return index;
  }

  [[nodiscard]] std::optional<std::size_t> unfinished() const final {
    const Lock lock(state_.mutex);
    for (std::size_t i = 0; i < items_.size(); ++i) {
      if (items_[i].phase != Phase::kIdle) return i;
    }
    return std::nullopt;
  }

 protected:
  enum class Phase { kIdle, kActive };

  struct Item {
    Endpoint endpoint;
    Phase phase;
    std::shared_ptr<Parcel> parcel;
  };

  /// The rest of these: to be called with the mutex locked.
  [[nodiscard]] virtual bool is_complete(const Item& item) const = 0;

  void activate(Item& item) {
    if (item.phase != Phase::kIdle) {
      throw std::logic_error("rank " + std::to_string(rank_) + " starts a transfer with rank " +
                             std::to_string(item.endpoint.peer) + ", tag " + std::to_string(tag_) +
                             ", that is still active");
    }
    item.phase = Phase::kActive;
  }

  void complain_if_active() {
    for (const Item& item : items_) {
      if (item.phase == Phase::kIdle) continue;
      state_.misuse.push_back("rank " + std::to_string(rank_) + " abandons a transfer with rank " +
                              std::to_string(item.endpoint.peer) + ", tag " + std::to_string(tag_));
    }
  }

  LoopbackState& state() { return state_; }
  [[nodiscard]] int rank() const { return rank_; }
  [[nodiscard]] int tag() const { return tag_; }
  std::vector<Item>& items() { return items_; }

 private:
  LoopbackState& state_;
  int rank_;
  int tag_;
  std::vector<Item> items_;
};

class Sends final : public LoopbackTransfers {
 public:
  using LoopbackTransfers::LoopbackTransfers;

  ~Sends() override {
    const Lock lock(state().mutex);
    complain_if_active();
    for (const Item& item : items()) {
      // The sender's buffer goes away; what is still under way has been complained about.
      if (item.parcel && !item.parcel->delivered && !item.parcel->eager) item.parcel->bytes = {};
    }
  }

  void start() override {
    const Lock lock(state().mutex);
    for (Item& item : items()) {
      activate(item);
      item.parcel = std::make_shared<Parcel>();
      item.parcel->bytes = item.endpoint.buffer;
      item.parcel->eager = state().random.chance(50);
      if (item.parcel->eager) {
        item.parcel->copy.assign(item.endpoint.buffer.begin(), item.endpoint.buffer.end());
        item.parcel->bytes = item.parcel->copy;
      }
      if (state().cuts.contains({rank(), item.endpoint.peer})) continue;
      item.parcel->arrival = Clock::now() + state().delays[static_cast<std::size_t>(rank())];
      state().mail[{rank(), item.endpoint.peer, tag()}].push_back(item.parcel);
    }
  }

 private:
  [[nodiscard]] bool is_complete(const Item& item) const override {
    return item.parcel->eager || item.parcel->delivered;
  }
};

class Receives final : public LoopbackTransfers {
 public:
  Receives(LoopbackState& hub, int own_rank, std::vector<Endpoint> endpoints, int message_tag)
      : LoopbackTransfers(hub, own_rank, std::move(endpoints), message_tag) {
    const Lock lock(state().mutex);
    siblings().push_back(this);
  }

  ~Receives() override {
    const Lock lock(state().mutex);
    complain_if_active();
    std::erase(siblings(), this);
    for (const Item& item : items()) std::erase(posted(item), &item);
  }

  void start() override {
    const Lock lock(state().mutex);
    for (Item& item : items()) {
      activate(item);
      item.parcel = nullptr;
      posted(item).push_back(&item);
      std::fill(item.endpoint.buffer.begin(), item.endpoint.buffer.end(), kPoison);
    }
  }

  /// Hands over some of what has come; the mutex is locked.
  void deliver() {
    for (Item& item : items()) {
      if (item.phase == Phase::kIdle || item.parcel || state().random.chance(50)) continue;
      const Route route{item.endpoint.peer, rank(), tag()};
      auto& queue = state().mail[route];
      if (queue.empty() || posted(item).front() != &item) continue;
      const std::shared_ptr<Parcel> parcel = queue.front();
      if (parcel->arrival > Clock::now()) continue;
      if (parcel->bytes.size() != item.endpoint.buffer.size()) {
        throw std::logic_error(to_string(route) + " has " + std::to_string(parcel->bytes.size()) +
                               " bytes, its receiver expects " +
                               std::to_string(item.endpoint.buffer.size()));
      }
      queue.pop_front();
      posted(item).pop_front();
      std::copy(parcel->bytes.begin(), parcel->bytes.end(), item.endpoint.buffer.begin());
      parcel->delivered = true;
      item.parcel = parcel;
    }
  }

 private:
  [[nodiscard]] bool is_complete(const Item& item) const override { return item.parcel != nullptr; }

  /// The receives that wait for messages of an item's route, in the order in which they get them.
  std::deque<const void*>& posted(const Item& item) {
    return state().posted[{item.endpoint.peer, rank(), tag()}];
  }

  std::vector<Receives*>& siblings() { return state().receives[static_cast<std::size_t>(rank())]; }
};

class LoopbackRank final : public Communicator {
 public:
  LoopbackRank(LoopbackState& state, int rank) : state_(state), rank_(rank) {}

  [[nodiscard]] int rank() const override { return rank_; }
  [[nodiscard]] int size() const override { return static_cast<int>(state_.receives.size()); }
  [[nodiscard]] std::string host(int rank) const override { return "host-" + std::to_string(rank); }
  std::unique_ptr<Transfers> receives(std::vector<Endpoint> endpoints, int tag) override {
    return std::make_unique<Receives>(state_, rank_, std::move(endpoints), tag);
  }
  std::unique_ptr<Transfers> sends(std::vector<Endpoint> endpoints, int tag) override {
    return std::make_unique<Sends>(state_, rank_, std::move(endpoints), tag);
  }
  void progress() override {
    const Lock lock(state_.mutex);
    state_.deliver_to(rank_);
  }

 private:
  LoopbackState& state_;
  int rank_;
};

}  // namespace

void LoopbackState::deliver_to(int rank) {
  for (Receives* list : receives[static_cast<std::size_t>(rank)]) list->deliver();
}

Loopback::Loopback(int ranks, std::uint32_t seed)
    : state_(std::make_shared<LoopbackState>(ranks, seed)) {
  for (int rank = 0; rank < ranks; ++rank) {
    ranks_.push_back(std::make_unique<LoopbackRank>(*state_, rank));
  }
}

Loopback::~Loopback() = default;

Communicator& Loopback::rank(int rank) {
  return *ranks_[static_cast<std::size_t>(rank)];
}

int Loopback::size() const {
  return static_cast<int>(ranks_.size());
}

void Loopback::cut(int from, int to) {
  const Lock lock(state_->mutex);
  state_->cuts.insert({from, to});
}

void Loopback::silence(int rank) {
  for (int peer = 0; peer < size(); ++peer) cut(rank, peer);
}

void Loopback::delay(int rank, std::chrono::duration<double> delay) {
  const Lock lock(state_->mutex);
  state_->delays[static_cast<std::size_t>(rank)] =
      std::chrono::duration_cast<Clock::duration>(delay);
}

std::vector<std::string> Loopback::complaints() const {
  const Lock lock(state_->mutex);
  std::vector<std::string> lines = state_->misuse;
  for (const auto& [route, queue] : state_->mail) {
    for (std::size_t i = 0; i < queue.size(); ++i) {
      lines.push_back("nobody received the " + to_string(route));
    }
  }
  return lines;
}

std::vector<std::string> run_ranks(Loopback& loopback,
                                   const std::function<void(Communicator& communicator)>& work) {
  std::vector<std::string> errors(static_cast<std::size_t>(loopback.size()));
  std::vector<std::thread> threads;
  for (int rank = 0; rank < loopback.size(); ++rank) {
    threads.emplace_back([&, rank] {
      try {
        work(loopback.rank(rank));
      } catch (const std::exception& e) {
        errors[static_cast<std::size_t>(rank)] = "rank " + std::to_string(rank) + ": " + e.what();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::erase(errors, "");
  return errors;
}

}  // namespace vpinfer
