#include "server/server.h"

#include <array>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/directory.h"
#include "base/hex.h"
#include "base/open_file_limit.h"
#include "base/random.h"
#include "net/event_loop.h"
#include "net/http_server.h"
#include "protocol/version.h"
#include "server/account_store_embedded.h"
#include "server/accounts.h"
#include "server/app_services_api.h"
#include "server/connection_driver.h"
#include "server/history_trimming.h"
#include "server/hold_back.h"
#include "server/storage_embedded.h"
#include "server/sync_request.h"
#include "server/sync_service.h"
#include "server/worker_pool.h"

namespace tombolo::server {
namespace {

constexpr std::uint16_t kCloseUnauthorized = 4001;
constexpr std::uint16_t kCloseForbidden = 4002;
/// What the bare path of development takes for a user.
constexpr std::string_view kBarePathUser = "development";

net::HttpResponse plain_answer(unsigned status, std::string text) {
  return {status, {{"Content-Type", "text/plain"}}, std::move(text)};
}

std::string make_connection_id(Random& random) {
  std::array<std::byte, 12> bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::byte>(random.below(256));
  }
  return to_hex(bytes);
}

/// The directory of the app within the data directory.
std::filesystem::path make_app_directory(const ServerOptions& options) {
  const std::filesystem::path directory = options.data_directory / "apps" / options.app.app_id;
  make_directories(directory);
  return directory;
}

store::EnvironmentOptions environment_options(Logger& logger) {
  store::EnvironmentOptions options;
  options.exclusive = true;
  options.logger = std::shared_ptr<Logger>(std::shared_ptr<void>(), &logger);
  return options;
}

/// The connections that are open, so that a stop reaches them.
///
/// Thread:  callable from any thread.
class OpenConnections {
 public:
  using Drivers = std::vector<std::shared_ptr<ConnectionDriver>>;

  /// False once no more are taken.
  [[nodiscard]] bool add(const std::shared_ptr<ConnectionDriver>& driver) {
    const std::lock_guard lock(mutex_);
    return !is_closed_ && drivers_.emplace(driver.get(), driver).second;
  }
  void remove(const ConnectionDriver& driver) {
    const std::lock_guard lock(mutex_);
    drivers_.erase(&driver);
    if (drivers_.empty()) emptied_.notify_all();
  }
  /// Takes no more.
  void close() {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
  }
  [[nodiscard]] Drivers all() const {
    const std::lock_guard lock(mutex_);
    Drivers drivers;
    for (const auto& [driver, weak] : drivers_) {
      if (auto strong = weak.lock()) drivers.push_back(std::move(strong));
    }
    return drivers;
  }
  void wait_until_empty(Duration timeout) {
    std::unique_lock lock(mutex_);
    emptied_.wait_for(lock, timeout, [&] { return drivers_.empty(); });
  }

 private:
  mutable std::mutex mutex_;  // Guards the members below.
  std::condition_variable emptied_;
  bool is_closed_ = false;
  std::unordered_map<const ConnectionDriver*, std::weak_ptr<ConnectionDriver>> drivers_;
};

}  // namespace

class Server::Impl final : private net::HttpHandler {
 public:
  Impl(ServerOptions options, Logger& logger, const Clock& clock)
      : options_(std::move(options)),
        logger_(logger),
        clock_(clock),
        directory_(make_app_directory(options_)),
        environment_(
            store::Environment::open(directory_ / "app.tombolo", environment_options(logger))),
        storage_(environment_),
        account_store_(environment_),
        accounts_(options_.app,
                  load_or_make_signing_key(directory_ / "signing.key"),
                  interactive_password_hash_cost(),
                  account_store_,
                  system_random()),
        api_(options_.app, accounts_, system_random(), logger),
        sync_(storage_, system_random(), logger, {}),
        workers_({.thread_count = options_.api_thread_count}),
        http_(loop_, http_options(options_), *this, logger) {
    raise_open_file_limit();
    writer_ = std::jthread([this](std::stop_token stop) {
      while (sync_.commits().wait(stop)) sync_.commits().commit_waiting();
    });
    upkeep_ = std::jthread([this](std::stop_token stop) {
      do {
        keep_up();
      } while (wait_for_upkeep(stop));
    });
    for (std::size_t i = 0; i < options_.io_thread_count; ++i) {
      io_threads_.emplace_back([this] { loop_.run(); });
    }
    logger_.info("server_started url=" + url());
  }

  ~Impl() { stop(); }

  [[nodiscard]] std::string url() const {
    const bool is_v6 = options_.host.find(':') != std::string::npos;
    return (options_.tls ? "https://" : "http://") +
           (is_v6 ? '[' + options_.host + ']' : options_.host) + ':' + std::to_string(http_.port());
  }

  void stop() {
    const std::lock_guard once(stop_mutex_);
    if (io_threads_.empty()) return;
    http_.close();
    workers_.stop();
    close_connections();
    upkeep_.request_stop();
    upkeep_.join();
    write_down_seen();
    writer_.request_stop();
    writer_.join();
    loop_.stop();
    io_threads_.clear();
    for (const auto& driver : connections_.all()) driver->abandon();
    logger_.info("server_stopped");
  }

 private:
  static net::HttpServerOptions http_options(const ServerOptions& options) {
    net::HttpServerOptions http;
    http.host = options.host;
    http.port = options.port;
    http.body_bytes_max = kApiBodyBytesMax;
    if (options.tls) http.tls = net::TlsContext::for_server(*options.tls);
    return http;
  }

  void on_request(net::HttpRequest request, net::HttpResponder responder) override {
    auto answer = [this, request = std::move(request), responder] {
      responder.respond(api_.handle(request, clock_.wall_now()));
    };
    if (!workers_.submit(std::move(answer))) {
      responder.respond(plain_answer(503, "the server is busy"));
    }
  }

