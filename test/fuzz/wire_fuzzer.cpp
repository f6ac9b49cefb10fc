/// Bytes from a socket, for the parsers of HTTP requests, of HTTP answers and of WebSocket frames.
///
/// Each gives the same whether the bytes come at once or cut anywhere; none keeps more than it was
/// given, nor more than its limits. A request that is taken has one Host in HTTP/1.1 and can be
/// answered. Of a WebSocket, messages keep to their limit, and control payloads to theirs.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/assertion.h"
#include "base/bytes.h"
#include "net/http_codec.h"
#include "net/web_socket_frame.h"

namespace {

using namespace tombolo;
using namespace tombolo::net;

/// The header's limit is out of reach: at which of its last bytes it strikes depends on the cuts.
constexpr HttpLimits kLimits{.header_bytes_max = std::size_t{64} << 10, .body_bytes_max = 512};
constexpr std::size_t kMessageBytesMax = 512;

/// Calls `take` with the bytes in pieces of the given size, the last one shorter.
template <typename Take>
void feed(BytesView bytes, std::size_t piece, Take&& take) {
  for (std::size_t i = 0; i < bytes.size(); i += piece) {
    if (!take(bytes.subspan(i, std::min(piece, bytes.size() - i)))) return;
  }
}

std::string describe(const HttpHeaders& headers) {
  std::string text;
  for (const HttpHeader& header : headers) text += header.name + ": " + header.value + "\n";
  return text;
}

/// What a connection makes of the bytes: its requests one after the other, up to one it refuses.
/// When that is refused depends on the cuts: a broken request line may wait for its headers.
std::string requests_of(BytesView bytes, std::size_t piece) {
  std::string seen;
  HttpRequestParser parser(kLimits);
  Bytes input;
  feed(bytes, piece, [&](BytesView part) {
    input.insert(input.end(), part.begin(), part.end());
    while (!input.empty()) {
      switch (parser.feed(input)) {
        case HttpParseStatus::kNeedsMore: return true;
        case HttpParseStatus::kFailed:
          TOMBOLO_ASSERT_FATAL(parser.failure_status() >= 400);
          return false;
        case HttpParseStatus::kComplete: break;
      }
      static_cast<void>(parser.keeps_alive());
      static_cast<void>(parser.expects_continue());
      const bool is_http_1_0 = parser.is_http_1_0();
      const HttpRequest request = parser.take();
      TOMBOLO_ASSERT_FATAL(!request.method.empty());
      TOMBOLO_ASSERT_FATAL(request.target.find_first_of("\r\n ") == std::string::npos);
      TOMBOLO_ASSERT_FATAL(is_http_1_0 || find_header(request.headers, "Host") != nullptr);
      TOMBOLO_ASSERT_FATAL(request.body.size() <= kLimits.body_bytes_max);
      seen += request.method + " " + request.target + "\n" + describe(request.headers) + "\n" +
              request.body + "\n";
      parser = HttpRequestParser(kLimits);
    }
    return true;
  });
  return seen;
}

std::string answer_of(BytesView bytes, std::size_t piece) {
  HttpResponseParser parser(kLimits, HttpResponseParser::Body::kAsFramed);
  Bytes input;
  HttpParseStatus status = HttpParseStatus::kNeedsMore;
  feed(bytes, piece, [&](BytesView part) {
    input.insert(input.end(), part.begin(), part.end());
    status = parser.feed(input);
    return status == HttpParseStatus::kNeedsMore;
  });
  if (status == HttpParseStatus::kNeedsMore && !bytes.empty()) status = parser.feed_end();
  if (status != HttpParseStatus::kComplete) return "none";
  const HttpResponse response = parser.take();
  TOMBOLO_ASSERT_FATAL(response.body.size() <= kLimits.body_bytes_max);
  return std::to_string(response.status) + "\n" + describe(response.headers) + "\n" + response.body;
}

std::string events_of(BytesView bytes, std::size_t piece, bool from_client) {
  std::string seen;
  FrameReader reader(from_client, kMessageBytesMax);
  feed(bytes, piece, [&](BytesView part) {
    while (const auto event = reader.read(part)) {
      using Kind = WebSocketInput::Kind;
      TOMBOLO_ASSERT_FATAL(event->payload.size() <= kMessageBytesMax);
      TOMBOLO_ASSERT_FATAL(event->kind == Kind::kMessage || event->kind == Kind::kViolation ||
                           event->payload.size() <= kControlPayloadBytesMax);
      seen += std::to_string(static_cast<int>(event->kind)) + " " + std::to_string(event->code) +
              " " + std::string(as_text(event->payload)) + "\n";
      if (event->kind == Kind::kViolation || event->kind == Kind::kClose) return false;
    }
    TOMBOLO_ASSERT_FATAL(part.empty());
    return true;
  });
  return seen;
}

}  // namespace

/// The first byte chooses the parser, the second how the bytes are cut.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  // A copy of its own, so that the sanitizer sees a read beyond the end.
  const Bytes bytes = to_bytes(BytesView(reinterpret_cast<const std::byte*>(data + 2), size - 2));
  const std::size_t whole = std::max<std::size_t>(bytes.size(), 1);
  const std::size_t piece = 1 + data[1] % 64;
  switch (data[0] % 4) {
    case 0: TOMBOLO_ASSERT_FATAL(requests_of(bytes, whole) == requests_of(bytes, piece)); break;
    case 1: TOMBOLO_ASSERT_FATAL(answer_of(bytes, whole) == answer_of(bytes, piece)); break;
    default: {
      const bool from_client = data[0] % 4 == 2;
      TOMBOLO_ASSERT_FATAL(events_of(bytes, whole, from_client) ==
                           events_of(bytes, piece, from_client));
    }
  }
  return 0;
}
