#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tombolo::net {

/// The parts of a URL that a connection needs. Schemes: http, https, ws, wss.
struct Url {
  std::string scheme;  ///< Lower case.
  std::string host;    ///< Name or address; an IPv6 address without its brackets.
  std::uint16_t port = 0;
  std::string target;  ///< Path and query as written; at least "/".

  [[nodiscard]] bool secure() const noexcept { return scheme == "https" || scheme == "wss"; }
  /// The `Host` header: the port is left out when it is the scheme's default.
  [[nodiscard]] std::string host_header() const;
  [[nodiscard]] std::string authority() const;  ///< host:port, for CONNECT.
};

/// Errors:  `kInvalidArgument` for anything else, user information and fragments included.
[[nodiscard]] Result<Url> parse_url(std::string_view text);

}  // namespace tombolo::net
