#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/logging.h"
#include "base/result.h"
#include "tombolo/notification.h"

namespace tombolo {

namespace client {
class App;
class User;
}  // namespace client

class SyncSession;

/// How somebody logs in.
class Credentials {
 public:
  [[nodiscard]] static Credentials anonymous();
  [[nodiscard]] static Credentials email_password(std::string email, std::string password);

  [[nodiscard]] const std::string& provider() const noexcept { return provider_; }
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& fields() const noexcept {
    return fields_;
  }

 private:
  Credentials(std::string provider, std::vector<std::pair<std::string, std::string>> fields)
      : provider_(std::move(provider)),
        fields_(std::move(fields)) {}

  std::string provider_;
  std::vector<std::pair<std::string, std::string>> fields_;
};

/// One way in which a user logs in.
struct UserIdentity {
  std::string id;
  std::string provider;  ///< "anon-user", "local-userpass".

  friend bool operator==(const UserIdentity&, const UserIdentity&) = default;
};

enum class UserState : std::uint8_t {
  kLoggedIn,
  kLoggedOut,  ///< By `log_out()`, or because the server takes the log-in no more.
  kRemoved,    ///< Forgotten here.
};

/// Somebody who logged in.
///
/// Thread:  callable from any thread.
class User {
 public:
  explicit User(std::shared_ptr<client::App> app, std::shared_ptr<client::User> user) noexcept;

  [[nodiscard]] const std::string& id() const;
  [[nodiscard]] UserState state() const;
  [[nodiscard]] bool is_logged_in() const { return state() == UserState::kLoggedIn; }
  [[nodiscard]] std::string access_token() const;
  [[nodiscard]] std::string refresh_token() const;
  [[nodiscard]] std::string device_id() const;
  /// In the order in which they came: the first made the user.
  [[nodiscard]] std::vector<UserIdentity> identities() const;
  /// Name of the provider of the first identity.
  [[nodiscard]] std::string provider() const;
  /// Whether nobody could log in as this user again: the only identity is an anonymous one.
  [[nodiscard]] bool is_anonymous() const;
  /// What the server knew of the user at the log-in, or when an identity was added: an Extended
  /// JSON object with "email" and the like.
  [[nodiscard]] std::string profile() const;
  /// The custom user data in the access token: an Extended JSON object.
  ///
  /// Errors:  throws `Error` for a token that cannot be read.
  [[nodiscard]] std::string custom_data() const;

  /// Ends the log-in: sessions stop at once, and go on when the user logs in again; the server is
  /// told as soon as it can be reached. An anonymous user is removed, with its files: nobody can
  /// log in as it again.
  void log_out(std::function<void()> done);

  /// Adds an identity, which must be registered and belong to nobody: from then on the user may log
  /// in with either. An anonymous user becomes one who can log in again, and keeps all data.
  [[nodiscard]] std::future<Result<void>> link(const Credentials& credentials);
  void link(const Credentials& credentials, std::function<void(const Result<void>&)> done);
  /// Renews the access token, and with it `custom_data()`.
  [[nodiscard]] std::future<Result<void>> refresh_custom_data();
  void refresh_custom_data(std::function<void(const Result<void>&)> done);

  /// Calls back when the user's token was renewed, an identity was added, or the user has logged in
  /// or out: on the thread that does it, or the library's I/O thread.
  NotificationToken observe(std::function<void()> callback) const;

  /// The sessions of this user's open realms, and those that still have something to send.
  [[nodiscard]] std::vector<SyncSession> sync_sessions() const;

  /// Where a synced realm called `name` of this user lies.
  [[nodiscard]] std::filesystem::path realm_path(std::string_view name) const;

  friend bool operator==(const User& left, const User& right) { return left.id() == right.id(); }

  [[nodiscard]] const std::shared_ptr<client::User>& impl() const noexcept { return user_; }

