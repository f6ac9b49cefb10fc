#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "protocol/error_code.h"

namespace tombolo::sync {

/// What an application wants when the server asks for a client reset.
/// Source:  docs/client-reset.md.
enum class ClientResetMode : std::uint8_t {
  kManual,            ///< The session ends; the file is put aside and begins anew.
  kDiscardLocal,      ///< The file becomes as the server has it.
  kRecover,           ///< The same, and what was not yet uploaded is repeated on it.
  kRecoverOrDiscard,  ///< `kRecover`, or `kDiscardLocal` when that is not possible.
};

/// How a file is reset. The numbers are stored.
enum class ResetMethod : std::uint8_t { kDiscardLocal = 0, kRecover = 1 };

/// A reset of a file that has not proved itself yet: kept in the file from its beginning until all
/// is uploaded and downloaded after it.
struct ResetAttempt {
  ResetMethod method = ResetMethod::kDiscardLocal;
  protocol::Action action = protocol::Action::kClientReset;  ///< What the server asked for.

  friend bool operator==(const ResetAttempt&, const ResetAttempt&) = default;
};

/// How to reset the file when the server asks for `action`, after `earlier`. `mode` is not
/// `kManual` (asserted).
///
///     earlier, of the same action   mode                  method
///     ---------------------------   -------------------   ------------------------------------
///     none                          any                   the mode's
///     kDiscardLocal                 any                   none: it did not help
///     kRecover                      kRecover              none
///     kRecover                      kRecoverOrDiscard     kDiscardLocal
///     kRecover                      kDiscardLocal         kDiscardLocal
///
/// With `kClientResetNoRecovery`, `kRecover` is impossible and `kRecoverOrDiscard` discards.
///
/// Errors:  `kClientReset` when there is no way.
[[nodiscard]] Result<ResetMethod> choose_reset_method(ClientResetMode mode,
                                                      protocol::Action action,
                                                      const std::optional<ResetAttempt>& earlier);

}  // namespace tombolo::sync
