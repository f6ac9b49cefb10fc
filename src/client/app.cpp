#include "client/app.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <utility>

#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "client/private_file.h"
#include "client/recovery_copy.h"
#include "net/url.h"

namespace tombolo::client {
namespace {

using Json = nlohmann::json;

/// `name` with everything but letters, digits, `-`, `_` and `.` percent-encoded.
std::string percent_encoded(std::string_view name) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string result;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                       (byte >= '0' && byte <= '9') || byte == '-' || byte == '_' || byte == '.';
    if (plain) {
      result += c;
    } else {
      result += '%';
      result += kDigits[byte >> 4];
      result += kDigits[byte & 15];
    }
  }
  return result;
}

Json to_json(const User::Record& record) {
  Json identities = Json::array();
  for (const UserIdentity& identity : record.profile.identities) {
    identities.push_back({{"id", identity.id}, {"provider", identity.provider_type}});
  }
  return {{"id", record.id},
          {"deviceId", record.device_id},
          {"accessToken", record.tokens.access_token},
          {"refreshToken", record.tokens.refresh_token},
          {"identities", std::move(identities)},
          {"profile", record.profile.data}};
}

User::Record record_from(const Json& json) {
  User::Record record{.id = json.at("id"),
                      .device_id = json.at("deviceId"),
                      .tokens = {json.at("accessToken"), json.at("refreshToken")},
                      .profile = {{}, json.at("profile")}};
  for (const Json& identity : json.at("identities")) {
    record.profile.identities.push_back({identity.at("id"), identity.at("provider")});
  }
  return record;
}

Error not_logged_in(const User& user) {
  return Error(ErrorCode::kAuthentication, "user '" + user.id() + "' is not logged in");
}
Error unknown_user(const User& user) {
  return Error(ErrorCode::kNotFound, "the app knows no user '" + user.id() + "'");
}

/// Whether a refresh that failed so has ended the log-in, or may succeed later.
bool is_rejection(const Error& error) {
  return error.code() == ErrorCode::kAuthentication || error.code() == ErrorCode::kPermissionDenied;
}

}  // namespace

// User.

User::User(const std::shared_ptr<App>& app, Record record)
    : app_(app),
      id_(record.id),
      record_(std::move(record)),
      state_(record_.tokens.refresh_token.empty() ? UserState::kLoggedOut : UserState::kLoggedIn) {}

User::~User() = default;

User::Record User::record() const {
  const std::lock_guard lock(mutex_);
  return record_;
}

UserState User::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

void User::log_in_again(Record record, App& app) {
  const sync::AccessToken token = app.access_token(record.tokens.access_token);
  std::vector<std::weak_ptr<ConnectionDriver>> connections;
  {
    const std::lock_guard lock(mutex_);
    record_ = std::move(record);
    state_ = UserState::kLoggedIn;
    connections = connections_;
  }
  for (const auto& weak : connections) {
    if (const auto connection = weak.lock()) {
      connection->post([token](sync::ClientConnection& machine, TimePoint now) {
        machine.credentials_refreshed(token, std::nullopt, now);
      });
    }
  }
  for (const auto& session : sessions()) session->revive();
}

std::vector<std::shared_ptr<SyncSession>> User::sessions() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<SyncSession>> found;
  for (const auto& weak : sessions_) {
    if (auto session = weak.lock(); session && !session->is_closed()) {
      found.push_back(std::move(session));
    }
  }
  return found;
}

std::shared_ptr<ConnectionDriver> User::connection(App& app) {
  // What the app knows is asked for first: its lock comes before those of its users.
  const sync::Route route{
      app.sync_url(),
      app.knows_location() ? protocol::RouteState::kVerified : protocol::RouteState::kGuessed};
  const std::lock_guard lock(mutex_);
  if (connection_) return connection_;
  const AppOptions& options = app.options();
  ConnectionDriverOptions driver{
      .tls = options.tls, .logger = options.sync_logger, .clock = options.clock};
  driver.headers = {{"User-Agent", options.user_agent}};
  driver.connection.access_token = app.access_token(record_.tokens.access_token);
  driver.connection.route = route;
  driver.connection.backoff = options.backoff;
  driver.connection.connect_timeout = options.request_timeout;
  const bool multiplexes = app.multiplexes_sessions_;
  driver.connection.heartbeat = options.heartbeat;
  driver.connection.fast_reconnect_limit = options.fast_reconnect_limit;
  driver.connection.linger_time = multiplexes ? options.linger_time : Duration::zero();
  auto connection = ConnectionDriver::make(Runtime::shared(), std::move(driver), weak_from_this());
  std::erase_if(connections_, [](const auto& known) { return known.expired(); });
  connections_.push_back(connection);
  if (multiplexes) connection_ = connection;
  return connection;
}

