#include "sync/client_connection.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "protocol/codec.h"

namespace tombolo::sync {
namespace {

using protocol::Action;
using protocol::SdkStatus;

template <typename... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};
template <typename... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

Error not_legal(const std::string& what) {
  return Error(ErrorCode::kProtocolViolation, what);
}

bool is_refresh(const std::optional<Action>& action) noexcept {
  return action == Action::kRefreshUser || action == Action::kRefreshLocation;
}

/// HTTP status of a server that will be there again.
constexpr std::uint32_t kServiceUnavailable = 503;

/// The URL of the upgrade request.
std::string with_token(const Route& route, const AccessToken& token) {
  const char separator = route.url.find('?') == std::string::npos ? '?' : '&';
  return route.url + separator + "baas_at=" + token.text;
}

DisconnectReason reason_of_close(std::uint16_t code) noexcept {
  using enum protocol::CloseCode;
  switch (static_cast<protocol::CloseCode>(code)) {
    case kNormal: return DisconnectReason::kStreamEnded;
    case kForbidden: return DisconnectReason::kRefused;
    case kAbnormal:
    case kInternalError:
    case kUnauthorized:
    case kMovedPermanently: return DisconnectReason::kRefusedForNow;
    case kTlsFailure: return DisconnectReason::kTlsFailure;
    default: return DisconnectReason::kTransportViolation;
  }
}

}  // namespace

ClientConnection::ClientConnection(ConnectionOptions options,
                                   SessionIdents& idents,
                                   Random& random,
                                   Logger& logger)
    : options_(std::move(options)),
      idents_(idents),
      random_(random),
      logger_(logger),
      heartbeat_(options_.heartbeat, random),
      backoff_(options_.backoff) {}

ClientConnection::~ClientConnection() = default;

ClientSession& ClientConnection::open_session(std::shared_ptr<const Replica> replica,
                                              SessionOptions options) {
  const SessionKey key = last_key_.next();
  SessionHost& host = *this;
  auto session = std::make_unique<ClientSession>(key, std::move(replica), std::move(options), host);
  last_key_ = key;
  return *(sessions_[key] = std::move(session));
}

ClientSession* ClientConnection::find_session(SessionKey key) noexcept {
  const auto found = sessions_.find(key);
  return found == sessions_.end() ? nullptr : found->second.get();
}

// The transport.

void ClientConnection::connect_if_wanted(TimePoint now) {
  if (state_ != ConnectionState::kDisconnected || wanting_connection_ == 0) return;
  if (refresh_ && refresh_->holds_attempts) return;
  if (now < earliest_attempt_) return;
  if (is_token_expired(now) && !token_was_refreshed_) {
    begin_refresh(false, true);
    return;
  }

  token_was_refreshed_ = false;
  transport_ = transport_.next();
  state_ = ConnectionState::kConnecting;
  connect_deadline_ = now + options_.connect_timeout;
  logger_.info("sync_connecting transport=" + std::to_string(transport_.value()));
  emit(OpenTransport{.transport = transport_,
                     .url = with_token(options_.route, options_.access_token),
                     .sub_protocols = protocol::offer_subprotocols(options_.mode)});
  for (const auto& [key, session] : sessions_) session->connecting();
}

void ClientConnection::transport_opened(TransportId transport,
                                        std::optional<std::string_view> sub_protocol,
                                        TimePoint now) {
  if (transport != transport_ || state_ != ConnectionState::kConnecting) return;
  const Result<protocol::SubProtocol> accepted =
      protocol::accept_subprotocol(options_.mode, sub_protocol);
  if (!accepted) {
    close_transport({.reason = DisconnectReason::kBadNegotiation,
                     .error = make_local_error(SdkStatus::kSyncProtocolNegotiationFailed,
                                               std::nullopt,
                                               true,
                                               accepted.error().describe())},
                    now);
    return;
  }

  state_ = ConnectionState::kConnected;
  sub_protocol_ = *accepted;
  options_.route.state = protocol::RouteState::kVerified;
  connect_deadline_.reset();
  is_fast_reconnect_ = disconnected_at_ && now - *disconnected_at_ <= options_.fast_reconnect_limit;
  logger_.info("sync_connected transport=" + std::to_string(transport_.value()) +
               " version=" + std::to_string(sub_protocol_.version.value()));
  heartbeat_.start(now);
  plan_renewal(now);
  input_was_held_ = false;
  if (resets_delay_if_lost_) heartbeat_.probe(now);
  if (wanting_connection_ == 0) linger_deadline_ = now + options_.linger_time;
  for (const auto& [key, session] : sessions_) session->connected();
}

