#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "server/account.h"

namespace tombolo::server {

/// What an app is to its clients.
struct AppConfig {
  std::string app_id;  ///< The client app id, part of every URL: letters, digits, '-' and '_'.

  bool anonymous_enabled = false;
  /// Registering an email confirms it at once; there is no mail.
  bool email_password_enabled = false;

  std::chrono::seconds access_token_lifetime = std::chrono::minutes(30);
  std::chrono::seconds refresh_token_lifetime = std::chrono::hours(60 * 24);
  std::chrono::seconds anonymous_refresh_token_lifetime = std::chrono::hours(50 * 365 * 24);

  /// Scheme, host and port at which clients reach the server: "https://sync.example.com". Absent:
  /// taken from each request, which serves direct connections and proxies that keep the Host
  /// header and set X-Forwarded-Proto.
  std::optional<std::string> public_url;
  std::string deployment_model = "GLOBAL";
  std::string location = "US-VA";

  /// Origins from which browsers may call the API; empty: all.
  std::vector<std::string> allowed_request_origins;
};

/// The app of `--dev`: id "dev", both providers on.
[[nodiscard]] AppConfig make_dev_app_config();

/// Always the same for an app id, so that tokens outlive a restart.
[[nodiscard]] DomainId domain_id_of(const AppConfig& config);
/// What profiles show as `provider_id`: the app's own instance of a provider.
[[nodiscard]] ObjectId provider_id_of(const AppConfig& config, IdentityProvider provider);

}  // namespace tombolo::server
