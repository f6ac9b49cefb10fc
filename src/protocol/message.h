#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/strong_id.h"
#include "protocol/body.h"
#include "protocol/cursor.h"
#include "protocol/error_code.h"

/// The messages of the sync protocol, one struct for each and direction.
///
/// Lifetime: members of type `string_view` and `BodyView` view the bytes that the message was
/// parsed from, or what its maker holds; the message must not outlive them. Everything else is
/// owned. Thread:  plain values. Source:  docs/protocol.md, "Messages".
namespace tombolo::protocol {

// Both directions.

/// `mark`: the client's download barrier, and the server's answer to it.
struct Mark {
  SessionIdent session;
  RequestIdent request;
};

/// `test_command`: a request (JSON) and its answer; only spoken when configured.
struct TestCommand {
  SessionIdent session;
  RequestIdent request;
  std::string_view body;
};

// Client to server.

/// What a session syncs, in the words of partition-based sync.
struct PartitionBind {
  std::string_view partition;  ///< Canonical Extended JSON of the partition value.
};

/// Why a client binds.
enum class SessionReason : std::uint8_t { kSync = 0, kClientReset = 1 };

/// What a session says of itself in flexible sync.
struct FlexibleBind {
  std::uint64_t schema_version = 0;  ///< That the app opened its file with; 0 = not versioned.
  SessionReason session_reason = SessionReason::kSync;
  /// The partition text of a file that was migrated from partition-based sync.
  std::optional<std::string> migrated_partition;
};

/// `bind`: opens a session, or opens it again after it was unbound or failed.
struct Bind {
  SessionIdent session;
  bool needs_client_file_ident = false;  ///< The client has none and waits for a `ServerIdent`.
  bool is_subserver = false;             ///< Historic; a session that says so is refused.
  std::string_view token;                ///< Historic; empty in practice and ignored.
  std::variant<PartitionBind, FlexibleBind> target;
};

/// A set of queries: JSON from class name to predicate, `{}` when empty.
struct QuerySet {
  QueryVersion version;
  std::string_view queries;
};

/// `ident` of the client: which file it is and how far it has come.
struct ClientIdent {
  SessionIdent session;
  SaltedFileIdent client_file;
  DownloadCursor download;
  SaltedServerVersion latest_server_version;
  std::optional<QuerySet> active_queries;  ///< Present exactly in flexible sync.
};

/// `query`: a new set of queries (flexible sync).
struct Query {
  SessionIdent session;
  QuerySet queries;
};

/// `upload`: local changes, or with an empty body only progress.
struct Upload {
  SessionIdent session;
  UploadCursor progress;
  ServerVersion locked_server_version;  ///< Oldest version the client may still need.
  BodyView body;
};

/// `unbind`: closes a session.
struct Unbind {
  SessionIdent session;
};

/// `json_error` of the client: it could not integrate a DOWNLOAD.
struct ClientError {
  SessionIdent session;
  SyncErrorCode code = SyncErrorCode::kOtherSessionError;
  std::string message;
};

/// `ping`. Both times are the client's own and mean nothing to the server.
struct Ping {
  std::chrono::milliseconds timestamp{};
  std::chrono::milliseconds round_trip{};  ///< Of the previous ping; 0 if none.
};

using ClientMessage =
    std::variant<Bind, ClientIdent, Query, Upload, Mark, Unbind, ClientError, Ping, TestCommand>;

// Server to client.

/// `ident` of the server: the client file it has registered.
struct ServerIdent {
  SessionIdent session;
  SaltedFileIdent client_file;
};

/// Where a flexible sync DOWNLOAD stands in what it belongs to.
enum class BatchState : std::uint8_t { kMoreToCome = 0, kLastInBatch = 1, kSteadyState = 2 };

/// Fraction of a bootstrap or catch-up that is done after a message, in 1/10,000: 0 to 10,000.
using ProgressEstimate = StrongId<struct ProgressEstimateTag, std::uint16_t>;
inline constexpr ProgressEstimate kProgressEstimateMax{10'000};

/// What partition-based DOWNLOADs say of the rest; 0 = nothing more right now.
struct PartitionDownload {
  std::uint64_t downloadable_bytes = 0;
};

/// What flexible sync DOWNLOADs say of themselves.
struct FlexibleDownload {
  QueryVersion query_version;
  BatchState batch_state = BatchState::kSteadyState;
  ProgressEstimate estimate;  ///< Not carried, and read as 0, before `since::kProgressEstimate`.
};

/// `download`: remote changes and the server's acknowledgement of uploads.
struct Download {
  SessionIdent session;
  DownloadCursor download;
  SaltedServerVersion latest_server_version;
  UploadCursor upload;
  std::variant<PartitionDownload, FlexibleDownload> remainder;
  BodyView body;
};

/// What the head of a DOWNLOAD says of its size, when its body is still on its way.
struct DownloadHead {
  SessionIdent session;
  std::uint64_t downloadable_bytes = 0;  ///< After this message; 0 where it is not told.
  std::size_t body_bytes = 0;            ///< Not compressed.
  std::size_t message_bytes = 0;         ///< Of the whole message on the wire.
};

/// `unbound`: the last message of a session that was unbound.
struct Unbound {
  SessionIdent session;
};

/// `error`: the historic form. It carries no action, so our server never sends it.
struct LegacyError {
  SyncErrorCode code = SyncErrorCode::kOtherError;
  bool try_again = false;
  SessionIdent session;  ///< 0 = the connection.
  std::string_view message;
};

/// How a client is to wait before it tries again.
struct RetryDelay {
  std::chrono::seconds interval{};
  std::chrono::seconds interval_max{};
  std::uint32_t multiplier = 1;  ///< Growth from one attempt to the next.

  friend bool operator==(const RetryDelay&, const RetryDelay&) = default;
};

/// A write that the server undid.
struct RejectedUpdate {
  std::string table;        ///< Class name.
  std::string primary_key;  ///< Base64 of its encoding as a changeset payload.
  std::string reason;

  friend bool operator==(const RejectedUpdate&, const RejectedUpdate&) = default;
};

/// `json_error` of the server.
struct ServerError {
  SessionIdent session;  ///< 0 = the connection.
  SyncErrorCode code = SyncErrorCode::kOtherError;
  std::string message;
  std::string log_url;
  Action action = Action::kApplicationBug;
  bool try_again = false;                  ///< The client resumes by itself after a delay.
  bool should_client_reset = false;        ///< For clients that know no `action`.
  bool is_recovery_mode_disabled = false;  ///< Likewise.
  std::optional<RetryDelay> retry_delay;
  std::optional<std::string> partition_query;            ///< With `Action::kMigrateToFlx`.
  std::optional<std::uint64_t> previous_schema_version;  ///< With code 236.
  std::vector<RejectedUpdate> rejected_updates;          ///< With codes 230 and 231.
  std::optional<ClientVersion> rejected_client_version;  ///< With `rejected_updates`.
  std::optional<ServerVersion> compensating_write_server_version;  ///< With code 231.
  /// With a client reset: how much of what the file uploaded is integrated, confirmed or not. Our
  /// servers say it, and clients that do not know it pass over it.
  std::optional<ClientVersion> integrated_client_version;
};

/// The error as our server sends it: action, retry and the older flags as the table recommends.
/// Requires a code that servers send (asserted).
[[nodiscard]] ServerError make_server_error(SyncErrorCode code,
                                            SessionIdent session,
                                            std::string message);

/// `query_error`: one version of a query set is rejected (flexible sync); the session goes on.
struct QueryError {
  SyncErrorCode code = SyncErrorCode::kBadQuery;
  SessionIdent session;
  QueryVersion query_version;
  std::string_view message;
};

/// Severity of a server's log line.
enum class LogMessageLevel : std::uint8_t {
  kFatal,
  kError,
  kWarn,
  kInfo,
  kDetail,
  kDebug,
  kTrace,
};

/// `log_message`: diagnostics for the client's log (from `since::kLogMessage`).
struct LogMessage {
  SessionIdent session;       ///< 0 = the connection; may name one the client does not know.
  std::string connection_id;  ///< `co_id`; the first one counts. Empty = absent.
  LogMessageLevel level = LogMessageLevel::kDebug;
  std::string text;  ///< Empty = nothing to log.
};

/// `pong`: the timestamp of a PING, unchanged.
struct Pong {
  std::chrono::milliseconds timestamp{};
};

using ServerMessage = std::variant<ServerIdent,
                                   Download,
                                   Mark,
                                   Unbound,
                                   LegacyError,
                                   ServerError,
                                   QueryError,
                                   LogMessage,
                                   Pong,
                                   TestCommand>;

}  // namespace tombolo::protocol