std::shared_ptr<SyncSession> User::session_of(
    const std::shared_ptr<store::Environment>& environment, sync::SessionOptions options) {
  const auto app = app_.lock();
  if (!app) throw Error(ErrorCode::kClosed, "the app of user '" + id_ + "' has been closed");
  if (state() != UserState::kLoggedIn) {
    throw not_logged_in(*this);
  }
  options.backoff = app->options().backoff;
  const auto found = app->runtime_->session_of(environment->path(), [&] {
    auto session =
        SyncSession::make(connection(*app), environment, std::move(options), [weak = app_] {
          if (const auto holder = weak.lock()) holder->remove_files_in_background();
        });
    const std::lock_guard lock(mutex_);
    std::erase_if(sessions_, [](const auto& known) { return known.expired(); });
    sessions_.push_back(session);
    return session;
  });
  found->adopt(environment);
  return found;
}

void User::network_changed(bool is_reachable) {
  std::vector<std::weak_ptr<ConnectionDriver>> connections;
  {
    const std::lock_guard lock(mutex_);
    connections = connections_;
  }
  for (const auto& weak : connections) {
    const auto connection = weak.lock();
    if (!connection) continue;
    connection->post([is_reachable](sync::ClientConnection& machine, TimePoint now) {
      is_reachable ? machine.reconnect(now) : machine.probe(now);
    });
  }
}

void User::refresh(bool needs_location, Done done) {
  const auto app = app_.lock();
  if (!app) {
    done(sync::RefreshFailure{sync::RefreshFailure::Kind::kRejected,
                              Error(ErrorCode::kClosed, "the app has been closed")});
    return;
  }
  const UserTokens tokens = record().tokens;
  if (tokens.refresh_token.empty()) {
    done(sync::RefreshFailure{
        sync::RefreshFailure::Kind::kRejected,
        Error(ErrorCode::kAuthentication, "user '" + id_ + "' is not logged in")});
    return;
  }
  const auto refresh_token = [self = shared_from_this(), tokens, done](App& of,
                                                                       bool with_location) {
    of.start(
        [tokens](AppServicesClient& services) { return services.refresh(tokens); },
        [self, tokens, done, with_location](Result<ServiceOutcome> outcome) {
          const auto holder = self->app_.lock();
          if (self->record().tokens.refresh_token != tokens.refresh_token) {
            done(sync::RefreshFailure{
                sync::RefreshFailure::Kind::kFailed,
                Error(ErrorCode::kCancelled, "the user has logged out meanwhile")});
            return;
          }
          if (!outcome || !outcome->access_token || !holder) {
            const Error error =
                outcome ? Error(ErrorCode::kAuthentication, "the server sent no access token")
                        : outcome.error();
            done(sync::RefreshFailure{is_rejection(error) ? sync::RefreshFailure::Kind::kRejected
                                                          : sync::RefreshFailure::Kind::kFailed,
                                      error});
            return;
          }
          (void)self->take_over(tokens, *outcome);
          self->listeners_.call();
          FreshCredentials fresh{holder->access_token(*outcome->access_token), std::nullopt};
          if (with_location) fresh.route_url = holder->sync_url();
          done(std::move(fresh));
        });
  };
  if (!needs_location) {
    refresh_token(*app, false);
    return;
  }
  app->start(
      [](AppServicesClient& services) { return services.locate(); },
      [weak = app_, done, refresh_token](Result<ServiceOutcome> outcome) {
        const auto holder = weak.lock();
        if (!outcome || !holder) {
          done(sync::RefreshFailure{
              sync::RefreshFailure::Kind::kFailed,
              outcome ? Error(ErrorCode::kClosed, "the app has been closed") : outcome.error()});
          return;
        }
        refresh_token(*holder, true);
      });
}

void User::logged_out(const sync::SyncError& error) {
  end_log_in(UserState::kLoggedOut, error, sync::LogOut::kByServer);
  if (const auto app = app_.lock()) app->save_users_in_background();
}

