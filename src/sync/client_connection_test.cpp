#include "sync/client_connection.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/transport_reaction.h"
#include "test/support/client_bench.h"

namespace tombolo::sync {
namespace {

using namespace std::chrono_literals;
using test::ClientBench;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

/// An active session on a file that has synced before; it connects.
ClientSession& bound_session(ClientBench& bench) {
  ClientSession& session = bench.open();
  bench.replica(session).restore({ClientFileIdent(2), Salt(77)}, {}, ClientVersion(2));
  session.activate(bench.now());
  bench.run();
  return session;
}
/// The same, with the connection made.
ClientSession& live_session(ClientBench& bench) {
  ClientSession& session = bound_session(bench);
  bench.accept();
  static_cast<void>(bench.take_attempt());
  static_cast<void>(bench.take_sent());
  static_cast<void>(bench.take_news());
  return session;
}

bool within(Duration value, Duration maximum) {
  return value <= maximum && value >= maximum - maximum / 4;
}
/// How long the connection waits before its next attempt.
Duration delay(ClientBench& bench) {
  return *bench.connection().next_attempt() - bench.now();
}

// Connecting.

TEST(ClientConnection, ConnectsWhenASessionWantsItWithTokenAndSubProtocols) {
  ClientBench bench;
  bench.run();
  EXPECT_EQ(bench.take_attempt(), std::nullopt);

  static_cast<void>(bound_session(bench));

  const auto attempt = bench.take_attempt();
  ASSERT_TRUE(attempt);
  EXPECT_EQ(attempt->url, "ws://sync.test/realm-sync?baas_at=token");
  EXPECT_EQ(attempt->sub_protocols.substr(0, 54),
            "com.mongodb.realm-sync#14, com.mongodb.realm-sync#13, ");
  EXPECT_EQ(bench.connection().state(), ConnectionState::kConnecting);
  bench.accept();
  EXPECT_EQ(bench.connection().state(), ConnectionState::kConnected);
}

TEST(ClientConnection, AddsTheTokenToAQueryThatIsThere) {
  ConnectionOptions options = ClientBench::default_options();
  options.route.url = "ws://sync.test/realm-sync?region=eu";
  ClientBench bench(options);

  static_cast<void>(bound_session(bench));

  EXPECT_EQ(bench.take_attempt()->url, "ws://sync.test/realm-sync?region=eu&baas_at=token");
}

TEST(ClientConnection, GivesUpAnAttemptThatTakesTooLong) {
  ClientBench bench;
  static_cast<void>(bound_session(bench));

  bench.wait(120s);

  EXPECT_TRUE(bench.is_closing_transport());
  EXPECT_EQ(bench.connection().last_disconnect_reason(), DisconnectReason::kConnectTimedOut);
  EXPECT_THAT(bench.take_news(), Contains("error 1 SyncConnectTimeout"));
  EXPECT_TRUE(within(delay(bench), 1s));
}

TEST(ClientConnection, RefusesASubProtocolThatItDidNotOffer) {
  for (const std::string_view token : {"com.mongodb.realm-sync/14",
                                       "com.mongodb.realm-sync#15",
                                       "com.mongodb.realm-sync#14 ",
                                       "com.mongodb.realm-query-sync#14",
                                       ""}) {
    ClientBench bench;
    static_cast<void>(bound_session(bench));

    bench.accept(token);

    EXPECT_TRUE(bench.is_closing_transport()) << token;
    EXPECT_THAT(bench.take_news(), Contains("error 1 SyncProtocolNegotiationFailed fatal"));
    EXPECT_TRUE(within(delay(bench), 1s)) << "it is tried again all the same";
  }
}

TEST(ClientConnection, IgnoresWhatComesLateFromAnEarlierTransport) {
  ClientBench bench;
  static_cast<void>(live_session(bench));
  const TransportId old(1);
  bench.server_closes(std::nullopt);
  bench.wait(2s);
  bench.accept();

  bench.connection().receive(old, to_bytes(as_bytes("nonsense")), bench.now());
  bench.connection().transport_closed(old, {}, bench.now());
  bench.connection().transport_failed(old, {}, bench.now());
  bench.connection().transport_opened(old, std::nullopt, bench.now());
  bench.run();

  EXPECT_EQ(bench.connection().state(), ConnectionState::kConnected);
}

// Back-off.

TEST(ClientConnection, WaitsLongerEachTimeWhileTheCauseIsTheSame) {
  ClientBench bench;
  static_cast<void>(bound_session(bench));

  for (const Duration expected : {1s, 2s, 4s, 8s, 16s, 30s, 30s}) {
    bench.refuse(ConnectFailure{});
    EXPECT_TRUE(within(delay(bench), expected)) << delay(bench).count();
    bench.wait(expected);
    ASSERT_EQ(bench.connection().state(), ConnectionState::kConnecting);
  }
  bench.refuse(503);
  EXPECT_TRUE(within(delay(bench), 1s)) << "another cause";
}

TEST(ClientConnection, AGoodConnectionStartsTheSeriesAnewOnceItsFirstPongCame) {
  ClientBench bench;
  static_cast<void>(bound_session(bench));
  for (const Duration expected : {1s, 2s}) {
    bench.accept();
    bench.server_closes(std::nullopt);
    EXPECT_TRUE(within(delay(bench), expected));
    bench.wait(expected);
  }

  bench.accept();
  bench.wait(60s);
  bench.server_closes(std::nullopt);

  EXPECT_TRUE(within(delay(bench), 1s));
}

TEST(ClientConnection, ResumeConnectsAtOnceWhateverTheDelayHasReached) {
  ClientBench bench;
  ClientSession& session = bound_session(bench);
  for (int i = 0; i < 6; ++i) {
    bench.refuse(ConnectFailure{});
    bench.wait(30s);
  }
  bench.refuse(ConnectFailure{});
  static_cast<void>(bench.take_attempt());

  session.pause(bench.now());
  session.resume(bench.now());
  bench.run();

  EXPECT_TRUE(bench.take_attempt());
  bench.refuse(ConnectFailure{});
  EXPECT_TRUE(within(delay(bench), 1s)) << "and the series starts anew";
}

TEST(ClientConnection, ANetworkHintConnectsAtOnce) {
  ClientBench bench;
  static_cast<void>(bound_session(bench));
  bench.refuse(ConnectFailure{});
  static_cast<void>(bench.take_attempt());

  bench.connection().reconnect(bench.now());
  bench.run();

  EXPECT_TRUE(bench.take_attempt());
}

TEST(ClientConnection, ALocalWriteShortensALongDelayButNeverBelowTheShortest) {
  ClientBench bench;
  ClientSession& session = bound_session(bench);
  for (int i = 0; i < 6; ++i) {
    bench.refuse(ConnectFailure{});
    bench.wait(30s);
  }
  bench.refuse(ConnectFailure{});
  static_cast<void>(bench.take_attempt());

  bench.write(session, "ABC");
  EXPECT_EQ(bench.take_attempt(), std::nullopt);
  EXPECT_EQ(delay(bench), 1s);
  bench.wait(1s);
  EXPECT_TRUE(bench.take_attempt());

  bench.refuse(ConnectFailure{});
  EXPECT_TRUE(within(delay(bench), 30s)) << "the series goes on";
  bench.wait(10s);
  bench.write(session, "ABC");
  EXPECT_TRUE(bench.take_attempt()) << "the shortest delay is long over";
}

TEST(ClientConnection, AHintWhileConnectedTestsTheConnection) {
  ClientBench bench;
  static_cast<void>(live_session(bench));
  bench.answer_pings(false);

  bench.connection().reconnect(bench.now());
  bench.run();
  EXPECT_THAT(bench.take_sent(), ElementsAre(::testing::StartsWith("ping ")));

  // It dies instead of answering: there is no delay.
  bench.server_closes(std::nullopt);
  EXPECT_TRUE(bench.take_attempt());
}

TEST(ClientConnection, AHintThatTheConnectionSurvivesChangesNothing) {
  ClientBench bench;
  static_cast<void>(live_session(bench));

  bench.connection().reconnect(bench.now());
  bench.run();
  bench.server_closes(std::nullopt);

  EXPECT_EQ(bench.take_attempt(), std::nullopt);
  EXPECT_TRUE(within(delay(bench), 1s));
}

// Answers to the upgrade, and close codes.

TEST(ClientConnection, TakesEachHttpStatusAsTheTableSays) {
  struct Row {
    std::uint32_t status;
    std::string error;  ///< What the session hears; "" for nothing.
    bool refreshes;
    bool retries_at_once;  ///< After the refresh.
  };
  for (const Row& row : std::vector<Row>{
           {301, "", true, true},
           {302, "error 1 ConnectionClosed", false, false},
           {308, "", true, true},
           {400, "error 1 SyncConnectFailed fatal", false, false},
           {401, "", true, true},
           {404, "error 1 SyncConnectFailed fatal", false, false},
           {429, "error 1 SyncConnectFailed fatal", false, false},
           {500, "error 1 ConnectionClosed", false, false},
           {503, "error 1 ConnectionClosed", false, false},
           {0, "error 1 SyncConnectFailed fatal", false, false},
       }) {
    ClientBench bench;
    ClientSession& session = bound_session(bench);
    static_cast<void>(bench.take_attempt());
    static_cast<void>(bench.take_news());

    bench.refuse(row.status);

    EXPECT_EQ(session.state(), SessionState::kActive) << row.status;
    const auto news = bench.take_news();
    if (row.error.empty()) {
      EXPECT_THAT(news, ElementsAre("connection 1 disconnected")) << row.status;
    } else {
      EXPECT_THAT(news, ElementsAre("connection 1 disconnected", row.error)) << row.status;
    }
    EXPECT_EQ(bench.take_refresh().has_value(), row.refreshes) << row.status;
    EXPECT_EQ(bench.take_attempt(), std::nullopt) << row.status;
    if (row.refreshes) {
      bench.connection().credentials_refreshed({"new", {}}, std::nullopt, bench.now());
      bench.run();
    }
    EXPECT_EQ(bench.take_attempt().has_value(), row.retries_at_once) << row.status;
  }
}

TEST(ClientConnection, LogsTheUserOutWhenTheServerForbids) {
  for (const bool by_close_code : {false, true}) {
    ClientBench bench;
    ClientSession& first = bound_session(bench);
    ClientSession& second = bound_session(bench);
    static_cast<void>(first.wait_for_download());
    if (by_close_code) {
      bench.accept();
      bench.server_closes(4002);
    } else {
      bench.refuse(403);
    }

    EXPECT_EQ(first.state(), SessionState::kInactive);
    EXPECT_EQ(second.state(), SessionState::kInactive);
    const auto news = bench.take_news();
    EXPECT_THAT(news, Contains("wait 1/1 Authentication"));
    EXPECT_THAT(news, Contains("error 1 AuthError fatal").Times(1));
    EXPECT_THAT(news, Contains("error 2 AuthError fatal").Times(1));
    EXPECT_THAT(news, Contains("logged out").Times(1));
    EXPECT_EQ(bench.connection().deadline(), std::nullopt) << "nothing is tried any more";
  }
}

TEST(ClientConnection, TakesEachCloseCodeAsTheTableSays) {
  const std::vector<std::uint16_t> violations{
      1001, 1002, 1003, 1004, 1005, 1007, 1008, 1010, 1012, 1013, 3000, 4000, 4004, 4400, 4999};
  for (const std::uint16_t code : violations) {
    ClientBench bench;
    static_cast<void>(live_session(bench));
    bench.server_closes(code);
    EXPECT_THAT(bench.take_news(),
                ElementsAre("connection 1 disconnected", "error 1 SyncProtocolInvariantFailed"))
        << code;
    EXPECT_TRUE(within(delay(bench), 1s)) << code;
  }
  {
    ClientBench bench;
    static_cast<void>(live_session(bench));
    bench.server_closes(1011);
    EXPECT_THAT(bench.take_news(),
                ElementsAre("connection 1 disconnected", "error 1 ConnectionClosed"));
  }
  for (const std::optional<std::uint16_t> silent :
       std::vector<std::optional<std::uint16_t>>{std::nullopt, 1000, 4001, 4003}) {
    ClientBench bench;
    static_cast<void>(live_session(bench));
    bench.server_closes(silent);
    EXPECT_THAT(bench.take_news(), ElementsAre("connection 1 disconnected")) << silent.value_or(0);
  }
}

TEST(ClientConnection, AMessageThatWasTooBigConcernsOnlyWhoSentSomething) {
  ClientBench bench;
  ClientSession& uploader = bound_session(bench);
  ClientSession& neighbour = bound_session(bench);
  bench.accept();
  bench.write(uploader, "ABC");

  bench.server_closes(1009);

  EXPECT_EQ(uploader.state(), SessionState::kInactive);
  EXPECT_EQ(bench.take_errors().at(0).error.action, protocol::Action::kClientReset);
  EXPECT_EQ(neighbour.state(), SessionState::kActive);
  EXPECT_TRUE(bench.take_errors().empty());
}

// Credentials.

TEST(ClientConnection, UsesBackOffWhenFreshTokensAreRefusedInARow) {
  ClientBench bench;
  static_cast<void>(bound_session(bench));
  int attempts = 0;
  const TimePoint start = bench.now();

  while (bench.now() < start + 60s) {
    if (bench.take_attempt()) {
      ++attempts;
      bench.refuse(401);
    }
    if (bench.take_refresh()) {
      bench.connection().credentials_refreshed({"new", {}}, std::nullopt, bench.now());
      bench.run();
    }
    bench.wait(100ms);
  }

  EXPECT_GE(attempts, 6);
  EXPECT_LE(attempts, 9) << "at 0, 0, 1, 3, 7, 15, 31 s, each a little early";
}

TEST(ClientConnection, AWorkingSessionMakesTheNextRefusalTheFirst) {
  ClientBench bench;
  static_cast<void>(bound_session(bench));
  for (int i = 0; i < 3; ++i) {
    bench.accept();
    bench.server_sends("download " + std::to_string(1) + " 0 0 0 0 0 0 0 0 0 0\n");
    bench.server_closes(4001);
    static_cast<void>(bench.take_attempt());
    bench.connection().credentials_refreshed({"new", {}}, std::nullopt, bench.now());
    bench.run();
    EXPECT_TRUE(bench.take_attempt()) << i;
  }
}

TEST(ClientConnection, RefreshesAnExpiredTokenBeforeItConnects) {
  ConnectionOptions options = ClientBench::default_options();
  options.access_token = {.text = "old", .expires = TimePoint(1h)};
  ClientBench bench(options);

  ClientSession& session = bound_session(bench);
  EXPECT_EQ(session.state(), SessionState::kWaitingForAccessToken);
  EXPECT_EQ(bench.take_attempt(), std::nullopt);
  const auto refresh = bench.take_refresh();
  ASSERT_TRUE(refresh);
  EXPECT_FALSE(refresh->needs_location);
  bench.connection().credentials_refreshed({"new", bench.now() + 1h}, std::nullopt, bench.now());
  bench.run();

  EXPECT_EQ(session.state(), SessionState::kActive);
  EXPECT_EQ(bench.take_attempt()->url, "ws://sync.test/realm-sync?baas_at=new");
}

TEST(ClientConnection, ConnectsWithTheOldTokenWhenItCannotBeRefreshedNow) {
  ConnectionOptions options = ClientBench::default_options();
  options.access_token = {.text = "old", .expires = TimePoint(1h)};
  ClientBench bench(options);
  ClientSession& session = bound_session(bench);

  bench.connection().refresh_failed({.error = Error(ErrorCode::kNetwork, "500")}, bench.now());
  bench.run();

  EXPECT_EQ(session.state(), SessionState::kActive);
  EXPECT_EQ(bench.take_attempt()->url, "ws://sync.test/realm-sync?baas_at=old");
}

TEST(ClientConnection, ARejectedRefreshLogsTheUserOut) {
  ClientBench bench;
  ClientSession& session = bound_session(bench);
  bench.refuse(401);

  bench.connection().refresh_failed({.kind = RefreshFailure::Kind::kRejected,
                                     .error = Error(ErrorCode::kAuthentication, "revoked")},
                                    bench.now());
  bench.run();

  EXPECT_EQ(session.state(), SessionState::kInactive);
  EXPECT_THAT(bench.take_news(), Contains("logged out"));
}

TEST(ClientConnection, RenewsTheTokenAheadOfItsExpiryWhileItIsConnected) {
  ConnectionOptions options = ClientBench::default_options();
  options.access_token = {.text = "old", .expires = ClientBench().now() + 1h};
  ClientBench bench(options);
  static_cast<void>(bound_session(bench));
  bench.accept();
  static_cast<void>(bench.take_attempt());

  // Not before it is time,
  bench.wait(54min);
  EXPECT_FALSE(bench.take_refresh());
  bench.wait(2min);
  ASSERT_TRUE(bench.take_refresh());

  // Again when it cannot be done now, and nobody is told,
  static_cast<void>(bench.take_news());
  bench.connection().refresh_failed({.error = Error(ErrorCode::kNetwork, "500")}, bench.now());
  bench.run();
  EXPECT_THAT(bench.take_news(), IsEmpty());
  bench.wait(3min);
  ASSERT_TRUE(bench.take_refresh());

  // And the connection lives on with the old one.
  bench.connection().credentials_refreshed({"new", bench.now() + 1h}, std::nullopt, bench.now());
  bench.run();
  EXPECT_EQ(bench.connection().state(), ConnectionState::kConnected);
  EXPECT_FALSE(bench.take_attempt());
  bench.wait(50min);
  EXPECT_FALSE(bench.take_refresh());
}

TEST(ClientConnection, AfterALogOutNothingConnectsUntilTheNextLogIn) {
  ClientBench bench;
  ClientSession& active = bound_session(bench);
  ClientSession& paused = bench.open();
  paused.activate(bench.now());
  paused.pause(bench.now());
  bench.accept();
  static_cast<void>(active.wait_for_download());
  bench.run();
  static_cast<void>(bench.take_attempt());
  static_cast<void>(bench.take_news());

  bench.connection().end_log_in(
      make_local_error(protocol::SdkStatus::kAuthError, std::nullopt, true, "logged out"),
      LogOut::kByUser,
      bench.now());
  bench.run();

  EXPECT_TRUE(bench.is_closing_transport());
  EXPECT_EQ(active.state(), SessionState::kInactive);
  EXPECT_EQ(paused.state(), SessionState::kPaused);
  EXPECT_THAT(bench.take_errors(), IsEmpty());
  EXPECT_THAT(bench.take_news(), Contains("wait 1/1 Authentication"));
  paused.resume(bench.now());
  bench.run();
  EXPECT_FALSE(bench.take_attempt());
  EXPECT_TRUE(bench.take_refresh());

  bench.connection().credentials_refreshed({"new", {}}, std::nullopt, bench.now());
  active.activate(bench.now());
  bench.run();
  EXPECT_EQ(bench.take_attempt()->url, "ws://sync.test/realm-sync?baas_at=new");
  EXPECT_EQ(active.state(), SessionState::kActive);
  EXPECT_EQ(paused.state(), SessionState::kActive);
}

TEST(ClientConnection, LooksUpAGuessedRouteAfterAFailureWhileTheDelayRuns) {
  ConnectionOptions options = ClientBench::default_options();
  options.route.state = protocol::RouteState::kGuessed;
  ClientBench bench(options);
  static_cast<void>(bound_session(bench));
  static_cast<void>(bench.take_attempt());

  bench.refuse(ConnectFailure{});
  const auto refresh = bench.take_refresh();
  ASSERT_TRUE(refresh && refresh->needs_location);
  EXPECT_TRUE(within(delay(bench), 1s));
  bench.connection().credentials_refreshed({"t", {}}, "ws://other.test/sync", bench.now());
  bench.run();

  EXPECT_EQ(bench.take_attempt()->url, "ws://other.test/sync?baas_at=t");
  bench.refuse(ConnectFailure{});
  EXPECT_EQ(bench.take_refresh(), std::nullopt) << "this one came from the server";
}

TEST(ClientConnection, MovesALiveConnectionToTheNewRoute) {
  ClientBench bench;
  static_cast<void>(live_session(bench));

  bench.connection().credentials_refreshed({"t", {}}, "ws://other.test/sync", bench.now());
  bench.run();

  EXPECT_TRUE(bench.is_closing_transport());
  EXPECT_EQ(bench.take_attempt()->url, "ws://other.test/sync?baas_at=t");
}

// Liveness.

TEST(ClientConnection, PingsAndDropsAConnectionThatDoesNotAnswer) {
  ClientBench bench;
  static_cast<void>(live_session(bench));
  bench.answer_pings(false);

  bench.wait(60s);
  EXPECT_THAT(bench.take_sent(), ElementsAre(::testing::StartsWith("ping ")));
  bench.wait(120s);

  EXPECT_TRUE(bench.is_closing_transport());
  EXPECT_EQ(bench.connection().last_disconnect_reason(), DisconnectReason::kPongTimedOut);
}

TEST(ClientConnection, NoticesADeadLinkSoonAfterWhatItSentStaysUnanswered) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  bench.server_sends("download 1 0 0 0 0 0 0 0 0 0 0\n");
  bench.answer_pings(false);
  bench.write(session, "ABC");
  static_cast<void>(bench.take_sent());

