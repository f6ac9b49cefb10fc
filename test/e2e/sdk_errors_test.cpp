#include <atomic>
#include <chrono>
#include <future>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <thread>

#include <gmock/gmock.h>

#include "net/loopback_fixture.h"
#include "protocol/codec.h"
#include "server/server.h"
#include "test/e2e/offset_clock.h"
#include "test/e2e/sdk_fixture.h"
#include "test/support/app_services_fixture.h"

/// What applications of the C++ SDK hear when something is wrong with the server, the account, the
/// network or a clock.

namespace tombolo::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr auto kPatience = net::kPatience;

/// One device, and what it hears.
class Device {
 public:
  Device(std::string url, std::filesystem::path folder)
      : url_(std::move(url)),
        folder_(std::move(folder)) {}

  [[nodiscard]] App app() const {
    return App({.id = "dev",
                .base_url = url_,
                .base_path = folder_,
                .ca_file = trusts_test_ca ? net::test_file("ca.pem") : std::string()});
  }
  /// A realm whose errors arrive in `errors`.
  [[nodiscard]] Realm open(const User& user) {
    auto configuration = RealmConfiguration{.path = user.realm_path("notes"),
                                            .schema = schema_of<Note>(),
                                            .sync = SyncConfiguration{.user = user}};
    configuration.sync->partition = std::string("notes");
    configuration.sync->on_error = [this](const SyncError& error) { errors.put(error); };
    return Realm::open(std::move(configuration));
  }

  bool trusts_test_ca = false;
  net::Inbox<SyncError> errors;

 private:
  std::string url_;
  std::filesystem::path folder_;
};

Result<void> upload(const Realm& realm) {
  return realm.sync_session()->wait_for_upload(kPatience).get();
}
void write_note(Realm& realm, std::int64_t id) {
  realm.write([&] { realm.create<Note>(Note::id = id); });
}

/// A whole server in this process, whose clock may be wrong.
class SdkAndServer : public ::testing::Test {
 protected:
  server::ServerOptions options() {
    server::ServerOptions options;
    options.data_directory = directory_.file("server");
    options.app = server::make_dev_app_config();
    return options;
  }
  [[nodiscard]] User log_in_ada(const App& app) {
    (void)App(app).register_user("ada@example.com", "secret1").get();
    return App(app).log_in(Credentials::email_password("ada@example.com", "secret1")).get().value();
  }

  /// A restart ends every connection.
  void restart_server() {
    server::ServerOptions again = options();
    again.port = static_cast<std::uint16_t>(std::stoi(url_.substr(url_.rfind(':') + 1)));
    server_.reset();
    server_.emplace(again, null_logger(), clock_);
  }

  const TemporaryDirectory directory_;
  OffsetClock clock_;
  std::optional<server::Server> server_{std::in_place, options(), null_logger(), clock_};
  const std::string url_ = server_->url();
  Device device_{url_, directory_.file("device")};
};

TEST_F(SdkAndServer, ATokenThatExpiredMeanwhileIsRenewedBeforeConnecting) {
  // Given a log-in by a server whose clock is an hour late, so that its token seems to be expired,
  clock_.set_offset(-1h);
  const User user = device_.app().log_in(Credentials::anonymous()).get().value();
  const std::string token = user.access_token();
  clock_.set_offset(0s);

  // When a realm is opened,
  Realm realm = device_.open(user);
  write_note(realm, 1);

  // Then it syncs, with another token, and nobody is bothered.
  upload(realm).value();
  EXPECT_NE(user.access_token(), token);
  EXPECT_TRUE(device_.errors.empty());
}

TEST_F(SdkAndServer, AClockThatIsHoursWrongIsNoObstacle) {
  for (const auto offset : {-5h, 5h}) {
    clock_.set_offset(offset);
    Device device(url_, directory_.file(std::to_string(offset.count())));
    const User user = device.app().log_in(Credentials::anonymous()).get().value();

    Realm realm = device.open(user);
    write_note(realm, offset.count());

    upload(realm).value();
    EXPECT_TRUE(device.errors.empty());
  }
}