void User::end_log_in(UserState state, const sync::SyncError& error, sync::LogOut by) {
  std::vector<std::weak_ptr<ConnectionDriver>> connections;
  {
    const std::lock_guard lock(mutex_);
    if (state_ == state || state_ == UserState::kRemoved) return;
    if (state_ == UserState::kLoggedIn) connections = connections_;
    state_ = state;
    record_.tokens = {};
  }
  for (const auto& weak : connections) {
    if (const auto connection = weak.lock()) {
      connection->post([error, by](sync::ClientConnection& machine, TimePoint now) {
        machine.end_log_in(error, by, now);
      });
    }
  }
  listeners_.call();
  if (const auto app = app_.lock()) app->listeners_.call();
}

void User::log_out(std::function<void(const Result<void>&)> done) {
  const auto app = app_.lock();
  const Record before = record();
  if (!app || state() != UserState::kLoggedIn) {
    done({});
    return;
  }
  if (before.profile.is_anonymous()) {
    app->remove_here(shared_from_this(), FilesToRemove::kAll);
  } else {
    end_log_in(UserState::kLoggedOut, log_out_error(), sync::LogOut::kByUser);
    app->save_users();
  }
  // The log-in has ended here, whatever becomes of it at the server.
  app->start(
      [tokens = before.tokens](AppServicesClient& services) { return services.log_out(tokens); },
      [done](const Result<ServiceOutcome>&) { done({}); });
}

sync::SyncError User::log_out_error() const {
  return sync::make_local_error(
      protocol::SdkStatus::kAuthError, std::nullopt, true, "user '" + id_ + "' has logged out");
}

bool User::take_over(const UserTokens& tokens, const ServiceOutcome& outcome) {
  {
    const std::lock_guard lock(mutex_);
    if (record_.tokens.refresh_token != tokens.refresh_token) return false;
    if (outcome.access_token) record_.tokens.access_token = *outcome.access_token;
    if (outcome.profile) record_.profile = *outcome.profile;
  }
  if (const auto app = app_.lock()) app->save_users_in_background();
  return true;
}

void User::update(std::function<ServiceOperation(AppServicesClient&, const UserTokens&)> make,
                  std::function<void(const Result<void>&)> done) {
  const auto app = app_.lock();
  const UserTokens tokens = record().tokens;
  if (!app || state() != UserState::kLoggedIn) {
    done(not_logged_in(*this));
    return;
  }
  app->start([make = std::move(make),
              tokens](AppServicesClient& services) { return make(services, tokens); },
             [self = shared_from_this(), tokens, done = std::move(done)](
                 const Result<ServiceOutcome>& outcome) {
               if (!outcome) {
                 done(outcome.error());
                 return;
               }
               if (!self->take_over(tokens, *outcome)) {
                 done(not_logged_in(*self));
                 return;
               }
               self->listeners_.call();
               if (const auto holder = self->app_.lock()) holder->listeners_.call();
               done({});
             });
}

void User::link(const Credentials& credentials, std::function<void(const Result<void>&)> done) {
  update([credentials](AppServicesClient& services,
                       const UserTokens& tokens) { return services.link(tokens, credentials); },
         std::move(done));
}

void User::refresh_custom_data(std::function<void(const Result<void>&)> done) {
  update([](AppServicesClient& services,
            const UserTokens& tokens) { return services.refresh(tokens); },
         std::move(done));
}

// App.

std::shared_ptr<App> App::open(AppOptions options) {
  if (const auto url = net::parse_url(options.base_url); !url) {
    throw Error::caused_by(ErrorCode::kInvalidArgument,
                           "the app's base URL '" + options.base_url + "' cannot be used",
                           url.error());
  }
  const std::shared_ptr<App> app(new App(std::move(options)));
  app->load_users();
  app->remove_files_in_background();
  return app;
}

App::App(AppOptions options)
    : options_(std::move(options)),
      multiplexes_sessions_(options_.multiplexes_sessions),
      runtime_(Runtime::shared()),
      strand_(runtime_->io().make_strand()),
      services_({.app_id = options_.id,
                 .base_url = options_.base_url,
                 .device = options_.device,
                 .request_timeout = options_.request_timeout}),
      sync_url_(services_.sync_url()) {}

App::~App() = default;

std::filesystem::path App::folder() const {
  return options_.base_path / "mongodb-realm" / percent_encoded(options_.id);
}

std::filesystem::path App::users_file() const {
  return folder() / "users.json";
}

