#pragma once

#include "base/clock.h"
#include "base/logging.h"
#include "base/random.h"
#include "net/http_message.h"
#include "server/accounts.h"
#include "server/app_config.h"

namespace tombolo::server {

/// Longest request body; the longest legitimate one carries a few tokens.
inline constexpr std::size_t kApiBodyBytesMax = std::size_t{64} << 10;

/// The App Services client API of one app: an HTTP request in, its answer out.
///
/// Routes are a table in app_services_api.cpp. A path that is not in it, with that method, is a
/// 404; paths are compared as they stand, undecoded, so no spelling leads around the table. The
/// WebSocket of sync is not a route here: its upgrade is the driver's.
///
/// Errors:  whatever the request holds, there is an answer and no throw. A failing store is
///          logged and answered with 500.
/// Thread:  callable from any thread. It blocks as `Accounts` does: drivers call it on a worker.
/// Source:  docs/app-services.md, "Client HTTP API".
class AppServicesApi {
 public:
  /// All arguments outlive this object.
  AppServicesApi(const AppConfig& config, Accounts& accounts, Random& random, Logger& logger);

  [[nodiscard]] net::HttpResponse handle(const net::HttpRequest& request, WallTime now) const;

 private:
  const AppConfig& config_;
  Accounts& accounts_;
  Random& random_;
  Logger& logger_;
};

}  // namespace tombolo::server
