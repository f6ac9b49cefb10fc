#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace tombolo::net {

/// One header line. Names keep the case they were written in and compare without it.
struct HttpHeader {
  std::string name;
  std::string value;
};
using HttpHeaders = std::vector<HttpHeader>;

/// The value of the first header named `name`, whatever its case; null when there is none.
[[nodiscard]] inline const std::string* find_header(const HttpHeaders& headers,
                                                    std::string_view name) noexcept {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  const auto found = std::find_if(headers.begin(), headers.end(), [&](const HttpHeader& header) {
    return std::equal(header.name.begin(),
                      header.name.end(),
                      name.begin(),
                      name.end(),
                      [&](char left, char right) { return lower(left) == lower(right); });
  });
  return found == headers.end() ? nullptr : &found->value;
}

/// A request as the server received it, whole.
struct HttpRequest {
  std::string method;  ///< In upper case, as sent: "GET".
  std::string target;  ///< As on the request line: path and query, still percent-encoded.
  HttpHeaders headers;
  std::string body;
  std::string remote_address;  ///< Of the peer of the TCP connection, without its port.
  bool is_tls = false;         ///< Whether the connection itself is encrypted.
};

/// An answer, whole. Content-Length, Date and Connection are the business of who sends it.
struct HttpResponse {
  unsigned status = 200;
  HttpHeaders headers;
  std::string body;
};

}  // namespace tombolo::net
