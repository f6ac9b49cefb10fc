#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "net/event_loop.h"
#include "net/web_socket_client.h"

namespace tombolo::test {

/// One WebSocket from the client's side, to be waited on from the test's thread.
///
/// Errors:  throws `std::runtime_error` after a wait of half a minute.
class WebSocketTestClient final : private net::WebSocketEvents {
 public:
  /// Returns when the server has answered: see `is_open`.
  WebSocketTestClient(net::EventLoop& loop,
                      const std::string& url,
                      std::vector<std::string> sub_protocols = {"com.mongodb.realm-sync#9"})
      : strand_(loop.make_strand()) {
    strand_.post([this, url, offer = std::move(sub_protocols)]() mutable {
      pending_ = net::connect_web_socket(
          strand_, {.url = url, .sub_protocols = std::move(offer)}, [this](auto result) {
            auto* connected = std::get_if<net::WebSocketConnected>(&result);
            if (connected) {
              socket_ = std::move(connected->connection);
              socket_.start(*this);
            }
            note([&] {
              is_decided_ = true;
              is_open_ = connected != nullptr;
              if (connected) {
                sub_protocol_ = connected->sub_protocol;
              } else {
                status_ = std::get<net::ConnectFailure>(result).status;
              }
            });
          });
    });
    wait([&] { return is_decided_; });
  }
  /// Goes without a closing handshake.
  ~WebSocketTestClient() {
    strand_.post([this] {
      pending_.cancel();
      socket_ = net::WebSocketConnection();
      note([&] { is_gone_ = true; });
    });
    wait([&] { return is_gone_; });
  }

  void send(Bytes message) {
    strand_.post([this, bytes = std::move(message)]() mutable { socket_.send(std::move(bytes)); });
  }
  void send(const std::string& message) { send(to_bytes(as_bytes(message))); }

  /// The next message; empty when the connection ended first.
  std::string receive() {
    wait([&] { return !messages_.empty() || closed_; });
    const std::lock_guard lock(mutex_);
    if (messages_.empty()) return "";
    std::string message = std::move(messages_.front());
    messages_.pop_front();
    return message;
  }
  std::uint16_t wait_for_close() {
    wait([&] { return closed_.has_value(); });
    const std::lock_guard lock(mutex_);
    return closed_->code;
  }
  /// Whether the server took the connection, however it ended later.
  [[nodiscard]] bool is_open() const { return is_open_; }
  [[nodiscard]] const std::string& sub_protocol() const { return sub_protocol_; }
  /// Of the answer that refused it.
  [[nodiscard]] unsigned status() const { return status_; }

 private:
  void on_message(Bytes message) override {
    note([&] { messages_.emplace_back(as_text(message)); });
  }
  void on_closed(const net::WebSocketClosure& closure) override {
    note([&] { closed_ = closure; });
  }

  template <typename Change>
  void note(Change&& change) {
    const std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }
  template <typename Condition>
  void wait(Condition&& condition) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds(30), condition)) {
      throw std::runtime_error("nothing came in time");
    }
  }

  const net::Strand strand_;
  net::PendingOperation pending_;
  net::WebSocketConnection socket_;
  std::mutex mutex_;  // Guards the members below.
  std::condition_variable changed_;
  bool is_decided_ = false;
  bool is_open_ = false;
  bool is_gone_ = false;
  std::string sub_protocol_;
  unsigned status_ = 0;
  std::deque<std::string> messages_;
  std::optional<net::WebSocketClosure> closed_;
};

}  // namespace tombolo::test