  bench.wait(5s);
  EXPECT_THAT(bench.take_sent(), ElementsAre(StartsWith("ping ")));
  EXPECT_FALSE(bench.is_closing_transport());
  bench.wait(5s);

  EXPECT_TRUE(bench.is_closing_transport());
  EXPECT_EQ(bench.connection().last_disconnect_reason(), DisconnectReason::kPongTimedOut);
}

TEST(ClientConnection, AServerThatAnswersPingsMayTakeItsTimeOverAnUpload) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  bench.server_sends("download 1 0 0 0 0 0 0 0 0 0 0\n");
  bench.write(session, "ABC");

  bench.wait(10min);

  EXPECT_EQ(bench.connection().state(), ConnectionState::kConnected);
}

TEST(ClientConnection, ALongMessageThatIsUnderWayIsASignOfLife) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  bench.server_sends("download 1 0 0 0 0 0 0 0 0 0 0\n");
  bench.answer_pings(false);
  bench.write(session, "ABC");

  for (int i = 0; i < 30; ++i) {
    bench.wait(1s);
    bench.connection().bytes_received(bench.now());
  }
  EXPECT_EQ(bench.connection().state(), ConnectionState::kConnected);
  bench.wait(10s);
  EXPECT_EQ(bench.connection().state(), ConnectionState::kDisconnected);
}

