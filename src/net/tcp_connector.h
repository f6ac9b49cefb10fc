#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "net/byte_stream.h"
#include "net/connect_failure.h"
#include "net/event_loop.h"
#include "net/pending_operation.h"

namespace tombolo::net {

/// Finds the addresses of `host` and connects to the first that answers: the next one is tried
/// after 250 ms or at a refusal, while those before go on.
///
/// `done` runs on `strand`, never inside this call; there is no time limit.
///
/// Thread:  `strand`.
/// Source:  RFC 8305 ("happy eyeballs"), 4 and 5.
PendingOperation connect_tcp(const Strand& strand,
                             const std::string& host,
                             std::uint16_t port,
                             std::function<void(std::variant<ByteStream, ConnectFailure>)> done);

}  // namespace tombolo::net
