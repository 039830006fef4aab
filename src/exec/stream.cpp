#include "exec/stream.hpp"

#include <array>
#include <span>

#include "base/clock.hpp"
#include "base/units.hpp"
#include "comm/polling.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

/// What rank 0 tells the others, in one float.
enum class Ticket { kFrame, kStay, kEnd };

/// Beside the tags of the exchanges, which are numbers of tensors.
constexpr int kTicketTag = 31999;

/// Rank 0's side of the tickets.
class TicketOffice {
 public:
  TicketOffice(Communicator& communicator, std::chrono::duration<double> timeout)
      : communicator_(communicator), timeout_(timeout) {
    std::vector<Endpoint> others;
    for (int rank = 1; rank < communicator.size(); ++rank)
      others.push_back({rank, std::as_writable_bytes(std::span(text_))});
    sends_ = communicator.sends(std::move(others), kTicketTag);
  }

  void announce(Ticket ticket) {
    finish();
    text_.front() = static_cast<float>(ticket);
    sends_->start();
    announced_ = Clock::now();
  }

  /// Others wait for twice the timeout.
  void keep_waiting() {
    if (seconds_since(announced_) > timeout_.count() / 2) announce(Ticket::kStay);
  }

  void finish() {
    Polling polling(timeout_);
    while (const auto unfinished = sends_->unfinished()) {
      if (sends_->test() || polling.pause()) continue;
      const int rank = static_cast<int>(*unfinished) + 1;
      throw Error(ExitCode::kRankFailed,
                  "between frames: could not reach rank " + std::to_string(rank) + " (" +
                      communicator_.host(rank) + ") within " + fixed(timeout_.count(), 1) +
                      " s; is it down? --timeout sets the limit");
    }
  }

 private:
  Communicator& communicator_;
  std::chrono::duration<double> timeout_;
  std::array<float, 1> text_{};
  std::unique_ptr<Transfers> sends_;
  Clock::time_point announced_ = Clock::now();
};

/// The other ranks' side.
class TicketHolder {
 public:
  TicketHolder(Communicator& communicator, std::chrono::duration<double> timeout)
      : communicator_(communicator),
        timeout_(timeout),
        receives_(
            communicator.receives({{0, std::as_writable_bytes(std::span(text_))}}, kTicketTag)) {
    receives_->start();
  }

  /// The next ticket, if it is there.
  [[nodiscard]] std::optional<Ticket> poll() {
    if (!receives_->test()) return std::nullopt;
    const auto ticket = static_cast<Ticket>(text_.front());
    if (ticket != Ticket::kEnd) receives_->start();
    heard_ = Clock::now();
    return ticket;
  }

  void give_up_if_silent() const {
    const double limit = 2 * timeout_.count();
    if (seconds_since(heard_) < limit) return;
    throw Error(ExitCode::kRankFailed, "between frames: no word from rank 0 (" +
                                           communicator_.host(0) + ") for " + fixed(limit, 1) +
                                           " s; is it down? --timeout sets half that limit");
  }

 private:
  Communicator& communicator_;
  std::chrono::duration<double> timeout_;
  std::array<float, 1> text_{};
  std::unique_ptr<Transfers> receives_;
  Clock::time_point heard_ = Clock::now();
};

}  // namespace

void lead_stream(Executor& executor, Communicator& communicator, FrameSupply& supply,
                 std::size_t window, std::chrono::duration<double> timeout) {
  TicketOffice tickets(communicator, timeout);
  bool ended = false;
  const auto begin_next = [&] {
    if (ended) return false;
    tickets.keep_waiting();
    if (executor.frames_under_way() >= window) return false;
    switch (supply.state()) {
      case FrameSupply::State::kNotYet: return false;
      case FrameSupply::State::kReady:
        tickets.announce(Ticket::kFrame);
        executor.begin(supply.take());
        return true;
      case FrameSupply::State::kEnded: break;
    }
    tickets.announce(Ticket::kEnd);
    ended = true;
    return true;
  };
  while (!ended || executor.frames_under_way() > 0) executor.work(begin_next);
  tickets.finish();
}

void follow_stream(Executor& executor, Communicator& communicator,
                   std::chrono::duration<double> timeout) {
  TicketHolder tickets(communicator, timeout);
  bool ended = false;
  const auto begin_next = [&] {
    if (ended) return false;
    const std::optional<Ticket> ticket = tickets.poll();
    if (!ticket) {
      if (executor.frames_under_way() == 0) tickets.give_up_if_silent();
      return false;
    }
    if (*ticket == Ticket::kFrame) executor.begin({});
    ended = *ticket == Ticket::kEnd;
    return true;
  };
  while (!ended || executor.frames_under_way() > 0) executor.work(begin_next);
}

}  // namespace vpinfer
