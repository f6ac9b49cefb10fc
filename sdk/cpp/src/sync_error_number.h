#pragma once

#include "protocol/error_code.h"

namespace tombolo {

/// The number that SDKs show for a status. Source: docs/errors.md, "Numbers of sync errors".
[[nodiscard]] constexpr int sync_error_number(protocol::SdkStatus status) noexcept {
  using Status = protocol::SdkStatus;
  switch (status) {
    case Status::kBadChangeset: return 1015;
    case Status::kSubscriptionFailed: return 1016;
    case Status::kAutoClientResetFailed: return 1028;
    case Status::kBadSyncPartitionValue: return 1029;
    case Status::kConnectionClosed: return 1030;
    case Status::kInvalidSubscriptionQuery: return 1031;
    case Status::kSyncClientResetRequired: return 1032;
    case Status::kSyncCompensatingWrite: return 1033;
    case Status::kSyncConnectFailed: return 1034;
    case Status::kSyncConnectTimeout: return 1035;
    case Status::kInvalidSchemaChange: return 1036;
    case Status::kSyncPermissionDenied: return 1037;
    case Status::kSyncProtocolInvariantFailed: return 1038;
    case Status::kSyncProtocolNegotiationFailed: return 1039;
    case Status::kSyncServerPermissionsChanged: return 1040;
    case Status::kSyncUserMismatch: return 1041;
    case Status::kTlsHandshakeFailed: return 1042;
    case Status::kWrongSyncType: return 1043;
    case Status::kSyncWriteNotAllowed: return 1044;
    case Status::kSyncSchemaMigrationError: return 1046;
    case Status::kAuthError: return 4346;
    default: return 1000;  // A generic runtime error.
  }
}

}  // namespace tombolo
