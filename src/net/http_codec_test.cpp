#include "net/http_codec.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace tombolo::net {
namespace {

constexpr HttpLimits kLimits{.header_bytes_max = 4096, .body_bytes_max = 4096};

/// Feeds the first `first` bytes of `message` at once and the rest byte by byte.
template <typename Parser>
HttpParseStatus feed_in_pieces(Parser& parser, std::string_view message, std::size_t first) {
  Bytes input = to_bytes(as_bytes(message.substr(0, first)));
  HttpParseStatus status = parser.feed(input);
  for (const char next : message.substr(first)) {
    if (status != HttpParseStatus::kNeedsMore) break;
    input.push_back(static_cast<std::byte>(next));
    status = parser.feed(input);
  }
  return status;
}

TEST(HttpCodec, GivenAChunkedRequestCutAnywhere_ThenItIsReadWhole) {
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const auto& [body, content] : {std::pair<std::string, std::string>{"0\r\n\r\n", ""},
                                      {"00\r\n\r\n", ""},
                                      {"0\r\nA: b\r\n\r\n", ""},
                                      {"1\r\nx\r\n0\r\n\r\n", "x"}}) {
    const std::string message = head + body;
    for (std::size_t first = 0; first <= message.size(); ++first) {
      HttpRequestParser parser{kLimits};
      ASSERT_EQ(feed_in_pieces(parser, message, first), HttpParseStatus::kComplete)
          << body << " from byte " << first;
      EXPECT_EQ(parser.take().body, content);
    }
  }
}

TEST(HttpCodec, GivenTheEndOfAChunkedBody_WhenNothingNewComes_ThenItWaits) {
  HttpRequestParser parser{kLimits};
  Bytes input =
      to_bytes(as_bytes("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n0"));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(parser.feed(input), HttpParseStatus::kNeedsMore);
}

}  // namespace
}  // namespace tombolo::net
