#include "net/web_socket.h"

#include <numeric>

#include <gtest/gtest.h>

#include "net/loopback_fixture.h"
#include "net/web_socket_frame.h"

namespace tombolo::net {
namespace {

using namespace std::chrono_literals;
using Cause = WebSocketClosure::Cause;

constexpr std::uint8_t kBinaryFrame = 0x82;
constexpr std::uint8_t kTextFrame = 0x81;
constexpr std::uint8_t kCloseFrame = 0x88;
constexpr std::uint8_t kPingFrame = 0x89;

/// A server that a raw client has upgraded a connection of.
class WebSocket : public ::testing::Test {
 protected:
  WebSocket() : WebSocket(HttpServerOptions{}) {}
  explicit WebSocket(const HttpServerOptions& options)
      : server(options),
        peer(RawPeer::connect_to(server.port())) {
    peer.send(upgrade_request());
    peer.read_until("\r\n\r\n");
    endpoint = server.opened.take();
  }

  /// The payload of the server's next frame, which must begin with `first_byte`.
  std::string read_frame(std::uint8_t first_byte) {
    const std::string head = peer.read(2);
    if (head.size() < 2) return "(the stream ended)";
    EXPECT_EQ(static_cast<std::uint8_t>(head[0]), first_byte);
    std::size_t size = static_cast<unsigned char>(head[1]);
    EXPECT_LT(size, 128U) << "a server does not mask";
    const std::size_t more = size == 127 ? 8 : size == 126 ? 2 : 0;
    if (more > 0) {
      const std::string bytes = peer.read(more);
      size =
          std::accumulate(bytes.begin(), bytes.end(), std::size_t{0}, [](std::size_t sum, char c) {
            return sum << 8 | static_cast<unsigned char>(c);
          });
    }
    return peer.read(size);
  }