TEST(ClientConnection, ComesBackWhenTheServerSaysAndNotBeforeUnlessTheUserAsks) {
  for (const std::uint32_t status : {429U, 503U}) {
    ClientBench bench;
    ClientSession& session = bound_session(bench);
    bench.refuse({.kind = ConnectFailure::Kind::kRefused,
                  .http_status = status,
                  .description = {},
                  .retry_after = 90s});
    EXPECT_EQ(delay(bench), 90s);
    EXPECT_THAT(bench.take_news(), Contains("error 1 ConnectionClosed"));
    static_cast<void>(bench.take_attempt());

    bench.write(session, "ABC");
    EXPECT_EQ(delay(bench), 90s) << "a write may not shorten it";
    session.resume(bench.now());
    bench.run();
    EXPECT_TRUE(bench.take_attempt());
    bench.refuse({.kind = ConnectFailure::Kind::kRefused,
                  .http_status = status,
                  .description = {},
                  .retry_after = 1000h});
    EXPECT_EQ(delay(bench), kRetryAfterMax);
  }
}

TEST(ClientConnection, DoesNotBlameTheServerWhileItReadsNothingItself) {
  ConnectionOptions options = ClientBench::default_options();
  options.unintegrated_bytes_max = 10;
  ClientBench bench(options);
  static_cast<void>(live_session(bench));
  bench.answer_pings(false);
  bench.hold_work(true);
  bench.server_sends("download 1 1 0 2 5 0 0 0 0 15 0\n1 0 0 3 3 3 AB1");
  bench.server_sends("download 1 2 0 2 5 0 0 0 0 15 0\n2 0 0 3 3 3 AB2");
  EXPECT_FALSE(bench.connection().wants_input());

  bench.wait(600s);
  EXPECT_EQ(bench.connection().state(), ConnectionState::kConnected);
  bench.hold_work(false);
  EXPECT_TRUE(bench.connection().wants_input());
  bench.wait(119s);
  EXPECT_EQ(bench.connection().state(), ConnectionState::kConnected) << "the PONG has its time";
  bench.wait(125s);

  EXPECT_EQ(bench.connection().last_disconnect_reason(), DisconnectReason::kPongTimedOut);
}