TEST_F(SdkAndServer, ATokenThatTheServerRefusesIsRenewed) {
  // Given a token that the server's clock, an hour on, takes for expired, and this device's not,
  const User user = device_.app().log_in(Credentials::anonymous()).get().value();
  const std::string token = user.access_token();
  std::atomic<int> calls = 0;
  const NotificationToken observation = user.observe([&] { ++calls; });
  clock_.set_offset(1h);

  Realm realm = device_.open(user);
  write_note(realm, 1);

  upload(realm).value();
  EXPECT_NE(user.access_token(), token);
  EXPECT_GE(calls, 1);
  EXPECT_TRUE(device_.errors.empty());
}

TEST_F(SdkAndServer, ALogInThatWasEndedElsewhereEndsTheSessionUntilTheNextOne) {
  // Given a synced realm, and the same log-in on another device, which logs out,
  App app = device_.app();
  const User user = log_in_ada(app);
  Realm realm = device_.open(user);
  upload(realm).value();
  std::atomic<int> calls = 0;
  const NotificationToken of_user = user.observe([&] { ++calls; });
  const NotificationToken of_app = app.observe([&] { ++calls; });
  const auto users_file = std::filesystem::path("mongodb-realm") / "dev" / "users.json";
  std::filesystem::create_directories((directory_.file("other") / users_file).parent_path());
  std::filesystem::copy_file(directory_.file("device") / users_file,
                             directory_.file("other") / users_file);
  std::promise<void> logged_out;
  Device(url_, directory_.file("other")).app().current_user()->log_out([&] {
    logged_out.set_value();
  });
  logged_out.get_future().get();

  // When the token runs out,
  clock_.set_offset(1h);
  restart_server();
  write_note(realm, 1);
  const auto wait = upload(realm);

  // Then the session has ended, and everybody knows why.
  ASSERT_FALSE(wait);
  EXPECT_EQ(wait.error().code(), ErrorCode::kAuthentication);
  const SyncError error = device_.errors.take();
  EXPECT_EQ(error.error.code(), ErrorCode::kAuthentication);
  EXPECT_EQ(error.code, 4346);
  EXPECT_EQ(error.category, "AuthError");
  EXPECT_EQ(error.action, "LogOutUser");
  EXPECT_TRUE(error.is_fatal);
  EXPECT_EQ(user.state(), UserState::kLoggedOut);
  EXPECT_EQ(app.current_user(), std::nullopt);
  EXPECT_EQ(realm.sync_session()->state(), SessionState::kInactive);
  EXPECT_EQ(calls, 2);

  // When the user logs in again, then it goes on without being opened anew.
  EXPECT_EQ(log_in_ada(app), user);
  upload(realm).value();
  EXPECT_EQ(realm.sync_session()->state(), SessionState::kActive);
}

TEST_F(SdkAndServer, ALogOutHereStopsTheSessionWithoutAnError) {
  App app = device_.app();
  const User user = log_in_ada(app);
  Realm realm = device_.open(user);
  upload(realm).value();

  std::promise<void> logged_out;
  User(user).log_out([&] { logged_out.set_value(); });
  write_note(realm, 1);
  logged_out.get_future().get();

  EXPECT_EQ(user.state(), UserState::kLoggedOut);
  EXPECT_TRUE(device_.errors.empty());
  try {
    (void)device_.open(user);
    ADD_FAILURE() << "nobody is logged in";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kAuthentication);
  }
  (void)log_in_ada(app);
  upload(realm).value();
}

TEST_F(SdkAndServer, APauseOutlivesALogOut) {
  App app = device_.app();
  const User user = log_in_ada(app);
  Realm realm = device_.open(user);
  realm.sync_session()->pause();
  std::promise<void> logged_out;
  User(user).log_out([&] { logged_out.set_value(); });
  logged_out.get_future().get();
  (void)log_in_ada(app);

  EXPECT_EQ(realm.sync_session()->state(), SessionState::kInactive);
  realm.sync_session()->resume();
  upload(realm).value();
}

TEST_F(SdkAndServer, AnAnonymousUserIsForgottenAtTheLogOut) {
  App app = device_.app();
  User user = app.log_in(Credentials::anonymous()).get().value();

  std::promise<void> logged_out;
  user.log_out([&] { logged_out.set_value(); });
  logged_out.get_future().get();

  EXPECT_EQ(user.state(), UserState::kRemoved);
  EXPECT_TRUE(app.all_users().empty());
}

TEST_F(SdkAndServer, AnAppThatIsNotThereIsNamed) {
  App app({.id = "nothing", .base_url = url_, .base_path = directory_.file("nothing")});

  const auto outcome = app.log_in(Credentials::anonymous()).get();

  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), ErrorCode::kNotFound);
  ASSERT_TRUE(outcome.error().foreign());
  EXPECT_EQ(outcome.error().foreign()->call, "AppNotFound");
}