void ClientConnection::transport_failed(TransportId transport,
                                        const ConnectFailure& failure,
                                        TimePoint now) {
  if (transport != transport_ || state_ != ConnectionState::kConnecting) return;
  const bool is_guess = options_.route.state == protocol::RouteState::kGuessed;
  const std::optional<Action> action =
      is_guess ? std::optional(Action::kRefreshLocation) : std::nullopt;
  switch (failure.kind) {
    case ConnectFailure::Kind::kUnreachable:
      react(DisconnectReason::kConnectFailed,
            {"connect failed", SdkStatus::kSyncConnectFailed, action},
            failure.description,
            now);
      return;
    case ConnectFailure::Kind::kTls:
      react(DisconnectReason::kTlsFailure,
            protocol::react_to_close(static_cast<std::uint16_t>(protocol::CloseCode::kTlsFailure)),
            failure.description,
            now);
      return;
    case ConnectFailure::Kind::kRefused: {
      if (failure.retry_after) held_until_ = now + std::min(*failure.retry_after, kRetryAfterMax);
      // Who says when to come back refuses for now, with whatever status.
      const std::uint32_t status = failure.retry_after ? kServiceUnavailable : failure.http_status;
      const protocol::TransportReaction& reaction =
          protocol::react_to_http_status(status, options_.route.state);
      DisconnectReason reason = DisconnectReason::kRefusedForNow;
      if (reaction.is_fatal) reason = DisconnectReason::kRefused;
      if (reaction.status == SdkStatus::kSyncConnectFailed && !reaction.is_fatal)
        reason = DisconnectReason::kConnectFailed;
      react(reason, reaction, failure.description, now);
      return;
    }
  }
}

void ClientConnection::transport_closed(TransportId transport,
                                        const TransportClosure& closure,
                                        TimePoint now) {
  if (transport != transport_ || state_ != ConnectionState::kConnected) return;
  if (closure.close_code) {
    react(reason_of_close(*closure.close_code),
          protocol::react_to_close(*closure.close_code),
          closure.reason,
          now);
  } else {
    react(DisconnectReason::kStreamEnded,
          {"connection lost", SdkStatus::kConnectionClosed, Action::kTransient},
          closure.reason,
          now);
  }
}

void ClientConnection::react(DisconnectReason reason,
                             const protocol::TransportReaction& reaction,
                             const std::string& description,
                             TimePoint now) {
  Disconnect end{.reason = reason};
  if (reaction.status || reaction.action) {
    std::string text(reaction.name);
    if (!description.empty()) text += ": " + description;
    end.error = make_local_error(reaction.status.value_or(SdkStatus::kConnectionClosed),
                                 reaction.action,
                                 reaction.is_fatal,
                                 std::move(text));
  }
  // A route that was only guessed is looked up while the delay runs; after a refusal of token or
  // route another attempt makes no sense before the refresh.
  const bool is_refusal =
      reason == DisconnectReason::kRefused || reason == DisconnectReason::kRefusedForNow;
  if (is_refusal && is_refresh(reaction.action)) end.retries_at_once = ++refusals_in_row_ == 1;
  disconnect(end, now);
  if (end.error) obey(*end.error, is_refusal, now);
  connect_if_wanted(now);
}

void ClientConnection::close_transport(const Disconnect& end, TimePoint now) {
  emit(CloseTransport{transport_});
  disconnect(end, now);
  if (end.error) obey(*end.error, true, now);
  connect_if_wanted(now);
}

