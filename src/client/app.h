#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/logging.h"
#include "base/result.h"
#include "client/app_services_client.h"
#include "client/connection_driver.h"
#include "client/listeners.h"
#include "client/removed_files.h"
#include "client/sync_session.h"

namespace tombolo::client {

class App;

enum class UserState : std::uint8_t { kLoggedIn, kLoggedOut, kRemoved };

/// Somebody who logged in to an app. Its sessions share one connection.
///
/// Thread:  callable from any thread.
class User : public CredentialSource, public std::enable_shared_from_this<User> {
 public:
  struct Record {
    std::string id;
    std::string device_id;
    UserTokens tokens;  ///< Empty texts when logged out.
    UserProfile profile;
  };

  User(const std::shared_ptr<App>& app, Record record);
  ~User() override;

  [[nodiscard]] Record record() const;
  [[nodiscard]] const std::string& id() const noexcept { return id_; }
  [[nodiscard]] UserState state() const;
  /// Null once the app has gone; its users are of no use then.
  [[nodiscard]] std::shared_ptr<App> app() const noexcept { return app_.lock(); }

  /// Ends the log-in here at once and at the server as soon as it can be reached. Sessions stop and
  /// go on after the next log-in; an anonymous user, who cannot log in again, is forgotten. `done`
  /// is called on the app's strand.
  void log_out(std::function<void(const Result<void>&)> done);
  /// Adds an identity, which was registered and belongs to nobody: the user may log in with either.
  void link(const Credentials& credentials, std::function<void(const Result<void>&)> done);
  /// Renews the access token, which carries the custom user data. Whatever becomes of it, the user
  /// stays logged in.
  void refresh_custom_data(std::function<void(const Result<void>&)> done);

  /// The session of the file of `environment`, started by its first use. Its other sessions share
  /// the connection unless the app was told otherwise.
  [[nodiscard]] std::shared_ptr<SyncSession> session_of(
      const std::shared_ptr<store::Environment>& environment, sync::SessionOptions options);
  /// Those that exist.
  [[nodiscard]] std::vector<std::shared_ptr<SyncSession>> sessions() const;

  /// Calls back after a renewal of the token, a new identity, a log-in and a log-out, on the thread
  /// where it happens: often the app's strand.
  Listeners::Id add_listener(std::function<void()> callback) {
    return listeners_.add(std::move(callback));
  }
  void remove_listener(Listeners::Id id) { listeners_.remove(id); }

  /// `is_reachable`: the network came back, or somebody wants it now; false: it may have gone.
  void network_changed(bool is_reachable);

  void refresh(bool needs_location, Done done) override;
  void logged_out(const sync::SyncError& error) override;

 private:
  friend class App;
  void log_in_again(Record record, App& app);
  [[nodiscard]] std::shared_ptr<ConnectionDriver> connection(App& app);
  void end_log_in(UserState state, const sync::SyncError& error, sync::LogOut by);
  [[nodiscard]] sync::SyncError log_out_error() const;
  /// Takes over what the server answered with `tokens`; false: that log-in has ended meanwhile.
  bool take_over(const UserTokens& tokens, const ServiceOutcome& outcome);
  /// Carries out an operation that changes what is known of the user.
  void update(std::function<ServiceOperation(AppServicesClient&, const UserTokens&)> make,
              std::function<void(const Result<void>&)> done);

  const std::weak_ptr<App> app_;
  const std::string id_;
  mutable std::mutex mutex_;  ///< Guards all below; never held when the app's is taken.
  Record record_;
  UserState state_ = UserState::kLoggedIn;
  std::shared_ptr<ConnectionDriver> connection_;  ///< The one for all sessions, if there is.
  std::vector<std::weak_ptr<ConnectionDriver>> connections_;
  std::vector<std::weak_ptr<SyncSession>> sessions_;
  Listeners listeners_;
};

struct AppOptions {
  std::string id;
  std::string base_url;                                 ///< "https://host:port"
  Duration request_timeout = std::chrono::seconds(60);  ///< The upgrade to a WebSocket included.
  std::filesystem::path base_path = ".";  ///< Root of synced realms and of the users' file.
  bool persists_users = true;             ///< false: forgotten with the last `App`.
  bool multiplexes_sessions = true;
  std::string user_agent;
  DeviceDescription device;
  std::shared_ptr<const net::TlsContext> tls;  ///< Null: verified by the system's store.
  sync::BackoffParameters backoff;  ///< Of connections, and of sessions that the server ended.
  sync::HeartbeatParameters heartbeat;
  Duration linger_time = std::chrono::seconds(30);
  Duration fast_reconnect_limit = std::chrono::minutes(1);
  std::shared_ptr<Logger> logger;       ///< Null: no lines.
  std::shared_ptr<Logger> sync_logger;  ///< The same for connections.
  const Clock& clock = system_clock();  ///< Of connections and the age of tokens.
};

/// An app on a server: its accounts, the users that are logged in here, and where to reach it.
/// Users are kept in `<base_path>/mongodb-realm/<app id>/users.json`, readable by its owner only.
///
/// Thread:  callable from any thread; callbacks come on the app's strand.
class App : public std::enable_shared_from_this<App> {
 public:
  using LogInDone = std::function<void(const Result<std::shared_ptr<User>>&)>;
  using Done = std::function<void(const Result<void>&)>;