/// Accounts as on a server, and sync as the test says.
class SdkAndScript : public ::testing::Test {
 protected:
  explicit SdkAndScript(net::HttpServerOptions options = {}) : server_(std::move(options)) {
    server_.request = [this](const net::HttpRequest& request, const net::HttpResponder& responder) {
      if (request.target == "/api/client/v2.0/auth/session" && request.method == "POST") {
        ++refreshes_;
      }
      const std::lock_guard lock(mutex_);
      responder.respond(accounts_.api.handle(request, system_clock().wall_now()));
    };
  }
  /// The answer to the first message of each session: its BIND.
  void answer_bind(std::function<void(net::WebSocketConnection&, SessionIdent)> answer) {
    server_.prepare = [answer](net::Endpoint& endpoint) {
      endpoint.react = [answer](net::WebSocketConnection& connection, const std::string& message) {
        std::istringstream words(message);
        std::string name;
        std::uint64_t session = 0;
        words >> name >> session;
        if (name == "bind") answer(connection, SessionIdent(session));
      };
    };
  }
  void refuse_upgrades(unsigned status) {
    server_.upgrade = [status](const net::HttpRequest&, const net::UpgradeResponder& responder) {
      responder.refuse({status, {}, ""});
    };
  }
  [[nodiscard]] User user(const App& app) {
    return App(app).log_in(Credentials::anonymous()).get().value();
  }
  /// How long until the next attempt, once one has failed.
  static Duration await_retry(const SyncSession& session) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    for (;;) {
      if (const auto next = session.stats().next_retry) return *next;
      if (std::chrono::steady_clock::now() > end) throw std::runtime_error("no retry is planned");
      std::this_thread::yield();
    }
  }

  const TemporaryDirectory directory_;
  std::mutex mutex_;
  AppServicesFixture accounts_{"dev"};
  std::atomic<int> refreshes_ = 0;
  net::TestServer server_;
  Device device_{server_.url("http"), directory_.file("device")};
};

TEST_F(SdkAndScript, PermissionDeniedEndsTheSessionAndIsNamed) {
  answer_bind([](net::WebSocketConnection& connection, SessionIdent session) {
    auto error = protocol::make_server_error(
        protocol::SyncErrorCode::kPermissionDenied, session, "not for you");
    error.log_url = "https://logs.example/1";
    connection.send(protocol::encode_server_message(error, protocol::kProtocolVersionMin));
  });

  const Realm realm = device_.open(user(device_.app()));
  const auto wait = realm.sync_session()->wait_for_download(kPatience).get();

  const SyncError error = device_.errors.take();
  EXPECT_EQ(error.error.code(), ErrorCode::kPermissionDenied);
  EXPECT_EQ(error.code, 1037);
  EXPECT_EQ(error.category, "SyncPermissionDenied");
  EXPECT_EQ(error.action, "ApplicationBug");
  EXPECT_EQ(error.log_url, "https://logs.example/1");
  EXPECT_THAT(error.error.message(), HasSubstr("not for you"));
  EXPECT_TRUE(error.is_fatal);
  ASSERT_FALSE(wait);
  EXPECT_EQ(wait.error().code(), ErrorCode::kPermissionDenied);
}

TEST_F(SdkAndScript, TheDelayThatTheServerAsksForIsKept) {
  // Given a server that ends each session and names another delay than the client's own,
  answer_bind([](net::WebSocketConnection& connection, SessionIdent session) {
    auto error = protocol::make_server_error(
        protocol::SyncErrorCode::kOtherSessionError, session, "come back later");
    error.action = protocol::Action::kTransient;
    error.try_again = true;
    error.retry_delay = protocol::RetryDelay{100s, 100s, 1};
    connection.send(protocol::encode_server_message(error, protocol::kProtocolVersionMin));
  });
  Realm realm = device_.open(user(device_.app()));
  const SyncSession session = *realm.sync_session();

  // When it has ended one,
  const auto endpoint = server_.opened.take();
  const Duration delay = await_retry(session);

  // Then the next attempt is as far away as it said, less the jitter, also after a write;
  EXPECT_GT(delay, 70s);
  EXPECT_LE(delay, 100s);
  write_note(realm, 1);
  EXPECT_GT(await_retry(session), 70s);

  // But the application may come back at once.
  EXPECT_THAT(endpoint->messages.take(), HasSubstr("bind "));
  EXPECT_THAT(endpoint->messages.take(), HasSubstr("unbind "));
  realm.sync_session()->resume();
  EXPECT_THAT(endpoint->messages.take(), HasSubstr("bind "));
}

