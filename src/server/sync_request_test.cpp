#include "server/sync_request.h"

#include <gtest/gtest.h>

namespace tombolo::server {
namespace {

TEST(SyncRequest, NamesTheAppAndTheToken) {
  const auto request = parse_sync_request("/api/client/v2.0/app/my-app/realm-sync?baas_at=a.b.c");

  ASSERT_TRUE(request);
  EXPECT_EQ(request->app_id, "my-app");
  EXPECT_EQ(request->access_token, "a.b.c");
}

TEST(SyncRequest, FindsTheTokenAmongOtherParameters) {
  const auto request =
      parse_sync_request("/api/client/v2.0/app/a/realm-sync?x=1&xbaas_at=no&baas_at=yes&y");

  ASSERT_TRUE(request);
  EXPECT_EQ(request->access_token, "yes");
}

TEST(SyncRequest, TakesAnEmptyOrMissingToken) {
  for (const char* target : {"/api/client/v2.0/app/a/realm-sync",
                             "/api/client/v2.0/app/a/realm-sync?",
                             "/api/client/v2.0/app/a/realm-sync?baas_at=",
                             "/api/client/v2.0/app/a/realm-sync?&&x"}) {
    const auto request = parse_sync_request(target);
    ASSERT_TRUE(request) << target;
    EXPECT_EQ(request->access_token, "") << target;
  }
}

TEST(SyncRequest, TakesTheBarePathWithoutAnApp) {
  for (const char* target : {"/realm-sync", "/realm-sync?baas_at=x", "/realm-sync/%2Fa"}) {
    const auto request = parse_sync_request(target);
    ASSERT_TRUE(request) << target;
    EXPECT_EQ(request->app_id, std::nullopt);
  }
}

TEST(SyncRequest, RefusesOtherPaths) {
  for (const char* target : {"",
                             "/",
                             "?baas_at=x",
                             "/realm-syncx",
                             "/api/client/v2.0/app/realm-sync",
                             "/api/client/v2.0/app//realm-sync",
                             "/api/client/v2.0/app/a/b/realm-sync",
                             "/api/client/v2.0/app/a/realm-sync/",
                             "/api/client/v2.0/app/a/location"}) {
    EXPECT_FALSE(parse_sync_request(target)) << target;
  }
}

}  // namespace
}  // namespace tombolo::server