  void on_upgrade(net::HttpRequest request, net::UpgradeResponder responder) override {
    const auto sync = parse_sync_request(request.target);
    const bool is_bare = sync && !sync->app_id;
    if (!sync || (is_bare ? !options_.serves_bare_path : *sync->app_id != options_.app.app_id)) {
      return responder.refuse(plain_answer(404, "no such app"));
    }
    const std::string* offer = net::find_header(request.headers, "Sec-WebSocket-Protocol");
    const auto subprotocol = protocol::choose_subprotocol(offer ? *offer : "");
    if (!subprotocol) return responder.refuse(plain_answer(400, subprotocol.error().message()));

    ConnectionOptions connection;
    connection.subprotocol = *subprotocol;
    connection.connection_id = make_connection_id(system_random());
    net::WebSocketAccept accept;
    accept.sub_protocol = protocol::subprotocol_token(*subprotocol);
    accept.headers = {{"X-Appservices-Request-Id", connection.connection_id}};
    if (is_bare) {
      connection.user_id = kBarePathUser;
      connection.partition_syntax = PartitionSyntax::kPath;
    } else {
      admit(*sync, request.remote_address, connection);
    }
    accept.open = [this, connection = std::move(connection)](net::WebSocketConnection socket) {
      open(std::move(socket), connection);
    };
    responder.accept(std::move(accept));
  }

  /// Fills in who connects, or why it has to leave again.
  void admit(const SyncRequest& sync,
             const std::string& remote_address,
             ConnectionOptions& connection) {
    const WallTime now = clock_.wall_now();
    const auto claims = accounts_.verify_access_token(sync.access_token, now);
    const std::lock_guard lock(refusals_mutex_);
    if (!claims) {
      connection.refusal = {kCloseUnauthorized,
                            claims.error().message(),
                            clock_.now() + refusals_.failed(remote_address, now)};
    } else if (!accounts_.is_active(claims->user_id)) {
      connection.refusal = {kCloseForbidden, "the user is disabled", clock_.now()};
    } else {
      refusals_.succeeded(remote_address);
      connection.user_id = to_string(claims->user_id);
      connection.token_expires = clock_.now() + (claims->expires_at - now) + kTokenExpiryLeeway;
    }
  }

  void open(net::WebSocketConnection socket, ConnectionOptions options) {
    logger_.debug("connection_opened id=" + options.connection_id + " remote=" + socket.remote());
    const auto driver = std::make_shared<ConnectionDriver>(
        std::move(socket), std::move(options), sync_, clock_, logger_, [this](const auto& ended) {
          connections_.remove(ended);
        });
    if (connections_.add(driver)) driver->start();
  }

  /// False when `stop` was requested.
  [[nodiscard]] bool wait_for_upkeep(std::stop_token stop) {
    std::unique_lock lock(upkeep_mutex_);
    upkeep_stopped_.wait_for(lock, stop, options_.upkeep_period, [] { return false; });
    return !stop.stop_requested();
  }

  void keep_up() {
    write_down_seen();
    if (!options_.max_offline) return;
    try {
      HistoryTrimmer(storage_, directory_)
          .trim(
              {.max_offline = *options_.max_offline},
              clock_.wall_now(),
              [this](ServerFileId file) { return sync_.live_sessions().bound_clients(file); },
              [this](const TrimmedHistory& trimmed) {
                logger_.info("history_trimmed partition=" + trimmed.partition +
                             " up_to=" + std::to_string(trimmed.up_to.value()) +
                             " bytes_before=" + std::to_string(trimmed.bytes_before) +
                             " bytes_after=" + std::to_string(trimmed.bytes_after));
              });
    } catch (const Error& error) {
      logger_.error("trim_failed error=\"" + error.describe() + '"');
    }
  }

  /// Keeps in mind which clients were connected, by putting their records again.
  void write_down_seen() {
    try {
      const auto seen = sync_.live_sessions().take_seen();
      if (seen.empty()) return;
      const auto transaction = storage_.begin();
      for (const auto& [file, ident] : seen) {
        if (const auto client = transaction->find_client_file(file, ident))
          transaction->put_client_file(file, *client);
      }
      transaction->commit();
    } catch (const Error& error) {
      logger_.error("seen_clients_not_stored error=\"" + error.describe() + '"');
    }
  }

  void close_connections() {
    connections_.close();
    for (const auto& driver : connections_.all()) {
      driver->post([](Connection& connection) { connection.shut_down(); });
    }
    connections_.wait_until_empty(options_.stop_timeout);
  }

  const ServerOptions options_;
  Logger& logger_;
  const Clock& clock_;
  const std::filesystem::path directory_;
  const std::shared_ptr<store::Environment> environment_;
  EmbeddedStorage storage_;
  EmbeddedAccountStore account_store_;
  Accounts accounts_;
  AppServicesApi api_;

  net::EventLoop loop_;
  SyncService sync_;
  WorkerPool workers_;
  OpenConnections connections_;
  std::mutex refusals_mutex_;
  HoldBack refusals_;  ///< Guarded by `refusals_mutex_`.

  net::HttpServer http_;
  std::jthread writer_;
  std::jthread upkeep_;
  std::mutex upkeep_mutex_;
  std::condition_variable_any upkeep_stopped_;
  std::mutex stop_mutex_;  // Guards `io_threads_` while stopping.
  std::vector<std::jthread> io_threads_;
};

Server::Server(ServerOptions options, Logger& logger, const Clock& clock)
    : impl_(std::make_unique<Impl>(std::move(options), logger, clock)) {}
Server::~Server() = default;
std::string Server::url() const {
  return impl_->url();
}
void Server::stop() {
  impl_->stop();
}

}  // namespace tombolo::server