TEST_F(SdkAndScript, ARefusalThatSaysWhenToComeBackIsKept) {
  std::atomic<int> attempts = 0;
  server_.upgrade = [&](const net::HttpRequest&, const net::UpgradeResponder& responder) {
    ++attempts;
    responder.refuse({503, {{"Retry-After", "100"}}, ""});
  };
  Realm realm = device_.open(user(device_.app()));
  const SyncSession session = *realm.sync_session();

  const Duration delay = await_retry(session);

  EXPECT_GT(delay, 90s);
  EXPECT_LE(delay, 100s);
  write_note(realm, 1);
  EXPECT_GT(await_retry(session), 90s);
  EXPECT_EQ(attempts, 1);
  realm.sync_session()->resume();
  while (attempts < 2) std::this_thread::yield();
}

TEST_F(SdkAndScript, AnExpiredTokenInTheMiddleOfASessionIsRenewed) {
  std::atomic<int> binds = 0;
  answer_bind([&](net::WebSocketConnection& connection, SessionIdent) {
    if (++binds == 1) connection.close(4001, "the token has expired");
  });

  const Realm realm = device_.open(user(device_.app()));
  (void)server_.opened.take();
  const auto second = server_.opened.take();
  const std::string bind = second->messages.take();

  EXPECT_THAT(bind, HasSubstr("bind "));
  EXPECT_EQ(refreshes_, 1);
}

TEST_F(SdkAndScript, AServerOfANewerProtocolIsAnErrorAtOnce) {
  server_.upgrade = [](const net::HttpRequest&, const net::UpgradeResponder& responder) {
    responder.accept({"com.mongodb.realm-sync#99", {}, [](net::WebSocketConnection) {}});
  };

  const Realm realm = device_.open(user(device_.app()));

  const SyncError error = device_.errors.take();
  EXPECT_EQ(error.code, 1039);
  EXPECT_EQ(error.category, "SyncProtocolNegotiationFailed");
  EXPECT_TRUE(error.is_fatal);
}

TEST_F(SdkAndScript, AServerWithoutACommonProtocolOrRouteIsAnErrorAndTriedAgain) {
  for (const unsigned status : {400U, 404U}) {
    refuse_upgrades(status);
    Device device(server_.url("http"), directory_.file(std::to_string(status)));

    const Realm realm = device.open(user(device.app()));
    const auto wait = realm.sync_session()->wait_for_download(kPatience).get();

    const SyncError error = device.errors.take();
    EXPECT_EQ(error.error.code(), ErrorCode::kNetwork);
    EXPECT_EQ(error.code, 1034);
    EXPECT_TRUE(error.is_fatal);
    EXPECT_FALSE(wait);
    EXPECT_EQ(realm.sync_session()->state(), SessionState::kActive);
  }
}

class SdkAndTls : public SdkAndScript {
 protected:
  SdkAndTls()
      : SdkAndScript({.tls = net::TlsContext::for_server({net::test_file("localhost.pem"),
                                                          net::test_file("localhost_key.pem")})}) {}
};

TEST_F(SdkAndTls, ACertificateThatNobodyVouchesForIsRefused) {
  // Given somebody who logged in where the certificate was trusted,
  Device device(server_.url("https"), directory_.file("tls"));
  device.trusts_test_ca = true;
  const std::string id = user(device.app()).id();

  // When it is not, then sessions hear of it,
  device.trusts_test_ca = false;
  App app = device.app();
  const Realm realm = device.open(app.current_user().value());
  const SyncError error = device.errors.take();
  EXPECT_EQ(error.error.code(), ErrorCode::kTlsFailure);
  EXPECT_EQ(error.code, 1042);
  EXPECT_FALSE(error.is_fatal);
  EXPECT_EQ(app.current_user()->id(), id);

  // And nobody can log in.
  const auto outcome = app.log_in(Credentials::anonymous()).get();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), ErrorCode::kTlsFailure);
}

}  // namespace
}  // namespace tombolo::test
