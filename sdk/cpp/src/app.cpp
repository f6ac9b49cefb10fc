#include "tombolo/app.h"

#include <string>
#include <utility>

#include "base/log_hub.h"
#include "client/app.h"
#include "tombolo/sync_session.h"

namespace tombolo {
namespace {

/// A callback for `done` and the future that it fulfils.
template <typename T>
std::pair<std::function<void(const Result<T>&)>, std::future<Result<T>>> make_future() {
  const auto promise = std::make_shared<std::promise<Result<T>>>();
  return {[promise](const Result<T>& outcome) { promise->set_value(outcome); },
          promise->get_future()};
}

client::Credentials to_client(const Credentials& credentials) {
  return {credentials.provider(), credentials.fields()};
}

std::shared_ptr<Logger> logger_or_hub(const std::shared_ptr<Logger>& logger, LogCategory category) {
  return logger ? logger : LogHub::shared().logger(category);
}

Duration checked(const char* name, std::chrono::milliseconds duration) {
  if (duration < std::chrono::milliseconds(1) || duration > std::chrono::hours(24)) {
    throw Error(ErrorCode::kInvalidArgument,
                std::string(name) + " is a duration from 1 ms to a day, not " +
                    std::to_string(duration.count()) + " ms");
  }
  return duration;
}

void apply(const ConnectionParameters& parameters, client::AppOptions& options) {
  options.backoff = {.delay_min = checked("initial_delay", parameters.initial_delay),
                     .delay_max = checked("maximum_delay", parameters.maximum_delay),
                     .multiplier = parameters.delay_multiplier,
                     .jitter_divisor = parameters.jitter_divisor};
  if (options.backoff.delay_max < options.backoff.delay_min)
    throw Error(ErrorCode::kInvalidArgument, "maximum_delay is shorter than initial_delay");
  if (parameters.delay_multiplier == 0)
    throw Error(ErrorCode::kInvalidArgument, "delay_multiplier is 1 at least");
  options.heartbeat = {.ping_period = checked("ping_period", parameters.ping_period),
                       .pong_timeout = checked("pong_timeout", parameters.pong_timeout),
                       .answer_timeout = checked("answer_timeout", parameters.answer_timeout)};
  options.linger_time = checked("linger_time", parameters.linger_time);
  options.fast_reconnect_limit = checked("fast_reconnect_limit", parameters.fast_reconnect_limit);
}

client::AppOptions to_options(AppConfiguration&& configuration) {
  if (configuration.id.empty()) {
    throw Error(ErrorCode::kInvalidArgument, "the configuration of an app needs its id");
  }
  client::AppOptions options{.id = std::move(configuration.id),
                             .base_url = std::move(configuration.base_url),
                             .request_timeout = configuration.timeout,
                             .base_path = std::move(configuration.base_path),
                             .persists_users = configuration.persist_users,
                             .multiplexes_sessions = configuration.multiplex_sessions,
                             .logger = logger_or_hub(configuration.logger, LogCategory::kApp)};
  apply(configuration.connection, options);
  options.sync_logger = logger_or_hub(configuration.logger, LogCategory::kSyncClientNetwork);
  options.user_agent = "Tombolo/0.1.0 (" + configuration.sdk_name + ")";
  options.device.sdk = std::move(configuration.sdk_name);
  options.device.sdk_version = "0.1.0";
  if (!configuration.ca_file.empty() || !configuration.verify_tls) {
    options.tls = net::TlsContext::for_client({configuration.verify_tls, configuration.ca_file});
  }
  return options;
}

/// Listens to a user or an app.
template <typename Subject>
NotificationToken observe_changes(const std::shared_ptr<Subject>& subject,
                                  std::function<void()> callback) {
  const auto id = subject->add_listener(std::move(callback));
  return NotificationToken([weak = std::weak_ptr(subject), id] {
    if (const auto observed = weak.lock()) observed->remove_listener(id);
  });
}

}  // namespace

Credentials Credentials::anonymous() {
  return {"anon-user", {}};
}
Credentials Credentials::email_password(std::string email, std::string password) {
  return {"local-userpass", {{"username", std::move(email)}, {"password", std::move(password)}}};
}

User::User(std::shared_ptr<client::App> app, std::shared_ptr<client::User> user) noexcept
    : app_(std::move(app)),
      user_(std::move(user)) {}

const std::string& User::id() const {
  return user_->id();
}
UserState User::state() const {
  switch (user_->state()) {
    case client::UserState::kLoggedIn: return UserState::kLoggedIn;
    case client::UserState::kLoggedOut: return UserState::kLoggedOut;
    case client::UserState::kRemoved: return UserState::kRemoved;
  }
  return UserState::kRemoved;
}
std::string User::access_token() const {
  return user_->record().tokens.access_token;
}
std::string User::refresh_token() const {
  return user_->record().tokens.refresh_token;
}
std::string User::device_id() const {
  return user_->record().device_id;
}
std::string User::provider() const {
  const auto identities = user_->record().profile.identities;
  return identities.empty() ? "" : identities.front().provider_type;
}
bool User::is_anonymous() const {
  return user_->record().profile.is_anonymous();
}
std::vector<UserIdentity> User::identities() const {
  const client::UserProfile profile = user_->record().profile;
  std::vector<UserIdentity> identities;
  for (const client::UserIdentity& identity : profile.identities) {
    identities.push_back({identity.id, identity.provider_type});
  }
  return identities;
}
std::string User::profile() const {
  return user_->record().profile.data;
}
std::string User::custom_data() const {
  const std::string token = access_token();
  return token.empty() ? "{}" : client::parse_token(token).value().user_data;
}
void User::link(const Credentials& credentials, std::function<void(const Result<void>&)> done) {
  user_->link(to_client(credentials), std::move(done));
}
std::future<Result<void>> User::link(const Credentials& credentials) {
  auto [done, future] = make_future<void>();
  link(credentials, std::move(done));
  return std::move(future);
}
void User::refresh_custom_data(std::function<void(const Result<void>&)> done) {
  user_->refresh_custom_data(std::move(done));
}
std::future<Result<void>> User::refresh_custom_data() {
  auto [done, future] = make_future<void>();
  refresh_custom_data(std::move(done));
  return std::move(future);
}
void User::log_out(std::function<void()> done) {
  user_->log_out([done = std::move(done)](const Result<void>&) { done(); });
}
NotificationToken User::observe(std::function<void()> callback) const {
  return observe_changes(user_, std::move(callback));
}
std::vector<SyncSession> User::sync_sessions() const {
  std::vector<SyncSession> sessions;
  for (auto& session : user_->sessions()) sessions.emplace_back(std::move(session), Scheduler());
  return sessions;
}
std::filesystem::path User::realm_path(std::string_view name) const {
  return app_->realm_path(*user_, name);
}

App::App(AppConfiguration configuration)
    : app_(client::App::open(to_options(std::move(configuration)))) {}

void App::log_in(const Credentials& credentials, std::function<void(const Result<User>&)> done) {
  app_->log_in(
      to_client(credentials),
      [app = app_, done = std::move(done)](const Result<std::shared_ptr<client::User>>& outcome) {
        done(outcome ? Result<User>(User(app, *outcome)) : Result<User>(outcome.error()));
      });
}

std::future<Result<User>> App::log_in(const Credentials& credentials) {
  auto [done, future] = make_future<User>();
  log_in(credentials, std::move(done));
  return std::move(future);
}

void App::register_user(const std::string& email,
                        const std::string& password,
                        std::function<void(const Result<void>&)> done) {
  app_->register_email(email, password, std::move(done));
}

std::future<Result<void>> App::register_user(const std::string& email,
                                             const std::string& password) {
  auto [done, future] = make_future<void>();
  register_user(email, password, std::move(done));
  return std::move(future);
}

void App::reconnect() {
  app_->network_changed(true);
}
void App::network_changed(bool is_reachable) {
  app_->network_changed(is_reachable);
}
void App::multiplex_sessions() {
  app_->multiplex_sessions();
}

std::optional<User> App::current_user() const {
  if (auto user = app_->current_user()) return User(app_, std::move(user));
  return std::nullopt;
}

void App::switch_user(const User& user) {
  app_->switch_user(user.impl());
}

void App::remove_user(const User& user, std::function<void(const Result<void>&)> done) {
  app_->remove_user(user.impl(), std::move(done));
}
std::future<Result<void>> App::remove_user(const User& user) {
  auto [done, future] = make_future<void>();
  remove_user(user, std::move(done));
  return std::move(future);
}
void App::delete_user(const User& user, std::function<void(const Result<void>&)> done) {
  app_->delete_user(user.impl(), std::move(done));
}
std::future<Result<void>> App::delete_user(const User& user) {
  auto [done, future] = make_future<void>();
  delete_user(user, std::move(done));
  return std::move(future);
}

NotificationToken App::observe(std::function<void()> callback) const {
  return observe_changes(app_, std::move(callback));
}

std::vector<User> App::all_users() const {
  std::vector<User> users;
  for (auto& user : app_->all_users()) users.emplace_back(app_, std::move(user));
  return users;
}

void App::initiate_client_reset(const std::filesystem::path& file) {
  app_->initiate_client_reset(file);
}

}  // namespace tombolo
