#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>

#include "sync/sync_error.h"
#include "sync/transport.h"

namespace tombolo::client {

/// What a refresh of the credentials brought.
struct FreshCredentials {
  sync::AccessToken access_token;
  std::optional<std::string> route_url;  ///< nullopt: the location was not asked for.
};

/// Where a connection gets its user's token from.
///
/// Thread:  called on the connection's strand.
class CredentialSource {
 public:
  using Done = std::function<void(std::variant<FreshCredentials, sync::RefreshFailure>)>;

  virtual ~CredentialSource() = default;
  /// Fetches a new access token, after the location if that is asked for. `done` is called once,
  /// from any thread.
  virtual void refresh(bool needs_location, Done done) = 0;
  /// The server has ended the log-in, with `error`.
  virtual void logged_out(const sync::SyncError& error) = 0;
};

}  // namespace tombolo::client
