#include "net/http_client.h"

#include <gtest/gtest.h>

#include "net/loopback_fixture.h"

namespace tombolo::net {
namespace {

using namespace std::chrono_literals;
using Outcome = std::variant<HttpResponse, ConnectFailure>;

class HttpClient : public ::testing::Test {
 protected:
  ~HttpClient() override { loop.stop(); }

  void begin(const HttpCall& call) {
    run_on(strand, [&] {
      pending =
          send_http(strand, call, [this](Outcome outcome) { outcomes.put(std::move(outcome)); });
    });
  }
  HttpResponse take_response() { return std::get<HttpResponse>(outcomes.take()); }
  ConnectFailure take_failure() { return std::get<ConnectFailure>(outcomes.take()); }

  /// Sends a call to a server that answers it with `text` and ends the stream.
  void answer_with(std::string_view text, std::size_t body_bytes_max = 1000) {
    RawListener listener;
    HttpCall call;
    call.url = "http://127.0.0.1:" + std::to_string(listener.port());
    call.body_bytes_max = body_bytes_max;
    begin(call);
    RawPeer peer = listener.accept();
    peer.read_until("\r\n\r\n");
    peer.send(text);
  }

  /// What is pending goes after its strand has come to rest.
  void TearDown() override { loop.stop(); }

  LoopThreads loop{1};
  Strand strand = loop->make_strand();
  PendingOperation pending;
  Inbox<Outcome> outcomes;
};

TEST_F(HttpClient, SendsARequestAndGetsTheAnswer) {
  TestServer server;
  HttpCall call;
  call.method = "POST";
  call.url = server.url("http") + "/login?x=y";
  call.body = "{}";
  begin(call);

  const HttpResponse response = take_response();
  EXPECT_EQ(response.status, 200U);
  EXPECT_EQ(*find_header(response.headers, "content-type"), "text/plain");
  EXPECT_EQ(response.body, "POST /login?x=y {}");
}

TEST_F(HttpClient, SendsTheHeadersGivenAndTheLengthOfItsBody) {
  RawListener listener;
  HttpCall call;
  call.method = "PUT";
  call.url = "http://127.0.0.1:" + std::to_string(listener.port()) + "/a";
  call.headers = {{"Authorization", "Bearer a.b.c"}};
  begin(call);
  RawPeer peer = listener.accept();

  EXPECT_EQ(peer.read_until("\r\n\r\n"),
            "PUT /a HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(listener.port()) +
                "\r\nAuthorization: Bearer a.b.c\r\nContent-Length: 0\r\nConnection: "
                "close\r\n\r\n");
}

TEST_F(HttpClient, SendsAndReceivesLargeBodiesOverTls) {
  HttpServerOptions options;
  options.tls =
      TlsContext::for_server({test_file("localhost.pem"), test_file("localhost_key.pem")});
  TestServer server(options);
  TlsClientOptions trust;
  trust.ca_file = test_file("ca.pem");
  HttpCall call;
  call.method = "POST";
  call.url = server.url("https") + "/";
  call.body = std::string(10'000'000, 'b');
  call.tls = TlsContext::for_client(trust);
  begin(call);

  EXPECT_EQ(take_response().body, "POST / " + call.body);
}

TEST_F(HttpClient, GivesARedirectBackAsItIs) {
  answer_with("HTTP/1.1 308 Permanent Redirect\r\nLocation: http://elsewhere/\r\n\r\n");

  const HttpResponse response = take_response();
  EXPECT_EQ(response.status, 308U);
  EXPECT_EQ(*find_header(response.headers, "Location"), "http://elsewhere/");
}

TEST_F(HttpClient, PutsChunksTogether) {
  answer_with(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");

  EXPECT_EQ(take_response().body, "abcde");
}

TEST_F(HttpClient, ReadsABodyThatTheStreamsEndEnds) {
  answer_with("HTTP/1.1 200 OK\r\n\r\nto the end");

  EXPECT_EQ(take_response().body, "to the end");
}

TEST_F(HttpClient, SkipsInterimAnswers) {
  answer_with("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");

  EXPECT_EQ(take_response().status, 204U);
}

TEST_F(HttpClient, FailsWhenOnlyAnInterimAnswerComes) {
  answer_with("HTTP/1.1 100 Continue\r\n\r\n");

  EXPECT_EQ(take_failure().error.code(), ErrorCode::kNetwork);
}

TEST_F(HttpClient, ExpectsNoBodyInAnswerToHead) {
  TestServer server;
  HttpCall call;
  call.method = "HEAD";
  call.url = server.url("http");
  begin(call);

  EXPECT_EQ(take_response().body, "");
}

TEST_F(HttpClient, FailsAtABodyCutShort) {
  answer_with("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");

  const ConnectFailure failure = take_failure();
  EXPECT_EQ(failure.error.code(), ErrorCode::kNetwork);
}

TEST_F(HttpClient, FailsAtABodyBeyondItsLimit) {
  answer_with("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n01234567890", 10);

  const ConnectFailure failure = take_failure();
  EXPECT_EQ(failure.stage, ConnectStage::kStatus);
  EXPECT_EQ(failure.error.code(), ErrorCode::kLimitExceeded);
}

TEST_F(HttpClient, FailsAtAnAnswerThatIsNotHttp) {
  answer_with("hello, this is not HTTP\r\n\r\n");

  EXPECT_EQ(take_failure().stage, ConnectStage::kStatus);
}

TEST_F(HttpClient, FailsWhenTimeRunsOut) {
  RawListener listener;
  HttpCall call;
  call.url = "http://127.0.0.1:" + std::to_string(listener.port());
  call.timeout = 30ms;
  begin(call);

  EXPECT_EQ(take_failure().error.code(), ErrorCode::kTimedOut);
}

TEST_F(HttpClient, SaysNothingOnceDestroyed) {
  RawListener listener;
  HttpCall call;
  call.url = "http://127.0.0.1:" + std::to_string(listener.port());
  begin(call);
  RawPeer peer = listener.accept();
  peer.read_until("\r\n\r\n");

  run_on(strand, [this] { pending = PendingOperation(); });

  EXPECT_EQ(peer.read_to_end(), "");
  EXPECT_TRUE(outcomes.empty());
}

TEST_F(HttpClient, MayStartAnotherCallInsideItsCallback) {
  TestServer server;
  HttpCall call;
  call.url = server.url("http") + "/1";
  Inbox<std::string> bodies;
  run_on(strand, [&] {
    pending = send_http(strand, call, [&](Outcome first) {
      bodies.put(std::get<HttpResponse>(first).body);
      HttpCall next;
      next.url = server.url("http") + "/2";
      pending = send_http(
          strand, next, [&](Outcome second) { bodies.put(std::get<HttpResponse>(second).body); });
    });
  });

  EXPECT_EQ(bodies.take(), "GET /1 ");
  EXPECT_EQ(bodies.take(), "GET /2 ");
  loop.stop();
}

TEST_F(HttpClient, RefusesWhatCannotBeARequest) {
  HttpCall call;
  call.url = "ws://h/";
  EXPECT_THROW((void)send_http(strand, call, [](const Outcome&) {}), Error);
  call.url = "http://h/";
  call.method = "GET / HTTP/1.1\r\nX:";
  EXPECT_THROW((void)send_http(strand, call, [](const Outcome&) {}), Error);
}

}  // namespace
}  // namespace tombolo::net
