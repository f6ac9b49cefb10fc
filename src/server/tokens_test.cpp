#include "server/tokens.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/base64url.h"
#include "protocol/app_services_error.h"

namespace tombolo::server {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr WallTime kNow{std::chrono::milliseconds(1'700'000'000'900)};
constexpr WallTime kNowSeconds{std::chrono::seconds(1'700'000'000)};
constexpr SigningKey kKey{std::byte{1}};
constexpr DomainId kDomain{ObjectId{{9}}};

const LoginSession kSession{UserId{{{1}}},
                            LoginSessionId{{{2}}},
                            DeviceId{{{3}}},
                            IdentityId{{{4}}},
                            kNow,
                            kNow + 60 * 24h};
const Identity kIdentity{IdentityId{{{4}}}, IdentityProvider::kEmailPassword, "joe@example.com"};

std::string access_token() {
  return TokenSigner(kKey, kDomain).make_access_token(kSession, kNow, 30min);
}
std::string refresh_token() {
  return TokenSigner(kKey, kDomain).make_refresh_token(kSession, kIdentity);
}

json payload_of(const std::string& token) {
  const std::size_t begin = token.find('.') + 1;
  const std::string text = token.substr(begin, token.rfind('.') - begin);
  return json::parse(as_text(*parse_base64url(text)));
}

/// The text with which verification fails.
std::string refusal(const Result<TokenClaims>& verified) {
  if (verified) return "verified";
  EXPECT_EQ(verified.error().code(), ErrorCode::kAuthentication);
  EXPECT_EQ(verified.error().foreign()->call, "InvalidSession");
  return verified.error().message();
}

std::string refusal_of_access(const std::string& token) {
  return refusal(TokenSigner(kKey, kDomain).verify_access_token(token, kNow));
}

TEST(Tokens, AnAccessTokenSaysWhoAndUntilWhen) {
  const TokenSigner signer(kKey, kDomain);

  const Result<TokenClaims> claims = signer.verify_access_token(access_token(), kNow);

  ASSERT_TRUE(claims);
  EXPECT_EQ(
      *claims,
      (TokenClaims{
          kSession.user_id, kSession.id, kSession.device_id, kNowSeconds, kNowSeconds + 30min}));
}

TEST(Tokens, CarryTheClaimsThatClientsRead) {
  const json access = payload_of(access_token());
  const json refresh = payload_of(refresh_token());

  EXPECT_TRUE(access.at("exp").is_number_integer());
  EXPECT_EQ(access.at("exp").get<long>() - access.at("iat").get<long>(), 1800);
  EXPECT_EQ(access.at("sub"), to_string(kSession.user_id));
  EXPECT_EQ(access.at("iss"), to_string(kSession.id));
  EXPECT_EQ(access.at("typ"), "access");
  EXPECT_EQ(access.at("baas_device_id"), to_string(kSession.device_id));
  EXPECT_EQ(access.at("stitch_devId"), to_string(kSession.device_id));
  EXPECT_EQ(access.at("baas_domain_id"), to_string(kDomain));
  EXPECT_FALSE(access.contains("user_data"));
  EXPECT_EQ(refresh.at("typ"), "refresh");
  EXPECT_EQ(refresh.at("baas_id"), access.at("iss"));
  EXPECT_EQ(refresh.at("baas_identity").at("provider_type"), "local-userpass");
  EXPECT_TRUE(refresh.at("baas_data").is_null());
  EXPECT_EQ(refresh.at("exp").get<long>() - refresh.at("iat").get<long>(), 60 * 24 * 3600);
}

TEST(Tokens, ExpireFiveSecondsPastTheirTime) {
  const TokenSigner signer(kKey, kDomain);
  const WallTime end = kNowSeconds + 30min + 5s;

  EXPECT_TRUE(signer.verify_access_token(access_token(), end - 1ms));
  EXPECT_EQ(refusal(signer.verify_access_token(access_token(), end)),
            "invalid session: access token expired");
  EXPECT_EQ(refusal(signer.verify_refresh_token(refresh_token(), kNow + 61 * 24h)),
            "invalid session: refresh token expired");
}

TEST(Tokens, OneKindDoesNotPassForTheOther) {
  const TokenSigner signer(kKey, kDomain);

  EXPECT_EQ(refusal(signer.verify_access_token(refresh_token(), kNow)), "unauthorized");
  EXPECT_EQ(refusal(signer.verify_refresh_token(access_token(), kNow)), "unauthorized");
}

TEST(Tokens, OfAnotherKeyOrAnotherAppAreRefused) {
  const TokenSigner other_key(SigningKey{std::byte{2}}, kDomain);
  const TokenSigner other_app(kKey, DomainId{ObjectId{{8}}});

  EXPECT_EQ(refusal(other_key.verify_access_token(access_token(), kNow)), "signature is invalid");
  EXPECT_EQ(refusal(other_app.verify_access_token(access_token(), kNow)), "unauthorized");
}

TEST(Tokens, AHeaderThatAsksForAnotherAlgorithmIsRefused) {
  const std::string token = access_token();
  const std::string payload = token.substr(token.find('.'));
  const std::string unsigned_payload = payload.substr(0, payload.rfind('.') + 1);

  for (const std::string_view header : {R"({"alg":"none","typ":"JWT"})",
                                        R"({"alg":"RS256","typ":"JWT"})",
                                        R"({"typ":"JWT","alg":"HS256"})"}) {
    const std::string encoded = to_base64url(as_bytes(header));
    EXPECT_EQ(refusal_of_access(encoded + payload), "unauthorized") << header;
    EXPECT_EQ(refusal_of_access(encoded + unsigned_payload), "unauthorized") << header;
  }
  EXPECT_EQ(refusal_of_access(token.substr(0, token.rfind('.') + 1)), "signature is invalid");
}

TEST(Tokens, EveryChangeOfASingleCharacterIsNoticed) {
  const std::string token = access_token();

  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_NE(refusal_of_access(changed), "verified") << i;
  }
}

TEST(Tokens, WhatIsNoTokenIsRefused) {
  const std::string token = access_token();

  for (const std::string& text : {std::string(),
                                  std::string("."),
                                  std::string(".."),
                                  std::string("abc"),
                                  token + ".",
                                  "." + token,
                                  token + "=",
                                  " " + token,
                                  token + std::string(kTokenBytesMax, 'A'),
                                  std::string(1'000'000, '.')}) {
    EXPECT_NE(refusal_of_access(text), "verified") << text.substr(0, 40);
  }
}

}  // namespace
}  // namespace tombolo::server