void ClientConnection::disconnect(const Disconnect& end, TimePoint now) {
  if (state_ == ConnectionState::kConnected) disconnected_at_ = now;
  unsent_.clear();
  unsent_bytes_ = 0;
  state_ = ConnectionState::kDisconnected;
  last_disconnect_reason_ = end.reason;
  connect_deadline_.reset();
  linger_deadline_.reset();
  renewal_at_.reset();
  heartbeat_.stop();
  awaiting_answer_.clear();
  probe_at_.reset();
  send_queue_.clear();
  queued_.clear();
  newest_bound_ = SessionIdent{};
  std::erase_if(owners_,
                [](const auto& row) { return std::holds_alternative<Binding>(row.second); });
  plan_next_attempt(end, now);
  if (logger_.enabled(LogLevel::kInfo)) {
    const auto delay = std::chrono::ceil<std::chrono::milliseconds>(earliest_attempt_ - now);
    logger_.info("sync_disconnected transport=" + std::to_string(transport_.value()) +
                 " retry_delay_ms=" + std::to_string(delay.count()) + " cause=\"" +
                 (end.error ? end.error->error.message() : "none") + "\"");
  }
  for (const auto& [key, session] : sessions_)
    session->connection_lost(end.error, end.suspends_sessions, now);
}

void ClientConnection::plan_next_attempt(const Disconnect& end, TimePoint now) {
  failed_at_ = now;
  const bool is_first_refusal = refusals_in_row_ == 1 && end.error && is_refresh(end.error->action);
  if (std::exchange(resets_delay_if_lost_, false) || end.reason == DisconnectReason::kVoluntary) {
    backoff_.reset();
    earliest_attempt_ = now;
  } else if (is_first_refusal) {
    earliest_attempt_ = now;
  } else {
    earliest_attempt_ = now + backoff_.next_delay(end.reason, random_, end.backoff);
  }
  earliest_attempt_ = std::max(earliest_attempt_, held_until_);
}

void ClientConnection::obey(const SyncError& error, bool holds_attempts, TimePoint now) {
  if (is_refresh(error.action))
    begin_refresh(error.action == Action::kRefreshLocation, holds_attempts);
  if (error.action == Action::kLogOutUser) log_out(error, now);
}

void ClientConnection::violate(const Error& error, TimePoint now) {
  logger_.warn("sync_protocol_violation transport=" + std::to_string(transport_.value()) +
               " error=\"" + error.describe() + "\"");
  close_transport({.reason = DisconnectReason::kProtocolViolation,
                   .error = make_local_error(SdkStatus::kSyncProtocolInvariantFailed,
                                             Action::kProtocolViolation,
                                             true,
                                             error.describe())},
                  now);
}

// Messages.

void ClientConnection::receive(TransportId transport, Bytes message, TimePoint now) {
  if (transport != transport_ || state_ != ConnectionState::kConnected) return;
  const Result<protocol::ServerMessage> parsed =
      protocol::parse_server_message(message, sub_protocol_);
  if (!parsed) {
    violate(parsed.error(), now);
    return;
  }
  message_bytes_ = message.size();
  last_message_ = now;
  bytes_received(now);
  if (logger_.enabled(LogLevel::kDebug)) {
    logger_.debug("sync_received message=" + std::string(protocol::message_name(*parsed)) +
                  " bytes=" + std::to_string(message.size()));
  }
  if (const Result<void> handled = handle(*parsed, message, now); !handled)
    violate(handled.error(), now);
}

Result<void> ClientConnection::handle(const protocol::ServerMessage& message,
                                      Bytes& storage,
                                      TimePoint now) {
  return std::visit(
      Overloaded{
          [&](const protocol::ServerIdent& ident) {
            return deliver(ident.session, BindStep::kReceiveIdent, [&](ClientSession& session) {
              return session.receive(ident);
            });
          },
          [&](const protocol::Download& download) {
            return deliver(download.session, BindStep::kReceiveChange, [&](ClientSession& session) {
              return session.receive(download, std::move(storage), now);
            });
          },
          [&](const protocol::Mark& mark) {
            return deliver(mark.session, BindStep::kReceiveChange, [&](ClientSession& session) {
              return session.receive(mark, now);
            });
          },
          [&](const protocol::Unbound& unbound) {
            return deliver(unbound.session, BindStep::kReceiveUnbound, [&](ClientSession& session) {
              return session.receive(unbound);
            });
          },
          [&](const protocol::ServerError& error) {
            return handle_error(error, error.retry_delay, now);
          },
          [&](const protocol::LegacyError& error) {
            return handle_error(error, std::nullopt, now);
          },
          [&](const protocol::LogMessage& line) {
            log_server_line(line);
            return Result<void>();
          },
          [&](const protocol::Pong& pong) -> Result<void> {
            if (!heartbeat_.receive(pong, now)) return not_legal("PONG answers no PING");
            resets_delay_if_lost_ = false;
            backoff_.reset();
            return {};
          },
          [&](const protocol::QueryError&) -> Result<void> {
            return not_legal("QUERY_ERROR without a query");
          },
          [&](const protocol::TestCommand&) -> Result<void> {
            return not_legal("TEST_COMMAND answers no command");
          },
      },
      message);
}

