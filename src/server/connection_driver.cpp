#include "server/connection_driver.h"

#include <utility>

namespace tombolo::server {
namespace {

constexpr std::uint16_t kCloseInternalError = 1011;

}  // namespace

ConnectionDriver::ConnectionDriver(net::WebSocketConnection socket,
                                   ConnectionOptions options,
                                   SyncService& service,
                                   const Clock& clock,
                                   Logger& logger,
                                   Ended ended)
    : strand_(socket.strand()),
      socket_(std::move(socket)),
      user_id_(options.user_id),
      service_(service),
      clock_(clock),
      logger_(logger),
      ended_(std::move(ended)),
      connection_(std::move(options), clock.now()) {}

void ConnectionDriver::start() {
  self_ = shared_from_this();
  timer_.emplace(strand_);
  socket_.start(*this);
  arm_timer();
  pump();
}

void ConnectionDriver::post(std::function<void(Connection&)> task) {
  strand_.post([self = shared_from_this(), task = std::move(task)] {
    if (!self->self_) return;
    self->guarded([&] {
      task(self->connection_);
      self->pump();
    });
  });
}

void ConnectionDriver::on_message(Bytes message) {
  guarded([&] {
    connection_.receive(std::move(message), clock_.now());
    pump();
  });
}

void ConnectionDriver::on_drained() {
  guarded([&] { pump(); });
}

void ConnectionDriver::on_closed(const net::WebSocketClosure& /*closure*/) {
  guarded([&] {
    connection_.disconnected();
    while (auto effect = connection_.next_effect()) perform(std::move(*effect));
  });
  ended_(*this);
  let_go();
}

void ConnectionDriver::abandon() {
  let_go();
}

void ConnectionDriver::let_go() {
  // Socket and timer belong to the strand; the rest may go wherever the last reference does.
  timer_.reset();
  socket_ = net::WebSocketConnection();
  const auto last = std::exchange(self_, nullptr);
}

template <typename Work>
void ConnectionDriver::guarded(const Work& work) {
  try {
    work();
  } catch (const Error& error) {
    logger_.error("connection_failed error=\"" + error.describe() + '"');
    socket_.close(kCloseInternalError, "internal server error");
    connection_.disconnected();
  }
}

void ConnectionDriver::pump() {
  for (;;) {
    while (auto effect = connection_.next_effect()) perform(std::move(*effect));
    if (socket_.queued_bytes() >= kSocketBytesTarget) break;
    auto message = connection_.take_message();
    if (!message) break;
    socket_.send(std::move(message->head), std::move(message->body));
  }
  if (connection_.wants_input() == is_reading_paused_) {
    is_reading_paused_ = !is_reading_paused_;
    is_reading_paused_ ? socket_.pause_reading() : socket_.resume_reading();
  }
}

void ConnectionDriver::perform(Effect effect) {
  if (const auto* close = std::get_if<CloseConnection>(&effect)) {
    socket_.close(close->code, close->reason);
  } else {
    service_.perform(std::move(effect), shared_from_this(), user_id_);
  }
}

// The deadline moves with every message, so it is looked at again only when the old one is due.
void ConnectionDriver::arm_timer() {
  const auto deadline = connection_.deadline();
  if (!deadline) return;
  timer_->arm_at(*deadline, [this] {
    guarded([&] {
      connection_.advance(clock_.now());
      pump();
    });
    arm_timer();
  });
}

}  // namespace tombolo::server
