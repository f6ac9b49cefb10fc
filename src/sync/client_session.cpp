#include "sync/client_session.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/assertion.h"
#include "protocol/body.h"
#include "protocol/codec.h"
#include "protocol/limits.h"
#include "sync/session_host.h"

namespace tombolo::sync {
namespace {

using protocol::Action;
using protocol::SdkStatus;
using protocol::SyncErrorCode;

/// How long the server's code 200 keeps a session away, whatever else it says.
constexpr Duration kSessionClosedDelay = std::chrono::seconds(1);

/// A long upload is confirmed in about so many steps: what may be on its way at one time is that
/// part of what is left. Source: docs/sync-client.md, "Progress".
constexpr std::uint64_t kUploadSteps = 16;
/// Enough that the server always has the next commit's worth while it makes one,
constexpr std::uint64_t kUploadWindowMin = 512 * 1024;
/// and no more than it takes in one commit anyway.
constexpr std::uint64_t kUploadWindowMax = 8 * 1024 * 1024;

/// In so many steps the sending of a larger one is told, and the receiving.
constexpr std::uint64_t kLargeMessageSteps = 32;

/// Key of the back-off series for failures of our own storage; no code of the protocol's.
constexpr SyncErrorCode kStorageFailure{0};

Error not_legal(std::string_view message) {
  return Error(ErrorCode::kProtocolViolation, std::string(message) + " is not legal now");
}

/// Source: spec of the SDKs, "SyncSession": applications look for these words.
Error became_inactive(const char* cause) {
  return Error(ErrorCode::kCancelled, std::string("Sync session became inactive: ") + cause);
}

/// Whether a failed integration is the fault of what was downloaded, and not of our storage.
std::optional<SyncErrorCode> code_of_bad_download(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::kBadChangeset:
    case ErrorCode::kMergeSchemaMismatch:
    case ErrorCode::kMergeBadPosition:
    case ErrorCode::kSchemaMismatch: return SyncErrorCode::kBadChangeset;
    case ErrorCode::kProtocolViolation: return SyncErrorCode::kBadProgress;
    case ErrorCode::kInternal: return SyncErrorCode::kOtherSessionError;
    default: return std::nullopt;
  }
}

/// The session ends with these, unless it carries out the client reset that is asked for.
bool ends_session(Action action) noexcept {
  switch (action) {
    case Action::kProtocolViolation:
    case Action::kApplicationBug:
    case Action::kDeleteRealm:
    case Action::kClientReset:
    case Action::kClientResetNoRecovery:
    case Action::kMigrateToFlx:
    case Action::kRevertToPbs:
    case Action::kLogOutUser: return true;
    case Action::kWarning:
    case Action::kTransient:
    case Action::kRefreshUser:
    case Action::kRefreshLocation:
    case Action::kMigrateSchema: return false;
  }
  return true;
}

OutgoingMessage to_output(const protocol::ClientMessage& message) {
  return {.head = protocol::encode_client_message(message), .body = {}};
}

}  // namespace

ClientSession::ClientSession(SessionKey key,
                             std::shared_ptr<const Replica> replica,
                             SessionOptions options,
                             SessionHost& host)
    : key_(key),
      replica_(std::move(replica)),
      options_(std::move(options)),
      host_(host),
      replica_state_(replica_->state()),
      backoff_(options_.backoff) {
  progress_.start(replica_state_.bytes);
}

// Intentions of the application.

void ClientSession::activate(TimePoint now) {
  if (session_state_ == SessionState::kInactive) begin(now);
  if (session_state_ == SessionState::kDying) set_state(SessionState::kActive);
}

void ClientSession::keep_up(TimePoint now) {
  if (!ended_by_) activate(now);
}

void ClientSession::pause(TimePoint now) {
  if (session_state_ == SessionState::kPaused || session_state_ == SessionState::kClosed) return;
  deactivate(SessionState::kPaused, now);
  ended_by_.reset();
  settle(waits_.take_interrupted(), became_inactive("it was paused"));
}

void ClientSession::resume(TimePoint now) {
  resume(Direction::kUpload, now);
  resume(Direction::kDownload, now);
  switch (session_state_) {
    case SessionState::kInactive:
    case SessionState::kPaused: begin(now); break;
    case SessionState::kDying: set_state(SessionState::kActive); break;
    case SessionState::kWaitingForAccessToken:
    case SessionState::kActive:
    case SessionState::kResetting: break;
    case SessionState::kClosed: return;
  }
  wake(now);
  host_.skip_delay(now);
}

void ClientSession::pause(Direction direction, TimePoint now) {
  if (is_paused(direction) || session_state_ == SessionState::kClosed) return;
  if (direction == Direction::kUpload) {
    uploads_paused_ = true;
    settle(waits_.take_interrupted(direction), became_inactive("its uploads were paused"));
    if (session_state_ == SessionState::kDying) {
      deactivate(SessionState::kInactive, now);
      settle(waits_.take_all(), became_inactive("nobody uses its file any more"));
    }
  } else {
    downloads_paused_ = true;
    if (is_active() && !inbox_.empty()) miss_downloads();
    settle(waits_.take_interrupted(direction), became_inactive("its downloads were paused"));
  }
  pump(now);
}