TEST(ClientConnection, StaysForAWhileWhenNoSessionUsesItAndThenGoes) {
  ClientBench bench;
  ClientSession& session = live_session(bench);

  session.pause(bench.now());
  bench.wait(29s);
  EXPECT_EQ(bench.connection().state(), ConnectionState::kConnected);
  session.resume(bench.now());
  bench.wait(60s);
  EXPECT_EQ(bench.connection().state(), ConnectionState::kConnected);
  session.pause(bench.now());
  bench.wait(30s);

  EXPECT_EQ(bench.connection().state(), ConnectionState::kDisconnected);
  EXPECT_TRUE(bench.is_closing_transport());
  EXPECT_EQ(bench.connection().deadline(), std::nullopt) << "not a timer is left";
}

TEST(ClientConnection, WithoutSharingItGoesAtOnceButSaysGoodbye) {
  ConnectionOptions options = ClientBench::default_options();
  options.linger_time = 0s;
  ClientBench bench(options);
  ClientSession& session = live_session(bench);

  session.pause(bench.now());
  bench.run();
  bench.wait(0s);

  EXPECT_THAT(bench.take_sent(), ElementsAre("unbind 1\n"));
  EXPECT_TRUE(bench.is_closing_transport());
}

// Several sessions.

TEST(ClientConnection, SessionsSendInTurnOneMessageEach) {
  ClientBench bench;
  ClientSession& big = bound_session(bench);
  ClientSession& small = bound_session(bench);
  bench.accept();
  static_cast<void>(bench.take_sent());
  bench.block_socket(true);
  const std::string bulk(130 * 1024, 'x');
  for (int i = 0; i < 3; ++i) bench.write(big, bulk);
  for (int i = 0; i < 2; ++i) bench.write(small, "ABC");

  bench.block_socket(false);

  const std::vector<std::string> sent = bench.take_sent();
  ASSERT_EQ(sent.size(), 4U);
  EXPECT_TRUE(sent[0].starts_with("upload 1 "));
  EXPECT_TRUE(sent[1].starts_with("upload 2 ")) << "not behind the whole bulk";
  for (std::size_t i = 2; i < 4; ++i) EXPECT_TRUE(sent[i].starts_with("upload 1 "));
}