template <typename Message>
Result<void> ClientConnection::handle_error(const Message& message,
                                            const std::optional<protocol::RetryDelay>& retry_delay,
                                            TimePoint now) {
  const bool is_for_connection = message.session == SessionIdent{};
  if (is_for_connection !=
      (protocol::error_level(message.code) == protocol::ErrorLevel::kConnection))
    return not_legal("an error of one level was sent at the other");
  if (!is_for_connection) {
    const BindStep step =
        protocol::ends_session(message.code) ? BindStep::kReceiveError : BindStep::kReceiveNotice;
    return deliver(message.session, step, [&](ClientSession& session) {
      return session.receive(message, now);
    });
  }

  if (protocol::find_sync_error(message.code) == nullptr)
    return not_legal("the error for the connection has an unknown code");
  Disconnect end{.reason = DisconnectReason::kServerError,
                 .error = make_sync_error(message),
                 .suspends_sessions = !message.try_again};
  if (retry_delay) end.backoff = to_backoff_parameters(*retry_delay, options_.backoff);
  close_transport(end, now);
  return {};
}

template <typename Take>
Result<void> ClientConnection::deliver(SessionIdent ident, BindStep step, Take&& take) {
  const auto owner = owners_.find(ident);
  if (owner == owners_.end() || ident > newest_bound_) {
    // What a finished session was sent is late; what was never bound cannot be meant for us.
    if (ident != SessionIdent{} && ident <= newest_bound_) return {};
    return not_legal("a message names session " + std::to_string(ident.value()) +
                     ", which was never bound");
  }
  if (ClientSession** session = std::get_if<ClientSession*>(&owner->second)) {
    (*session)->count_received(message_bytes_);
    ClientSession& taker = **session;
    Result<void> taken = take(taker);
    if (owners_.contains(ident)) update_expectation(ident, taker, *last_message_);
    return taken;
  }

  Binding& binding = std::get<Binding>(owner->second);
  if (!binding.receive(step)) return not_legal("a message for a session that is being unbound");
  if (binding.phase() == BindPhase::kUnbound) owners_.erase(owner);
  return {};
}

void ClientConnection::log_server_line(const protocol::LogMessage& message) {
  if (!logger_.enabled(LogLevel::kDebug)) return;
  logger_.debug("sync_server_log session=" + std::to_string(message.session.value()) +
                " connection_id=" + message.connection_id + " text=\"" + message.text + "\"");
}

std::optional<OutgoingMessage> ClientConnection::take_output(TimePoint now) {
  if (state_ != ConnectionState::kConnected) return std::nullopt;
  if (heartbeat_.is_ping_due()) {
    input_was_held_ = !wants_input();
    return OutgoingMessage{.head = protocol::encode_client_message(heartbeat_.take_ping(now)),
                           .body = {}};
  }
  while (!send_queue_.empty()) {
    const SessionIdent ident = send_queue_.front();
    send_queue_.pop_front();
    queued_.erase(ident);
    const auto owner = owners_.find(ident);
    if (owner == owners_.end()) continue;

    if (ClientSession** session = std::get_if<ClientSession*>(&owner->second)) {
      std::optional<OutgoingMessage> message = (*session)->next_message(now);
      if (!message) continue;
      const std::size_t bytes = message->head.size() + message->body.size();
      (*session)->count_sent(bytes);
      unsent_.emplace_back((*session)->key(), bytes);
      unsent_bytes_ += bytes;
      newest_bound_ = std::max(newest_bound_, ident);
      enlist(ident);
      update_expectation(ident, **session, now);
      // That the socket takes more is a sign of life too.
      if (probe_at_) expect_answer(now);
      return message;
    }
    Binding& binding = std::get<Binding>(owner->second);
    if (!binding.needs_unbind()) continue;
    binding.send(BindStep::kSendUnbind);
    if (binding.phase() == BindPhase::kUnbound) owners_.erase(owner);
    return OutgoingMessage{.head = protocol::encode_client_message(protocol::Unbind{ident}),
                           .body = {}};
  }
  return std::nullopt;
}