void ClientSession::resume(Direction direction, TimePoint now) {
  if (!is_paused(direction)) return;
  (direction == Direction::kUpload ? uploads_paused_ : downloads_paused_) = false;
  if (!is_active()) return;
  if (direction == Direction::kDownload && downloads_missed_)
    gives_up_binding_ = binding_->needs_unbind();
  host_.enlist(binding_->ident());
  if (wants_connection()) host_.skip_delay(now);
}

void ClientSession::release(TimePoint now) {
  if (options_.stop_policy == StopPolicy::kLiveIndefinitely) return;
  switch (session_state_) {
    case SessionState::kInactive:
    case SessionState::kDying:
    case SessionState::kClosed: return;
    case SessionState::kActive:
      if (options_.stop_policy == StopPolicy::kAfterChangesUploaded && !uploads_paused_) {
        set_state(SessionState::kDying);
        if (!read_state(now)) return;
        finish_dying(now);
        pump(now);
        return;
      }
      break;
    case SessionState::kWaitingForAccessToken:
    case SessionState::kPaused:
    case SessionState::kResetting: break;
  }
  deactivate(SessionState::kInactive, now);
  settle(waits_.take_all(), became_inactive("nobody uses its file any more"));
}

void ClientSession::close(TimePoint now, const Error& cause) {
  if (session_state_ == SessionState::kClosed) return;
  deactivate(SessionState::kClosed, now);
  settle(waits_.take_all(), cause);
  if (!is_working_) host_.emit(SessionClosed{key_});
}

void ClientSession::local_change(TimePoint now) {
  if (session_state_ == SessionState::kClosed || !read_state(now)) return;
  notify_progress();
  if (!is_active()) return;
  host_.enlist(binding_->ident());
  if (wants_connection()) host_.shorten_delay(now);
}

WaitId ClientSession::wait_for_upload(TimePoint now, std::optional<TimePoint> deadline) {
  return begin_upload_wait(false, now, deadline);
}

WaitId ClientSession::wait_for_receipt(TimePoint now, std::optional<TimePoint> deadline) {
  return begin_upload_wait(true, now, deadline);
}

WaitId ClientSession::begin_upload_wait(bool outlives_pause,
                                        TimePoint now,
                                        std::optional<TimePoint> deadline) {
  if (session_state_ != SessionState::kClosed && !read_state(now)) {
    const WaitId wait = waits_.add_upload({}, outlives_pause, deadline);
    fail_wait(wait, Error(ErrorCode::kStorage, "the file of the session cannot be read"));
    return wait;
  }
  const WaitId wait =
      waits_.add_upload(replica_state_.newest_client_version, outlives_pause, deadline);
  if (session_state_ != SessionState::kClosed) settle_uploads(now);
  settle_if_hopeless(wait);
  pump(now);
  reschedule();
  return wait;
}

WaitId ClientSession::wait_for_download(std::optional<TimePoint> deadline) {
  mark_target_ = mark_target_.next();
  const WaitId wait = waits_.add_download(mark_target_, deadline);
  settle_if_hopeless(wait);
  if (is_active()) host_.enlist(binding_->ident());
  reschedule();
  return wait;
}

void ClientSession::cancel_wait(WaitId wait, const Error& cause) {
  fail_wait(wait, cause);
}

NotifierId ClientSession::add_progress_notifier(Direction direction,
                                                ProgressMode mode,
                                                TimePoint now) {
  const NotifierId notifier = progress_.add(direction, mode);
  // A commit that nobody has told of yet is part of what it is to hear.
  if (session_state_ != SessionState::kClosed && read_state(now)) notify_progress();
  pump(now);
  return notifier;
}

void ClientSession::remove_progress_notifier(NotifierId notifier) {
  progress_.remove(notifier);
}

// Results of work.

void ClientSession::file_ident_stored(Result<ReplicaState> result, TimePoint now) {
  if (!end_work()) return;
  if (result) {
    take_state(std::move(*result));
  } else if (is_active()) {
    storage_failed(result.error(), now);
  }
  if (is_active()) host_.enlist(binding_->ident());
}

void ClientSession::integrated(Result<IntegrationResult> result, TimePoint now) {
  if (!end_work()) return;
  // Without a batch this is the last slice of an activation that has ended.
  const bool is_current = batch_ != nullptr;
  if (result) {
    take_state(std::move(result->state));
    if (is_current) take_integration(result->entries_done, now);
  } else if (is_current) {
    integration_failed(result.error(), now);
  }
  if (!is_active()) return;
  pump(now);
  host_.enlist(binding_->ident());
}

void ClientSession::take_integration(std::size_t entries_done, TimePoint now) {
  TOMBOLO_ASSERT(batch_->entries.empty() || entries_done > batch_done_);
  batch_done_ = entries_done;
  if (batch_done_ >= batch_->entries.size()) {
    batch_.reset();
  } else if (downloads_paused_) {
    batch_.reset();
    downloads_missed_ = true;
  }

  const protocol::UploadCursor& confirmed = replica_state_.progress.upload;
  if (confirmed.client_version > upload_sent_.client_version) upload_sent_ = confirmed;
  if (!downloads_paused_) progress_.set_downloads_known(true);
  update_download_received();
  notify_progress();
  report_compensating_writes();
  settle_uploads(now);
  finish_dying(now);
}