 private:
  std::shared_ptr<client::App> app_;
  std::shared_ptr<client::User> user_;
};

/// How sync connections behave. Every duration is a millisecond at least and a day at most.
struct ConnectionParameters {
  std::chrono::milliseconds initial_delay{1'000};   ///< Before the first attempt after a failure.
  std::chrono::milliseconds maximum_delay{30'000};  ///< Where it stops to grow.
  std::uint32_t delay_multiplier = 2;               ///< 1 at least.
  /// Each delay is shortened at random by up to this part of it; 0: by none.
  std::uint32_t jitter_divisor = 4;
  std::chrono::milliseconds ping_period{60'000};
  std::chrono::milliseconds pong_timeout{120'000};
  /// When what was sent has no answer for so long, and no PING either, the link is dead.
  std::chrono::milliseconds answer_timeout{10'000};
  std::chrono::milliseconds linger_time{30'000};  ///< How long a connection without sessions stays.
  /// A connection that comes back within this time continues the one that was lost.
  std::chrono::milliseconds fast_reconnect_limit{60'000};
};

struct AppConfiguration {
  std::string id;
  std::string base_url;  ///< "https://sync.example.org"
  /// For an HTTP request, and for connecting a sync session.
  std::chrono::milliseconds timeout{60'000};
  std::filesystem::path base_path = ".";  ///< Root of synced realms and of the users' file.
  bool multiplex_sessions = true;
  bool persist_users = true;
  std::string sdk_name = "C++";
  std::filesystem::path ca_file;  ///< PEM of trusted authorities; empty: the system's.
  bool verify_tls = true;         ///< Off for development only.
  ConnectionParameters connection;
  std::shared_ptr<Logger> logger;  ///< Null: as `set_logger()` says.
};

/// An app on a server: logging in, and who is logged in here.
///
///     tombolo::App app({.id = "dev", .base_url = "http://localhost:9090"});
///     tombolo::User user = app.log_in(Credentials::anonymous()).get().value();
///
/// Errors:  failures of the server's have the number that SDKs show in `Error::foreign()`, with the
///          domain "app-services".
/// Thread:  callable from any thread. Callbacks come on the library's I/O thread.
class App {
 public:
  /// Does no network I/O.
  ///
  /// Errors:  throws `Error{kInvalidArgument}`, also for parameters out of their range;
  ///          `kFileCorrupt` for the users' file.
  explicit App(AppConfiguration configuration);

  [[nodiscard]] std::future<Result<User>> log_in(const Credentials& credentials);
  void log_in(const Credentials& credentials, std::function<void(const Result<User>&)> done);
  [[nodiscard]] std::future<Result<void>> register_user(const std::string& email,
                                                        const std::string& password);
  void register_user(const std::string& email,
                     const std::string& password,
                     std::function<void(const Result<void>&)> done);

  /// Every session of the app that waits for its next attempt tries now, and connections that seem
  /// to be alive are tested.
  void reconnect();
  /// For whoever watches the network. `is_reachable`: as `reconnect()`; false: live connections are
  /// tested, so that their loss is noticed in seconds.
  void network_changed(bool is_reachable);
  /// Sessions that begin from now on share one connection for each user.
  void multiplex_sessions();

  /// Who logged in last and still is.
  [[nodiscard]] std::optional<User> current_user() const;
  [[nodiscard]] std::vector<User> all_users() const;
  /// Makes `user` the current one.
  ///
  /// Errors:  throws `Error{kAuthentication}` when the user is not logged in, `kNotFound` for a
  /// user
  ///          that this app does not know.
  void switch_user(const User& user);
  /// Logs `user` out, and forgets it here. Its realm files under `base_path` are removed as soon as
  /// nobody has them open, at the next start if need be. What the server does not have is kept: a
  /// file with writes that were not uploaded stays, for the next log-in. An anonymous user, as whom
  /// nobody can log in again, keeps none.
  ///
  /// Errors:  `kNotFound` for a user that this app does not know.
  [[nodiscard]] std::future<Result<void>> remove_user(const User& user);
  void remove_user(const User& user, std::function<void(const Result<void>&)> done);
  /// Removes the account from the server, and the user with all of its files from here; what it
  /// uploaded stays.
  ///
  /// Errors:  `kAuthentication` when the user is not logged in; what the server answers. Then the
  ///          user is as before.
  [[nodiscard]] std::future<Result<void>> delete_user(const User& user);
  void delete_user(const User& user, std::function<void(const Result<void>&)> done);

  /// Calls back when somebody logged in or out, became the current user or was removed, and when
  /// what is known of a user has changed; threads as above.
  NotificationToken observe(std::function<void()> callback) const;

  /// Puts the file aside to `SyncError::recovery_path`, after a client reset was left to the
  /// application and every realm of the file was closed. Opening it again begins anew.
  ///
  /// Errors:  throws `Error`: `kNotFound` when no client reset is due; `kFileInUse` while the file
  ///          is open; `kStorage`, `kDiskFull`. The file is as it was then.
  void initiate_client_reset(const std::filesystem::path& file);

 private:
  std::shared_ptr<client::App> app_;
};

}  // namespace tombolo