bool ClientConnection::receiving(TransportId transport, BytesView so_far) {
  if (transport != transport_ || state_ != ConnectionState::kConnected) return false;
  const auto head = protocol::find_download_head(so_far, sub_protocol_);
  if (!head) return false;  // Whether that is a violation the whole message will tell.
  const auto owner = owners_.find(head->session);
  if (owner == owners_.end()) return false;
  if (ClientSession** session = std::get_if<ClientSession*>(&owner->second)) {
    (*session)->download_arrives(*head, so_far.size());
  }
  return !events_.empty();
}

bool ClientConnection::output_left(std::size_t bytes) {
  while (!unsent_.empty()) {
    const auto [key, size] = unsent_.front();
    const std::size_t behind = unsent_bytes_ - size;
    const std::size_t left = bytes > behind ? std::min(bytes - behind, size) : 0;
    if (ClientSession* const session = find_session(key)) session->message_left(size, left);
    if (left > 0) break;
    unsent_.pop_front();
    unsent_bytes_ = behind;
  }
  return !events_.empty();
}

// The user's account.

bool ClientConnection::is_token_expired(TimePoint now) const noexcept {
  return options_.access_token.expires && *options_.access_token.expires <= now;
}

bool ClientConnection::needs_access_token(TimePoint now) const noexcept {
  const bool is_of_use = state_ != ConnectionState::kDisconnected &&
                         !options_.access_token.text.empty();  // Where it was accepted before.
  return !is_of_use && is_token_expired(now) && !token_was_refreshed_;
}

void ClientConnection::begin_refresh(bool needs_location, bool holds_attempts) {
  if (!refresh_) {
    refresh_ = Refresh{.with_location = needs_location, .holds_attempts = holds_attempts};
    emit(RefreshCredentials{needs_location});
    return;
  }
  refresh_->holds_attempts |= holds_attempts;
  refresh_->is_ahead = false;
  needs_location_too_ |= needs_location && !refresh_->with_location;
}

void ClientConnection::plan_renewal(TimePoint now) {
  // Less is left to the next connect, which refreshes what has expired.
  constexpr Duration kLifeMin = std::chrono::seconds(1);
  renewal_at_.reset();
  if (state_ != ConnectionState::kConnected || !options_.access_token.expires) return;
  const TimePoint expires = *options_.access_token.expires;
  if (expires <= now + kLifeMin) return;
  renewal_at_ = expires - std::min<Duration>(options_.token_renewal_ahead, (expires - now) / 2);
}

void ClientConnection::renew_token() {
  renewal_at_.reset();
  if (refresh_) return;
  refresh_ = Refresh{.is_ahead = true};
  emit(RefreshCredentials{});
}

void ClientConnection::forget_token() {
  options_.access_token = {.text = {}, .expires = TimePoint::min()};
  token_was_refreshed_ = false;
}

void ClientConnection::refresh_credentials(bool needs_location, TimePoint /*now*/) {
  begin_refresh(needs_location, false);
}

void ClientConnection::credentials_refreshed(AccessToken access_token,
                                             std::optional<std::string> route_url,
                                             TimePoint now) {
  const bool with_location = refresh_ && refresh_->with_location;
  refresh_.reset();
  options_.access_token = std::move(access_token);
  token_was_refreshed_ = true;
  const bool moved = route_url && *route_url != options_.route.url;
  if (route_url)
    options_.route = {.url = std::move(*route_url), .state = protocol::RouteState::kVerified};
  if (std::exchange(needs_location_too_, false) && !with_location) {
    begin_refresh(true, false);
    return;
  }

  if (moved && state_ != ConnectionState::kDisconnected) {
    close_transport({.reason = DisconnectReason::kVoluntary}, now);
  }
  plan_renewal(now);
  for (const auto& [key, session] : sessions_) session->credentials_refreshed(with_location, now);
  // A server that goes on refusing what its own API has issued would otherwise be flooded.
  if (refusals_in_row_ <= 1 && held_until_ <= now) cancel_delay(now);
  connect_if_wanted(now);
}