// What the connection tells its sessions.

void ClientSession::count_sent(std::size_t bytes) {
  ++stats_.messages_sent;
  stats_.bytes_sent += bytes;
  host_.stats_changed(key_);
}

void ClientSession::message_left(std::size_t bytes, std::size_t left) {
  const auto [changeset_bytes, message_bytes] = large_upload_;
  if (changeset_bytes == 0 || bytes != message_bytes) return;
  const std::uint64_t step = kLargeMessageSteps * (bytes - left) / bytes;
  progress_.set_upload_sent(changeset_bytes / 2 * step / kLargeMessageSteps);
  notify_progress();
}

void ClientSession::count_received(std::size_t bytes) {
  ++stats_.messages_received;
  stats_.bytes_received += bytes;
  host_.stats_changed(key_);
}

void ClientSession::download_arrives(const protocol::DownloadHead& head, std::size_t bytes) {
  if (head.body_bytes <= kUploadWindowMin || downloads_paused_ || client_error_ || !is_active() ||
      ignores_messages() || binding_->phase() != BindPhase::kIdentified)
    return;
  const std::uint64_t step = kLargeMessageSteps * bytes / head.message_bytes;
  if (step == arrival_step_) return;
  arrival_step_ = step;
  const std::uint64_t waiting = waiting_bytes();
  progress_.set_download_received(
      (waiting + head.body_bytes * step / kLargeMessageSteps) / 2,
      replica_state_.bytes.downloaded + waiting + head.body_bytes + head.downloadable_bytes);
  progress_.set_downloads_known(true);
  notify_progress();
}

std::uint64_t ClientSession::waiting_bytes() const {
  std::uint64_t bytes = inbox_.bytes();
  if (batch_) {
    for (const auto& entry : std::span(batch_->entries).subspan(batch_done_)) {
      bytes += entry.original_changeset_bytes;
    }
  }
  return bytes;
}

void ClientSession::update_download_received() {
  if (progress_.download_total() == 0) return;
  const bool is_all = !batch_ && inbox_.empty();
  progress_.set_download_received(is_all ? 0 : waiting_bytes() / 2,
                                  is_all ? 0 : progress_.download_total());
}

void ClientSession::connecting() {
  if (wants_connection()) set_connection_state(ConnectionState::kConnecting);
}

void ClientSession::connected() {
  if (!is_active()) return;
  if (wants_connection()) follow_connection_state();
  uploads_delayed_ = options_.delay_uploads_until_downloaded && !host_.is_fast_reconnect();
  if (uploads_delayed_) mark_target_ = mark_target_.next();
  host_.enlist(binding_->ident());
}

void ClientSession::connection_lost(const std::optional<SyncError>& error,
                                    bool suspends,
                                    TimePoint now) {
  if (!is_active()) return;
  if (error) note_error(error->error);
  const bool has_unconfirmed_upload =
      newest_entry_sent_ > replica_state_.progress.upload.client_version;
  binding_ = Binding(binding_->ident());
  binding_ended();

  if (error && error->action && ends_session(*error->action)) {
    // The transport cannot say whose message was too big: only who has sent something is meant.
    const bool concerns_us =
        error->server_error || has_unconfirmed_upload || !protocol::is_client_reset(*error->action);
    if (concerns_us) {
      fail_or_reset(*error, now);
      return;
    }
  }
  if (suspension_) return;
  set_connection_state(ConnectionState::kDisconnected);
  if (!error) return;
  if (suspends) suspend(*error, std::nullopt, now);
  if (!error->action || protocol::action_info(*error->action).is_reported) {
    report(*error, now);
  } else if (error->action == Action::kTransient && options_.cancel_waits_on_nonfatal_error) {
    settle(waits_.take_all(), error->error);
  }
}

void ClientSession::wake(TimePoint now) {
  if (!suspension_) return;
  suspension_.reset();
  resume_at_.reset();
  awaits_refresh_ = false;
  restarts_after_refresh_ = false;
  report_wish(now);
  follow_connection_state();
  host_.enlist(binding_->ident());
  reschedule();
}

void ClientSession::credentials_refreshed(bool with_location, TimePoint now) {
  if (session_state_ == SessionState::kPaused) ended_by_.reset();
  if (session_state_ == SessionState::kWaitingForAccessToken) {
    become_active(SessionState::kActive, now);
  } else if (is_active() && with_location && restarts_after_refresh_) {
    const SessionState state = session_state_;
    deactivate(SessionState::kInactive, now);
    become_active(state, now);
  } else if (refusals_in_row_ <= 1) {
    wake(now);
  }
}

void ClientSession::refresh_failed(const Error& error, TimePoint now) {
  note_error(error);
  if (options_.cancel_waits_on_nonfatal_error) settle(waits_.take_all(), error);
  if (session_state_ == SessionState::kWaitingForAccessToken)
    become_active(SessionState::kActive, now);
  if (awaits_refresh_) {
    awaits_refresh_ = false;
    resume_at_ = now + backoff_.next_delay(SyncErrorCode::kBadAuthentication, host_.random());
    reschedule();
  }
}

