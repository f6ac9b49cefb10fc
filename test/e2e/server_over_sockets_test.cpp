#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "net/http_client.h"
#include "net/web_socket_client.h"
#include "server/server.h"
#include "test/support/changesets.h"
#include "test/support/temporary_directory.h"

namespace tombolo::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

/// One WebSocket from the client's side, to be waited on from the test's thread.
class Client final : private net::WebSocketEvents {
 public:
  Client(net::EventLoop& loop, const std::string& url) : strand_(loop.make_strand()) {
    strand_.post([this, url] {
      pending_ =
          net::connect_web_socket(strand_,
                                  {.url = url, .sub_protocols = {"com.mongodb.realm-sync#9"}},
                                  [this](auto result) {
                                    auto* connected = std::get_if<net::WebSocketConnected>(&result);
                                    if (connected) {
                                      socket_ = std::move(connected->connection);
                                      socket_.start(*this);
                                    }
                                    note([&] {
                                      is_decided_ = true;
                                      is_open_ = connected != nullptr;
                                      if (!connected)
                                        status_ = std::get<net::ConnectFailure>(result).status;
                                    });
                                  });
    });
    wait([&] { return is_decided_; });
  }
  ~Client() {
    strand_.post([this] {
      pending_.cancel();
      socket_ = net::WebSocketConnection();
      note([&] { is_gone_ = true; });
    });
    wait([&] { return is_gone_; });
  }

  void send(const std::string& message) {
    strand_.post([this, bytes = to_bytes(as_bytes(message))] { socket_.send(bytes); });
  }
  /// The next message; empty when the connection ended first.
  std::string receive() {
    wait([&] { return !messages_.empty() || closed_; });
    const std::lock_guard lock(mutex_);
    if (messages_.empty()) return "";
    std::string message = messages_.front();
    messages_.erase(messages_.begin());
    return message;
  }
  std::uint16_t wait_for_close() {
    wait([&] { return closed_.has_value(); });
    const std::lock_guard lock(mutex_);
    return closed_->code;
  }
  [[nodiscard]] bool is_open() const { return is_open_; }
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
    ASSERT_TRUE(changed_.wait_for(lock, std::chrono::seconds(30), condition));
  }

  const net::Strand strand_;
  net::PendingOperation pending_;
  net::WebSocketConnection socket_;
  std::mutex mutex_;  // Guards the members below.
  std::condition_variable changed_;
  bool is_decided_ = false;
  bool is_open_ = false;
  bool is_gone_ = false;
  unsigned status_ = 0;
  std::vector<std::string> messages_;
  std::optional<net::WebSocketClosure> closed_;
};

class ServerOverSockets : public ::testing::Test {
 protected:
  ServerOverSockets() : thread_([this] { loop_.run(); }) {}
  ~ServerOverSockets() override {
    loop_.stop();
    thread_.join();
  }

  server::ServerOptions options() {
    server::ServerOptions options;
    options.data_directory = directory_.path();
    options.app = server::make_dev_app_config();
    options.serves_bare_path = true;
    return options;
  }

  [[nodiscard]] std::string web_socket_url(const std::string& target) const {
    return "ws" + server_.url().substr(4) + target;
  }

  nlohmann::json call(net::HttpCall call) {
    std::mutex mutex;
    std::condition_variable answered;
    std::optional<net::HttpResponse> response;
    std::optional<net::PendingOperation> pending;  // It lives on its strand.
    const net::Strand strand = loop_.make_strand();
    strand.post([&] {
      pending = net::send_http(strand, std::move(call), [&](auto result) {
        pending.reset();
        const std::lock_guard lock(mutex);
        response = std::holds_alternative<net::HttpResponse>(result)
                       ? std::get<net::HttpResponse>(result)
                       : net::HttpResponse{.status = 0, .headers = {}, .body = "null"};
        answered.notify_all();
      });
    });
    std::unique_lock lock(mutex);
    answered.wait(lock, [&] { return response.has_value(); });
    return nlohmann::json::parse(response->body, nullptr, false);
  }

  std::string log_in() {
    const auto answer =
        call({.method = "POST",
              .url = server_.url() + "/api/client/v2.0/app/dev/auth/providers/anon-user/login",
              .headers = {{"Content-Type", "application/json"}},
              .body = R"({"options":{"device":{}}})"});
    return answer.value("access_token", "");
  }

  const TemporaryDirectory directory_;
  net::EventLoop loop_;
  std::thread thread_;
  server::Server server_{options(), null_logger(), system_clock()};
};

TEST_F(ServerOverSockets, CarriesAChangeFromOneClientToAnother) {
  const std::string url = web_socket_url("/api/client/v2.0/app/dev/realm-sync?baas_at=" + log_in());
  const auto bind = [](Client& client) {
    client.send("bind 1 3 0 1 0\n\"p\"");
    std::string ident = client.receive();
    EXPECT_THAT(ident, StartsWith("ident 1 "));
    ident.pop_back();
    client.send(ident + " 0 0 0 0\n");
    EXPECT_THAT(client.receive(), StartsWith("download 1 "));
  };
  Client ann(loop_, url);
  Client bob(loop_, url);
  bind(ann);
  bind(bob);

  const Bytes changeset = item_schema();
  const std::string entry =
      "2 0 100 0 " + std::to_string(changeset.size()) + " " + std::string(as_text(changeset));
  ann.send("upload 1 0 " + std::to_string(entry.size()) + " 0 2 0 0\n" + entry);

  EXPECT_THAT(ann.receive(), StartsWith("download 1 1 2 1 "));
  EXPECT_THAT(bob.receive(), HasSubstr(std::string(as_text(changeset))));
}

TEST_F(ServerOverSockets, SendsAClientWithABadTokenAwayWithACloseCode) {
  Client client(loop_, web_socket_url("/api/client/v2.0/app/dev/realm-sync?baas_at=a.b.c"));

  EXPECT_TRUE(client.is_open());
  EXPECT_EQ(client.wait_for_close(), 4001);
}

TEST_F(ServerOverSockets, KnowsNoOtherApp) {
  Client client(loop_, web_socket_url("/api/client/v2.0/app/other/realm-sync?baas_at=a.b.c"));

  EXPECT_EQ(client.status(), 404U);
}

TEST_F(ServerOverSockets, ServesTheBarePathInDevelopment) {
  Client client(loop_, web_socket_url("/realm-sync"));

  client.send("bind 1 5 0 1 0\n/path");

  EXPECT_THAT(client.receive(), StartsWith("ident 1 2 "));
}

TEST_F(ServerOverSockets, TellsClientsToComeBackWhenItStops) {
  Client client(loop_, web_socket_url("/realm-sync"));
  client.send("ping 5 0\n");
  EXPECT_EQ(client.receive(), "pong 5\n");

  server_.stop();

  EXPECT_THAT(client.receive(), StartsWith("json_error 100 "));
  static_cast<void>(client.wait_for_close());
}

TEST_F(ServerOverSockets, AnswersTheApi) {
  const auto location = call({.url = server_.url() + "/api/client/v2.0/app/dev/location"});

  EXPECT_EQ(location.value("hostname", ""), server_.url());
}

}  // namespace
}  // namespace tombolo::test
