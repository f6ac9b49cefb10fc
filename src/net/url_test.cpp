#include "net/url.h"

#include <gtest/gtest.h>

namespace tombolo::net {
namespace {

TEST(Url, HasTheSchemesDefaultPort) {
  EXPECT_EQ(parse_url("http://h").value().port, 80);
  EXPECT_EQ(parse_url("https://h").value().port, 443);
  EXPECT_EQ(parse_url("ws://h").value().port, 80);
  EXPECT_EQ(parse_url("wss://h").value().port, 443);
}

TEST(Url, KeepsPathAndQueryAsWritten) {
  const Url url = parse_url("WSS://sync.Example.org:9090/a%20b/../c?baas_at=x.y.z&q=?").value();

  EXPECT_EQ(url.scheme, "wss");
  EXPECT_EQ(url.host, "sync.Example.org");
  EXPECT_EQ(url.port, 9090);
  EXPECT_EQ(url.target, "/a%20b/../c?baas_at=x.y.z&q=?");
  EXPECT_TRUE(url.secure());
}

TEST(Url, HasAtLeastTheRootForATarget) {
  EXPECT_EQ(parse_url("http://h").value().target, "/");
  EXPECT_EQ(parse_url("http://h?q").value().target, "/?q");
}

TEST(Url, NamesItsHostWithThePortOnlyWhereItIsNotTheDefault) {
  EXPECT_EQ(parse_url("ws://h:80/").value().host_header(), "h");
  EXPECT_EQ(parse_url("ws://h:443/").value().host_header(), "h:443");
  EXPECT_EQ(parse_url("http://[::1]:8080/").value().host_header(), "[::1]:8080");
  EXPECT_EQ(parse_url("https://[::1]/").value().host_header(), "[::1]");
  EXPECT_EQ(parse_url("https://h/").value().authority(), "h:443");
}

TEST(Url, IsRefusedWhenItIsAnythingElse) {
  for (const std::string_view text : {"",
                                      "h",
                                      "//h",
                                      "://h",
                                      "ftp://h",
                                      "http://",
                                      "http:///path",
                                      "http://h:",
                                      "http://h:0",
                                      "http://h:65536",
                                      "http://h:8x",
                                      "http://user@h",
                                      "http://user:pw@h",
                                      "http://h/#part",
                                      "http://[::1",
                                      "http://[::1]x",
                                      "http://[]",
                                      "http://a b",
                                      "http://h/a\r\nX: y",
                                      "http://h/\x80"}) {
    const Result<Url> url = parse_url(text);
    ASSERT_FALSE(url.has_value()) << text;
    EXPECT_EQ(url.error().code(), ErrorCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace tombolo::net