void ClientSession::logged_out(const SyncError& error, LogOut by, TimePoint now) {
  if (session_state_ == SessionState::kClosed) return;
  if (by == LogOut::kByServer && session_state_ != SessionState::kPaused) {
    fail(error, now);
    return;
  }
  // Only `resume()` leaves a pause.
  if (session_state_ != SessionState::kPaused) deactivate(SessionState::kInactive, now);
  ended_by_ = error.error;
  settle(waits_.take_all(), error.error);
}

void ClientSession::advance(TimePoint now) {
  if (resume_at_ && *resume_at_ <= now) wake(now);
  settle(waits_.take_expired(now), Error(ErrorCode::kTimedOut, "the wait's time ran out"));
  if (progress_due_ && *progress_due_ <= now) pump(now);
  reschedule();
}

// Messages.

Result<void> ClientSession::receive(const protocol::ServerIdent& message) {
  if (!binding_->receive(BindStep::kReceiveIdent)) return not_legal("IDENT");
  if (message.client_file.ident == ClientFileIdent{} || message.client_file.salt == Salt{})
    return Error(ErrorCode::kProtocolViolation, "IDENT carries ident 0 or salt 0");
  if (ignores_messages()) return {};
  host_.session_works();
  is_working_ = true;
  host_.emit(StoreFileIdent{key_, message.client_file});
  return {};
}

Result<void> ClientSession::receive(const protocol::Download& message,
                                    Bytes storage,
                                    TimePoint now) {
  if (!binding_->receive(BindStep::kReceiveChange)) return not_legal("DOWNLOAD");
  if (ignores_messages() || client_error_) return {};
  if (Result<void> pushed =
          inbox_.push(message, std::move(storage), replica_state_.newest_client_version);
      !pushed)
    return pushed;
  arrival_step_ = 0;
  uploads_confirmed(inbox_.received().upload.client_version);
  if (downloads_paused_) miss_downloads();
  host_.session_works();
  backoff_.reset();
  refusals_in_row_ = 0;
  pump(now);
  return {};
}

Result<void> ClientSession::receive(const protocol::Mark& message, TimePoint now) {
  if (!binding_->receive(BindStep::kReceiveChange)) return not_legal("MARK");
  if (ignores_messages()) return {};
  if (message.request <= mark_received_ || message.request > mark_sent_)
    return Error(ErrorCode::kProtocolViolation, "MARK answers what was not asked");
  // After a failed integration the DOWNLOADs before it are lost, so it is asked for again.
  if (client_error_) return {};
  if (downloads_paused_) {
    downloads_missed_ = true;
    return {};
  }
  mark_received_ = message.request;
  inbox_.push(message.request);
  pump(now);
  return {};
}

Result<void> ClientSession::receive(const protocol::Unbound&) {
  if (!binding_->receive(BindStep::kReceiveUnbound)) return not_legal("UNBOUND");
  binding_ended();
  host_.enlist(binding_->ident());
  return {};
}

Result<void> ClientSession::receive(const protocol::ServerError& message, TimePoint now) {
  SyncError error = make_sync_error(message);
  if (protocol::ends_session(message.code)) {
    if (Result<void> taken = receive_error("JSON_ERROR"); !taken) return taken;
    take_server_error(error, message.code, message.retry_delay, now);
    return {};
  }

  if (!binding_->receive(BindStep::kReceiveNotice)) return not_legal("JSON_ERROR");
  if (message.code != SyncErrorCode::kCompensatingWrite) return {};
  error.is_fatal = false;
  compensating_writes_.push_back(std::move(error));
  report_compensating_writes();
  return {};
}

Result<void> ClientSession::receive(const protocol::LegacyError& message, TimePoint now) {
  if (!protocol::ends_session(message.code)) {
    if (!binding_->receive(BindStep::kReceiveNotice)) return not_legal("ERROR");
    return {};
  }
  if (Result<void> taken = receive_error("ERROR"); !taken) return taken;
  take_server_error(make_sync_error(message), message.code, std::nullopt, now);
  return {};
}

Result<void> ClientSession::receive_error(std::string_view name) {
  if (!binding_->receive(BindStep::kReceiveError)) return not_legal(name);
  // An error that crossed our UNBIND stands in the place of UNBOUND.
  if (binding_->phase() == BindPhase::kUnbound) binding_ended();
  host_.enlist(binding_->ident());
  return {};
}

// Output.

std::optional<OutgoingMessage> ClientSession::next_message(TimePoint now) {
  if (suspension_ || gives_up_binding_) return make_unbind();
  switch (binding_->phase()) {
    case BindPhase::kUnbound: return make_bind();
    case BindPhase::kBound: return make_ident(now);
    case BindPhase::kIdentified: return make_change(now);
    case BindPhase::kAwaitingIdent:
    case BindPhase::kFailed:
    case BindPhase::kLeaving:
    case BindPhase::kLeavingIdentified: return std::nullopt;
  }
  return std::nullopt;
}

std::optional<OutgoingMessage> ClientSession::make_unbind() {
  if (!binding_->needs_unbind()) return std::nullopt;
  binding_->send(BindStep::kSendUnbind);
  if (binding_->phase() == BindPhase::kUnbound) binding_ended();
  return to_output(protocol::Unbind{binding_->ident()});
}