TEST(ClientConnection, PingGoesBeforeEverySession) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  bench.block_socket(true);
  bench.write(session, "ABC");
  bench.connection().reconnect(bench.now());

  bench.block_socket(false);

  EXPECT_THAT(bench.take_sent(),
              ElementsAre(::testing::StartsWith("ping "), ::testing::StartsWith("upload 1 ")));
}

TEST(ClientConnection, AnErrorOfOneSessionLeavesItsNeighbourAlone) {
  ClientBench bench;
  ClientSession& first = bound_session(bench);
  ClientSession& second = bound_session(bench);
  bench.accept();

  bench.server_sends("error 201 4 0 1\ntext");

  EXPECT_EQ(first.connection_state(), ConnectionState::kDisconnected);
  EXPECT_EQ(second.connection_state(), ConnectionState::kConnected);
  EXPECT_EQ(bench.connection().state(), ConnectionState::kConnected);
}

TEST(ClientConnection, NeverGivesASessionIdentTwiceOverAllConnections) {
  SessionIdents idents;
  SeededRandom random(1);
  ClientConnection first(ClientBench::default_options(), idents, random, null_logger());
  ClientConnection second(ClientBench::default_options(), idents, random, null_logger());
  const auto connect = [](ClientConnection& connection, std::uint64_t transport) {
    const auto replica = std::make_shared<test::MemoryReplica>();
    ClientSession& session = connection.open_session(replica, {.partition = "1"});
    session.activate(TimePoint(1h));
    connection.transport_opened(TransportId(transport), "com.mongodb.realm-sync#14", TimePoint(1h));
    const auto message = connection.take_output(TimePoint(1h));
    return message ? std::string(as_text(message->head)) : std::string();
  };

  EXPECT_EQ(connect(first, 1).substr(0, 7), "bind 1 ");
  EXPECT_EQ(connect(second, 1).substr(0, 7), "bind 2 ");
}