void App::initiate_client_reset(const std::filesystem::path& file) {
  const std::string failure = "Client Reset could not be run for the Realm at " + file.string();
  if (!find_planned_recovery_copy(file)) {
    throw Error(ErrorCode::kNotFound, failure + ": none is due");
  }
  try {
    make_planned_recovery_copy(file, Runtime::shared()->kept_key(file));
  } catch (const Error& error) {
    throw Error::caused_by(error.code(), failure, error);
  }
}

std::filesystem::path App::realm_path(const User& user, std::string_view name) const {
  return folder() / percent_encoded(user.id()) / (percent_encoded(name) + ".realm");
}

void App::load_users() {
  if (!options_.persists_users || !std::filesystem::exists(users_file())) return;
  std::ifstream input(users_file());
  std::stringstream text;
  text << input.rdbuf();
  try {
    const Json json = Json::parse(text.str());
    for (const Json& entry : json.at("users")) {
      users_.push_back(std::make_shared<User>(shared_from_this(), record_from(entry)));
    }
    for (const Json& entry : json.value("removed", Json::array())) {
      removed_.emplace(entry.at("id"),
                       entry.at("keepsUnsent") ? FilesToRemove::kUploaded : FilesToRemove::kAll);
    }
    current_user_ = json.at("currentUser");
  } catch (const Json::exception& error) {
    throw Error(ErrorCode::kFileCorrupt,
                "cannot read the users in " + users_file().string() + ": " + error.what());
  }
}

void App::save_users() {
  if (!options_.persists_users) return;
  const std::lock_guard lock(mutex_);
  Json users = Json::array();
  for (const auto& user : users_) users.push_back(to_json(user->record()));
  Json removed = Json::array();
  for (const auto& [id, files] : removed_) {
    removed.push_back({{"id", id}, {"keepsUnsent", files == FilesToRemove::kUploaded}});
  }
  write_private_file(users_file(),
                     Json{{"currentUser", current_user_},
                          {"users", std::move(users)},
                          {"removed", std::move(removed)}}
                         .dump(2));
}

void App::save_users_in_background() noexcept {
  try {
    save_users();
  } catch (const Error& error) {
    if (options_.logger)
      options_.logger->warn("users_not_saved reason=\"" + error.describe() + "\"");
  }
}

void App::start(std::function<ServiceOperation(AppServicesClient&)> make,
                std::function<void(Result<ServiceOutcome>)> done) {
  strand_.post([self = shared_from_this(), make = std::move(make), done = std::move(done)] {
    const auto running = std::make_shared<Running>(Running{make(self->services_), {}, done});
    self->running_.push_back(running);
    self->step(running);
  });
}

void App::step(const std::shared_ptr<Running>& running) {
  if (auto call = running->operation.next_call()) {
    call->tls = options_.tls;
    try {
      running->pending = net::send_http(
          strand_,
          *std::move(call),
          [self = shared_from_this(),
           running](std::variant<net::HttpResponse, net::ConnectFailure> answer) {
            if (auto* response = std::get_if<net::HttpResponse>(&answer)) {
              running->operation.receive(std::move(*response));
            } else {
              running->operation.receive(std::get<net::ConnectFailure>(answer).error);
            }
            self->step(running);
          });
      return;
    } catch (const Error& error) {
      // The app's id, or what a server named as its host, makes no URL.
      running->operation.receive(error);
    }
  }
  {
    const std::lock_guard lock(mutex_);
    sync_url_ = services_.sync_url();
    knows_location_ = services_.location().has_value();
  }
  running_.remove(running);
  running->done(running->operation.take_outcome());
}

void App::log_in(const Credentials& credentials, LogInDone done) {
  start([credentials](AppServicesClient& services) { return services.log_in(credentials); },
        [self = shared_from_this(), done = std::move(done)](Result<ServiceOutcome> outcome) {
          if (!outcome) {
            done(outcome.error());
            return;
          }
          try {
            done(self->logged_in(*std::move(outcome->login), *std::move(outcome->profile)));
          } catch (const Error& error) {
            done(error);
          }
        });
}

std::shared_ptr<User> App::logged_in(LoginAnswer answer, UserProfile profile) {
  User::Record record{std::move(answer.user_id),
                      std::move(answer.device_id),
                      std::move(answer.tokens),
                      std::move(profile)};
  std::shared_ptr<User> user;
  bool is_new = false;
  {
    const std::lock_guard lock(mutex_);
    current_user_ = record.id;
    removed_.erase(record.id);
    const auto known = std::ranges::find(users_, record.id, [](const auto& u) { return u->id(); });
    if (known != users_.end()) {
      user = *known;
    } else {
      user = users_.emplace_back(std::make_shared<User>(shared_from_this(), record));
      is_new = true;
    }
  }
  if (!is_new) user->log_in_again(std::move(record), *this);
  save_users();
  user->listeners_.call();
  listeners_.call();
  return user;
}

