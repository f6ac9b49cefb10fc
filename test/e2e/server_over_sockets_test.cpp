#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "net/loopback_fixture.h"
#include "server/server.h"
#include "test/e2e/api_calls.h"
#include "test/e2e/web_socket_test_client.h"
#include "test/support/changesets.h"
#include "test/support/temporary_directory.h"

namespace tombolo::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class ServerOverSockets : public ::testing::Test {
 protected:
  server::ServerOptions options() {
    server::ServerOptions options;
    options.data_directory = directory_.path();
    options.app = server::make_dev_app_config();
    options.serves_bare_path = true;
    return options;
  }

  [[nodiscard]] std::string web_socket_url(const std::string& target) const {
    return "ws" + server_.url().substr(4) + target;
  }

  std::string log_in() { return log_in_anonymously(*loop_, server_.url()); }

  const TemporaryDirectory directory_;
  net::LoopThreads loop_{1};
  server::Server server_{options(), null_logger(), system_clock()};
};

TEST_F(ServerOverSockets, CarriesAChangeFromOneClientToAnother) {
  const std::string url = web_socket_url("/api/client/v2.0/app/dev/realm-sync?baas_at=" + log_in());
  const auto bind = [](WebSocketTestClient& client) {
    client.send("bind 1 3 0 1 0\n\"p\"");
    std::string ident = client.receive();
    EXPECT_THAT(ident, StartsWith("ident 1 "));
    ident.pop_back();
    client.send(ident + " 0 0 0 0\n");
    EXPECT_THAT(client.receive(), StartsWith("download 1 "));
  };
  WebSocketTestClient ann(*loop_, url);
  WebSocketTestClient bob(*loop_, url);
  bind(ann);
  bind(bob);

  const Bytes changeset = item_schema();
  const std::string entry =
      "2 0 100 0 " + std::to_string(changeset.size()) + " " + std::string(as_text(changeset));
  ann.send("upload 1 0 " + std::to_string(entry.size()) + " 0 2 0 0\n" + entry);

  EXPECT_THAT(ann.receive(), StartsWith("download 1 1 2 1 "));
  EXPECT_THAT(bob.receive(), HasSubstr(std::string(as_text(changeset))));
}

TEST_F(ServerOverSockets, SendsAClientWithABadTokenAwayWithACloseCode) {
  WebSocketTestClient client(*loop_,
                             web_socket_url("/api/client/v2.0/app/dev/realm-sync?baas_at=a.b.c"));

  EXPECT_TRUE(client.is_open());
  EXPECT_EQ(client.wait_for_close(), 4001);
}

TEST_F(ServerOverSockets, KnowsNoOtherApp) {
  WebSocketTestClient client(*loop_,
                             web_socket_url("/api/client/v2.0/app/other/realm-sync?baas_at=a.b.c"));

  EXPECT_EQ(client.status(), 404U);
}

TEST_F(ServerOverSockets, ServesTheBarePathInDevelopment) {
  WebSocketTestClient client(*loop_, web_socket_url("/realm-sync"));

  client.send("bind 1 5 0 1 0\n/path");

  EXPECT_THAT(client.receive(), StartsWith("ident 1 2 "));
}

TEST_F(ServerOverSockets, TellsClientsToComeBackWhenItStops) {
  WebSocketTestClient client(*loop_, web_socket_url("/realm-sync"));
  client.send("ping 5 0\n");
  EXPECT_EQ(client.receive(), "pong 5\n");

  server_.stop();

  EXPECT_THAT(client.receive(), StartsWith("json_error 100 "));
  static_cast<void>(client.wait_for_close());
}

TEST_F(ServerOverSockets, AnswersTheApi) {
  const net::HttpResponse answer =
      call(*loop_, {.url = server_.url() + "/api/client/v2.0/app/dev/location"});
  const auto location = nlohmann::json::parse(answer.body);

  EXPECT_EQ(location.value("hostname", ""), server_.url());
}

}  // namespace
}  // namespace tombolo::test
