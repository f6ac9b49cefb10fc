#include "server/tokens.h"

#include <array>
#include <cstdint>
#include <optional>

#include <nlohmann/json.hpp>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/assertion.h"
#include "base/base64url.h"
#include "protocol/app_services_error.h"
#include "protocol/json_object.h"

namespace tombolo::server {
namespace {

using nlohmann::json;
using Signature = std::array<unsigned char, 32>;

/// {"alg":"HS256","typ":"JWT"}. A token with any other header is not ours, so nobody can talk us
/// into another algorithm.
constexpr std::string_view kHeader = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";

constexpr std::string_view kAccess = "access";
constexpr std::string_view kRefresh = "refresh";

Signature sign(const SigningKey& key, std::string_view text) {
  Signature signature{};
  unsigned size = 0;
  const void* const done = HMAC(EVP_sha256(),
                                key.data(),
                                static_cast<int>(key.size()),
                                reinterpret_cast<const unsigned char*>(text.data()),
                                text.size(),
                                signature.data(),
                                &size);
  TOMBOLO_ASSERT(done != nullptr && size == signature.size());
  return signature;
}

std::string make_token(const SigningKey& key, const json& claims) {
  std::string token(kHeader);
  token += '.';
  token += to_base64url(as_bytes(claims.dump()));
  const Signature signature = sign(key, token);
  token += '.';
  token += to_base64url(std::as_bytes(std::span(signature)));
  return token;
}

std::int64_t to_seconds(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

template <typename Id>
std::optional<Id> find_id(const json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end() || !found->is_string()) return std::nullopt;
  const auto id = parse_object_id(found->get_ref<const std::string&>());
  if (!id) return std::nullopt;
  return Id{*id};
}

std::optional<WallTime> find_time(const json& claims, const char* name) {
  constexpr std::int64_t kSecondsMax = 253'402'300'799;  // The year 9999 is far enough.
  const auto found = claims.find(name);
  if (found == claims.end() || !found->is_number_integer()) return std::nullopt;
  const auto seconds = found->get<std::int64_t>();
  if (seconds < 0 || seconds > kSecondsMax) return std::nullopt;
  return WallTime(std::chrono::seconds(seconds));
}

/// The claims that both kinds of token share. Legacy names stand beside the present ones, because
/// old SDKs read those.
json common_claims(const LoginSession& session, DomainId domain_id) {
  const std::string device = to_string(session.device_id);
  const std::string domain = to_string(domain_id);
  return {
      {"sub", to_string(session.user_id)},
      {"baas_device_id", device},
      {"baas_domain_id", domain},
      {"stitch_devId", device},
      {"stitch_domainId", domain},
  };
}

Error unauthorized(std::string text) {
  return protocol::make_service_error(protocol::ServiceErrorCode::kInvalidSession, std::move(text));
}

/// What differs between the two kinds.
struct TokenKind {
  std::string_view type;
  const char* session_claim;
  const char* expired_text;
};
constexpr TokenKind kAccessKind{kAccess, "iss", "invalid session: access token expired"};
constexpr TokenKind kRefreshKind{kRefresh, "baas_id", "invalid session: refresh token expired"};

/// The payload of a token that has our header and our signature.
Result<json> read_payload(const SigningKey& key, std::string_view token) {
  const std::size_t signature_dot = token.rfind('.');
  const std::size_t header_dot = token.find('.');
  if (token.size() > kTokenBytesMax || header_dot == signature_dot ||
      token.substr(0, header_dot) != kHeader) {
    return unauthorized("unauthorized");
  }
  const std::optional<Bytes> given = parse_base64url(token.substr(signature_dot + 1));
  const Signature expected = sign(key, token.substr(0, signature_dot));
  if (!given || given->size() != expected.size() ||
      CRYPTO_memcmp(given->data(), expected.data(), expected.size()) != 0) {
    return unauthorized("signature is invalid");
  }
  const std::optional<Bytes> payload =
      parse_base64url(token.substr(header_dot + 1, signature_dot - header_dot - 1));
  if (!payload) return unauthorized("unauthorized");
  std::optional<json> claims = protocol::parse_json_object(as_text(*payload));
  if (!claims) return unauthorized("unauthorized");
  return *std::move(claims);
}

Result<TokenClaims> verify(const SigningKey& key,
                           DomainId expected_domain,
                           const TokenKind& kind,
                           std::string_view token,
                           WallTime now) {
  const Result<json> payload = read_payload(key, token);
  if (!payload) return payload.error();
  const auto domain = find_id<DomainId>(*payload, "baas_domain_id");
  const auto user = find_id<UserId>(*payload, "sub");
  const auto session = find_id<LoginSessionId>(*payload, kind.session_claim);
  const auto device = find_id<DeviceId>(*payload, "baas_device_id");
  const auto issued_at = find_time(*payload, "iat");
  const auto expires_at = find_time(*payload, "exp");
  if (payload->value("typ", json()) != kind.type || domain != expected_domain || !user ||
      !session || !device || !issued_at || !expires_at) {
    return unauthorized("unauthorized");
  }
  if (now >= *expires_at + kTokenExpiryLeeway) return unauthorized(kind.expired_text);
  return TokenClaims{*user, *session, *device, *issued_at, *expires_at};
}

}  // namespace

std::string TokenSigner::make_access_token(const LoginSession& session,
                                           WallTime now,
                                           std::chrono::seconds lifetime) const {
  json claims = common_claims(session, domain_id_);
  claims["typ"] = kAccess;
  claims["iss"] = to_string(session.id);
  claims["iat"] = to_seconds(now);
  claims["exp"] = to_seconds(now) + lifetime.count();
  return make_token(key_, claims);
}

std::string TokenSigner::make_refresh_token(const LoginSession& session,
                                            const Identity& identity) const {
  const json identity_claim = {{"id", to_string(identity.id)},
                               {"provider_type", provider_name(identity.provider)}};
  json claims = common_claims(session, domain_id_);
  claims["typ"] = kRefresh;
  claims["iat"] = to_seconds(session.created_at);
  claims["exp"] = to_seconds(session.expires_at);
  claims["baas_id"] = to_string(session.id);
  claims["baas_identity"] = identity_claim;
  claims["baas_data"] = nullptr;
  claims["stitch_id"] = to_string(session.id);
  claims["stitch_ident"] = identity_claim;
  claims["stitch_data"] = nullptr;
  return make_token(key_, claims);
}

Result<TokenClaims> TokenSigner::verify_access_token(std::string_view token, WallTime now) const {
  return verify(key_, domain_id_, kAccessKind, token, now);
}

Result<TokenClaims> TokenSigner::verify_refresh_token(std::string_view token, WallTime now) const {
  return verify(key_, domain_id_, kRefreshKind, token, now);
}

}  // namespace tombolo::server
