#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/logging.h"
#include "net/event_loop.h"
#include "net/http_server.h"
#include "net/web_socket.h"

/// What the tests of net/ share: loops with threads, places to wait for results, and peers on
/// loopback that may break every rule. Waiting is always for a condition, bounded by `kPatience`.
namespace tombolo::net {

inline constexpr auto kPatience = std::chrono::seconds(60);

/// Results that one thread puts and the test takes.
template <typename T>
class Inbox {
 public:
  void put(T item) {
    const std::lock_guard lock(mutex_);
    items_.push_back(std::move(item));
    changed_.notify_all();
  }

  /// The next item; fails the test when none comes.
  T take() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, kPatience, [this] { return !items_.empty(); })) {
      throw std::runtime_error("nothing came in time");
    }
    T item = std::move(items_.front());
    items_.pop_front();
    return item;
  }

  [[nodiscard]] bool empty() const {
    const std::lock_guard lock(mutex_);
    return items_.empty();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<T> items_;
};

/// A loop and the threads that run it until `stop()` or the end of its life.
class LoopThreads {
 public:
  explicit LoopThreads(int count) {
    for (int i = 0; i < count; ++i) threads_.emplace_back([this] { loop_.run(); });
  }
  ~LoopThreads() { stop(); }
  LoopThreads(const LoopThreads&) = delete;
  LoopThreads& operator=(const LoopThreads&) = delete;

  void stop() {
    loop_.stop();
    threads_.clear();
  }
  EventLoop* operator->() noexcept { return &loop_; }
  EventLoop& operator*() noexcept { return loop_; }

 private:
  EventLoop loop_;
  std::vector<std::jthread> threads_;
};

/// Runs `work` on `strand` and waits for it.
inline void run_on(const Strand& strand, const std::function<void()>& work) {
  // Shared: the promise may still be at work when its future is ready.
  const auto done = std::make_shared<std::promise<void>>();
  strand.post([&work, done] {
    work();
    done->set_value();
  });
  ASSERT_EQ(done->get_future().wait_for(kPatience), std::future_status::ready);
}

/// A blocking TCP socket that sends what it is told.
class RawPeer {
 public:
  static RawPeer connect_to(std::uint16_t port);
  explicit RawPeer(int socket) noexcept;
  ~RawPeer();
  RawPeer(RawPeer&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}
  RawPeer& operator=(RawPeer&&) = delete;

  void send(std::string_view text);  ///< Stops without complaint when the other side is gone.
  void send(BytesView bytes) { send(as_text(bytes)); }
  std::string read(std::size_t bytes);             ///< Exactly so many, fewer only at the end.
  std::string read_until(std::string_view token);  ///< Up to and with `token`.
  std::string read_to_end();
  void end_writing();
  void reset();  ///< Goes without a proper end.

 private:
  int socket_;
};

/// A port on loopback whose connections the test accepts by hand.
class RawListener {
 public:
  RawListener();
  ~RawListener();
  RawListener(const RawListener&) = delete;
  RawListener& operator=(const RawListener&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  RawPeer accept();

 private:
  int socket_;
  std::uint16_t port_ = 0;
};

/// One end of a WebSocket, with what it was told.
class Endpoint final : public WebSocketEvents {
 public:
  void adopt(WebSocketConnection connection) {
    connection_ = std::move(connection);
    connection_.start(*this);
  }

  void on_message(Bytes message) override {
    const std::string text(as_text(message));
    if (react) react(connection_, text);
    messages.put(text);
  }
  void on_unfinished(BytesView so_far) override { unfinished.put(so_far.size()); }
  void on_received(std::size_t bytes) override { received.put(bytes); }
  void on_drained() override { drained.put(true); }
  void on_closed(const WebSocketClosure& closure) override { closed.put(closure); }

  /// Runs `work` with the connection, on its strand, and waits for it.
  void with_connection(const std::function<void(WebSocketConnection&)>& work) {
    run_on(connection_.strand(), [&] { work(connection_); });
  }
  void send(std::string_view text) {
    with_connection(
        [&](WebSocketConnection& connection) { connection.send(to_bytes(as_bytes(text))); });
  }

  Inbox<std::string> messages;
  Inbox<std::size_t> unfinished;
  Inbox<std::size_t> received;
  Inbox<bool> drained;
  Inbox<WebSocketClosure> closed;
  std::function<void(WebSocketConnection&, const std::string&)> react;

 private:
  WebSocketConnection connection_;
};

/// A server on loopback. Requests are answered with what they said; upgrades are accepted with the
/// last sub-protocol offered, and each makes an `Endpoint`. Either can be replaced.
class TestServer final : public HttpHandler {
 public:
  explicit TestServer(HttpServerOptions options = {}, int threads = 2);
  ~TestServer();

  void on_request(HttpRequest request, HttpResponder responder) override;
  void on_upgrade(HttpRequest request, UpgradeResponder responder) override;

  [[nodiscard]] std::uint16_t port() const noexcept { return server_->port(); }
  [[nodiscard]] std::string url(std::string_view scheme) const {
    return std::string(scheme) + "://localhost:" + std::to_string(port());
  }
  HttpServer& server() noexcept { return *server_; }
  LoopThreads& loop() noexcept { return loop_; }
  Inbox<std::shared_ptr<Endpoint>> opened;
  std::function<void(HttpRequest, HttpResponder)> request;
  std::function<void(HttpRequest, UpgradeResponder)> upgrade;
  std::function<void(Endpoint&)> prepare;  ///< Runs before an endpoint starts.

 private:
  std::mutex mutex_;
  std::vector<std::shared_ptr<Endpoint>> endpoints_;  ///< They go when the threads have.
  LoopThreads loop_;
  std::unique_ptr<HttpServer> server_;
};

/// The upgrade request that the protocol prescribes, as text.
[[nodiscard]] std::string upgrade_request(std::string_view extra_headers = {});

/// A masked client's frame.
[[nodiscard]] std::string client_frame(std::uint8_t first_byte, std::string_view payload);

[[nodiscard]] std::string test_file(std::string_view name);

}  // namespace tombolo::net