TEST(ClientConnection, ClosesAllSessionsAndItself) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  static_cast<void>(session.wait_for_download());
  static_cast<void>(bound_session(bench));

  bench.connection().close(bench.now());
  bench.run();

  EXPECT_FALSE(bench.connection().has_sessions());
  EXPECT_TRUE(bench.is_closing_transport());
  EXPECT_EQ(bench.connection().deadline(), std::nullopt);
  EXPECT_THAT(bench.take_news(), Contains("wait 1/1 Closed"));
}

// Errors for the connection, and broken peers.

std::string connection_error(int code, std::string_view action, bool try_again) {
  const std::string body = R"({"action":")" + std::string(action) +
                           R"(","isRecoveryModeDisabled":false,"logURL":"","message":"text",)" +
                           R"("shouldClientReset":false,"tryAgain":)" +
                           (try_again ? "true}" : "false}");
  return "json_error " + std::to_string(code) + " " + std::to_string(body.size()) + " 0\n" + body;
}

TEST(ClientConnection, ATransientErrorForTheConnectionIsTriedAgainAndNotReported) {
  ClientBench bench;
  ClientSession& session = live_session(bench);

  bench.server_sends(connection_error(100, "Transient", true));

  EXPECT_TRUE(bench.is_closing_transport());
  EXPECT_THAT(bench.take_news(), ElementsAre("connection 1 disconnected"));
  EXPECT_EQ(session.state(), SessionState::kActive);
  EXPECT_TRUE(within(delay(bench), 1s));
}

