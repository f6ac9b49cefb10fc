#include "sync/client_reset.h"

#include "base/assertion.h"

namespace tombolo::sync {

using protocol::Action;

Result<ResetMethod> choose_reset_method(ClientResetMode mode,
                                        Action action,
                                        const std::optional<ResetAttempt>& earlier) {
  TOMBOLO_ASSERT(mode != ClientResetMode::kManual);
  const bool is_forbidden = action == Action::kClientResetNoRecovery;
  const bool is_cycle = earlier && earlier->action == action;
  if (is_cycle && earlier->method == ResetMethod::kDiscardLocal) {
    return Error(ErrorCode::kClientReset,
                 "a client reset that discarded local changes was followed by another");
  }
  if (mode == ClientResetMode::kDiscardLocal) return ResetMethod::kDiscardLocal;
  if (!is_forbidden && !is_cycle) return ResetMethod::kRecover;
  if (mode == ClientResetMode::kRecoverOrDiscard) return ResetMethod::kDiscardLocal;
  return Error(ErrorCode::kClientReset,
               is_forbidden
                   ? "the server does not allow local changes to be recovered"
                   : "a client reset that recovered local changes was followed by another");
}

}  // namespace tombolo::sync
