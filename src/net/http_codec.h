#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "net/http_message.h"

/// HTTP/1.1 messages to and from bytes, without a socket.
namespace tombolo::net {

struct HttpLimits {
  std::size_t header_bytes_max;
  std::size_t body_bytes_max;
};

enum class HttpParseStatus : std::uint8_t { kNeedsMore, kComplete, kFailed };

/// Parses one request. Bytes behind it stay in the input for the next.
class HttpRequestParser {
 public:
  explicit HttpRequestParser(const HttpLimits& limits);
  ~HttpRequestParser();
  HttpRequestParser(HttpRequestParser&&) noexcept;
  HttpRequestParser& operator=(HttpRequestParser&&) noexcept;

  /// Takes what it can from the front of `input`; the rest has to come again with more behind it.
  [[nodiscard]] HttpParseStatus feed(Bytes& input);

  [[nodiscard]] bool has_started() const noexcept;  ///< Something was fed.
  [[nodiscard]] bool header_done() const noexcept;
  [[nodiscard]] unsigned failure_status() const noexcept;  ///< What to answer after `kFailed`.

  [[nodiscard]] bool keeps_alive() const;
  [[nodiscard]] bool expects_continue() const;  ///< The client waits for status 100 with its body.
  [[nodiscard]] bool is_http_1_0() const;

  /// The request, once complete, without what only the connection knows.
  [[nodiscard]] HttpRequest take();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Parses one answer, skipping interim ones (1xx other than 101).
class HttpResponseParser {
 public:
  enum class Body : std::uint8_t {
    kAsFramed,
    kNone,  ///< Answers to HEAD and CONNECT have none, whatever their headers say.
  };

  HttpResponseParser(const HttpLimits& limits, Body body);
  ~HttpResponseParser();
  HttpResponseParser(HttpResponseParser&&) noexcept;
  HttpResponseParser& operator=(HttpResponseParser&&) noexcept;

  [[nodiscard]] HttpParseStatus feed(Bytes& input);
  /// The stream has ended: completes a body that only the end delimits, and fails otherwise.
  [[nodiscard]] HttpParseStatus feed_end();

  [[nodiscard]] bool over_limit() const noexcept;  ///< After `kFailed`: too large, not malformed.
  [[nodiscard]] HttpResponse take();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct HttpResponseFraming {
  bool keep_alive = true;
  bool http_1_0 = false;  ///< The client speaks 1.0 and has to be told that the connection stays.
};

/// Everything of `response` up to its body.
///
/// Errors:  throws `Error{kInvalidArgument}` for a header that would not stay one line.
[[nodiscard]] std::string encode_response_head(const HttpResponse& response,
                                               const HttpResponseFraming& framing);

/// The request line and `headers`, which are complete.
///
/// Errors:  as `encode_response_head()`.
[[nodiscard]] std::string encode_request_head(std::string_view method,
                                              std::string_view target,
                                              const HttpHeaders& headers);

/// Whether `token` is an item of the comma-separated lists in the headers of that name.
[[nodiscard]] bool has_token(const HttpHeaders& headers,
                             std::string_view name,
                             std::string_view token);

/// Whether an answer of that status has a body at all. RFC 9110, 6.4.1.
[[nodiscard]] constexpr bool may_have_body(unsigned status) noexcept {
  return status >= 200 && status != 204 && status != 304;
}

}  // namespace tombolo::net
