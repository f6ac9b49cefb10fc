#include "sync/binding.h"

#include <algorithm>
#include <array>

#include "base/assertion.h"

namespace tombolo::sync {
namespace {

struct Edge {
  BindPhase from;
  BindStep step;
  BindPhase to;
};

using enum BindPhase;
using enum BindStep;

/// The whole machine. What crosses our UNBIND on its way is legal while leaving, and ignored.
constexpr std::array kEdges{
    Edge{kUnbound, kSendBind, kBound},
    Edge{kUnbound, kSendBindForIdent, kAwaitingIdent},

    Edge{kAwaitingIdent, kReceiveIdent, kBound},
    Edge{kAwaitingIdent, kReceiveNotice, kAwaitingIdent},
    Edge{kAwaitingIdent, kReceiveError, kFailed},
    Edge{kAwaitingIdent, kSendUnbind, kLeaving},

    Edge{kBound, kSendIdent, kIdentified},
    Edge{kBound, kReceiveNotice, kBound},
    Edge{kBound, kReceiveError, kFailed},
    Edge{kBound, kSendUnbind, kLeaving},

    Edge{kIdentified, kSendChange, kIdentified},
    Edge{kIdentified, kReceiveChange, kIdentified},
    Edge{kIdentified, kReceiveNotice, kIdentified},
    Edge{kIdentified, kReceiveError, kFailed},
    Edge{kIdentified, kSendUnbind, kLeavingIdentified},

    // The server answers no UNBIND after it has sent an error.
    Edge{kFailed, kSendUnbind, kUnbound},

    Edge{kLeaving, kReceiveIdent, kLeaving},
    Edge{kLeaving, kReceiveNotice, kLeaving},
    Edge{kLeaving, kReceiveError, kUnbound},
    Edge{kLeaving, kReceiveUnbound, kUnbound},

    Edge{kLeavingIdentified, kReceiveChange, kLeavingIdentified},
    Edge{kLeavingIdentified, kReceiveNotice, kLeavingIdentified},
    Edge{kLeavingIdentified, kReceiveError, kUnbound},
    Edge{kLeavingIdentified, kReceiveUnbound, kUnbound},
};

}  // namespace

std::optional<BindPhase> next_phase(BindPhase phase, BindStep step) noexcept {
  const auto* const edge = std::ranges::find_if(
      kEdges, [&](const Edge& row) { return row.from == phase && row.step == step; });
  if (edge == kEdges.end()) return std::nullopt;
  return edge->to;
}

void Binding::send(BindStep step) {
  const std::optional<BindPhase> next = next_phase(phase_, step);
  TOMBOLO_ASSERT(next.has_value());
  phase_ = *next;
}

bool Binding::receive(BindStep step) noexcept {
  const std::optional<BindPhase> next = next_phase(phase_, step);
  if (!next) return false;
  phase_ = *next;
  return true;
}

}  // namespace tombolo::sync
