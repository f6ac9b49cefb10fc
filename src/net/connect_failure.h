#pragma once

#include <cstdint>

#include "base/error.h"
#include "net/http_message.h"

namespace tombolo::net {

/// How far an outgoing connection came.
enum class ConnectStage : std::uint8_t {
  kResolve,      ///< The host name has no address.
  kConnect,      ///< No address accepted a TCP connection.
  kProxy,        ///< The proxy refused or broke off.
  kTls,          ///< The handshake failed or the certificate is not trusted.
  kAnswer,       ///< The stream ended, or time ran out, before a whole answer.
  kStatus,       ///< An answer that is not the one wanted, or is not HTTP.
  kSubProtocol,  ///< Upgraded, but to a sub-protocol that was not offered.
};

/// Why there is no connection, or no answer.
///
/// `error.code()` is `kTimedOut` when time ran out in that stage, `kTlsFailure` in stage `kTls`,
/// `kLimitExceeded` for an answer that is too large, else `kNetwork`.
struct ConnectFailure {
  ConnectStage stage;
  Error error;
  unsigned status = 0;  ///< Of the answer in stage `kStatus` and `kProxy`; 0: it was not HTTP.
  HttpHeaders headers;  ///< Of that answer.
};

/// An HTTP proxy that is asked to CONNECT.
struct HttpProxy {
  std::string host;
  std::uint16_t port = 0;
};

}  // namespace tombolo::net
