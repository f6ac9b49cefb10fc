#pragma once

#include <string>

#include "base/error.h"
#include "protocol/error_code.h"
#include "protocol/message.h"

namespace tombolo::server {

/// The failure of one session, with the code that its client is told.
[[nodiscard]] Error session_error(protocol::SyncErrorCode code, std::string message);

/// The same for a client file that cannot go on with the history it has: the client is told to
/// reset it.
[[nodiscard]] Error client_reset_error(protocol::SyncErrorCode code, std::string message);

/// What a client is told about `error`. Failures that carry no code of the protocol are ours or the
/// world's: the client is told to come back later, and nothing of what went wrong inside.
[[nodiscard]] protocol::ServerError to_server_error(const Error& error, SessionIdent session);

}  // namespace tombolo::server