  /// Errors:  throws `Error{kInvalidArgument}` for a base URL of another form, `kFileCorrupt` for a
  ///          users' file that cannot be read.
  [[nodiscard]] static std::shared_ptr<App> open(AppOptions options);
  ~App();

  void log_in(const Credentials& credentials, LogInDone done);
  void register_email(const std::string& email, const std::string& password, Done done);

  /// Who logged in last and still is; null when nobody is.
  [[nodiscard]] std::shared_ptr<User> current_user();
  [[nodiscard]] std::vector<std::shared_ptr<User>> all_users();
  /// Logs `user` out and forgets it here. Its files are removed when nobody has them open, at the
  /// next start if need be; those with what the server does not have stay, for the next log-in.
  /// Fails with `kNotFound` for a user that the app does not know.
  void remove_user(const std::shared_ptr<User>& user, Done done);
  /// Removes the account from the server, then as `remove_user()`, but with all files: nobody can
  /// upload what is in them any more. Fails with `kAuthentication` when the user is not logged in.
  void delete_user(const std::shared_ptr<User>& user, Done done);
  /// Errors:  throws `Error{kAuthentication}` for a user who is not logged in, `kNotFound` for one
  ///          that the app does not know.
  void switch_user(const std::shared_ptr<User>& user);
  /// Tells every connection of the app: see `User::network_changed()`.
  void network_changed(bool is_reachable);
  /// Sessions that begin from now on share one connection for each user.
  void multiplex_sessions() noexcept { multiplexes_sessions_ = true; }

  /// Calls back after a log-in, a log-out, a switch of users and whatever changes what is known of
  /// one; threads as with a user's.
  Listeners::Id add_listener(std::function<void()> callback) {
    return listeners_.add(std::move(callback));
  }
  void remove_listener(Listeners::Id id) { listeners_.remove(id); }

  /// Moves a file to the recovery copy that is planned for it; see `recovery_copy.h`.
  ///
  /// Errors:  throws `Error{kNotFound}` when none is planned, `kFileInUse`, and what the move
  /// throws.
  void initiate_client_reset(const std::filesystem::path& file);

  /// Where a synced realm of `user` lies: `name` percent-encoded, with `.realm` behind it.
  [[nodiscard]] std::filesystem::path realm_path(const User& user, std::string_view name) const;

  [[nodiscard]] const AppOptions& options() const noexcept { return options_; }

 private:
  friend class User;
  struct Running {
    ServiceOperation operation;
    net::PendingOperation pending;
    std::function<void(Result<ServiceOutcome>)> done;
  };

  explicit App(AppOptions options);
  void load_users();
  /// Errors:  throws `Error{kStorage, kDiskFull}`.
  void save_users();
  /// The same where nobody waits for the outcome: what is in memory holds, a failure is logged.
  void save_users_in_background() noexcept;
  [[nodiscard]] bool knows(const User& user);
  /// What log-out, removal and deletion have in common, here.
  void remove_here(const std::shared_ptr<User>& user, FilesToRemove files);
  /// Goes through the users that were removed, on a worker.
  void remove_files_in_background();
  void remove_files() noexcept;
  [[nodiscard]] std::filesystem::path folder() const;
  [[nodiscard]] std::filesystem::path users_file() const;

  /// Makes an operation with `make` and carries it out, request by request; `done` comes last.
  void start(std::function<ServiceOperation(AppServicesClient&)> make,
             std::function<void(Result<ServiceOutcome>)> done);
  void step(const std::shared_ptr<Running>& running);
  [[nodiscard]] std::shared_ptr<User> logged_in(LoginAnswer answer, UserProfile profile);
  [[nodiscard]] sync::AccessToken access_token(const std::string& text) const;
  [[nodiscard]] std::string sync_url();
  [[nodiscard]] bool knows_location();

  const AppOptions options_;
  std::atomic<bool> multiplexes_sessions_;
  const std::shared_ptr<Runtime> runtime_;
  const net::Strand strand_;

  AppServicesClient services_;                   ///< On the strand.
  std::list<std::shared_ptr<Running>> running_;  ///< On the strand.

  std::mutex mutex_;  ///< Guards all below, and the users' file.
  std::vector<std::shared_ptr<User>> users_;
  std::map<std::string, FilesToRemove> removed_;  ///< By id: users whose files are still there.
  std::string current_user_;
  std::string sync_url_;  ///< Copy of the services' own, for other threads.
  bool knows_location_ = false;

  Listeners listeners_;
};

}  // namespace tombolo::client
