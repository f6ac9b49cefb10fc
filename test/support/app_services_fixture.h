#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "server/accounts.h"
#include "server/app_services_api.h"
#include "test/support/memory_account_store.h"

namespace tombolo::test {

inline constexpr WallTime kApiStart{std::chrono::seconds(1'700'000'000)};

/// One app with both providers on, its accounts in memory, cheap password hashes and no randomness.
struct AppServicesFixture {
  explicit AppServicesFixture(std::string app_id = "my-app-abcde") : config(make_config(std::move(app_id))) {}

  [[nodiscard]] net::HttpResponse send(std::string method,
                                       std::string path,
                                       std::string body = {},
                                       std::string_view token = {}) {
    net::HttpRequest request;
    request.method = std::move(method);
    request.target = "/api/client/v2.0/" + std::move(path);
    request.headers = {{"Host", "127.0.0.1:9090"}};
    if (!token.empty())
      request.headers.push_back({"Authorization", "Bearer " + std::string(token)});
    request.body = std::move(body);
    request.remote_address = "192.0.2.1";
    return api.handle(request, now);
  }

  [[nodiscard]] static server::AppConfig make_config(std::string app_id) {
    server::AppConfig config = server::make_dev_app_config();
    config.app_id = std::move(app_id);
    return config;
  }

  server::AppConfig config;
  MemoryAccountStore store;
  SeededRandom random{1};
  server::SigningKey key{std::byte{7}};
  server::Accounts accounts{config, key, server::minimal_password_hash_cost(), store, random};
  server::AppServicesApi api{config, accounts, random, null_logger()};
  WallTime now = kApiStart;
};

}  // namespace tombolo::test
