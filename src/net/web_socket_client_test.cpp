#include "net/web_socket_client.h"

#include <algorithm>
#include <atomic>
#include <variant>

#include <gtest/gtest.h>

#include "base/open_file_limit.h"
#include "net/loopback_fixture.h"
#include "net/web_socket_frame.h"
#include "net/web_socket_handshake.h"

namespace tombolo::net {
namespace {

using namespace std::chrono_literals;
using Cause = WebSocketClosure::Cause;
using Outcome = std::variant<WebSocketConnected, ConnectFailure>;

/// A loop with a strand on which one connection is opened.
class WebSocketClient : public ::testing::Test {
 protected:
  ~WebSocketClient() override { loop.stop(); }

  WebSocketConnectOptions options_for(std::string url) {
    WebSocketConnectOptions options;
    options.url = std::move(url);
    options.sub_protocols = {"com.mongodb.realm-sync#14", "com.mongodb.realm-sync#13"};
    options.headers = {{"User-Agent", "RealmSync/14.14.0 (test)"}};
    return options;
  }
  WebSocketConnectOptions options_for(const RawListener& listener) {
    return options_for("ws://127.0.0.1:" + std::to_string(listener.port()) + "/sync?baas_at=a.b.c");
  }

  void begin(const WebSocketConnectOptions& options) {
    run_on(strand, [&] {
      pending = connect_web_socket(strand, options, [this](Outcome outcome) {
        if (auto* const failure = std::get_if<ConnectFailure>(&outcome)) {
          failures.put(*failure);
          return;
        }
        auto& connected = *std::get_if<WebSocketConnected>(&outcome);
        endpoint.adopt(std::move(connected.connection));
        sub_protocols.put(connected.sub_protocol);
        headers.put(connected.headers);
      });
    });
  }

  /// Reads an upgrade request and answers it, with `extra` behind what a good answer needs.
  void answer_upgrade(RawPeer& peer, std::string_view extra) {
    const std::string request = peer.read_until("\r\n\r\n");
    constexpr std::string_view kKeyName = "Sec-WebSocket-Key: ";
    const std::string key = request.substr(request.find(kKeyName) + kKeyName.size(), 24);
    peer.send(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: " +
        accept_value(key) + "\r\n" + std::string(extra));
  }

  /// What is pending goes after its strand has come to rest.
  void TearDown() override { loop.stop(); }