std::optional<OutgoingMessage> ClientSession::make_bind() {
  const bool needs_ident = !replica_state_.file_ident;
  if (needs_ident && is_working_) return std::nullopt;  // The ident is being stored.
  binding_->send(needs_ident ? BindStep::kSendBindForIdent : BindStep::kSendBind);
  return to_output(protocol::Bind{.session = binding_->ident(),
                                  .needs_client_file_ident = needs_ident,
                                  .target = protocol::PartitionBind{options_.partition}});
}

std::optional<OutgoingMessage> ClientSession::make_ident(TimePoint now) {
  // What was received on an earlier connection counts: it is integrated before the server is told
  // from where to go on.
  pump(now);
  if (is_working_ || batch_ || !inbox_.empty() || !read_state(now)) return std::nullopt;
  const protocol::SaltedFileIdent& file_ident = *replica_state_.file_ident;
  const SyncProgress& progress = replica_state_.progress;
  upload_sent_ = progress.upload;
  inbox_.open(progress, file_ident.ident);
  binding_->send(BindStep::kSendIdent);
  return to_output(protocol::ClientIdent{.session = binding_->ident(),
                                         .client_file = file_ident,
                                         .download = progress.download,
                                         .latest_server_version = progress.latest_server_version,
                                         .active_queries = std::nullopt});
}

std::optional<OutgoingMessage> ClientSession::make_change(TimePoint now) {
  if (client_error_) {
    if (std::exchange(client_error_sent_, true)) return std::nullopt;
    return to_output(*client_error_);
  }
  if (mark_sent_ < mark_target_ && !downloads_paused_) {
    mark_sent_ = mark_target_;
    return to_output(protocol::Mark{binding_->ident(), mark_sent_});
  }
  if (uploads_paused_ || options_.is_fresh_copy) return std::nullopt;
  // Uploads do not wait for a download that is not to come.
  if (uploads_delayed_ && !downloads_paused_) return std::nullopt;
  try {
    return make_upload();
  } catch (const Error& error) {
    storage_failed(error, now);
    return std::nullopt;
  }
}

std::size_t ClientSession::upload_window() const noexcept {
  const ByteCounters& bytes = replica_state_.bytes;
  const std::uint64_t left = bytes.uploadable - std::min(bytes.uploaded, bytes.uploadable);
  return std::clamp<std::uint64_t>(left / kUploadSteps, kUploadWindowMin, kUploadWindowMax);
}

bool ClientSession::awaits_answer() const noexcept {
  if (!is_active()) return false;
  switch (binding_->phase()) {
    case BindPhase::kAwaitingIdent:
    case BindPhase::kLeaving:
    case BindPhase::kLeavingIdentified: return true;
    case BindPhase::kIdentified:
      return !unconfirmed_uploads_.empty() || (mark_received_ < mark_sent_ && !downloads_paused_);
    case BindPhase::kUnbound:
    case BindPhase::kBound:
    case BindPhase::kFailed: return false;
  }
  return false;
}

void ClientSession::uploads_confirmed(ClientVersion up_to) {
  while (!unconfirmed_uploads_.empty() && unconfirmed_uploads_.front().first <= up_to) {
    unconfirmed_bytes_ -= unconfirmed_uploads_.front().second;
    unconfirmed_uploads_.pop_front();
    host_.enlist(binding_->ident());
  }
  if (unconfirmed_uploads_.empty()) forget_large_upload();
}

void ClientSession::forget_large_upload() {
  large_upload_ = {};
  progress_.set_upload_sent(0);
}

std::optional<OutgoingMessage> ClientSession::make_upload() {
  if (replica_state_.newest_client_version <= upload_sent_.client_version ||
      unconfirmed_bytes_ >= upload_window())
    return std::nullopt;

  Bytes entries;
  std::size_t changeset_bytes = 0;
  const protocol::UploadCursor reached = replica_->scan_local_changes(
      upload_sent_.client_version, [&](const protocol::UploadEntry& entry) {
        const std::size_t with_entry = changeset_bytes + entry.changeset.size();
        if (!entries.empty() && (changeset_bytes >= protocol::kUploadBytesTarget ||
                                 with_entry >= protocol::kUploadBytesMax))
          return false;
        protocol::append_entry(entries, entry);
        changeset_bytes = with_entry;
        newest_entry_sent_ = entry.client_version;
        return true;
      });
  // The scan may have met a commit that nobody told of yet.
  replica_state_.newest_client_version =
      std::max(replica_state_.newest_client_version, reached.client_version);
  const bool acknowledges = reached.server_version > upload_sent_.server_version;
  upload_sent_ = reached;
  if (entries.empty() && !acknowledges) return std::nullopt;
  if (!entries.empty()) {
    unconfirmed_uploads_.emplace_back(newest_entry_sent_, changeset_bytes);
    unconfirmed_bytes_ += changeset_bytes;
  }

  protocol::EncodedBody body = protocol::encode_body(std::move(entries));
  Bytes head = protocol::encode_head(
      protocol::Upload{.session = binding_->ident(),
                       .progress = upload_sent_,
                       .locked_server_version = replica_state_.progress.download.server_version,
                       .body = body.view()});
  if (changeset_bytes > kUploadWindowMin) {
    large_upload_ = {changeset_bytes, head.size() + body.wire_bytes.size()};
  }
  return OutgoingMessage{.head = std::move(head), .body = std::move(body.wire_bytes)};
}

