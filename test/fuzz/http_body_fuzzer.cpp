/// Whatever a stranger can put into the App Services API, on both of its ends.
///
/// A request to the server: there is an answer, it is no 5xx, it can be written as HTTP, its body
/// is absent or a JSON object, and nothing that needs a token is done without a good one. A token:
/// without our signature it is refused; what is signed and still accepted has all claims. Answers
/// to a client: the operation ends after few of them, with an outcome or with an error that says
/// something; what the client sends next can be written as HTTP. Targets and URLs: they are
/// refused, or hold nothing that could end a line.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/assertion.h"
#include "base/base64url.h"
#include "client/app_services_client.h"
#include "net/http_codec.h"
#include "net/url.h"
#include "protocol/json_object.h"
#include "server/sync_request.h"
#include "test/support/app_services_fixture.h"

namespace {

using namespace tombolo;

/// Cuts `text` off at `mark`, which goes too.
std::string_view take_until(std::string_view& text, char mark) {
  const std::size_t end = text.find(mark);
  const std::string_view taken = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return taken;
}

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

/// One app with one user who is logged in.
struct Server : test::AppServicesFixture {
  Server() {
    static_cast<void>(accounts.register_email("joe@example.com", "secret1", now));
    login =
        accounts
            .log_in_with_password({"joe@example.com", "secret1", "192.0.2.1"}, std::nullopt, now)
            .value();
  }
  server::Login login;
};

/// METHOD ' ' path-behind-the-base-path LF token LF body; "@A" and "@R" stand for the user's
/// tokens.
void check_request(std::string_view input) {
  Server server;
  const std::string method(take_until(input, ' '));
  const std::string path(take_until(input, '\n'));
  const std::string_view given = take_until(input, '\n');
  const std::string_view token = given == "@A"   ? std::string_view(server.login.access_token)
                                 : given == "@R" ? std::string_view(server.login.refresh_token)
                                                 : given;

  const net::HttpResponse answer = server.send(method, path, std::string(input), token);

  TOMBOLO_ASSERT_FATAL(answer.status >= 200 && answer.status < 500);
  static_cast<void>(net::encode_response_head(answer, {}));
  TOMBOLO_ASSERT_FATAL(answer.body.empty() ||
                       nlohmann::json::parse(answer.body, nullptr, false).is_object());
  const bool is_public =
      path.starts_with("app/") && !path.starts_with("app/my-app-abcde/functions");
  if (answer.status < 300 && !is_public && method != "OPTIONS") {
    TOMBOLO_ASSERT_FATAL(given == "@A" || given == "@R" || token == server.login.access_token ||
                         token == server.login.refresh_token);
  }
}

/// A token with that payload and the signature of `key`.
std::string sign(const server::SigningKey& key, std::string_view payload) {
  std::string token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9." + to_base64url(as_bytes(payload));
  Bytes signature(32);
  HMAC(EVP_sha256(),
       key.data(),
       static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(token.data()),
       token.size(),
       reinterpret_cast<unsigned char*>(signature.data()),
       nullptr);
  return token += "." + to_base64url(signature);
}

/// The payload of a token, signed with the server's key; and a token as it stands.
void check_token(std::string_view payload) {
  static const server::SigningKey key{std::byte{7}};
  static const server::DomainId domain = server::domain_id_of(Server::make_config("my-app-abcde"));
  static const server::TokenSigner signer(key, domain);
  static const server::TokenSigner stranger({std::byte{8}}, domain);
  const std::string token = sign(key, payload);

  for (const auto verify :
       {&server::TokenSigner::verify_access_token, &server::TokenSigner::verify_refresh_token}) {
    TOMBOLO_ASSERT_FATAL(!(stranger.*verify)(token, test::kApiStart));
    const auto claims = (signer.*verify)(token, test::kApiStart);
    if (claims)
      TOMBOLO_ASSERT_FATAL(claims->expires_at + server::kTokenExpiryLeeway > test::kApiStart);
    static_cast<void>((signer.*verify)(payload, test::kApiStart));
  }
}

client::ServiceOperation begin(client::AppServicesClient& client, std::uint8_t choice) {
  const client::UserTokens tokens{"a.e30.s", "r.e30.s"};
  switch (choice % 7) {
    case 0: return client.log_in(client::Credentials::anonymous());
    case 1: return client.link(tokens, client::Credentials::email_password("joe", "secret1"));
    case 2: return client.register_email("joe", "secret1");
    case 3: return client.get_profile(tokens);
    case 4: return client.refresh(tokens);
    case 5: return client.log_out(tokens);
    default: return client.locate();
  }
}

/// What `net::send_http` does with a call before it has a socket.
void check_call(const net::HttpCall& call) {
  const Result<net::Url> url = net::parse_url(call.url);
  if (!url) return;
  static_cast<void>(net::encode_request_head(call.method, url->target, call.headers));
}

/// The operation's number, then answers: a byte for the status, the body, NUL.
void check_answers(std::string_view input) {
  if (input.empty()) return;
  client::AppServicesClient client({.app_id = "my-app-abcde", .base_url = "http://127.0.0.1:9090"});
  client::ServiceOperation operation = begin(client, static_cast<std::uint8_t>(input[0]));
  input.remove_prefix(1);

  constexpr int kAnswersMax = 8;  // Location, request, token, request, profile, token, profile.
  int answers = 0;
  while (const auto call = operation.next_call()) {
    check_call(*call);
    TOMBOLO_ASSERT_FATAL(++answers <= kAnswersMax);
    if (input.empty()) {
      operation.receive(Error(ErrorCode::kNetwork, "the server is gone"));
      continue;
    }
    const auto status = static_cast<std::uint8_t>(input[0]);
    input.remove_prefix(1);
    net::HttpResponse response;
    response.status = status < 64 ? 200U : status < 128 ? 401U : 200U + status;
    response.headers = {{"Content-Type", status % 8 == 7 ? "text/html" : "application/json"}};
    response.body = take_until(input, '\0');
    static_cast<void>(client::needs_refresh(response.body, test::kApiStart));
    operation.receive(response);
  }
  const auto outcome = operation.take_outcome();
  if (!outcome) {
    TOMBOLO_ASSERT_FATAL(!outcome.error().describe().empty());
  } else if (outcome->profile) {
    TOMBOLO_ASSERT_FATAL(protocol::parse_json_object(outcome->profile->data).has_value());
  }
}

void check_target(std::string_view text) {
  if (const auto request = server::parse_sync_request(text)) {
    TOMBOLO_ASSERT_FATAL(!request->app_id || request->app_id->find('/') == std::string::npos);
    TOMBOLO_ASSERT_FATAL(request->access_token.find('&') == std::string::npos);
  }
  if (const auto url = net::parse_url(text)) {
    TOMBOLO_ASSERT_FATAL(!has_control_character(url->host) && !has_control_character(url->target));
    TOMBOLO_ASSERT_FATAL(url->port != 0 && url->target.starts_with('/'));
    const auto again = net::parse_url(url->scheme + "://" + url->authority() + url->target);
    TOMBOLO_ASSERT_FATAL(again && again->host == url->host && again->target == url->target);
  }
}

}  // namespace

/// The first byte chooses what the rest is.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  // A copy of its own, so that the sanitizer sees a read beyond the end.
  const std::string input(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0: check_request(input); break;
    case 1: check_token(input); break;
    case 2: check_answers(input); break;
    default: check_target(input);
  }
  return 0;
}
