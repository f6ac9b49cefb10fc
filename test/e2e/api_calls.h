#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

#include <nlohmann/json.hpp>

#include "net/http_client.h"
#include "net/loopback_fixture.h"

namespace tombolo::test {

/// Sends one request and waits for the answer. `loop` runs in another thread.
///
/// Errors:  throws `std::runtime_error` when there is no answer.
inline net::HttpResponse call(net::EventLoop& loop, net::HttpCall call) {
  net::Inbox<std::variant<net::HttpResponse, net::ConnectFailure>> answers;
  const net::Strand strand = loop.make_strand();
  std::optional<net::PendingOperation> pending;  // It lives on its strand.
  strand.post([&] {
    pending = net::send_http(strand, std::move(call), [&](auto answer) {
      pending.reset();
      answers.put(std::move(answer));
    });
  });
  auto answer = answers.take();
  if (auto* response = std::get_if<net::HttpResponse>(&answer)) return std::move(*response);
  throw std::runtime_error(std::get<net::ConnectFailure>(answer).error.describe());
}

/// A new user of the app `dev` that the server at `url` serves: its access token.
inline std::string log_in_anonymously(net::EventLoop& loop, const std::string& url) {
  const net::HttpResponse answer =
      call(loop,
           {.method = "POST",
            .url = url + "/api/client/v2.0/app/dev/auth/providers/anon-user/login",
            .headers = {{"Content-Type", "application/json"}},
            .body = R"({"options":{"device":{}}})"});
  return nlohmann::json::parse(answer.body).at("access_token");
}

}  // namespace tombolo::test
