#pragma once

#include <optional>

#include "base/clock.h"
#include "base/logging.h"
#include "base/random.h"
#include "base/strong_id.h"
#include "sync/binding.h"
#include "sync/event.h"

namespace tombolo::sync {

class ClientSession;

/// What a session needs of its connection.
///
/// Thread:  the connection's strand.
class SessionHost {
 public:
  virtual void emit(Event event) = 0;
  [[nodiscard]] virtual Random& random() noexcept = 0;
  [[nodiscard]] virtual Logger& logger() noexcept = 0;

  [[nodiscard]] virtual ConnectionState connection_state() const noexcept = 0;
  /// The present connection was made a moment after the last one was lost.
  [[nodiscard]] virtual bool is_fast_reconnect() const noexcept = 0;
  /// There is no connection and the access token would not get one, or there is no token.
  [[nodiscard]] virtual bool needs_access_token(TimePoint now) const noexcept = 0;

  /// A session ident for a new activation; messages that name it are `session`'s from now on.
  [[nodiscard]] virtual SessionIdent begin_binding(ClientSession& session) = 0;
  /// The session is done with this ident: the connection finishes the unbinding.
  virtual void end_binding(const Binding& binding) = 0;
  /// The session may have something to send.
  virtual void enlist(SessionIdent ident) = 0;

  /// The session began, or ceased, to want a connection.
  virtual void want_connection(bool wanted, TimePoint now) = 0;
  /// The user wants it now: connects without delay.
  virtual void skip_delay(TimePoint now) = 0;
  /// There is something to send: connects as soon as the shortest delay is over.
  virtual void shorten_delay(TimePoint now) = 0;
  virtual void refresh_credentials(bool needs_location, TimePoint now) = 0;
  /// The server has accepted a session on this connection.
  virtual void session_works() noexcept = 0;
  /// The server ended the user's log-in.
  virtual void log_out(const SyncError& error, TimePoint now) = 0;

  virtual void reschedule(SessionKey session,
                          std::optional<TimePoint> previous,
                          std::optional<TimePoint> deadline) = 0;
  /// `stats()` of the session changed.
  virtual void stats_changed(SessionKey session) = 0;
  /// The bytes received and not yet integrated changed from `previous` to `current`.
  virtual void unintegrated_bytes_changed(std::size_t previous, std::size_t current) = 0;

 protected:
  ~SessionHost() = default;
};

}  // namespace tombolo::sync