  TestServer server;
  RawPeer peer;
  std::shared_ptr<Endpoint> endpoint;
};

std::string close_payload(std::uint16_t code, std::string_view reason) {
  return std::string(as_text(encode_close_payload(code, reason)));
}

TEST_F(WebSocket, CarriesMessagesBothWays) {
  peer.send(client_frame(kBinaryFrame, "to the server"));
  endpoint->send("to the client");

  EXPECT_EQ(endpoint->messages.take(), "to the server");
  EXPECT_EQ(read_frame(kBinaryFrame), "to the client");
  EXPECT_TRUE(endpoint->drained.take());
}

TEST_F(WebSocket, CarriesMessagesOfEverySizeClass) {
  for (const std::size_t size : {0UL, 1UL, 125UL, 126UL, 65'535UL, 65'536UL, 3'000'000UL}) {
    std::string message(size, '\0');
    for (std::size_t i = 0; i < size; ++i) message[i] = static_cast<char>(i * 31);

    peer.send(client_frame(kBinaryFrame, message));
    EXPECT_EQ(endpoint->messages.take(), message) << size;
    endpoint->send(message);
    EXPECT_EQ(read_frame(kBinaryFrame), message) << size;
  }
}

TEST_F(WebSocket, SendsAHeadAndASharedBodyAsOneMessage) {
  const auto body = std::make_shared<const Bytes>(to_bytes(as_bytes(std::string(100'000, 'b'))));

  endpoint->with_connection([&](WebSocketConnection& connection) {
    connection.send(to_bytes(as_bytes("download 1\n")), body);
    connection.send(to_bytes(as_bytes("download 2\n")), body);
  });

  EXPECT_EQ(read_frame(kBinaryFrame), "download 1\n" + std::string(100'000, 'b'));
  EXPECT_EQ(read_frame(kBinaryFrame), "download 2\n" + std::string(100'000, 'b'));
}

TEST_F(WebSocket, PutsFragmentsTogetherAroundControlFrames) {
  peer.send(client_frame(0x02, "one "));
  peer.send(client_frame(kPingFrame, "still there?"));
  peer.send(client_frame(0x00, "two "));
  peer.send(client_frame(0x80, "three"));

  EXPECT_EQ(endpoint->messages.take(), "one two three");
  EXPECT_EQ(read_frame(0x8A), "still there?");
}

TEST_F(WebSocket, DropsTextAndPongs) {
  peer.send(client_frame(kTextFrame, "text"));
  peer.send(client_frame(0x8A, "unasked"));
  peer.send(client_frame(kBinaryFrame, "binary"));

  EXPECT_EQ(endpoint->messages.take(), "binary");
}

TEST_F(WebSocket, ReportsBytesThatAreNoWholeMessageYet) {
  peer.send(client_frame(kBinaryFrame, "half of this comes").substr(0, 10));

  EXPECT_EQ(endpoint->received.take(), 10U);
}

TEST_F(WebSocket, TellsHowMuchHasComeOfAMessage) {
  const std::string frame = client_frame(kBinaryFrame, "half of this comes");
  peer.send(frame.substr(0, 10));
  EXPECT_EQ(endpoint->unfinished.take(), 4U);

  peer.send(frame.substr(10));
  EXPECT_EQ(endpoint->messages.take(), "half of this comes");
}

TEST_F(WebSocket, EndsTheStreamRightAfterItsCloseFrame) {
  endpoint->with_connection([](WebSocketConnection& connection) {
    connection.send(to_bytes(as_bytes("last words")));
    connection.close(4001, "token expired");
    connection.send(to_bytes(as_bytes("too late")));
  });

  EXPECT_EQ(read_frame(kBinaryFrame), "last words");
  EXPECT_EQ(read_frame(kCloseFrame), close_payload(4001, "token expired"));
  EXPECT_EQ(peer.read_to_end(), "");
  const WebSocketClosure closure = endpoint->closed.take();
  EXPECT_EQ(closure.cause, Cause::kClosedHere);
  EXPECT_EQ(closure.code, 4001);
}

TEST_F(WebSocket, DeliversItsCloseFrameToAPeerThatIsStillSending) {
  // Bytes that nobody reads must not turn the end of the stream into a reset.
  peer.send(client_frame(kBinaryFrame, std::string(1'000'000, 'x')));
  endpoint->with_connection(
      [](WebSocketConnection& connection) { connection.close(1009, "too much"); });
  peer.send(client_frame(kBinaryFrame, std::string(1'000'000, 'y')));

  EXPECT_EQ(read_frame(kCloseFrame), close_payload(1009, "too much"));
}

TEST_F(WebSocket, CutsALongReasonBetweenCharacters) {
  std::string reason(121, 'r');
  reason += "\xE2\x82\xAC\xE2\x82\xAC";  // Two euro signs; only 2 bytes of the first would fit.

  endpoint->with_connection(
      [&](WebSocketConnection& connection) { connection.close(1011, reason); });

  EXPECT_EQ(read_frame(kCloseFrame).size(), 2U + 121U);
}

TEST_F(WebSocket, EchoesTheClientsCloseFrame) {
  peer.send(client_frame(kCloseFrame, close_payload(1001, "leaving")));

  EXPECT_EQ(read_frame(kCloseFrame), close_payload(1001, ""));
  EXPECT_EQ(peer.read_to_end(), "");
  const WebSocketClosure closure = endpoint->closed.take();
  EXPECT_EQ(closure.cause, Cause::kPeerClosed);
  EXPECT_EQ(closure.code, 1001);
  EXPECT_EQ(closure.reason, "leaving");
}

TEST_F(WebSocket, ReportsACloseFrameWithoutACode) {
  peer.send(client_frame(kCloseFrame, ""));

  EXPECT_EQ(endpoint->closed.take().code, 1005);
  EXPECT_EQ(read_frame(kCloseFrame), close_payload(1000, ""));
}

TEST_F(WebSocket, TakesAnEndedStreamForAnOrdinaryEnd) {
  peer.end_writing();

  const WebSocketClosure closure = endpoint->closed.take();
  EXPECT_EQ(closure.cause, Cause::kStreamEnded);
  EXPECT_EQ(closure.code, 1006);
  EXPECT_EQ(peer.read_to_end(), "");
}

TEST_F(WebSocket, TakesAResetForAnOrdinaryEnd) {
  peer.reset();

  EXPECT_EQ(endpoint->closed.take().cause, Cause::kStreamEnded);
}

TEST_F(WebSocket, HoldsThePeerBackWhilePaused) {
  endpoint->react = [](WebSocketConnection& connection, const std::string& text) {
    if (text == "pause") connection.pause_reading();
  };
  // Both frames come in one piece, so the second has been read when the first pauses.
  peer.send(client_frame(kBinaryFrame, "pause") + client_frame(kBinaryFrame, "after") +
            client_frame(kBinaryFrame, "more"));
  EXPECT_EQ(endpoint->messages.take(), "pause");
  run_on(server.loop()->make_strand(), [] {});
  EXPECT_TRUE(endpoint->messages.empty());

  endpoint->with_connection([](WebSocketConnection& connection) { connection.resume_reading(); });

  EXPECT_EQ(endpoint->messages.take(), "after");
  EXPECT_EQ(endpoint->messages.take(), "more");
}

TEST_F(WebSocket, CountsWhatThePeerHasNotTakenAndSaysWhenItHas) {
  const auto body = std::make_shared<const Bytes>(Bytes(1'000'000));
  std::size_t queued = 0;

  endpoint->with_connection([&](WebSocketConnection& connection) {
    for (int i = 0; i < 20; ++i) connection.send({}, body);
    queued = connection.queued_bytes();
  });
  EXPECT_EQ(queued, 20U * 1'000'010);
  EXPECT_TRUE(endpoint->drained.empty());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(read_frame(kBinaryFrame).size(), 1'000'000U);

  EXPECT_TRUE(endpoint->drained.take());
  endpoint->with_connection(
      [&](WebSocketConnection& connection) { queued = connection.queued_bytes(); });
  EXPECT_EQ(queued, 0U);
}

TEST_F(WebSocket, AnswersAFloodOfPingsWithoutKeepingThem) {
  std::string pings;
  for (int i = 0; i < 10'000; ++i) pings += client_frame(kPingFrame, std::string(125, 'p'));
  peer.send(pings);
  peer.send(client_frame(kBinaryFrame, "end"));

  EXPECT_EQ(endpoint->messages.take(), "end");
  EXPECT_EQ(read_frame(0x8A), std::string(125, 'p'));
}

TEST_F(WebSocket, StaysAliveWhileItsOwnerDestroysItInsideAnEvent) {
  endpoint->react = [](WebSocketConnection& connection, const std::string&) {
    connection = WebSocketConnection();
  };

  peer.send(client_frame(kBinaryFrame, "go") + client_frame(kBinaryFrame, "unheard"));

  EXPECT_EQ(peer.read_to_end(), "");
  EXPECT_EQ(endpoint->messages.take(), "go");
  run_on(server.loop()->make_strand(), [] {});
  EXPECT_TRUE(endpoint->messages.empty());
  EXPECT_TRUE(endpoint->closed.empty());
}

TEST_F(WebSocket, FinishesClosingWithoutItsOwner) {
  endpoint->react = [](WebSocketConnection& connection, const std::string&) {
    connection.close(4002, "go away");
    connection = WebSocketConnection();
  };

  peer.send(client_frame(kBinaryFrame, "hello"));

  EXPECT_EQ(read_frame(kCloseFrame), close_payload(4002, "go away"));
  EXPECT_EQ(peer.read_to_end(), "");
}

class WebSocketWithLimits : public WebSocket {
 protected:
  WebSocketWithLimits()
      : WebSocket([] {
          HttpServerOptions options;
          options.web_socket.message_bytes_max = 1000;
          options.web_socket.close_timeout = 30ms;
          return options;
        }()) {}
};

TEST_F(WebSocketWithLimits, TakesTheLargestMessageAllowed) {
  peer.send(client_frame(kBinaryFrame, std::string(1000, 'm')));

  EXPECT_EQ(endpoint->messages.take().size(), 1000U);
}

TEST_F(WebSocketWithLimits, Closes1009AtALargerMessageBeforeItComes) {
  peer.send(client_frame(kBinaryFrame, std::string(1001, 'm')).substr(0, 8));

  EXPECT_EQ(read_frame(kCloseFrame), close_payload(1009, "message is larger than 1000 bytes"));
  EXPECT_EQ(peer.read_to_end(), "");
  const WebSocketClosure closure = endpoint->closed.take();
  EXPECT_EQ(closure.cause, Cause::kPeerBroke);
  EXPECT_EQ(closure.code, 1009);
}

TEST_F(WebSocketWithLimits, Closes1009WhenFragmentsAddUpToMore) {
  peer.send(client_frame(0x02, std::string(600, 'm')) + client_frame(0x80, std::string(401, 'm')));

  EXPECT_EQ(endpoint->closed.take().code, 1009);
}

TEST_F(WebSocketWithLimits, ClosesAtAPeerThatTakesNothing) {
  endpoint->with_connection([](WebSocketConnection& connection) {
    connection.send(Bytes(50'000'000));
    connection.close(1001, {});
  });

  EXPECT_EQ(endpoint->closed.take().cause, Cause::kClosedHere);
  EXPECT_LT(peer.read_to_end().size(), 50'000'000U);
}

struct BadFrame {
  std::string_view name;
  std::string bytes;
};

class WebSocketBadFrame : public WebSocket, public ::testing::WithParamInterface<BadFrame> {};

TEST_P(WebSocketBadFrame, IsAnsweredWith1002AndTheEndOfTheStream) {
  peer.send(GetParam().bytes);

  const WebSocketClosure closure = endpoint->closed.take();
  EXPECT_EQ(closure.cause, Cause::kPeerBroke);
  EXPECT_EQ(closure.code, 1002);
  EXPECT_EQ(read_frame(kCloseFrame), close_payload(1002, closure.reason));
  EXPECT_EQ(peer.read_to_end(), "");
  EXPECT_TRUE(endpoint->messages.empty());
}

INSTANTIATE_TEST_SUITE_P(
    All,
    WebSocketBadFrame,
    ::testing::Values(
        BadFrame{"Unmasked", "\x82\x05hello"},
        BadFrame{"ReservedBit", client_frame(0xC2, "compressed?")},
        BadFrame{"UnknownOpcode", client_frame(0x83, "")},
        BadFrame{"UnknownControlOpcode", client_frame(0x8B, "")},
        BadFrame{"FragmentedPing", client_frame(0x09, "")},
        BadFrame{"LargePing", client_frame(kPingFrame, std::string(126, 'p'))},
        BadFrame{"ContinuationOfNothing", client_frame(0x80, "x")},
        BadFrame{"MessageInsideAMessage", client_frame(0x02, "x") + client_frame(0x82, "y")},
        BadFrame{"HalfACloseCode", client_frame(kCloseFrame, "x")},
        BadFrame{"LongFormOfAShortSize", std::string("\x82\xFE\x00\x05\x01\x02\x03\x04", 8)},
        BadFrame{"NotAFrame", std::string(100, '\xFF')}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace tombolo::net