void App::register_email(const std::string& email, const std::string& password, Done done) {
  start([email, password](
            AppServicesClient& services) { return services.register_email(email, password); },
        [done = std::move(done)](const Result<ServiceOutcome>& outcome) {
          done(outcome ? Result<void>() : Result<void>(outcome.error()));
        });
}

std::shared_ptr<User> App::current_user() {
  const std::lock_guard lock(mutex_);
  const auto is_current = [&](const std::shared_ptr<User>& user) {
    return user->id() == current_user_ && user->state() == UserState::kLoggedIn;
  };
  const auto found = std::ranges::find_if(users_, is_current);
  return found == users_.end() ? nullptr : *found;
}

std::vector<std::shared_ptr<User>> App::all_users() {
  const std::lock_guard lock(mutex_);
  return users_;
}

void App::network_changed(bool is_reachable) {
  for (const auto& user : all_users()) user->network_changed(is_reachable);
}

void App::switch_user(const std::shared_ptr<User>& user) {
  if (!knows(*user)) throw unknown_user(*user);
  if (user->state() != UserState::kLoggedIn) {
    throw not_logged_in(*user);
  }
  {
    const std::lock_guard lock(mutex_);
    current_user_ = user->id();
  }
  save_users();
  listeners_.call();
}

bool App::knows(const User& user) {
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(users_, [&](const auto& known) { return known.get() == &user; });
}

void App::remove_user(const std::shared_ptr<User>& user, Done done) {
  if (!knows(*user)) {
    done(unknown_user(*user));
    return;
  }
  const User::Record before = user->record();
  const bool was_logged_in = user->state() == UserState::kLoggedIn;
  remove_here(user, before.profile.is_anonymous() ? FilesToRemove::kAll : FilesToRemove::kUploaded);
  if (!was_logged_in) {
    done({});
    return;
  }
  start([tokens = before.tokens](AppServicesClient& services) { return services.log_out(tokens); },
        [done](const Result<ServiceOutcome>&) { done({}); });
}

void App::delete_user(const std::shared_ptr<User>& user, Done done) {
  const UserTokens tokens = user->record().tokens;
  if (user->state() != UserState::kLoggedIn) {
    done(not_logged_in(*user));
    return;
  }
  start([tokens](AppServicesClient& services) { return services.delete_user(tokens); },
        [self = shared_from_this(), user, done](const Result<ServiceOutcome>& outcome) {
          if (!outcome) {
            done(outcome.error());
            return;
          }
          try {
            self->remove_here(user, FilesToRemove::kAll);
            done({});
          } catch (const Error& error) {
            done(error);
          }
        });
}

void App::remove_here(const std::shared_ptr<User>& user, FilesToRemove files) {
  {
    const std::lock_guard lock(mutex_);
    std::erase(users_, user);
    removed_.insert_or_assign(user->id(), files);
  }
  user->end_log_in(UserState::kRemoved, user->log_out_error(), sync::LogOut::kByUser);
  save_users();
  remove_files_in_background();
}

void App::remove_files_in_background() {
  {
    const std::lock_guard lock(mutex_);
    if (removed_.empty()) return;
  }
  runtime_->workers().post([self = shared_from_this()] { self->remove_files(); });
}

void App::remove_files() noexcept {
  std::map<std::string, FilesToRemove> removed;
  {
    const std::lock_guard lock(mutex_);
    removed = removed_;
  }
  bool has_changed = false;
  for (const auto& [id, files] : removed) {
    if (!remove_realm_files(folder() / percent_encoded(id), files, options_.logger.get())) continue;
    const std::lock_guard lock(mutex_);
    has_changed |= removed_.erase(id) > 0;
  }
  if (has_changed) save_users_in_background();
}

sync::AccessToken App::access_token(const std::string& text) const {
  sync::AccessToken token{text, std::nullopt};
  if (const auto content = parse_token(text); content && content->expires_at) {
    token.expires = options_.clock.now() + (*content->expires_at - options_.clock.wall_now());
  }
  return token;
}

std::string App::sync_url() {
  const std::lock_guard lock(mutex_);
  return sync_url_;
}

bool App::knows_location() {
  const std::lock_guard lock(mutex_);
  return knows_location_;
}

}  // namespace tombolo::client