void ClientConnection::refresh_failed(const RefreshFailure& failure, TimePoint now) {
  const bool was_ahead = refresh_ && refresh_->is_ahead;
  refresh_.reset();
  if (failure.kind == RefreshFailure::Kind::kRejected) {
    needs_location_too_ = false;
    SyncError error = make_local_error(
        SdkStatus::kAuthError, Action::kLogOutUser, true, failure.error.describe());
    log_out(error, now);
    return;
  }
  logger_.warn("sync_refresh_failed error=\"" + failure.error.describe() + "\"");
  if (was_ahead) {
    plan_renewal(now);
    return;
  }
  needs_location_too_ = false;
  token_was_refreshed_ = true;
  for (const auto& [key, session] : sessions_) session->refresh_failed(failure.error, now);
  connect_if_wanted(now);
}

void ClientConnection::log_out(const SyncError& error, TimePoint now) {
  emit(UserLoggedOut{error});  // Who hears of the error finds the user logged out.
  end_log_in(error, LogOut::kByServer, now);
}

void ClientConnection::end_log_in(const SyncError& error, LogOut by, TimePoint now) {
  forget_token();
  for (const auto& [key, session] : sessions_) session->logged_out(error, by, now);
  if (by == LogOut::kByUser && state_ != ConnectionState::kDisconnected)
    close_transport({.reason = DisconnectReason::kVoluntary}, now);
}

// Time and the outside.

void ClientConnection::advance(TimePoint now) {
  if (connect_deadline_ && *connect_deadline_ <= now) {
    const bool is_guess = options_.route.state == protocol::RouteState::kGuessed;
    emit(CloseTransport{transport_});
    react(DisconnectReason::kConnectTimedOut,
          {"connecting took too long",
           SdkStatus::kSyncConnectTimeout,
           is_guess ? std::optional(Action::kRefreshLocation) : std::nullopt},
          {},
          now);
  }
  if (probe_at_ && *probe_at_ <= now) {
    expect_answer(now);
    // What was not read is not missing.
    if (wants_input()) heartbeat_.probe(now);
  }
  if (heartbeat_.advance(now)) {
    if (std::exchange(input_was_held_, !wants_input())) {
      heartbeat_.extend(now);
    } else {
      emit(CloseTransport{transport_});
      react(DisconnectReason::kPongTimedOut,
            {"the server did not answer a ping", SdkStatus::kConnectionClosed, Action::kTransient},
            {},
            now);
    }
  }
  if (renewal_at_ && *renewal_at_ <= now) renew_token();
  if (linger_deadline_ && *linger_deadline_ <= now)
    close_transport({.reason = DisconnectReason::kVoluntary}, now);
  while (!session_deadlines_.empty() && session_deadlines_.begin()->first <= now) {
    const SessionKey key = session_deadlines_.begin()->second;
    sessions_.at(key)->advance(now);
  }
  connect_if_wanted(now);
}

std::optional<TimePoint> ClientConnection::deadline() const {
  std::optional<TimePoint> earliest = next_attempt();
  const auto consider = [&](const std::optional<TimePoint>& candidate) {
    if (candidate && (!earliest || *candidate < *earliest)) earliest = candidate;
  };
  consider(connect_deadline_);
  consider(linger_deadline_);
  consider(renewal_at_);
  consider(heartbeat_.deadline());
  consider(probe_at_);
  if (!session_deadlines_.empty()) consider(session_deadlines_.begin()->first);
  return earliest;
}

std::optional<TimePoint> ClientConnection::next_attempt() const noexcept {
  const bool is_held = refresh_ && refresh_->holds_attempts;
  if (state_ != ConnectionState::kDisconnected || wanting_connection_ == 0 || is_held)
    return std::nullopt;
  return earliest_attempt_;
}

ConnectionStats ClientConnection::stats() const noexcept {
  return {.round_trip = heartbeat_.round_trip(),
          .last_message = last_message_,
          .next_attempt = next_attempt()};
}

