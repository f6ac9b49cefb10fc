#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "base/bytes.h"
#include "base/clock.h"
#include "net/byte_stream.h"
#include "net/connect_failure.h"
#include "net/event_loop.h"
#include "net/http_codec.h"
#include "net/pending_operation.h"
#include "net/tls.h"
#include "net/url.h"

namespace tombolo::net {

/// One request to `url`, encoded, and how to get there.
struct ClientRequest {
  Url url;
  std::optional<HttpProxy> proxy;
  std::shared_ptr<const TlsContext> tls;  ///< Null: verified by the system's store.
  Duration timeout;
  std::string head;
  std::string body;
  HttpResponseParser::Body answer_body = HttpResponseParser::Body::kAsFramed;
  std::size_t answer_body_bytes_max = 0;
};

/// The answer, the stream it came on, and what came behind it.
struct ClientAnswer {
  HttpResponse response;
  ByteStream stream;
  Bytes rest;
};

/// Connects, asks a proxy for a tunnel if there is one, makes TLS, sends the request and reads the
/// answer. `done` runs on `strand`, never inside this call.
///
/// Thread:  `strand`.
PendingOperation start_exchange(
    const Strand& strand,
    ClientRequest request,
    std::function<void(std::variant<ClientAnswer, ConnectFailure>)> done);

}  // namespace tombolo::net
