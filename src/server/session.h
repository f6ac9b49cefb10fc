#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "protocol/message.h"
#include "protocol/version.h"
#include "server/effects.h"

namespace tombolo::server {

/// What storage knows of a client file that identified itself.
struct IdentifiedFile {
  ServerFileId file;
  protocol::UploadCursor recorded;
  ServerVersion locked_server_version;
  ServerVersion history_end;
};

/// One message for the socket: `head`, then `body` unless null. Bodies are shared, never copied.
struct OutgoingMessage {
  Bytes head;
  std::shared_ptr<const Bytes> body;
};

/// What the sessions of a connection add to.
struct SessionWork {
  std::list<Effect> effects;
  /// Client files whose session was begun anew once because the client failed at an unexpected
  /// point; the second time they are reset.
  std::set<std::pair<ServerFileId, ClientFileIdent>> restarted_files;
};

/// One client file bound over one connection, from BIND to UNBOUND or error: the part of the
/// connection's state machine that knows a single session.
///
///   BIND --> AllocatingIdent --> SendIdent --> WaitForIdent --> Identifying --> Running
///   BIND (the client has an ident) ----------> WaitForIdent
///   any but the last three --> SendError --> WaitForUnbind --> Over
///   any but Over -- UNBIND --> SendUnbound --> Over   (after a sent error: Over at once)
///
/// Thread:  the connection's strand.
/// Errors:  a `Result` with an error is a violation that ends the whole connection; an error of the
///          session alone becomes its next message.
/// Source:  docs/protocol.md, "Sessions".
class Session {
 public:
  enum class Phase : std::uint8_t {
    kAllocatingIdent,
    kSendIdent,
    kWaitForIdent,
    kIdentifying,
    kRunning,
    kSendError,
    kWaitForUnbind,
    kSendUnbound,
    kOver,
  };

  Session(SessionKey key, std::string partition, protocol::ProtocolVersion version)
      : key_(key),
        partition_(std::move(partition)),
        version_(version) {}

  /// The rest of BIND: `work` gets what has to be done for it.
  void begin(bool needs_client_file_ident, SessionWork& work);

  /// Reads a message of the client's; `bytes` is what it was parsed from and views.
  [[nodiscard]] Result<void> receive(const protocol::ClientMessage& message,
                                     std::shared_ptr<const Bytes> bytes,
                                     SessionWork& work);

  void client_file_allocated(Result<protocol::SaltedFileIdent> client_file);
  void identified(Result<IdentifiedFile> identity, std::optional<ClientVersion> integrated);
  void integrated(const Result<IntegratedUpload>& outcome);
  void download_built(Result<DownloadAnswer> download);
  void history_advanced(ServerVersion history_end);
  /// The session's next and last message is this error.
  void fail(protocol::ServerError error);

  /// Messages that came while the client file was being identified, in order.
  [[nodiscard]] std::vector<Bytes> take_held_messages() { return std::exchange(held_, {}); }
  void hold(Bytes message) { held_.push_back(std::move(message)); }

  [[nodiscard]] bool has_message() const noexcept;
  /// Requires `has_message()`.
  [[nodiscard]] OutgoingMessage take_message();

  [[nodiscard]] bool wants_download() const noexcept;
  /// Requires `wants_download()`; `download_built` is to follow.
  [[nodiscard]] BuildDownload request_download();
  [[nodiscard]] bool holds_download() const noexcept { return download_.has_value(); }

  [[nodiscard]] SessionKey key() const noexcept { return key_; }
  [[nodiscard]] Phase phase() const noexcept { return phase_; }
  /// Whether an error was queued or sent: all messages but UNBIND are ignored.
  [[nodiscard]] bool has_failed() const noexcept {
    return phase_ == Phase::kSendError || phase_ == Phase::kWaitForUnbind;
  }
  /// What to do about the client file once the session no longer runs; given once, and never before
  /// identification.
  [[nodiscard]] std::optional<ReleaseClientFile> release();

  bool is_ready_listed = false;     ///< The connection's: stands in its list of turns.
  bool is_download_listed = false;  ///< The connection's: waits for its turn to build.

 private:
  /// A MARK and the version that its answer waits for: the newest of the first snapshot taken after
  /// the MARK came. What this session was told of may be older, for another client can learn of its
  /// integrated upload, and tell this one, before the news of it is here.
  struct Barrier {
    RequestIdent request;
    bool is_requested = false;  ///< By the download that is being built.
    std::optional<ServerVersion> server_version;
  };

  void on_ident(const protocol::ClientIdent& ident, SessionWork& work);
  [[nodiscard]] Result<void> on_upload(const protocol::Upload& upload,
                                       std::shared_ptr<const Bytes> bytes,
                                       SessionWork& work);
  [[nodiscard]] Result<void> check_upload(const Upload& upload) const;
  void on_mark(const protocol::Mark& mark);
  void on_client_error(const protocol::ClientError& error, SessionWork& work);
  [[nodiscard]] bool is_barrier_reached() const noexcept;
  /// Whether the client can do without `download` until more comes.
  [[nodiscard]] bool is_dispensable(const DownloadAnswer& download) const noexcept;
  [[nodiscard]] Bytes encode(const protocol::ServerMessage& message) const;

  const SessionKey key_;
  std::string partition_;  ///< Dropped once the client file is identified.
  const protocol::ProtocolVersion version_;
  Phase phase_ = Phase::kWaitForIdent;

  protocol::SaltedFileIdent client_file_;
  ServerFileId file_;
  bool is_identified_ = false;

  protocol::DownloadCursor cursor_;   ///< Sent to the client, or stated by it.
  protocol::DownloadCursor scanned_;  ///< From `cursor_` to here nothing concerns the client.
  ServerVersion history_end_;         ///< Newest version this session was told of.
  bool is_download_sent_ = false;
  bool is_building_ = false;
  std::optional<DownloadAnswer> download_;

  std::shared_ptr<UploadStream> stream_;
  protocol::UploadCursor
      recorded_;  ///< In storage when the session began: the duplicate threshold.
  protocol::UploadCursor progress_;  ///< Of the last UPLOAD.
  ServerVersion locked_server_version_;
  ClientVersion owed_;          ///< Integrated with entries: to be acknowledged.
  ClientVersion acknowledged_;  ///< Told to the client.

  std::optional<Barrier> barrier_;       ///< The oldest one unanswered.
  std::optional<Barrier> next_barrier_;  ///< The newest one, if another.

  std::vector<Bytes> held_;
  std::unique_ptr<protocol::ServerError> error_;
};

}  // namespace tombolo::server
