#include "server/session.h"

#include <algorithm>
#include <utility>

#include "base/assertion.h"
#include "protocol/codec.h"
#include "server/history_position.h"
#include "server/session_error.h"

namespace tombolo::server {
namespace {

using protocol::SyncErrorCode;

/// The client could not integrate what it was sent. A broken changeset or progress will not get
/// better by sending it again.
bool needs_client_reset(SyncErrorCode code) noexcept {
  return code == SyncErrorCode::kBadChangeset || code == SyncErrorCode::kBadProgress ||
         code == SyncErrorCode::kBadChangesetSize;
}

}  // namespace

void Session::begin(bool needs_client_file_ident, SessionWork& work) {
  if (!needs_client_file_ident) return;
  phase_ = Phase::kAllocatingIdent;
  work.effects.push_back(AllocateClientFile{key_, partition_});
}

Result<void> Session::receive(const protocol::ClientMessage& message,
                              std::shared_ptr<const Bytes> bytes,
                              SessionWork& work) {
  const auto out_of_order = [&] {
    return session_error(SyncErrorCode::kBadMessageOrder,
                         std::string(protocol::message_name(message)) + " is not legal now");
  };

  if (std::holds_alternative<protocol::Unbind>(message)) {
    if (phase_ == Phase::kSendUnbound) return out_of_order();
    phase_ = phase_ == Phase::kWaitForUnbind ? Phase::kOver : Phase::kSendUnbound;
    return {};
  }
  if (has_failed()) return {};
  if (const auto* ident = std::get_if<protocol::ClientIdent>(&message)) {
    if (phase_ != Phase::kWaitForIdent) return out_of_order();
    on_ident(*ident, work);
    return {};
  }
  if (phase_ != Phase::kRunning) return out_of_order();
  if (const auto* upload = std::get_if<protocol::Upload>(&message)) {
    return on_upload(*upload, std::move(bytes), work);
  }
  if (const auto* mark = std::get_if<protocol::Mark>(&message)) {
    on_mark(*mark);
    return {};
  }
  if (const auto* error = std::get_if<protocol::ClientError>(&message)) {
    on_client_error(*error, work);
    return {};
  }
  return out_of_order();
}

void Session::on_ident(const protocol::ClientIdent& ident, SessionWork& work) {
  phase_ = Phase::kIdentifying;
  client_file_ = ident.client_file;
  cursor_ = scanned_ = ident.download;
  work.effects.push_back(IdentifyClientFile{
      key_, std::move(partition_), ident.client_file, ident.download, ident.latest_server_version});
  partition_ = {};
}

Result<void> Session::on_upload(const protocol::Upload& message,
                                std::shared_ptr<const Bytes> bytes,
                                SessionWork& work) {
  Upload upload{
      .file = file_,
      .client_file = client_file_.ident,
      .progress = message.progress,
      .locked_server_version = message.locked_server_version,
      .entries = {},
      .body = std::move(bytes),
      .stream = stream_,
  };
  Bytes inflated;
  const Result<BytesView> body = protocol::decode_body(message.body, inflated);
  if (!body) return body.error();
  auto entries = protocol::parse_upload_entries(*body);
  if (!entries) return entries.error();
  upload.entries = std::move(*entries);
  // The entries go on viewing the inflated bytes: moving a vector keeps its buffer.
  if (message.body.is_compressed) upload.body = std::make_shared<const Bytes>(std::move(inflated));

  if (const Result<void> legal = check_upload(upload); !legal) {
    fail(to_server_error(legal.error(), key_.ident));
    return {};
  }
  progress_ = upload.progress;
  locked_server_version_ = upload.locked_server_version;
  work.effects.push_back(IntegrateUpload{key_, std::move(upload)});
  return {};
}

Result<void> Session::check_upload(const Upload& upload) const {
  const protocol::UploadCursor progress = upload.progress;
  if (progress.client_version < progress_.client_version) {
    return session_error(SyncErrorCode::kBadClientVersion, "upload progress goes back");
  }
  if (!is_consistent(progress) || progress.server_version < progress_.server_version ||
      progress.server_version > cursor_.server_version) {
    return session_error(SyncErrorCode::kBadServerVersion,
                         "upload progress names a server version that the client cannot have");
  }
  if (upload.locked_server_version < locked_server_version_ ||
      upload.locked_server_version > cursor_.server_version) {
    return session_error(SyncErrorCode::kBadServerVersion,
                         "the locked server version goes back or ahead of the server");
  }
  protocol::UploadCursor previous = progress_;
  for (const protocol::UploadEntry& entry : upload.entries) {
    if (entry.client_version <= previous.client_version ||
        entry.client_version > progress.client_version) {
      return session_error(SyncErrorCode::kBadClientVersion,
                           "client versions of uploaded changesets do not increase up to the "
                           "progress of the message");
    }
    const bool is_new = entry.client_version > recorded_.client_version;
    if (entry.server_version < previous.server_version ||
        entry.server_version > progress.server_version ||
        (is_new && entry.server_version < recorded_.server_version)) {
      return session_error(SyncErrorCode::kBadServerVersion,
                           "server versions of uploaded changesets go back or ahead of the server");
    }
    if (entry.origin_file_ident != ClientFileIdent{}) {
      return session_error(SyncErrorCode::kBadOriginFileIdent,
                           "an uploaded changeset names another file as its origin");
    }
    previous = {entry.client_version, entry.server_version};
  }
  return {};
}

void Session::on_mark(const protocol::Mark& mark) {
  (barrier_ ? next_barrier_ : barrier_) = Barrier{.request = mark.request};
}

void Session::on_client_error(const protocol::ClientError& error, SessionWork& work) {
  const bool is_first = work.restarted_files.emplace(file_, client_file_.ident).second;
  if (needs_client_reset(error.code) || !is_first) {
    fail(protocol::make_server_error(
        SyncErrorCode::kBadClientFile, key_.ident, "the client could not integrate a download"));
  } else {
    fail(protocol::make_server_error(
        SyncErrorCode::kSessionClosed, key_.ident, "the client asked to begin anew"));
  }
}

void Session::client_file_allocated(Result<protocol::SaltedFileIdent> client_file) {
  if (phase_ != Phase::kAllocatingIdent) return;
  if (!client_file) return fail(to_server_error(client_file.error(), key_.ident));
  client_file_ = *client_file;
  phase_ = Phase::kSendIdent;
}

void Session::identified(Result<IdentifiedFile> identity, std::optional<ClientVersion> integrated) {
  if (phase_ != Phase::kIdentifying) return;
  if (!identity) {
    protocol::ServerError error = to_server_error(identity.error(), key_.ident);
    // What the client repeats after its reset need not be what the server has already.
    if (protocol::is_client_reset(error.action)) error.integrated_client_version = integrated;
    return fail(std::move(error));
  }
  file_ = identity->file;
  is_identified_ = true;
  recorded_ = identity->recorded;
  locked_server_version_ = identity->locked_server_version;
  history_end_ = std::max(history_end_, identity->history_end);
  stream_ = std::make_shared<UploadStream>();
  phase_ = Phase::kRunning;
}

void Session::integrated(const Result<IntegratedUpload>& outcome) {
  if (phase_ != Phase::kRunning) return;
  if (!outcome) return fail(to_server_error(outcome.error(), key_.ident));
  owed_ = std::max(owed_, outcome->acknowledge);
  history_advanced(outcome->history_end);
}

void Session::download_built(Result<DownloadAnswer> download) {
  is_building_ = false;
  if (phase_ != Phase::kRunning) return;
  if (!download) return fail(to_server_error(download.error(), key_.ident));
  history_end_ = std::max(history_end_, download->latest_server_version.version);
  for (std::optional<Barrier>* const barrier : {&barrier_, &next_barrier_}) {
    if (*barrier && (*barrier)->is_requested && !(*barrier)->server_version) {
      (*barrier)->server_version = download->latest_server_version.version;
    }
  }
  scanned_ = download->cursor;
  if (!is_dispensable(*download)) download_ = std::move(*download);
}

void Session::history_advanced(ServerVersion history_end) {
  history_end_ = std::max(history_end_, history_end);
}

void Session::fail(protocol::ServerError error) {
  if (phase_ == Phase::kSendUnbound || has_failed() || phase_ == Phase::kOver) return;
  error_ = std::make_unique<protocol::ServerError>(std::move(error));
  phase_ = Phase::kSendError;
}

bool Session::is_dispensable(const DownloadAnswer& download) const noexcept {
  return is_download_sent_ && (!barrier_ || is_barrier_reached()) && download.body->wire_bytes.empty() &&
         download.upload.client_version == acknowledged_ &&
         download.cursor.client_version == cursor_.client_version &&
         download.cursor.server_version.value() - cursor_.server_version.value() <
             kVersionsHeldBackMax;
}

bool Session::is_barrier_reached() const noexcept {
  return barrier_ && barrier_->server_version && is_download_sent_ &&
         cursor_.server_version >= *barrier_->server_version;
}

bool Session::has_message() const noexcept {
  switch (phase_) {
    case Phase::kSendIdent:
    case Phase::kSendError:
    case Phase::kSendUnbound: return true;
    case Phase::kRunning: return download_ || is_barrier_reached();
    default: return false;
  }
}

OutgoingMessage Session::take_message() {
  TOMBOLO_ASSERT(has_message());
  switch (phase_) {
    case Phase::kSendIdent:
      phase_ = Phase::kWaitForIdent;
      return {encode(protocol::ServerIdent{key_.ident, client_file_}), nullptr};
    case Phase::kSendError:
      phase_ = Phase::kWaitForUnbind;
      return {encode(*std::exchange(error_, nullptr)), nullptr};
    case Phase::kSendUnbound:
      phase_ = Phase::kOver;
      return {encode(protocol::Unbound{key_.ident}), nullptr};
    default: break;
  }
  if (is_barrier_reached()) {
    const protocol::Mark answer{key_.ident, barrier_->request};
    barrier_ = std::exchange(next_barrier_, std::nullopt);
    return {encode(answer), nullptr};
  }
  const DownloadAnswer download = *std::exchange(download_, std::nullopt);
  is_download_sent_ = true;
  cursor_ = download.cursor;
  acknowledged_ = download.upload.client_version;
  const protocol::Download message{
      .session = key_.ident,
      .download = download.cursor,
      .latest_server_version = download.latest_server_version,
      .upload = download.upload,
      .remainder = protocol::PartitionDownload{download.downloadable_bytes},
      .body = download.body->view(),
  };
  return {protocol::encode_head(message, version_),
          std::shared_ptr<const Bytes>(download.body, &download.body->wire_bytes)};
}

bool Session::wants_download() const noexcept {
  return phase_ == Phase::kRunning && !is_building_ && !download_ &&
         (history_end_ > scanned_.server_version || !is_download_sent_ || owed_ > acknowledged_ ||
          (barrier_ && !is_barrier_reached()));
}

BuildDownload Session::request_download() {
  TOMBOLO_ASSERT(wants_download());
  is_building_ = true;
  for (std::optional<Barrier>* const barrier : {&barrier_, &next_barrier_}) {
    if (*barrier) (*barrier)->is_requested = true;
  }
  return {key_, {file_, client_file_.ident, scanned_}};
}

std::optional<ReleaseClientFile> Session::release() {
  if (!std::exchange(is_identified_, false)) return std::nullopt;
  return ReleaseClientFile{key_, file_, client_file_.ident};
}

Bytes Session::encode(const protocol::ServerMessage& message) const {
  return protocol::encode_server_message(message, version_);
}

}  // namespace tombolo::server
