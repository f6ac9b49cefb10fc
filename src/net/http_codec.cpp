#include "net/http_codec.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <optional>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/string_body.hpp>

#include "base/error.h"

namespace tombolo::net {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;

/// Beast looks for the end of a chunk's head or trailer in what it is given, without a bound.
constexpr std::size_t kUnparsedBytesMax = std::size_t{128} << 10;
/// The shortest end of a chunked body, "0", CRLF, CRLF. Of less Beast asserts that it cannot be.
constexpr std::size_t kChunkedEndBytesMin = 5;

template <bool is_request>
class MessageParser {
 public:
  explicit MessageParser(const HttpLimits& limits) {
    parser_.header_limit(static_cast<std::uint32_t>(limits.header_bytes_max));
    parser_.body_limit(limits.body_bytes_max);
    parser_.eager(false);
  }

  HttpParseStatus feed(Bytes& input) {
    put(input);
    if (!parser_.eager() && !failure_ && parser_.is_header_done()) {
      // Beast adds the fields behind a chunked body to those before it, where they could pass for
      // what they are not: what was there before the body is kept, and checked.
      keep_headers();
      if constexpr (is_request) check_header();
      parser_.eager(true);
      if (!failure_ && !parser_.is_done() && !input.empty()) put(input);
    }
    return status();
  }

  HttpParseStatus feed_end() {
    // Beast takes the end of nothing for a whole message.
    if (!parser_.got_some()) {
      failure_ = http::error::end_of_stream;
    } else {
      parser_.put_eof(failure_);
    }
    return status();
  }

  [[nodiscard]] HttpParseStatus status() const {
    if (failure_) return HttpParseStatus::kFailed;
    return parser_.is_done() ? HttpParseStatus::kComplete : HttpParseStatus::kNeedsMore;
  }
  [[nodiscard]] bool header_over_limit() const { return failure_ == http::error::header_limit; }
  [[nodiscard]] bool body_over_limit() const { return failure_ == http::error::body_limit; }
  [[nodiscard]] bool has_unknown_encoding() const { return has_unknown_encoding_; }

  [[nodiscard]] HttpHeaders take_headers() { return std::move(headers_); }

  http::parser<is_request, http::string_body>& parser() { return parser_; }
  const http::parser<is_request, http::string_body>& parser() const { return parser_; }

 private:
  void put(Bytes& input) {
    // What is behind the header of a chunked message is never done before so many bytes are there.
    if (parser_.eager() && parser_.chunked() && input.size() < kChunkedEndBytesMin) return;
    const std::size_t used = parser_.put(boost::asio::buffer(input.data(), input.size()), failure_);
    input.erase(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(used));
    if (failure_ == http::error::need_more) failure_ = {};
    if (!failure_ && parser_.eager() && input.size() > kUnparsedBytesMax && !parser_.is_done()) {
      failure_ = http::error::buffer_overflow;
    }
  }

  void keep_headers() {
    for (const auto& field : parser_.get()) {
      headers_.push_back({std::string(field.name_string()), std::string(field.value())});
    }
  }

  /// What Beast lets pass although it makes the request's end or host a matter of opinion.
  void check_header() {
    const auto& request = parser_.get();
    if (request.count(http::field::transfer_encoding) != 0 && !parser_.chunked()) {
      failure_ = http::error::bad_transfer_encoding;
      has_unknown_encoding_ = true;
    } else if (request.version() == 11 && request.count(http::field::host) != 1) {
      failure_ = http::error::bad_field;
    }
  }

  http::parser<is_request, http::string_body> parser_;
  error_code failure_;
  HttpHeaders headers_;
  bool has_unknown_encoding_ = false;
};

bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [kMarks](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

bool is_field_value(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7F;
  });
}

void append_headers(std::string& head, const HttpHeaders& headers) {
  for (const HttpHeader& header : headers) {
    if (!is_token(header.name) || !is_field_value(header.value)) {
      throw Error(ErrorCode::kInvalidArgument,
                  "the HTTP header \"" + header.name + "\" has characters that cannot be sent");
    }
    head.append(header.name).append(": ").append(header.value).append("\r\n");
  }
}

/// "Sun, 06 Nov 1994 08:49:37 GMT", whatever the locale. RFC 9110, 5.6.7.
std::string http_date(std::time_t time) {
  constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array kMonths{
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  std::array<char, 64> text{};
  const int size = std::snprintf(text.data(),
                                 text.size(),
                                 "%s, %02d %s %04d %02d:%02d:%02d GMT",
                                 kDays[static_cast<std::size_t>(parts.tm_wday)],
                                 parts.tm_mday,
                                 kMonths[static_cast<std::size_t>(parts.tm_mon)],
                                 parts.tm_year + 1900,
                                 parts.tm_hour,
                                 parts.tm_min,
                                 parts.tm_sec);
  return {text.data(), static_cast<std::size_t>(size)};
}

}  // namespace

struct HttpRequestParser::Impl {
  explicit Impl(const HttpLimits& limits) : message(limits) {}