std::vector<SessionKey> ClientConnection::take_changed_stats() {
  std::vector<SessionKey> changed(changed_stats_.begin(), changed_stats_.end());
  changed_stats_.clear();
  return changed;
}

void ClientConnection::reconnect(TimePoint now) {
  for (const auto& [key, session] : sessions_) session->wake(now);
  cancel_delay(now);
}

void ClientConnection::cancel_delay(TimePoint now) {
  if (state_ == ConnectionState::kDisconnected) {
    skip_delay(now);
  } else {
    resets_delay_if_lost_ = true;
    heartbeat_.probe(now);
  }
}

void ClientConnection::probe(TimePoint now) {
  heartbeat_.probe(now);
}

void ClientConnection::bytes_received(TimePoint now) {
  heartbeat_.alive(now);
  if (probe_at_) expect_answer(now);
}

void ClientConnection::expect_answer(TimePoint now) {
  probe_at_ = now + options_.heartbeat.answer_timeout / 2;
}

void ClientConnection::update_expectation(SessionIdent ident,
                                          const ClientSession& session,
                                          TimePoint now) {
  if (session.awaits_answer()) {
    awaiting_answer_.insert(ident);
  } else {
    awaiting_answer_.erase(ident);
  }
  if (awaiting_answer_.empty()) {
    probe_at_.reset();
  } else if (!probe_at_) {
    expect_answer(now);
  }
}

void ClientConnection::skip_delay(TimePoint now) {
  if (state_ != ConnectionState::kDisconnected) return;
  backoff_.reset();
  earliest_attempt_ = now;
  held_until_ = now;
  connect_if_wanted(now);
}

void ClientConnection::shorten_delay(TimePoint now) {
  if (state_ != ConnectionState::kDisconnected || earliest_attempt_ <= now) return;
  earliest_attempt_ =
      std::min(earliest_attempt_, std::max({now, failed_at_ + backoff_.delay_min(), held_until_}));
  connect_if_wanted(now);
}

void ClientConnection::close(TimePoint now) {
  for (const auto& [key, session] : sessions_) session->close(now);
  if (state_ != ConnectionState::kDisconnected)
    close_transport({.reason = DisconnectReason::kVoluntary}, now);
}

std::optional<Event> ClientConnection::next_event() {
  if (events_.empty()) return std::nullopt;
  Event event = std::move(events_.front());
  events_.pop_front();
  if (const auto* closed = std::get_if<SessionClosed>(&event)) sessions_.erase(closed->session);
  return event;
}

bool ClientConnection::wants_input() const noexcept {
  return unintegrated_bytes_ <= options_.unintegrated_bytes_max;
}

// What the sessions ask for.

void ClientConnection::emit(Event event) {
  events_.push_back(std::move(event));
}

SessionIdent ClientConnection::begin_binding(ClientSession& session) {
  const SessionIdent ident = idents_.next();
  owners_.emplace(ident, &session);
  return ident;
}

void ClientConnection::end_binding(const Binding& binding) {
  awaiting_answer_.erase(binding.ident());
  if (state_ != ConnectionState::kConnected || binding.phase() == BindPhase::kUnbound) {
    owners_.erase(binding.ident());
    return;
  }
  owners_.insert_or_assign(binding.ident(), binding);
  enlist(binding.ident());
}

void ClientConnection::enlist(SessionIdent ident) {
  if (state_ != ConnectionState::kConnected) return;
  if (queued_.insert(ident).second) send_queue_.push_back(ident);
}

void ClientConnection::want_connection(bool wanted, TimePoint now) {
  if (wanted) {
    ++wanting_connection_;
    linger_deadline_.reset();
    connect_if_wanted(now);
  } else if (--wanting_connection_ == 0 && state_ == ConnectionState::kConnected) {
    linger_deadline_ = now + options_.linger_time;
  }
}

void ClientConnection::reschedule(SessionKey session,
                                  std::optional<TimePoint> previous,
                                  std::optional<TimePoint> deadline) {
  if (previous) session_deadlines_.erase({*previous, session});
  if (deadline) session_deadlines_.emplace(*deadline, session);
}

void ClientConnection::unintegrated_bytes_changed(std::size_t previous, std::size_t current) {
  unintegrated_bytes_ += current - previous;
  if (!wants_input()) input_was_held_ = true;
}

}  // namespace tombolo::sync
