#pragma once

#include <cstdint>
#include <optional>

#include "base/strong_id.h"

namespace tombolo::sync {

/// Where a session ident stands on a connection, from BIND to what ends it.
enum class BindPhase : std::uint8_t {
  kUnbound,            ///< BIND may be sent, for the first time or again.
  kAwaitingIdent,      ///< BIND asked for a client file ident.
  kBound,              ///< The client's IDENT is to be sent.
  kIdentified,         ///< Changes go both ways.
  kFailed,             ///< The server has sent an error; UNBIND is to be sent.
  kLeaving,            ///< UNBIND was sent before the client's IDENT.
  kLeavingIdentified,  ///< UNBIND was sent after it.
};

/// A message that the phase depends on. UPLOAD, MARK and the client's JSON_ERROR are `kSendChange`.
enum class BindStep : std::uint8_t {
  kSendBind,
  kSendBindForIdent,
  kSendIdent,
  kSendChange,
  kSendUnbind,
  kReceiveIdent,
  kReceiveChange,  ///< DOWNLOAD or MARK.
  kReceiveNotice,  ///< An error that does not end the session.
  kReceiveError,
  kReceiveUnbound,
};

/// Where `step` leads from `phase`; nullopt when it is not legal there. A step of the server's that
/// is not legal is its violation of the protocol; one of ours is a bug.
[[nodiscard]] std::optional<BindPhase> next_phase(BindPhase phase, BindStep step) noexcept;

/// One session ident and its phase.
///
/// Thread:  plain value.
/// Source:  docs/sync-client.md, "Binding".
class Binding {
 public:
  explicit Binding(SessionIdent ident) noexcept : ident_(ident) {}

  [[nodiscard]] SessionIdent ident() const noexcept { return ident_; }
  [[nodiscard]] BindPhase phase() const noexcept { return phase_; }

  /// Whether UNBIND is what has to be sent for the ident to become free.
  [[nodiscard]] bool needs_unbind() const noexcept {
    return phase_ != BindPhase::kUnbound && !is_leaving();
  }
  [[nodiscard]] bool is_leaving() const noexcept {
    return phase_ == BindPhase::kLeaving || phase_ == BindPhase::kLeavingIdentified;
  }

  /// A step of ours. Requires that it is legal (asserted).
  void send(BindStep step);
  /// A step of the server's; false, without effect, when it is not legal.
  [[nodiscard]] bool receive(BindStep step) noexcept;

 private:
  SessionIdent ident_;
  BindPhase phase_ = BindPhase::kUnbound;
};

}  // namespace tombolo::sync
