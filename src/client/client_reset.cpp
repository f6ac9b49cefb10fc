#include "client/client_reset.h"

#include <utility>

#include "client/recovery_copy.h"
#include "client/store_replica.h"
#include "client/sync_metadata.h"

namespace tombolo::client {

/// What the driver holds of the copy's session.
class ClientReset::CopyObserver final : public SessionObserver {
 public:
  explicit CopyObserver(std::shared_ptr<ClientReset> reset) : reset_(std::move(reset)) {}

  void on_wait_settled(sync::WaitId, const Result<void>& outcome) override {
    reset_->copied(outcome);
  }
  void on_closed() override { reset_->copy_closed(); }

  // Errors that matter end the wait.
  void on_error(const sync::SyncError&) override {}
  void on_fresh_copy_wanted(const sync::SyncError&) override {}
  void on_file_reset_wanted() override {}
  void on_state(sync::SessionState) override {}
  void on_connection_state(sync::ConnectionState, sync::ConnectionState) override {}
  void on_progress(sync::NotifierId, const sync::ProgressNotification&) override {}
  void on_stats(const sync::SessionStats&) override {}
  void on_look() override {}

 private:
  std::shared_ptr<ClientReset> reset_;
};

ClientReset::ClientReset(std::shared_ptr<ConnectionDriver> driver,
                         std::shared_ptr<SyncedFile> file,
                         sync::SessionOptions options)
    : driver_(std::move(driver)),
      file_(std::move(file)),
      options_(std::move(options)),
      copy_path_(file_->path().string() + ".fresh") {}

ClientReset::~ClientReset() = default;

template <typename T>
void ClientReset::on_worker(std::function<Result<T>()> work,
                            std::function<void(const Result<T>&)> then) {
  driver_->runtime().workers().post(
      [self = shared_from_this(), work = std::move(work), then = std::move(then)] {
        const auto run = [&]() -> Result<T> {
          try {
            return work();
          } catch (const Error& error) {
            return error;
          }
        };
        self->driver_->post(
            [self, then, result = run()](sync::ClientConnection&, TimePoint) { then(result); });
      });
}

void ClientReset::download(Copied copied) {
  copied_ = std::move(copied);
  open();
}

void ClientReset::open() {
  outcome_.reset();
  on_worker<OpenCopy>([this] { return open_copy(); },
                      [this](const Result<OpenCopy>& copy) { opened(copy); });
}

std::shared_ptr<SyncedFile> ClientReset::open_copy_file() const {
  const store::EnvironmentOptions options{.encryption_key = file_->options().encryption_key,
                                          .logger = file_->options().logger};
  const auto& files = file_->files();
  return std::make_shared<SyncedFile>(files, files->open(copy_path_, options), [] {});
}

ClientReset::OpenCopy ClientReset::open_copy() const {
  if (std::filesystem::exists(copy_path_)) {
    try {
      OpenCopy copy{open_copy_file(), true};
      (void)read_sync_metadata(copy.file->open()->begin_read().realm().metadata());
      return copy;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kFileCorrupt && error.code() != ErrorCode::kFileFormatTooNew &&
          error.code() != ErrorCode::kWrongKey) {
        throw;
      }
      remove_store_file(copy_path_);
    }
  }
  return {open_copy_file(), false};
}

void ClientReset::opened(const Result<OpenCopy>& copy) {
  if (is_stopped_) return;
  if (!copy) return finish(copy.error());
  copy_ = *copy;
  driver_->post([self = shared_from_this()](sync::ClientConnection&, TimePoint now) {
    if (self->is_stopped_) return;
    sync::SessionOptions options = self->options_;
    options.client_reset = sync::ClientResetMode::kManual;
    options.is_fresh_copy = true;
    options.cancel_waits_on_nonfatal_error = false;
    const auto open_copy = [copy = self->copy_.file] { return copy->open(); };
    try {
      sync::ClientSession& session =
          self->driver_->open_session(std::make_shared<StoreReplica>(open_copy),
                                      std::move(options),
                                      std::make_shared<CopyObserver>(self));
      self->session_ = session.key();
      session.activate(now);
      (void)session.wait_for_download();
    } catch (const Error& error) {
      self->finish(error);
    }
  });
}

void ClientReset::copied(const Result<void>& outcome) {
  outcome_ = outcome;
  driver_->post([self = shared_from_this()](sync::ClientConnection& connection, TimePoint now) {
    if (!self->session_) return;
    if (auto* session = connection.find_session(*self->session_)) session->close(now);
  });
}

void ClientReset::copy_closed() {
  session_.reset();
  if (is_stopped_ || !outcome_) {
    copy_ = {};
    return;
  }
  if (!*outcome_ && copy_.is_continued) {
    // The server will not have an old copy either: begin anew, once.
    copy_ = {};
    on_worker<bool>(
        [this] {
          remove_store_file(copy_path_);
          return true;
        },
        [this](const Result<bool>&) {
          if (!is_stopped_) open();
        });
    return;
  }
  finish(*outcome_);
}

void ClientReset::finish(const Result<void>& outcome) {
  if (const auto copied = std::exchange(copied_, nullptr)) copied(outcome);
}

void ClientReset::perform(const sync::SyncError& demand, Done done) {
  const FileResetRequest request = make_reset_request(options_.client_reset, demand);
  on_worker<FileResetOutcome>(
      [this, request, copy = std::exchange(copy_, {}).file]() mutable {
        const auto outcome = [&]() -> Result<FileResetOutcome> {
          try {
            return reset_file(*file_->open(), *copy->open(), request);
          } catch (const Error& error) {
            return error;
          }
        }();
        copy.reset();
        remove_store_file(copy_path_);
        return outcome;
      },
      std::move(done));
}

void ClientReset::stop() {
  if (std::exchange(is_stopped_, true)) return;
  driver_->post([self = shared_from_this()](sync::ClientConnection& connection, TimePoint now) {
    if (!self->session_) {
      self->copy_ = {};
    } else if (auto* session = connection.find_session(*self->session_)) {
      session->close(now);
    }
  });
}

}  // namespace tombolo::client