  MessageParser<true> message;
  bool started = false;
  unsigned failure_status = 400;
};

HttpRequestParser::HttpRequestParser(const HttpLimits& limits)
    : impl_(std::make_unique<Impl>(limits)) {}
HttpRequestParser::~HttpRequestParser() = default;
HttpRequestParser::HttpRequestParser(HttpRequestParser&&) noexcept = default;
HttpRequestParser& HttpRequestParser::operator=(HttpRequestParser&&) noexcept = default;

HttpParseStatus HttpRequestParser::feed(Bytes& input) {
  MessageParser<true>& message = impl_->message;
  if (!input.empty()) impl_->started = true;
  const HttpParseStatus status = message.feed(input);
  if (message.header_over_limit()) impl_->failure_status = 431;
  if (message.body_over_limit()) impl_->failure_status = 413;
  if (message.has_unknown_encoding()) impl_->failure_status = 501;
  return status;
}

bool HttpRequestParser::has_started() const noexcept {
  return impl_->started;
}
bool HttpRequestParser::header_done() const noexcept {
  return impl_->message.parser().is_header_done();
}
unsigned HttpRequestParser::failure_status() const noexcept {
  return impl_->failure_status;
}

bool HttpRequestParser::keeps_alive() const {
  return impl_->message.parser().keep_alive();
}
bool HttpRequestParser::is_http_1_0() const {
  return impl_->message.parser().get().version() == 10;
}

bool HttpRequestParser::expects_continue() const {
  const auto& request = impl_->message.parser().get();
  return request.version() == 11 &&
         boost::beast::iequals(request[http::field::expect], "100-continue");
}

HttpRequest HttpRequestParser::take() {
  auto& message = impl_->message.parser().get();
  HttpRequest request;
  request.method = std::string(message.method_string());
  request.target = std::string(message.target());
  request.headers = impl_->message.take_headers();
  request.body = std::move(message.body());
  return request;
}

struct HttpResponseParser::Impl {
  Impl(const HttpLimits& given_limits, Body given_body) : limits(given_limits), body(given_body) {
    restart();
  }
  void restart() {
    message.emplace(limits);
    message->parser().skip(body == Body::kNone);
  }

  HttpLimits limits;
  Body body;
  std::optional<MessageParser<false>> message;
};

HttpResponseParser::HttpResponseParser(const HttpLimits& limits, Body body)
    : impl_(std::make_unique<Impl>(limits, body)) {}
HttpResponseParser::~HttpResponseParser() = default;
HttpResponseParser::HttpResponseParser(HttpResponseParser&&) noexcept = default;
HttpResponseParser& HttpResponseParser::operator=(HttpResponseParser&&) noexcept = default;

HttpParseStatus HttpResponseParser::feed(Bytes& input) {
  for (;;) {
    const HttpParseStatus status = impl_->message->feed(input);
    if (status != HttpParseStatus::kComplete) return status;
    const unsigned code = impl_->message->parser().get().result_int();
    if (code / 100 != 1 || code == 101) return status;
    impl_->restart();
    if (input.empty()) return HttpParseStatus::kNeedsMore;
  }
}

HttpParseStatus HttpResponseParser::feed_end() {
  return impl_->message->feed_end();
}

bool HttpResponseParser::over_limit() const noexcept {
  return impl_->message->header_over_limit() || impl_->message->body_over_limit();
}

HttpResponse HttpResponseParser::take() {
  auto& message = impl_->message->parser().get();
  HttpResponse response;
  response.status = message.result_int();
  response.headers = impl_->message->take_headers();
  response.body = std::move(message.body());
  return response;
}

std::string encode_response_head(const HttpResponse& response, const HttpResponseFraming& framing) {
  const std::string_view reason = http::obsolete_reason(static_cast<http::status>(response.status));
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + ' ' + std::string(reason) +
                     "\r\nDate: " + http_date(std::time(nullptr)) + "\r\n";
  append_headers(head, response.headers);
  if (may_have_body(response.status)) {
    head += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
  }
  if (response.status != 101 && !framing.keep_alive) {
    head += "Connection: close\r\n";
  } else if (response.status != 101 && framing.http_1_0) {
    head += "Connection: keep-alive\r\n";
  }
  return head += "\r\n";
}

std::string encode_request_head(std::string_view method,
                                std::string_view target,
                                const HttpHeaders& headers) {
  if (!is_token(method)) {
    throw Error(ErrorCode::kInvalidArgument, "the HTTP method is no token");
  }
  std::string head = std::string(method) + ' ' + std::string(target) + " HTTP/1.1\r\n";
  append_headers(head, headers);
  return head += "\r\n";
}

bool has_token(const HttpHeaders& headers, std::string_view name, std::string_view token) {
  return std::any_of(headers.begin(), headers.end(), [&](const HttpHeader& header) {
    return boost::beast::iequals(header.name, name) && http::token_list(header.value).exists(token);
  });
}

}  // namespace tombolo::net