// Activation.

void ClientSession::begin(TimePoint now) {
  ended_by_.reset();
  if (host_.needs_access_token(now)) {
    set_state(SessionState::kWaitingForAccessToken);
    host_.refresh_credentials(false, now);
  } else {
    become_active(SessionState::kActive, now);
  }
}

void ClientSession::become_active(SessionState state, TimePoint now) {
  if (!read_state(now)) {
    set_state(SessionState::kInactive);
    return;
  }
  binding_ = Binding(host_.begin_binding(*this));
  mark_target_ = waits_.renumber_downloads();
  mark_sent_ = mark_received_ = mark_reached_ = RequestIdent{};
  binding_ended();
  set_state(state);
  if (host_.connection_state() == ConnectionState::kConnected)
    connected();
  else
    follow_connection_state();
  report_wish(now);
}

void ClientSession::deactivate(SessionState state, TimePoint now) {
  reset_cause_.reset();
  if (binding_) {
    host_.end_binding(*binding_);
    binding_ended();
    binding_.reset();
  }
  drop_downloads();
  suspension_.reset();
  resume_at_.reset();
  awaits_refresh_ = false;
  restarts_after_refresh_ = false;
  backoff_.reset();
  set_connection_state(ConnectionState::kDisconnected);
  set_state(state);
  report_wish(now);
  reschedule();
}

void ClientSession::set_state(SessionState state) {
  if (session_state_ == state) return;
  host_.emit(SessionStateChanged{key_, session_state_, state});
  session_state_ = state;
}

void ClientSession::set_connection_state(ConnectionState state) {
  if (connection_state_ == state) return;
  host_.emit(ConnectionStateChanged{key_, connection_state_, state});
  connection_state_ = state;
}

void ClientSession::follow_connection_state() {
  const ConnectionState state = host_.connection_state();
  if (state == ConnectionState::kConnected && connection_state_ == ConnectionState::kDisconnected)
    set_connection_state(ConnectionState::kConnecting);
  set_connection_state(state);
}

void ClientSession::report_wish(TimePoint now) {
  if (wish_reported_ == wants_connection()) return;
  wish_reported_ = !wish_reported_;
  host_.want_connection(wish_reported_, now);
}

void ClientSession::binding_ended() {
  upload_sent_ = replica_state_.progress.upload;
  newest_entry_sent_ = ClientVersion{};
  unconfirmed_uploads_.clear();
  unconfirmed_bytes_ = 0;
  forget_large_upload();
  arrival_step_ = 0;
  mark_sent_ = mark_received_;
  gives_up_binding_ = false;
  downloads_missed_ = false;
  progress_.set_downloads_known(false);
  client_error_.reset();
  client_error_sent_ = false;
  compensating_writes_.clear();
}

// Errors.

void ClientSession::fail(const SyncError& error, TimePoint now) {
  const bool is_silent = session_state_ == SessionState::kDying ||
                         session_state_ == SessionState::kInactive ||
                         session_state_ == SessionState::kPaused;
  note_error(error.error);
  deactivate(SessionState::kInactive, now);
  ended_by_ = error.error;
  settle(waits_.take_all(), error.error);
  if (!is_silent) host_.emit(SessionFailed{key_, error});
}

void ClientSession::fail_or_reset(const SyncError& error, TimePoint now) {
  const bool is_reset = error.action && protocol::is_client_reset(*error.action);
  if (!is_reset || options_.client_reset == ClientResetMode::kManual ||
      session_state_ != SessionState::kActive) {
    fail(error, now);
    return;
  }
  note_error(error.error);
  deactivate(SessionState::kResetting, now);
  reset_cause_ = error;
  ask_for_fresh_copy();
}

void ClientSession::ask_for_fresh_copy() {
  if (is_working_ || !reset_cause_) return;
  host_.emit(DownloadFreshCopy{key_, *std::exchange(reset_cause_, std::nullopt)});
}

void ClientSession::reset_file(TimePoint) {
  if (session_state_ != SessionState::kResetting) return;
  TOMBOLO_ASSERT(!is_working_);
  is_working_ = true;
  host_.emit(ResetFile{key_});
}

void ClientSession::reset_failed(const SyncError& error, TimePoint now) {
  if (session_state_ == SessionState::kResetting) fail(error, now);
}

void ClientSession::file_reset(const std::optional<SyncError>& failure, TimePoint now) {
  if (!end_work()) return;
  if (session_state_ != SessionState::kResetting) {
    // A pause, and perhaps its end, came first; the next IDENT is made from the file.
    if (is_active()) host_.enlist(binding_->ident());
  } else if (failure) {
    fail(*failure, now);
  } else {
    begin(now);
    if (!read_state(now)) return;
    notify_progress();
    settle_uploads(now);
  }
}

