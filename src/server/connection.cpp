#include "server/connection.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "protocol/codec.h"
#include "protocol/limits.h"
#include "server/session_error.h"
#include "value/partition_value.h"

namespace tombolo::server {
namespace {

using protocol::SyncErrorCode;

/// Close codes that the connection uses. 1000 goes where the client has been told already, or is to
/// take the end of the stream for a lost connection. Source: docs/protocol.md, "Close codes".
constexpr std::uint16_t kCloseNormal = 1000;
constexpr std::uint16_t kCloseMessageTooBig = 1009;
constexpr std::uint16_t kCloseUnauthorized = 4001;

/// A path of the sync engine's test programs: components that are not empty and do not begin with
/// a dot.
bool is_partition_path(std::string_view path) noexcept {
  if (path.starts_with('/')) path.remove_prefix(1);
  if (path.empty()) return false;
  for (;;) {
    const std::size_t slash = path.find('/');
    const std::string_view component = path.substr(0, slash);
    if (component.empty() || component.front() == '.') return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

/// The name of the partition that a BIND asks for; nullopt when its text is none.
std::optional<std::string> partition_name(std::string_view text, PartitionSyntax syntax) {
  if (syntax == PartitionSyntax::kPath) {
    return is_partition_path(text) ? std::optional<std::string>(text) : std::nullopt;
  }
  const auto value = parse_partition_text(text);
  return value ? std::optional(to_partition_text(*value)) : std::nullopt;
}

/// The session that a message is for; 0 for PING.
SessionIdent session_of(const protocol::ClientMessage& message) noexcept {
  return std::visit(
      [](const auto& one) {
        if constexpr (requires { one.session; }) return one.session;
        return SessionIdent{};
      },
      message);
}

}  // namespace

Connection::Connection(ConnectionOptions options, TimePoint now)
    : options_(std::move(options)),
      last_received_(now) {
  if (options_.refusal) {
    phase_ = Phase::kRefused;
  } else if (options_.subprotocol.version >= protocol::since::kLogMessage) {
    log_messages_.push_back({.session = SessionIdent{},
                             .connection_id = options_.connection_id,
                             .level = protocol::LogMessageLevel::kInfo,
                             .text = "connected"});
  }
}

void Connection::receive(Bytes message, TimePoint now) {
  last_received_ = now;
  if (phase_ == Phase::kOpen) on_message(std::move(message));
}

void Connection::on_message(Bytes bytes) {
  if (leaving_) {
    waiting_bytes_ += bytes.size();
    return held_back_.push_back(std::move(bytes));
  }
  const auto parsed = protocol::parse_client_message(bytes, options_.subprotocol);
  if (!parsed) return fail(parsed.error());

  if (const auto* ping = std::get_if<protocol::Ping>(&*parsed)) {
    pong_ = protocol::Pong{ping->timestamp};
    return;
  }
  if (const auto* bind = std::get_if<protocol::Bind>(&*parsed)) return on_bind(*bind);

  const SessionIdent ident = session_of(*parsed);
  const auto session = sessions_.find(ident);
  if (session == sessions_.end()) {
    return fail(SyncErrorCode::kBadSessionIdent, "no session with this ident is bound");
  }
  if (session->second.phase() == Session::Phase::kIdentifying) {
    if (std::holds_alternative<protocol::Unbind>(*parsed)) leaving_ = session->second.key();
    waiting_bytes_ += bytes.size();
    return session->second.hold(std::move(bytes));
  }
  // Moving a vector keeps its buffer, so what was parsed goes on viewing the bytes.
  on_session_message(ident, *parsed, std::make_shared<const Bytes>(std::move(bytes)));
}

void Connection::on_bind(const protocol::Bind& bind) {
  if (bind.session == SessionIdent{}) {
    return fail(SyncErrorCode::kBadSessionIdent, "0 names the connection and no session");
  }
  if (sessions_.contains(bind.session)) {
    return fail(SyncErrorCode::kReuseOfSessionIdent, "a session with this ident is bound");
  }
  // A session that was turned away is kept until its UNBIND: clients that go on are sent off.
  if (sessions_.size() >= 2 * options_.sessions_max) {
    return close(kCloseNormal, "too many sessions");
  }
  const auto* target = std::get_if<protocol::PartitionBind>(&bind.target);
  if (!target) {
    return fail(SyncErrorCode::kSwitchToPbs, "this app uses partition-based sync");
  }
  const auto partition = partition_name(target->partition, options_.partition_syntax);
  const SessionKey key{bind.session, next_binding_++};
  Session& session =
      sessions_
          .try_emplace(
              bind.session, key, partition.value_or(std::string()), options_.subprotocol.version)
          .first->second;
  if (bind.is_subserver) {
    session.fail(protocol::make_server_error(
        SyncErrorCode::kOtherSessionError, bind.session, "subservers are not supported"));
  } else if (sessions_.size() > options_.sessions_max) {
    session.fail(
        to_server_error(Error(ErrorCode::kLimitExceeded, "too many sessions"), bind.session));
  } else if (!partition) {
    session.fail(protocol::make_server_error(
        SyncErrorCode::kIllegalRealmPath, bind.session, "not a partition value"));
  } else {
    session.begin(bind.needs_client_file_ident, work_);
  }
  enlist(session);
}

void Connection::on_session_message(SessionIdent ident,
                                    const protocol::ClientMessage& message,
                                    std::shared_ptr<const Bytes> bytes) {
  Session& session = sessions_.at(ident);
  const std::size_t effects_before = work_.effects.size();
  if (const auto legal = session.receive(message, std::move(bytes), work_); !legal) {
    return fail(legal.error());
  }
  if (work_.effects.size() > effects_before) {
    if (const auto* upload = std::get_if<IntegrateUpload>(&work_.effects.back())) {
      waiting_bytes_ += upload->upload.bytes();
    }
  }
  enlist(session);
}

void Connection::advance(TimePoint now) {
  const auto due = deadline();
  if (!due || now < *due) return;
  if (phase_ == Phase::kRefused) {
    close(options_.refusal->code, options_.refusal->reason);
  } else if (options_.token_expires && now >= *options_.token_expires) {
    close(kCloseUnauthorized, "the access token has expired");
  } else {
    close(kCloseNormal, "silent for too long");
  }
}

void Connection::client_file_allocated(SessionKey key, Result<protocol::SaltedFileIdent> file) {
  if (Session* session = find(key)) {
    session->client_file_allocated(std::move(file));
    enlist(*session);
  }
}

void Connection::identified(SessionKey key,
                            Result<IdentifiedFile> identity,
                            std::optional<ClientVersion> integrated) {
  Session* session = find(key);
  if (!session) return;
  if (!identity) {
    const auto code = protocol::sync_error_code(identity.error());
    if (code && protocol::error_level(*code) == protocol::ErrorLevel::kConnection) {
      return fail(identity.error());
    }
  }
  session->identified(std::move(identity), integrated);
  std::vector<Bytes> held = session->take_held_messages();
  enlist(*session);
  if (leaving_ == key) {
    leaving_.reset();
    std::ranges::move(std::exchange(held_back_, {}), std::back_inserter(held));
  }
  for (Bytes& message : held) {
    waiting_bytes_ -= message.size();
    if (phase_ == Phase::kOpen) on_message(std::move(message));
  }
}

void Connection::integrated(SessionKey key, std::size_t bytes, Result<IntegratedUpload> outcome) {
  waiting_bytes_ -= bytes;
  if (Session* session = find(key)) {
    session->integrated(outcome);
    enlist(*session);
  }
}

void Connection::download_built(SessionKey key, Result<DownloadAnswer> download) {
  Session* session = find(key);
  if (session) session->download_built(std::move(download));
  if (!session || !session->holds_download()) --downloads_ahead_;
  if (session) enlist(*session);
  build_downloads();
}

void Connection::history_advanced(SessionKey key, ServerVersion history_end) {
  if (Session* session = find(key)) {
    session->history_advanced(history_end);
    enlist(*session);
  }
}

void Connection::shut_down() {
  fail(SyncErrorCode::kConnectionClosed, "the server is shutting down");
}

void Connection::close(std::uint16_t code, std::string reason) {
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kClosed;
  end_sessions();
  work_.effects.push_back(CloseConnection{code, std::move(reason)});
}

void Connection::disconnected() {
  phase_ = Phase::kClosed;
  end_sessions();
}

void Connection::fail(const Error& error) {
  if (const auto code = protocol::sync_error_code(error)) return fail(*code, error.message());
  close(kCloseMessageTooBig, error.message());
}

void Connection::fail(SyncErrorCode code, std::string message) {
  if (phase_ == Phase::kSendError || phase_ == Phase::kClosed) return;
  phase_ = Phase::kSendError;
  error_ = protocol::make_server_error(code, SessionIdent{}, std::move(message));
  end_sessions();
}

void Connection::end_sessions() {
  for (auto& [ident, session] : sessions_) {
    if (auto release = session.release()) work_.effects.push_back(*release);
  }
  sessions_.clear();
}

void Connection::erase(SessionIdent ident) {
  const auto found = sessions_.find(ident);
  Session& session = found->second;
  for (const Bytes& held : session.take_held_messages()) waiting_bytes_ -= held.size();
  if (session.holds_download()) --downloads_ahead_;
  sessions_.erase(found);
}

Session* Connection::find(SessionKey key) noexcept {
  const auto found = sessions_.find(key.ident);
  return found != sessions_.end() && found->second.key() == key ? &found->second : nullptr;
}

void Connection::enlist(Session& session) {
  if (session.phase() != Session::Phase::kRunning) {
    if (auto release = session.release()) work_.effects.push_back(*release);
  }
  if (session.phase() == Session::Phase::kOver) return erase(session.key().ident);
  if (session.has_message() && !std::exchange(session.is_ready_listed, true)) {
    ready_.push_back(session.key());
  }
  if (session.wants_download() && !std::exchange(session.is_download_listed, true)) {
    download_queue_.push_back(session.key());
  }
  build_downloads();
}

void Connection::build_downloads() {
  while (!download_queue_.empty() && downloads_ahead_ < options_.downloads_ahead_max) {
    Session* session = find(download_queue_.front());
    download_queue_.pop_front();
    if (!session) continue;
    session->is_download_listed = false;
    if (!session->wants_download()) continue;
    ++downloads_ahead_;
    work_.effects.push_back(session->request_download());
  }
}

std::optional<Effect> Connection::next_effect() {
  if (work_.effects.empty()) return std::nullopt;
  Effect effect = std::move(work_.effects.front());
  work_.effects.pop_front();
  return effect;
}

std::optional<OutgoingMessage> Connection::take_message() {
  const auto encode = [&](const protocol::ServerMessage& message) {
    return OutgoingMessage{protocol::encode_server_message(message, options_.subprotocol.version),
                           nullptr};
  };
  if (phase_ == Phase::kClosed || phase_ == Phase::kRefused) return std::nullopt;
  if (phase_ == Phase::kSendError) {
    OutgoingMessage message = encode(*error_);
    close(kCloseNormal, "");
    return message;
  }
  if (pong_) return encode(*std::exchange(pong_, std::nullopt));
  while (!ready_.empty()) {
    Session* session = find(ready_.front());
    ready_.pop_front();
    if (!session) continue;
    session->is_ready_listed = false;
    if (!session->has_message()) continue;
    const bool held_download = session->holds_download();
    OutgoingMessage message = session->take_message();
    if (held_download && !session->holds_download()) --downloads_ahead_;
    enlist(*session);
    return message;
  }
  if (!log_messages_.empty()) {
    OutgoingMessage message = encode(log_messages_.front());
    log_messages_.pop_front();
    return message;
  }
  return std::nullopt;
}

bool Connection::wants_input() const noexcept {
  return waiting_bytes_ < options_.waiting_bytes_max;
}

std::optional<TimePoint> Connection::deadline() const noexcept {
  if (phase_ == Phase::kRefused) return options_.refusal->at;
  if (phase_ != Phase::kOpen) return std::nullopt;
  const TimePoint silence = last_received_ + options_.silence_max;
  return options_.token_expires ? std::min(silence, *options_.token_expires) : silence;
}

}  // namespace tombolo::server
