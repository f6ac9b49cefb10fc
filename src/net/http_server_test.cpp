#include "net/http_server.h"

#include <thread>

#include <gtest/gtest.h>

#include "base/error.h"
#include "net/http_codec.h"
#include "net/loopback_fixture.h"

namespace tombolo::net {
namespace {

using namespace std::chrono_literals;
using ::testing::Test;

constexpr std::string_view kGet = "GET /a?b=c HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// The status line's number, after which the rest of the answer is left unread.
std::string status_of(RawPeer& peer) {
  return peer.read_until("\r\n").substr(0, 12);
}

TEST(HttpServer, AnswersSeveralRequestsOnOneConnection) {
  TestServer server;
  RawPeer peer = RawPeer::connect_to(server.port());

  peer.send(kGet);
  const std::string first_head = peer.read_until("\r\n\r\n");
  const std::string first_body = peer.read(11);
  peer.send("POST /p HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello");
  const std::string second_head = peer.read_until("\r\n\r\n");
  const std::string second_body = peer.read(13);

  EXPECT_TRUE(first_head.starts_with("HTTP/1.1 200 OK\r\n")) << first_head;
  EXPECT_NE(first_head.find("Content-Length: 11\r\n"), std::string::npos) << first_head;
  EXPECT_EQ(first_body, "GET /a?b=c ");
  EXPECT_TRUE(second_head.starts_with("HTTP/1.1 200 OK\r\n")) << second_head;
  EXPECT_EQ(second_body, "POST /p hello");
}

TEST(HttpServer, AnswersPipelinedRequestsInOrder) {
  TestServer server;
  RawPeer peer = RawPeer::connect_to(server.port());

  std::string requests;
  for (int i = 0; i < 100; ++i) {
    requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n" +
                (i == 99 ? "Connection: close\r\n\r\n" : "\r\n");
  }
  peer.send(requests);
  const std::string answers = peer.read_to_end();

  std::size_t at = 0;
  for (int i = 0; i < 100; ++i) {
    at = answers.find("GET /" + std::to_string(i) + ' ', at);
    ASSERT_NE(at, std::string::npos) << i;
  }
}

TEST(HttpServer, PassesOnTheWholeRequest) {
  TestServer server;
  Inbox<HttpRequest> requests;
  server.request = [&](const HttpRequest& request, const HttpResponder& responder) {
    requests.put(request);
    responder.respond({204, {}, {}});
  };
  RawPeer peer = RawPeer::connect_to(server.port());

  peer.send(
      "PUT /x%20y?z HTTP/1.1\r\nHost: localhost\r\nX-One: 1\r\nx-two:  2 \r\n"
      "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;name=value\r\nde\r\n0\r\n\r\n");
  const HttpRequest request = requests.take();
  const std::string answer = peer.read_until("\r\n\r\n");

  EXPECT_EQ(request.method, "PUT");
  EXPECT_EQ(request.target, "/x%20y?z");
  EXPECT_EQ(request.body, "abcde");
  EXPECT_EQ(*find_header(request.headers, "x-one"), "1");
  EXPECT_EQ(*find_header(request.headers, "X-Two"), "2");
  EXPECT_EQ(request.remote_address, "127.0.0.1");
  EXPECT_FALSE(request.is_tls);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 204 No Content\r\n")) << answer;
  EXPECT_EQ(answer.find("Content-Length"), std::string::npos) << answer;
}

TEST(HttpServer, KeepsWhatComesBehindABodyOutOfTheHeaders) {
  const std::string head =
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n";
  const std::string trailer = "Host: other\r\nAuthorization: Bearer x\r\n\r\n";
  for (const bool at_once : {true, false}) {
    Bytes input = to_bytes(as_bytes(head + (at_once ? trailer : "")));
    HttpRequestParser parser({.header_bytes_max = 1000, .body_bytes_max = 1000});
    HttpParseStatus status = parser.feed(input);
    if (!at_once) {
      EXPECT_EQ(status, HttpParseStatus::kNeedsMore);
      input.insert(input.end(), as_bytes(trailer).begin(), as_bytes(trailer).end());
      status = parser.feed(input);
    }

    ASSERT_EQ(status, HttpParseStatus::kComplete);
    const HttpRequest request = parser.take();
    EXPECT_EQ(request.body, "ab");
    EXPECT_EQ(request.headers.size(), 2U);
    EXPECT_EQ(find_header(request.headers, "Authorization"), nullptr);
  }
}

TEST(HttpServer, TakesAnswersFromOtherThreads) {
  TestServer server;
  std::jthread worker;
  server.request = [&](const HttpRequest&, const HttpResponder& responder) {
    worker = std::jthread([responder] { responder.respond({201, {}, "made"}); });
  };
  RawPeer peer = RawPeer::connect_to(server.port());

  peer.send(kGet);

  EXPECT_EQ(status_of(peer), "HTTP/1.1 201");
}

TEST(HttpServer, Answers500WhenNobodyDoes) {
  TestServer server;
  server.request = [](const HttpRequest&, const HttpResponder&) {};
  RawPeer peer = RawPeer::connect_to(server.port());

  peer.send(kGet);

  EXPECT_EQ(status_of(peer), "HTTP/1.1 500");
}

TEST(HttpServer, Answers500WhenTheHandlerThrowsAndGoesOn) {
  TestServer server;
  server.request = [](const HttpRequest& request, const HttpResponder& responder) {
    if (request.target == "/bad") throw std::runtime_error("a handler's bug");
    responder.respond({200, {}, "well"});
  };
  RawPeer peer = RawPeer::connect_to(server.port());

  peer.send("GET /bad HTTP/1.1\r\nHost: h\r\n\r\n");
  const std::string first = status_of(peer);
  peer.read_until("\r\n\r\n");
  peer.send("GET /good HTTP/1.1\r\nHost: h\r\n\r\n");

  EXPECT_EQ(first, "HTTP/1.1 500");
  EXPECT_EQ(status_of(peer), "HTTP/1.1 200");
}

TEST(HttpServer, RefusesToSendAHeaderThatWouldBecomeTwo) {
  TestServer server;
  Inbox<ErrorCode> refused;
  server.request = [&](const HttpRequest&, const HttpResponder& responder) {
    try {
      responder.respond({200, {{"X-Echo", "a\r\nSet-Cookie: b"}}, {}});
    } catch (const Error& error) {
      refused.put(error.code());
    }
  };
  RawPeer peer = RawPeer::connect_to(server.port());

  peer.send(kGet);

  EXPECT_EQ(refused.take(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(status_of(peer), "HTTP/1.1 500");
}

TEST(HttpServer, SendsNoBodyInAnswerToHead) {
  TestServer server;
  RawPeer peer = RawPeer::connect_to(server.port());

  peer.send("HEAD / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const std::string answer = peer.read_to_end();

  EXPECT_NE(answer.find("Content-Length: 7\r\n"), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
}

TEST(HttpServer, KeepsAConnectionOfHttp10OnlyWhenAsked) {
  TestServer server;
  RawPeer closing = RawPeer::connect_to(server.port());
  RawPeer staying = RawPeer::connect_to(server.port());

  closing.send("GET / HTTP/1.0\r\n\r\n");
  const std::string answer = closing.read_to_end();
  staying.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const std::string kept = staying.read_until("\r\n\r\n");

  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos) << answer;
  EXPECT_NE(kept.find("Connection: keep-alive\r\n"), std::string::npos) << kept;
}

TEST(HttpServer, TellsAClientThatAsksToGoOnWithItsBody) {
  TestServer server;
  RawPeer peer = RawPeer::connect_to(server.port());

  peer.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  const std::string interim = peer.read_until("\r\n\r\n");
  peer.send("body");
  peer.read_until("\r\n\r\n");

  EXPECT_EQ(interim, "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(peer.read(11), "POST / body");
}

TEST(HttpServer, AcceptsALongRequestLine) {
  TestServer server;
  RawPeer peer = RawPeer::connect_to(server.port());

  peer.send("GET /?baas_at=" + std::string(40'000, 'x') + " HTTP/1.1\r\nHost: h\r\n\r\n");

  EXPECT_EQ(status_of(peer), "HTTP/1.1 200");
}

TEST(HttpServer, SendsALargeAnswerToASlowReader) {
  TestServer server;
  const std::string large(20'000'000, 'z');
  server.request = [&](const HttpRequest&, const HttpResponder& responder) {
    responder.respond({200, {}, large});
  };
  RawPeer peer = RawPeer::connect_to(server.port());

  peer.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const std::string answer = peer.read_to_end();

  EXPECT_EQ(answer.size() - answer.find("\r\n\r\n") - 4, large.size());
}

struct BadInput {
  std::string_view name;
  std::string bytes;
  std::string_view answer;
};

class HttpServerBadInput : public Test, public ::testing::WithParamInterface<BadInput> {};

TEST_P(HttpServerBadInput, IsAnsweredAndTheConnectionEnds) {
  HttpServerOptions options;
  options.body_bytes_max = 1000;
  TestServer server(options);
  RawPeer peer = RawPeer::connect_to(server.port());

  peer.send(GetParam().bytes);
  const std::string answer = peer.read_to_end();

  EXPECT_TRUE(answer.starts_with(GetParam().answer)) << answer;
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos) << answer;
}

INSTANTIATE_TEST_SUITE_P(
    All,
    HttpServerBadInput,
    ::testing::Values(
        BadInput{"Nonsense", std::string(2000, '\x7f'), "HTTP/1.1 400"},
        BadInput{"TlsOnAPlainPort",
                 std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n", 13),
                 "HTTP/1.1 400"},
        BadInput{"UnknownVersion", "GET / HTTP/2.0\r\nHost: h\r\n\r\n", "HTTP/1.1 400"},
        BadInput{"NoHost", "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400"},
        BadInput{"TwoHosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "HTTP/1.1 400"},
        BadInput{"BadHeader", "GET / HTTP/1.1\r\nHost: h\r\nBad Name: x\r\n\r\n", "HTTP/1.1 400"},
        BadInput{
            "BadLength", "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 400"},
        BadInput{"TwoLengths",
                 "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                 "HTTP/1.1 400"},
        BadInput{
            "LengthAndChunks",
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "HTTP/1.1 400"},
        BadInput{"UnknownEncoding",
                 "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n",
                 "HTTP/1.1 501"},
        BadInput{"BadChunk",
                 "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
                 "HTTP/1.1 400"},
        BadInput{"EndlessChunkHead",
                 "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;" +
                     std::string(200'000, 'a'),
                 "HTTP/1.1 400"},
        BadInput{"HeaderTooLarge",
                 "GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(70'000, 'a') + "\r\n\r\n",
                 "HTTP/1.1 431"},
        BadInput{"HeaderWithoutEnd", "GET /" + std::string(70'000, 'a'), "HTTP/1.1 431"},
        BadInput{"BodyAnnouncedTooLarge",
                 "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n",
                 "HTTP/1.1 413"},
        BadInput{"BodyInChunksTooLarge",
                 "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" +
                     std::string(1001, 'a') + "\r\n0\r\n\r\n",
                 "HTTP/1.1 413"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(HttpServer, GivesUpOnASlowHeader) {
  HttpServerOptions options;
  options.header_timeout = 30ms;
  TestServer server(options);
  RawPeer peer = RawPeer::connect_to(server.port());

  peer.send("GET / HTTP/1.1\r\nHost:");

  EXPECT_EQ(status_of(peer), "HTTP/1.1 408");
}

TEST(HttpServer, GivesUpOnASlowBody) {
  HttpServerOptions options;
  options.body_timeout = 30ms;
  TestServer server(options);
  RawPeer peer = RawPeer::connect_to(server.port());

  peer.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabc");

  EXPECT_EQ(status_of(peer), "HTTP/1.1 408");
}

TEST(HttpServer, DropsSilentClients) {
  HttpServerOptions options;
  options.header_timeout = 30ms;
  options.idle_timeout = 30ms;
  TestServer server(options);
  RawPeer silent = RawPeer::connect_to(server.port());
  RawPeer served = RawPeer::connect_to(server.port());

  served.send(kGet);
  served.read_until("\r\n\r\n");
  served.read(11);

  EXPECT_EQ(silent.read_to_end(), "");
  EXPECT_EQ(served.read_to_end(), "");
}

TEST(HttpServer, DropsClientsThatDoNotReadTheirAnswer) {
  HttpServerOptions options;
  options.write_timeout = 30ms;
  TestServer server(options);
  server.request = [&](const HttpRequest&, const HttpResponder& responder) {
    responder.respond({200, {}, std::string(50'000'000, 'z')});
  };
  RawPeer peer = RawPeer::connect_to(server.port());
  peer.send(kGet);

  // Nothing is read until the server has given up, which its count of connections tells.
  const auto give_up = std::chrono::steady_clock::now() + kPatience;
  while (server.server().connection_count() == 0) std::this_thread::yield();
  while (server.server().connection_count() > 0) {
    ASSERT_LT(std::chrono::steady_clock::now(), give_up);
    std::this_thread::yield();
  }

  EXPECT_LT(peer.read_to_end().size(), 50'000'000U);
}

TEST(HttpServer, SurvivesClientsThatLeaveAtAnyPoint) {
  TestServer server;
  const std::string request = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc";
  for (std::size_t i = 0; i <= request.size(); ++i) {
    RawPeer leaving = RawPeer::connect_to(server.port());
    leaving.send(request.substr(0, i));
    if (i % 2 == 0) leaving.reset();
  }

  RawPeer peer = RawPeer::connect_to(server.port());
  peer.send(kGet);

  EXPECT_EQ(status_of(peer), "HTTP/1.1 200");
}

TEST(HttpServer, AnswersAClientThatEndedItsWriting) {
  TestServer server;
  RawPeer peer = RawPeer::connect_to(server.port());

  peer.send(kGet);
  peer.end_writing();

  EXPECT_TRUE(peer.read_to_end().ends_with("GET /a?b=c "));
}

TEST(HttpServer, WhenClosedAnswersWhatItHasBegunAndDropsTheRest) {
  TestServer server;
  Inbox<HttpResponder> responders;
  server.request = [&](const HttpRequest&, const HttpResponder& responder) {
    responders.put(responder);
  };
  RawPeer idle = RawPeer::connect_to(server.port());
  RawPeer busy = RawPeer::connect_to(server.port());
  busy.send(kGet);
  const HttpResponder responder = responders.take();
  const std::uint16_t port = server.port();

  server.server().close();
  const std::string idle_got = idle.read_to_end();
  responder.respond({200, {}, "late"});

  EXPECT_EQ(idle_got, "");
  EXPECT_TRUE(busy.read_to_end().ends_with("late"));
  // The listener closes in a turn of its own.
  EXPECT_THROW(while (true) RawPeer::connect_to(port), std::system_error);
}

TEST(HttpServer, SaysWhenItsAddressIsTaken) {
  TestServer server;
  HttpServerOptions options;
  options.port = server.port();

  try {
    TestServer second(options);
    FAIL() << "two servers on one port";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNetwork);
    EXPECT_NE(error.message().find(std::to_string(server.port())), std::string::npos);
  }
}

TEST(HttpServer, AcceptsAnUpgradeWithTheHeadersGiven) {
  TestServer server;
  RawPeer peer = RawPeer::connect_to(server.port());

  peer.send(upgrade_request());
  const std::string answer = peer.read_until("\r\n\r\n");

  EXPECT_TRUE(answer.starts_with("HTTP/1.1 101 Switching Protocols\r\n")) << answer;
  // The example of RFC 6455, 1.3.
  EXPECT_NE(answer.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"),
            std::string::npos)
      << answer;
  EXPECT_NE(answer.find("Sec-WebSocket-Protocol: com.mongodb.realm-sync#13\r\n"),
            std::string::npos);
  EXPECT_NE(answer.find("X-Test: accepted\r\n"), std::string::npos) << answer;
  EXPECT_EQ(answer.find("Content-Length"), std::string::npos) << answer;
}

TEST(HttpServer, RefusesAnUpgradeAsItsHandlerSays) {
  TestServer server;
  server.upgrade = [](const HttpRequest&, const UpgradeResponder& responder) {
    responder.refuse({400, {}, "no common version"});
  };
  RawPeer peer = RawPeer::connect_to(server.port());

  peer.send(upgrade_request("X-More: 1\r\n"));
  const std::string answer = peer.read_until("\r\n\r\n");

  EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 Bad Request\r\n")) << answer;
  EXPECT_EQ(peer.read(17), "no common version");
}

TEST(HttpServer, RefusesUpgradesOfAnotherVersionOrWithoutAKey) {
  TestServer server;
  const std::string head =
      "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
  for (const std::string_view rest :
       {"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 8\r\n\r\n",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        "Sec-WebSocket-Version: 13\r\n\r\n",
        "Sec-WebSocket-Key: short\r\nSec-WebSocket-Version: 13\r\n\r\n"}) {
    RawPeer peer = RawPeer::connect_to(server.port());

    peer.send(head + std::string(rest));

    EXPECT_EQ(status_of(peer), "HTTP/1.1 400") << rest;
  }
}

}  // namespace
}  // namespace tombolo::net