void ClientSession::report(const SyncError& error, TimePoint now) {
  if (error.is_fatal && session_state_ == SessionState::kDying) {
    fail(error, now);
    return;
  }
  note_error(error.error);
  if (error.is_fatal || options_.cancel_waits_on_nonfatal_error)
    settle(waits_.take_all(), error.error);
  host_.emit(SessionFailed{key_, error});
}

void ClientSession::note_error(const Error& error) {
  stats_.last_error = error;
  host_.stats_changed(key_);
}

void ClientSession::suspend(const SyncError& error, std::optional<Duration> delay, TimePoint now) {
  note_error(error.error);
  suspension_ = error;
  gives_up_binding_ = binding_->needs_unbind();
  resume_at_.reset();
  if (delay) resume_at_ = now + *delay;
  set_connection_state(ConnectionState::kDisconnected);
  host_.enlist(binding_->ident());
  report_wish(now);
  reschedule();
}

void ClientSession::take_server_error(const SyncError& error,
                                      SyncErrorCode code,
                                      const std::optional<protocol::RetryDelay>& retry_delay,
                                      TimePoint now) {
  if (error.action == Action::kLogOutUser) {
    host_.log_out(error, now);
    return;
  }
  if (error.action && ends_session(*error.action)) {
    fail_or_reset(error, now);
    return;
  }
  if (error.action == Action::kRefreshUser || error.action == Action::kRefreshLocation) {
    // Fresh credentials are tried at once, but not again and again.
    std::optional<Duration> delay;
    if (++refusals_in_row_ > 1) delay = backoff_.next_delay(code, host_.random());
    suspend(error, delay, now);
    awaits_refresh_ = !delay;
    restarts_after_refresh_ = awaits_refresh_ && error.action == Action::kRefreshLocation;
    host_.refresh_credentials(error.action == Action::kRefreshLocation, now);
    return;
  }

  std::optional<Duration> delay;
  if (code == SyncErrorCode::kSessionClosed) {
    delay = kSessionClosedDelay;
  } else if (retry_delay) {
    delay = backoff_.next_delay(
        code, host_.random(), to_backoff_parameters(*retry_delay, options_.backoff));
  } else {
    delay = backoff_.next_delay(code, host_.random());
  }
  if (error.is_fatal) delay.reset();
  suspend(error, delay, now);
  // A transient error that forbids to try again would leave the session waiting unnoticed.
  if (error.action != Action::kTransient || error.is_fatal) report(error, now);
}

void ClientSession::storage_failed(const Error& cause, TimePoint now) {
  SyncError error = {
      .error = cause, .status = SdkStatus::kRuntimeError, .action = Action::kWarning};
  if (!is_active()) {
    // Nothing here would try again by itself.
    error.is_fatal = true;
  } else if (!suspension_) {
    suspend(error, backoff_.next_delay(kStorageFailure, host_.random()), now);
  }
  report(error, now);
}

void ClientSession::integration_failed(const Error& cause, TimePoint now) {
  drop_downloads();
  const std::optional<SyncErrorCode> code = code_of_bad_download(cause.code());
  if (!code) {
    // The server is not told: it would replace a file that only ran out of disk. The session binds
    // again, and what was not integrated comes again.
    storage_failed(cause, now);
    return;
  }
  // Of another connection's: it comes again and fails again.
  if (binding_->phase() != BindPhase::kIdentified) return;
  client_error_ = protocol::ClientError{binding_->ident(), *code, cause.describe()};
  client_error_sent_ = false;
  report({.error = cause, .status = SdkStatus::kBadChangeset, .action = Action::kWarning}, now);
}

void ClientSession::report_compensating_writes() {
  const ServerVersion integrated = replica_state_.progress.download.server_version;
  std::erase_if(compensating_writes_, [&](const SyncError& error) {
    const auto& version = error.server_error->compensating_write_server_version;
    if (version && *version > integrated) return false;
    host_.emit(SessionFailed{key_, error});
    return true;
  });
}

void ClientSession::drop_downloads() {
  batch_.reset();
  progress_due_.reset();
  inbox_.clear();
  report_unintegrated_bytes();
  // The answers that waited behind them are to be asked for again, in the next binding.
  mark_received_ = mark_reached_;
  if (binding_ && binding_->phase() != BindPhase::kIdentified) mark_sent_ = mark_received_;
}

void ClientSession::miss_downloads() {
  progress_due_.reset();
  inbox_.clear();
  mark_received_ = mark_reached_;
  downloads_missed_ = true;
}

std::shared_ptr<const DownloadBatch> ClientSession::make_confirmation() const {
  const protocol::UploadCursor& confirmed = inbox_.received().upload;
  if (binding_->phase() != BindPhase::kIdentified ||
      confirmed.client_version <= replica_state_.progress.upload.client_version)
    return nullptr;
  auto batch = std::make_shared<DownloadBatch>();
  batch->progress = replica_state_.progress;
  batch->progress.upload = confirmed;
  batch->downloads_left = replica_state_.bytes.downloads_left;
  return batch;
}

// Work, waits and progress.

bool ClientSession::read_state(TimePoint now) {
  try {
    replica_state_ = replica_->state();
    return true;
  } catch (const Error& error) {
    storage_failed(error, now);
    return false;
  }
}

