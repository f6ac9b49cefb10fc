#include "protocol/transport_reaction.h"

#include <algorithm>
#include <array>

namespace tombolo::protocol {
namespace {

struct CloseRow {
  CloseCode code;
  TransportReaction reaction;
};

using enum SdkStatus;

constexpr bool kFatal = true;

/// The table of docs/protocol.md, "Close codes".
constexpr std::array kCloseRows{
    CloseRow{CloseCode::kNormal, {"normal", std::nullopt, std::nullopt}},
    CloseRow{CloseCode::kGoingAway, {"going away", kSyncProtocolInvariantFailed, std::nullopt}},
    CloseRow{CloseCode::kProtocolError,
             {"protocol error", kSyncProtocolInvariantFailed, std::nullopt}},
    CloseRow{CloseCode::kUnsupportedData,
             {"unsupported data", kSyncProtocolInvariantFailed, std::nullopt}},
    CloseRow{CloseCode::kReserved, {"reserved", kSyncProtocolInvariantFailed, std::nullopt}},
    CloseRow{CloseCode::kNoStatus, {"no status", kSyncProtocolInvariantFailed, std::nullopt}},
    CloseRow{CloseCode::kAbnormal, {"abnormal", std::nullopt, Action::kRefreshUser}},
    CloseRow{CloseCode::kInvalidPayload,
             {"invalid payload", kSyncProtocolInvariantFailed, std::nullopt}},
    CloseRow{CloseCode::kPolicyViolation,
             {"policy violation", kSyncProtocolInvariantFailed, std::nullopt}},
    CloseRow{CloseCode::kMessageTooBig, {"message too big", kLimitExceeded, Action::kClientReset}},
    CloseRow{CloseCode::kMissingExtension,
             {"missing extension", kSyncProtocolInvariantFailed, std::nullopt}},
    CloseRow{CloseCode::kInternalError, {"internal server error", kConnectionClosed, std::nullopt}},
    CloseRow{CloseCode::kTlsFailure, {"TLS failure", kTlsHandshakeFailed, std::nullopt}},
    CloseRow{CloseCode::kUnauthorized, {"unauthorized", kAuthError, Action::kRefreshUser}},
    CloseRow{CloseCode::kForbidden, {"forbidden", kAuthError, Action::kLogOutUser, kFatal}},
    CloseRow{CloseCode::kMovedPermanently,
             {"moved permanently", kConnectionClosed, Action::kRefreshLocation}},
};

constexpr TransportReaction kServerUnavailable{
    "server unavailable", kConnectionClosed, std::nullopt};
constexpr TransportReaction kConnectRefused{
    "unexpected answer", kSyncConnectFailed, std::nullopt, kFatal};
constexpr TransportReaction kStaleRoute{
    "unexpected answer on a guessed route", kSyncConnectFailed, Action::kRefreshLocation};

/// The row of `code`; that of `kPolicyViolation` for any that is not listed.
[[nodiscard]] const TransportReaction& find_reaction(CloseCode code) noexcept {
  const auto row = std::ranges::find(kCloseRows, code, &CloseRow::code);
  return row != kCloseRows.end() ? row->reaction : find_reaction(CloseCode::kPolicyViolation);
}

}  // namespace

const TransportReaction& react_to_close(std::uint16_t code) noexcept {
  return find_reaction(static_cast<CloseCode>(code));
}

const TransportReaction& react_to_http_status(std::uint32_t status, RouteState route) noexcept {
  switch (status) {
    case 301:
    case 308: return find_reaction(CloseCode::kMovedPermanently);
    case 401: return find_reaction(CloseCode::kUnauthorized);
    case 403: return find_reaction(CloseCode::kForbidden);
    default: break;
  }
  const std::uint32_t status_class = status / 100;
  if (status_class == 3 || status_class == 5) return kServerUnavailable;
  return route == RouteState::kVerified ? kConnectRefused : kStaleRoute;
}

}  // namespace tombolo::protocol
