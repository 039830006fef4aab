#include "comm/channel.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include "base/units.hpp"
#include "comm/polling.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

/// The bytes of a text, sent ahead of it.
using Length = std::uint64_t;

std::span<std::byte> bytes_of(Length& length) {
  return std::as_writable_bytes(std::span(&length, 1));
}

std::span<std::byte> bytes_of(std::string& text) {
  return std::as_writable_bytes(std::span(text));
}

/// A text on its way here: first its length, then itself.
class IncomingText {
 public:
  IncomingText(Communicator& communicator, int peer)
      : communicator_(communicator),
        peer_(peer),
        transfers_(communicator.receives({{peer, bytes_of(length_)}}, kTextTag)) {
    transfers_->start();
  }

  /// Takes what has come.  Does not wait.
  [[nodiscard]] bool is_complete() {
    if (transfers_->unfinished() && !transfers_->test()) return false;
    if (has_length_) return true;
    has_length_ = true;
    text_.resize(length_);
    transfers_ = communicator_.receives({{peer_, bytes_of(text_)}}, kTextTag);
    transfers_->start();
    return is_complete();
  }
  [[nodiscard]] int peer() const { return peer_; }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  Communicator& communicator_;
  int peer_;
  Length length_ = 0;
  bool has_length_ = false;
  std::string text_;
  std::unique_ptr<Transfers> transfers_;
};

}  // namespace

std::string name_of(const Communicator& communicator, int rank) {
  return "rank " + std::to_string(rank) + " (" + communicator.host(rank) + ")";
}

/// One deadline for all the messages of a call.
class Channel::Patience {
 public:
  explicit Patience(const Channel& channel)
      : channel_(channel),
        factor_(channel.rank() == 0 ? 2 : 3),
        polling_(factor_ * channel.timeout_) {}

  /// Waits a moment for a rank.
  void wait_for(int peer) {
    if (polling_.pause()) return;
    throw Error(ExitCode::kRankFailed, "between frames: no word from " + channel_.name(peer) +
                                           " for " + fixed(factor_ * channel_.timeout_.count(), 1) +
                                           " s; is it down? --timeout sets " +
                                           (factor_ == 2 ? "half" : "a third of") + " that limit");
  }

  /// Waits until the messages with these peers have come or gone.
  void complete(Transfers& transfers, const std::vector<int>& peers) {
    while (const auto unfinished = transfers.unfinished()) {
      if (!transfers.test()) wait_for(peers[*unfinished]);
    }
  }

 private:
  const Channel& channel_;
  int factor_;
  Polling polling_;
};

Channel::Channel(Communicator& communicator, std::chrono::duration<double> timeout)
    : communicator_(communicator), timeout_(timeout) {}

std::string Channel::broadcast(std::string text) {
  Patience patience(*this);
  if (rank() != 0) {
    IncomingText incoming(communicator_, 0);
    while (!incoming.is_complete()) patience.wait_for(0);
    return incoming.take();
  }
  Length length = text.size();
  std::vector<Endpoint> endpoints;
  std::vector<int> peers;
  for (int peer = 1; peer < size(); ++peer) {
    endpoints.push_back({peer, bytes_of(length)});
    endpoints.push_back({peer, bytes_of(text)});
    peers.insert(peers.end(), 2, peer);
  }
  const auto sends = communicator_.sends(std::move(endpoints), kTextTag);
  sends->start();
  patience.complete(*sends, peers);
  return text;
}

std::vector<std::string> Channel::gather(std::string text, const std::function<void()>& meanwhile) {
  Patience patience(*this);
  if (rank() != 0) {
    Length length = text.size();
    const auto sends = communicator_.sends({{0, bytes_of(length)}, {0, bytes_of(text)}}, kTextTag);
    sends->start();
    patience.complete(*sends, {0, 0});
    return {};
  }
  std::deque<IncomingText> incoming;
  for (int peer = 1; peer < size(); ++peer) incoming.emplace_back(communicator_, peer);
  while (true) {
    std::optional<int> missing;
    for (IncomingText& from : incoming) {  // all of them: no rank waits for another
      if (!from.is_complete() && !missing) missing = from.peer();
    }
    if (!missing) break;
    if (meanwhile) meanwhile();
    patience.wait_for(*missing);
  }
  std::vector<std::string> texts{std::move(text)};
  for (IncomingText& from : incoming) texts.push_back(from.take());
  return texts;
}

std::vector<std::string> Channel::all_gather(const std::string& line) {
  std::string joined;
  for (const std::string& each : gather(line)) joined += each + '\n';
  joined = broadcast(std::move(joined));
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < joined.size();) {
    const std::size_t end = joined.find('\n', begin);
    lines.push_back(joined.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

void Channel::barrier() {
  (void)gather({});
  (void)broadcast({});
}

namespace {

/// An Endpoint is for both directions; a send only reads.
std::span<std::byte> bytes_to_send(std::span<const float> values) {
  return std::as_writable_bytes(std::span(const_cast<float*>(values.data()), values.size()));
}

/// Long values go in parts, each with a deadline of its own.
template <typename Value, typename Move>
void in_parts(std::span<Value> values, const Move& move) {
  constexpr std::size_t kPart = std::size_t{1} << 24U;
  for (std::size_t begin = 0; begin < values.size(); begin += kPart) {
    move(values.subspan(begin, std::min(kPart, values.size() - begin)));
  }
}

/// Parts that are messages of their own pass those of the other direction, which what is longer
/// than MpiTransfers::kMostInChunks does not.
std::vector<Endpoint> endpoints_of(std::span<std::byte> values, int peer) {
  constexpr std::size_t kPart = std::size_t{1} << 20U;
  std::vector<Endpoint> endpoints;
  for (std::size_t begin = 0; begin < values.size(); begin += kPart) {
    endpoints.push_back({peer, values.subspan(begin, std::min(kPart, values.size() - begin))});
  }
  return endpoints;
}

}  // namespace

void Channel::send(std::span<const float> values, int peer) {
  in_parts(values, [&](std::span<const float> part) {
    const auto send = communicator_.sends({{peer, bytes_to_send(part)}}, kValuesTag);
    send->start();
    Patience(*this).complete(*send, {peer});
  });
}

void Channel::receive(std::span<float> values, int peer) {
  in_parts(values, [&](std::span<float> part) {
    const auto receive = communicator_.receives({{peer, std::as_writable_bytes(part)}}, kValuesTag);
    receive->start();
    Patience(*this).complete(*receive, {peer});
  });
}

void Channel::exchange(std::span<const float> sent, int to, std::span<float> received, int from) {
  const auto incoming = endpoints_of(std::as_writable_bytes(received), from);
  const auto outgoing = endpoints_of(bytes_to_send(sent), to);
  const auto receives = communicator_.receives(incoming, kValuesTag);
  const auto sends = communicator_.sends(outgoing, kValuesTag);
  receives->start();
  sends->start();
  Patience patience(*this);
  patience.complete(*receives, std::vector<int>(incoming.size(), from));
  patience.complete(*sends, std::vector<int>(outgoing.size(), to));
}

}  // namespace vpinfer