void ClientSession::take_state(ReplicaState state) {
  // What was committed after the work, and told before its result, stays known.
  state.newest_client_version =
      std::max(state.newest_client_version, replica_state_.newest_client_version);
  state.bytes.uploadable = std::max(state.bytes.uploadable, replica_state_.bytes.uploadable);
  replica_state_ = std::move(state);
}

bool ClientSession::delays_progress(TimePoint now) {
  const bool may_wait = options_.progress_delay > Duration::zero() && inbox_.has_only_progress() &&
                        !waits_.has_uploads() && progress_.empty() &&
                        session_state_ != SessionState::kDying &&
                        binding_->phase() == BindPhase::kIdentified;
  if (!may_wait) {
    progress_due_.reset();
    return false;
  }
  const bool awaits_confirmation =
      replica_state_.progress.upload.client_version < newest_entry_sent_;
  const TimePoint due =
      now + (awaits_confirmation ? options_.progress_delay : options_.idle_progress_delay);
  progress_due_ = std::min(progress_due_.value_or(due), due);
  return now < *progress_due_;
}

void ClientSession::pump(TimePoint now) {
  while (is_active() && !is_working_) {
    if (batch_) {
      is_working_ = true;
      host_.emit(IntegrateDownload{key_, batch_, batch_done_});
    } else if (const std::optional<RequestIdent> mark = inbox_.take_mark()) {
      reach(*mark);
    } else if (delays_progress(now)) {
      break;
    } else if ((batch_ = downloads_paused_ ? make_confirmation() : inbox_.take_batch())) {
      batch_done_ = 0;
      progress_due_.reset();
    } else {
      break;
    }
  }
  report_unintegrated_bytes();
  reschedule();
}

void ClientSession::reach(RequestIdent mark) {
  mark_reached_ = mark;
  if (mark == mark_target_) uploads_delayed_ = false;
  progress_.set_downloads_known(true);
  update_download_received();
  notify_progress();
  settle(waits_.take_downloads(mark), {});
  host_.enlist(binding_->ident());
}

bool ClientSession::end_work() {
  TOMBOLO_ASSERT(is_working_);
  is_working_ = false;
  ask_for_fresh_copy();
  if (session_state_ != SessionState::kClosed) return true;
  host_.emit(SessionClosed{key_});
  return false;
}

ClientVersion ClientSession::confirmed_version() const {
  // Entries that need no upload count as confirmed with the one before them.
  return replica_
      ->scan_local_changes(replica_state_.progress.upload.client_version,
                           [](const protocol::UploadEntry&) { return false; })
      .client_version;
}

void ClientSession::settle_uploads(TimePoint now) {
  settle(waits_.take_uploads(replica_state_.progress.upload.client_version), {});
  // What is left may have nothing before it that is to be sent.
  if (!waits_.has_uploads()) return;
  try {
    settle(waits_.take_uploads(confirmed_version()), {});
  } catch (const Error& error) {
    storage_failed(error, now);
  }
}

void ClientSession::settle_if_hopeless(WaitId wait) {
  if (session_state_ == SessionState::kClosed) {
    fail_wait(wait, Error(ErrorCode::kClosed, "the sync session has been closed"));
  } else if (ended_by_) {
    fail_wait(wait, *ended_by_);
  } else if (suspension_ && !resume_at_ && !awaits_refresh_) {
    fail_wait(wait, suspension_->error);
  }
}

void ClientSession::fail_wait(WaitId wait, const Error& error) {
  if (!waits_.take(wait)) return;
  settle({wait}, error);
  reschedule();
}

void ClientSession::settle(const std::vector<WaitId>& waits, const Result<void>& outcome) {
  for (const WaitId wait : waits) host_.emit(WaitSettled{key_, wait, outcome});
}

void ClientSession::notify_progress() {
  for (const ProgressMonitor::Notice& notice : progress_.update(replica_state_.bytes))
    host_.emit(ProgressNotified{key_, notice.notifier, notice.progress});
}

void ClientSession::finish_dying(TimePoint now) {
  if (session_state_ != SessionState::kDying) return;
  try {
    if (confirmed_version() < replica_state_.newest_client_version) return;
  } catch (const Error& error) {
    storage_failed(error, now);
    return;
  }
  deactivate(SessionState::kInactive, now);
}

void ClientSession::reschedule() {
  if (stats_.next_resumption != resume_at_) {
    stats_.next_resumption = resume_at_;
    host_.stats_changed(key_);
  }
  std::optional<TimePoint> deadline = waits_.deadline();
  for (const std::optional<TimePoint>& own : {resume_at_, progress_due_}) {
    if (own && (!deadline || *own < *deadline)) deadline = own;
  }
  if (deadline == scheduled_) return;
  host_.reschedule(key_, scheduled_, deadline);
  scheduled_ = deadline;
}

void ClientSession::report_unintegrated_bytes() {
  const std::size_t bytes = inbox_.bytes();
  if (bytes == unintegrated_bytes_) return;
  host_.unintegrated_bytes_changed(unintegrated_bytes_, bytes);
  unintegrated_bytes_ = bytes;
}

}  // namespace tombolo::sync