TEST(ClientConnection, AnErrorThatForbidsToTryAgainWaitsForTheUser) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  static_cast<void>(session.wait_for_download());
  bench.run();

  bench.server_sends(connection_error(101, "Warning", false));
  EXPECT_THAT(
      bench.take_news(),
      ElementsAre(
          "connection 1 disconnected", "wait 1/1 SyncFailed", "error 1 RuntimeError fatal"));
  EXPECT_EQ(bench.connection().deadline(), std::nullopt);
  bench.wait(24h);
  EXPECT_EQ(bench.take_attempt(), std::nullopt);

  bench.connection().reconnect(bench.now());
  bench.run();
  EXPECT_TRUE(bench.take_attempt());
}

TEST(ClientConnection, WrongSyncTypeEndsTheSessions) {
  ClientBench bench;
  ClientSession& session = live_session(bench);

  bench.server_sends(connection_error(113, "ApplicationBug", false));

  EXPECT_EQ(session.state(), SessionState::kInactive);
  EXPECT_THAT(bench.take_news(), Contains("error 1 WrongSyncType fatal"));
}

TEST(ClientConnection, WhatBreaksTheProtocolEndsConnectionAndSessions) {
  const std::vector<std::string> broken{
      "",
      "hello 1\n",
      "alloc 1 22\n",
      "mark 1 1",
      "mark 1 1\n",
      "pong 5\n",
      "unbound 1\n",
      "ident 1 3 77\n",
      "download 1 0 0 0 0 0 0 0 0 0 0\nmore",
      "download 1 5 0 4 0 0 0 0 0 0 0\n",
      "download 9 0 0 0 0 0 0 0 0 0 0\n",
      "download 0 0 0 0 0 0 0 0 0 0 0\n",
      "download 1 1 0 1 5 0 0 0 1 2000 7\ngarbage",
      "error 201 4 0 0\ntext",
      "error 101 4 0 1\ntext",
      "error 150 4 0 0\ntext",
      "error 201 4 0 99\ntext",
      "json_error 201 2 1\n{}",
      "json_error 201 3 1\nabc",
      "log_message 0 3\nabc",
      "log_message 0 29\n{\"level\":\"loud\",\"msg\":\"text\"}",
      "query_error 226 4 1 1\ntext",
      "test_command 1 1 2\n{}",
      std::string("mark 1 \0\n", 9),
  };
  for (const std::string& message : broken) {
    ClientBench bench;
    ClientSession& session = live_session(bench);
    static_cast<void>(session.wait_for_download());

    bench.server_sends(message);

    EXPECT_TRUE(bench.is_closing_transport()) << message;
    EXPECT_EQ(session.state(), SessionState::kInactive) << message;
    const auto news = bench.take_news();
    EXPECT_THAT(news, Contains("wait 1/1 ProtocolViolation")) << message;
    EXPECT_THAT(news, Contains("error 1 SyncProtocolInvariantFailed fatal")) << message;
    EXPECT_EQ(bench.connection().deadline(), std::nullopt) << message;
  }
}

TEST(ClientConnection, TakesDiagnosticsForAnySession) {
  ClientBench bench;
  static_cast<void>(live_session(bench));

  bench.server_sends("log_message 0 30\n{\"level\":\"info\",\"msg\":\"hello\"}");
  bench.server_sends("log_message 99 2\n{}");

  EXPECT_EQ(bench.connection().state(), ConnectionState::kConnected);
}

TEST(ClientConnection, DropsWhatComesLateForAFinishedSession) {
  ClientBench bench;
  ClientSession& session = live_session(bench);
  session.close(bench.now());
  bench.run();
  bench.server_sends("unbound 1\n");

  bench.server_sends("download 1 0 0 0 0 0 0 0 0 0 0\n");

  EXPECT_EQ(bench.connection().state(), ConnectionState::kConnected);
  bench.server_sends("download 7 0 0 0 0 0 0 0 0 0 0\n");
  EXPECT_EQ(bench.connection().state(), ConnectionState::kDisconnected);
}

}  // namespace
}  // namespace tombolo::sync