  LoopThreads loop{1};
  Strand strand = loop->make_strand();
  PendingOperation pending;
  Inbox<ConnectFailure> failures;
  Inbox<std::string> sub_protocols;
  Inbox<HttpHeaders> headers;
  Endpoint endpoint;
};

TEST_F(WebSocketClient, CarriesMessagesBothWays) {
  TestServer server;
  begin(options_for(server.url("ws") + "/sync"));
  const auto far = server.opened.take();

  EXPECT_EQ(sub_protocols.take(), "com.mongodb.realm-sync#13");
  EXPECT_EQ(*find_header(headers.take(), "X-Test"), "accepted");
  endpoint.send("up");
  far->send("down");
  EXPECT_EQ(far->messages.take(), "up");
  EXPECT_EQ(endpoint.messages.take(), "down");
  const std::string large(5'000'000, 'l');
  endpoint.send(large);
  far->send(large);
  EXPECT_EQ(far->messages.take(), large);
  EXPECT_EQ(endpoint.messages.take(), large);
}

TEST_F(WebSocketClient, SendsTheRequestThatTheProtocolPrescribes) {
  RawListener listener;
  begin(options_for(listener));
  RawPeer peer = listener.accept();

  const std::string request = peer.read_until("\r\n\r\n");

  EXPECT_TRUE(request.starts_with("GET /sync?baas_at=a.b.c HTTP/1.1\r\n")) << request;
  for (const std::string& line :
       {"Host: 127.0.0.1:" + std::to_string(listener.port()),
        std::string("Upgrade: websocket"),
        std::string("Connection: Upgrade"),
        std::string("Sec-WebSocket-Version: 13"),
        std::string("Sec-WebSocket-Protocol: com.mongodb.realm-sync#14, com.mongodb.realm-sync#13"),
        std::string("User-Agent: RealmSync/14.14.0 (test)")}) {
    EXPECT_NE(request.find("\r\n" + line + "\r\n"), std::string::npos) << line << '\n' << request;
  }
}

TEST_F(WebSocketClient, MasksItsFramesAndReadsThoseBehindTheAnswer) {
  RawListener listener;
  begin(options_for(listener));
  RawPeer peer = listener.accept();
  answer_upgrade(peer,
                 "Sec-WebSocket-Protocol: com.mongodb.realm-sync#14\r\n\r\n\x82\x05"
                 "early");

  EXPECT_EQ(sub_protocols.take(), "com.mongodb.realm-sync#14");
  EXPECT_EQ(endpoint.messages.take(), "early");
  endpoint.send("masked");
  const std::string frame = peer.read(12);
  FrameReader reader(true, 1000);
  BytesView input = as_bytes(frame);
  const auto event = reader.read(input);
  ASSERT_TRUE(event.has_value());
  EXPECT_EQ(as_text(event->payload), "masked");
}

TEST_F(WebSocketClient, ReportsTheServersCloseCode) {
  TestServer server;
  begin(options_for(server.url("ws")));
  const auto far = server.opened.take();
  sub_protocols.take();

  far->with_connection([](WebSocketConnection& connection) { connection.close(4003, "moved"); });

  const WebSocketClosure closure = endpoint.closed.take();
  EXPECT_EQ(closure.cause, Cause::kPeerClosed);
  EXPECT_EQ(closure.code, 4003);
  EXPECT_EQ(closure.reason, "moved");
}

TEST_F(WebSocketClient, DropsTheStreamWithoutACloseFrameWhenDestroyed) {
  RawListener listener;
  begin(options_for(listener));
  RawPeer peer = listener.accept();
  answer_upgrade(peer, "Sec-WebSocket-Protocol: com.mongodb.realm-sync#14\r\n\r\n");
  sub_protocols.take();

  endpoint.with_connection(
      [](WebSocketConnection& connection) { connection = WebSocketConnection(); });

  EXPECT_EQ(peer.read_to_end(), "");
}

TEST_F(WebSocketClient, EndsAtAMaskedFrame) {
  RawListener listener;
  begin(options_for(listener));
  RawPeer peer = listener.accept();
  answer_upgrade(peer, "Sec-WebSocket-Protocol: com.mongodb.realm-sync#14\r\n\r\n");
  peer.send(client_frame(0x82, "masked"));

  const WebSocketClosure closure = endpoint.closed.take();
  EXPECT_EQ(closure.cause, Cause::kPeerBroke);
  EXPECT_EQ(closure.code, 1002);
}

TEST_F(WebSocketClient, FailsWhereTheHostHasNoAddress) {
  begin(options_for("ws://no..name/"));

  const ConnectFailure failure = failures.take();
  EXPECT_EQ(failure.stage, ConnectStage::kResolve);
  EXPECT_EQ(failure.error.code(), ErrorCode::kNetwork);
}

TEST_F(WebSocketClient, FailsWhereNobodyListens) {
  std::uint16_t port = 0;
  {
    const RawListener listener;
    port = listener.port();
  }
  begin(options_for("ws://localhost:" + std::to_string(port)));

  EXPECT_EQ(failures.take().stage, ConnectStage::kConnect);
}

TEST_F(WebSocketClient, FailsWithTheStatusAndHeadersOfARefusal) {
  RawListener listener;
  begin(options_for(listener));
  RawPeer peer = listener.accept();
  peer.read_until("\r\n\r\n");
  peer.send("HTTP/1.1 401 Unauthorized\r\nX-Reason: expired\r\nContent-Length: 1000\r\n\r\n");

  const ConnectFailure failure = failures.take();
  EXPECT_EQ(failure.stage, ConnectStage::kStatus);
  EXPECT_EQ(failure.status, 401U);
  EXPECT_EQ(*find_header(failure.headers, "x-reason"), "expired");
}

struct BadAnswer {
  std::string_view name;
  std::string_view text;
  ConnectStage stage;
  unsigned status;
};

class WebSocketClientBadAnswer : public WebSocketClient,
                                 public ::testing::WithParamInterface<BadAnswer> {};

TEST_P(WebSocketClientBadAnswer, IsAFailure) {
  RawListener listener;
  begin(options_for(listener));
  {
    RawPeer peer = listener.accept();
    peer.read_until("\r\n\r\n");
    peer.send(GetParam().text);
  }

  const ConnectFailure failure = failures.take();
  EXPECT_EQ(failure.stage, GetParam().stage);
  EXPECT_EQ(failure.status, GetParam().status);
  EXPECT_EQ(failure.error.code(), ErrorCode::kNetwork);
}

INSTANTIATE_TEST_SUITE_P(
    All,
    WebSocketClientBadAnswer,
    ::testing::Values(
        BadAnswer{"NoAnswer", "", ConnectStage::kAnswer, 0},
        BadAnswer{"HalfAnAnswer", "HTTP/1.1 101 Switching", ConnectStage::kAnswer, 0},
        BadAnswer{"NotHttp", "SSH-2.0-OpenSSH_9.2\r\n\r\n", ConnectStage::kStatus, 0},
        BadAnswer{"NotAnUpgrade", "HTTP/1.1 200 OK\r\n\r\n", ConnectStage::kStatus, 200},
        BadAnswer{"NoAccept",
                  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
                  "Upgrade\r\nSec-WebSocket-Protocol: com.mongodb.realm-sync#14\r\n\r\n",
                  ConnectStage::kStatus,
                  101},
        BadAnswer{"WrongAccept",
                  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
                  "Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
                  ConnectStage::kStatus,
                  101}),
    [](const auto& test) { return std::string(test.param.name); });

TEST_F(WebSocketClient, FailsWithoutASubProtocol) {
  RawListener listener;
  begin(options_for(listener));
  RawPeer peer = listener.accept();
  answer_upgrade(peer, "\r\n");

  EXPECT_EQ(failures.take().stage, ConnectStage::kSubProtocol);
}

TEST_F(WebSocketClient, FailsAtASubProtocolThatWasNotOffered) {
  RawListener listener;
  begin(options_for(listener));
  RawPeer peer = listener.accept();
  answer_upgrade(peer, "Sec-WebSocket-Protocol: com.mongodb.realm-sync#9\r\n\r\n");

  EXPECT_EQ(failures.take().stage, ConnectStage::kSubProtocol);
}

TEST_F(WebSocketClient, FailsAtAnAnswerWithoutEnd) {
  RawListener listener;
  begin(options_for(listener));
  RawPeer peer = listener.accept();
  peer.read_until("\r\n\r\n");
  peer.send("HTTP/1.1 101 Switching Protocols\r\nX: " + std::string(100'000, 'x'));

  const ConnectFailure failure = failures.take();
  EXPECT_EQ(failure.stage, ConnectStage::kStatus);
  EXPECT_EQ(failure.error.code(), ErrorCode::kLimitExceeded);
}

TEST_F(WebSocketClient, FailsWhenTimeRunsOut) {
  RawListener listener;
  WebSocketConnectOptions options = options_for(listener);
  options.timeout = 30ms;
  begin(options);

  const ConnectFailure failure = failures.take();
  EXPECT_EQ(failure.stage, ConnectStage::kAnswer);
  EXPECT_EQ(failure.error.code(), ErrorCode::kTimedOut);
}

TEST_F(WebSocketClient, SaysNothingOnceCancelled) {
  RawListener listener;
  begin(options_for(listener));
  RawPeer peer = listener.accept();
  peer.read_until("\r\n\r\n");

  run_on(strand, [this] { pending.cancel(); });

  EXPECT_EQ(peer.read_to_end(), "");
  run_on(strand, [] {});
  EXPECT_TRUE(failures.empty());
}

TEST_F(WebSocketClient, IsGivenUpWithItsLoop) {
  RawListener listener;
  begin(options_for(listener));
  RawPeer peer = listener.accept();

  loop.stop();  // What waits must neither run nor leak.

  EXPECT_TRUE(failures.empty());
}

TEST_F(WebSocketClient, RefusesWhatCannotBeARequest) {
  const auto refuse = [this](const WebSocketConnectOptions& options) {
    EXPECT_THROW((void)connect_web_socket(strand, options, [](const Outcome&) {}), Error);
  };
  refuse(options_for("http://h/"));
  refuse(options_for("ws://h/#x"));
  WebSocketConnectOptions options = options_for("ws://h/");
  options.headers.push_back({"X", "a\r\nY: b"});
  refuse(options);
}

TEST_F(WebSocketClient, GoesThroughAProxy) {
  RawListener proxy;
  WebSocketConnectOptions options = options_for("ws://sync.example.org/sync");
  options.proxy = HttpProxy{"127.0.0.1", proxy.port()};
  begin(options);
  RawPeer peer = proxy.accept();

  const std::string connect = peer.read_until("\r\n\r\n");
  peer.send("HTTP/1.1 200 Connection established\r\n\r\n");
  answer_upgrade(peer, "Sec-WebSocket-Protocol: com.mongodb.realm-sync#14\r\n\r\n");

  EXPECT_EQ(connect, "CONNECT sync.example.org:80 HTTP/1.1\r\nHost: sync.example.org:80\r\n\r\n");
  EXPECT_EQ(sub_protocols.take(), "com.mongodb.realm-sync#14");
}

TEST_F(WebSocketClient, FailsWhenTheProxyRefuses) {
  RawListener proxy;
  WebSocketConnectOptions options = options_for("wss://sync.example.org/sync");
  options.proxy = HttpProxy{"127.0.0.1", proxy.port()};
  begin(options);
  RawPeer peer = proxy.accept();
  peer.read_until("\r\n\r\n");
  peer.send("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");

  const ConnectFailure failure = failures.take();
  EXPECT_EQ(failure.stage, ConnectStage::kProxy);
  EXPECT_EQ(failure.status, 407U);
}

/// A server with the certificate of test/data/net, on every address of this machine.
HttpServerOptions tls_options() {
  HttpServerOptions options;
  options.host = "0.0.0.0";
  options.tls =
      TlsContext::for_server({test_file("localhost.pem"), test_file("localhost_key.pem")});
  return options;
}

std::shared_ptr<const TlsContext> trust_test_ca() {
  TlsClientOptions options;
  options.ca_file = test_file("ca.pem");
  return TlsContext::for_client(options);
}

TEST_F(WebSocketClient, CarriesMessagesOverTls) {
  TestServer server(tls_options());
  WebSocketConnectOptions options = options_for(server.url("wss"));
  options.tls = trust_test_ca();
  begin(options);
  const auto far = server.opened.take();
  sub_protocols.take();

  for (const std::size_t size : {1UL, 16'383UL, 16'384UL, 100'000UL, 20'000'000UL}) {
    const std::string message(size, 't');
    endpoint.send(message);
    far->send(message);
    EXPECT_EQ(far->messages.take(), message) << size;
    EXPECT_EQ(endpoint.messages.take(), message) << size;
  }
  far->with_connection([](WebSocketConnection& connection) { connection.close(4001, "over"); });
  EXPECT_EQ(endpoint.closed.take().code, 4001);
}

TEST_F(WebSocketClient, SendsManySmallMessagesOverTlsInOrder) {
  TestServer server(tls_options());
  WebSocketConnectOptions options = options_for(server.url("wss"));
  options.tls = trust_test_ca();
  begin(options);
  const auto far = server.opened.take();

  far->with_connection([](WebSocketConnection& connection) {
    for (int i = 0; i < 5000; ++i) {
      connection.send(to_bytes(as_bytes(std::to_string(i))),
                      std::make_shared<const Bytes>(Bytes(std::size_t(i % 700))));
    }
  });

  for (int i = 0; i < 5000; ++i) {
    const std::string message = endpoint.messages.take();
    ASSERT_EQ(message.substr(0, message.find('\0')), std::to_string(i));
  }
}

TEST_F(WebSocketClient, TrustsNoCertificateThatTheStoreDoesNotVouchFor) {
  TestServer server(tls_options());
  begin(options_for(server.url("wss")));

  const ConnectFailure failure = failures.take();
  EXPECT_EQ(failure.stage, ConnectStage::kTls);
  EXPECT_EQ(failure.error.code(), ErrorCode::kTlsFailure);
  EXPECT_NE(failure.error.describe().find("not trusted"), std::string::npos)
      << failure.error.describe();
}

TEST_F(WebSocketClient, TrustsNoCertificateForAnotherHost) {
  TestServer server(tls_options());
  WebSocketConnectOptions options = options_for("wss://127.0.0.2:" + std::to_string(server.port()));
  options.tls = trust_test_ca();
  begin(options);

  const ConnectFailure failure = failures.take();
  EXPECT_EQ(failure.stage, ConnectStage::kTls);
  EXPECT_NE(failure.error.describe().find("mismatch"), std::string::npos)
      << failure.error.describe();
}

TEST_F(WebSocketClient, TrustsEveryCertificateWhenToldTo) {
  TestServer server(tls_options());
  WebSocketConnectOptions options = options_for("wss://127.0.0.2:" + std::to_string(server.port()));
  options.tls = TlsContext::for_client({false, {}});
  begin(options);

  EXPECT_EQ(sub_protocols.take(), "com.mongodb.realm-sync#13");
}

TEST_F(WebSocketClient, FailsWhereTheServerSpeaksNoTls) {
  TestServer server;
  begin(options_for(server.url("wss")));

  const ConnectFailure failure = failures.take();
  EXPECT_EQ(failure.stage, ConnectStage::kTls);
  EXPECT_EQ(failure.error.code(), ErrorCode::kTlsFailure);
}

TEST_F(WebSocketClient, FailsWhenTheServerLeavesDuringTheHandshake) {
  RawListener listener;
  begin(options_for("wss://127.0.0.1:" + std::to_string(listener.port())));
  {
    RawPeer peer = listener.accept();
    peer.read(5);
  }

  EXPECT_EQ(failures.take().stage, ConnectStage::kTls);
}

TEST(TlsContext, NamesTheFileThatCannotBeUsed) {
  try {
    (void)TlsContext::for_server({test_file("ca.pem"), test_file("localhost_key.pem")});
    FAIL() << "a key that does not fit";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kTlsFailure);
    EXPECT_NE(error.message().find("localhost_key.pem"), std::string::npos);
  }
  EXPECT_THROW((void)TlsContext::for_client({true, test_file("absent.pem")}), Error);
}

TEST(TlsServer, SurvivesNonsenseAndGoesOn) {
  TestServer server(tls_options());
  {
    RawPeer plain = RawPeer::connect_to(server.port());
    plain.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    plain.read_to_end();
    RawPeer leaving = RawPeer::connect_to(server.port());
    leaving.send("\x16\x03\x01\x02");
    leaving.reset();
  }
  LoopThreads loop(1);
  const Strand strand = loop->make_strand();
  PendingOperation pending;
  Inbox<bool> connected;

  run_on(strand, [&] {
    WebSocketConnectOptions options;
    options.url = server.url("wss");
    options.tls = trust_test_ca();
    pending = connect_web_socket(strand, options, [&](const Outcome& outcome) {
      connected.put(std::holds_alternative<WebSocketConnected>(outcome));
    });
  });

  EXPECT_TRUE(connected.take());
  loop.stop();  // What is pending goes after its strand has come to rest.
}

TEST(ManyConnections, AreServedSideBySideAndShareOneBody) {
  constexpr int kConnections = 1000;
  ASSERT_GE(raise_open_file_limit(), 2U * kConnections + 100);
  TestServer server;
  LoopThreads loop(1);
  const Strand strand = loop->make_strand();
  std::vector<Endpoint> endpoints(kConnections);
  std::vector<PendingOperation> pending(kConnections);
  Inbox<int> failed;
  for (int i = 0; i < kConnections; ++i) {
    run_on(strand, [&, i] {
      WebSocketConnectOptions options;
      options.url = "ws://127.0.0.1:" + std::to_string(server.port());
      pending[std::size_t(i)] = connect_web_socket(strand, options, [&, i](Outcome outcome) {
        if (auto* const connected = std::get_if<WebSocketConnected>(&outcome)) {
          endpoints[std::size_t(i)].adopt(std::move(connected->connection));
        } else {
          failed.put(i);
        }
      });
    });
  }
  std::vector<std::shared_ptr<Endpoint>> far;
  for (int i = 0; i < kConnections; ++i) far.push_back(server.opened.take());
  const auto body = std::make_shared<const Bytes>(to_bytes(as_bytes(std::string(10'000, 's'))));

  for (const auto& session : far) {
    session->with_connection([&](WebSocketConnection& connection) {
      connection.send(to_bytes(as_bytes("head ")), body);
    });
  }

  for (Endpoint& endpoint : endpoints) {
    EXPECT_EQ(endpoint.messages.take(), "head " + std::string(10'000, 's'));
  }
  EXPECT_TRUE(failed.empty());
  loop.stop();
}

}  // namespace
}  // namespace tombolo::net
