#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tombolo::server {

/// What the target of an upgrade request asks for.
struct SyncRequest {
  std::optional<std::string> app_id;  ///< Absent on the bare path of development.
  std::string access_token;           ///< Empty when there is none.
};

/// Reads the target of an upgrade request; nullopt when it is no path of sync.
///
///   "/api/client/v2.0/app/" app-id "/realm-sync" [ "?" query ]
///   "/realm-sync" [ "/" anything ] [ "?" query ]
///
/// The token is the value of `baas_at`, taken as it stands.
[[nodiscard]] std::optional<SyncRequest> parse_sync_request(std::string_view target);

}  // namespace tombolo::server
