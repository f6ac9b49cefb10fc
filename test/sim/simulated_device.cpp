#include "test/sim/simulated_device.h"

#include <utility>

#include "client/recovery_copy.h"

namespace tombolo::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMessagesInFlightMax = 8;

}  // namespace

SimulatedDevice::SimulatedDevice(Options options,
                                 Scheduler& scheduler,
                                 Random& random,
                                 Accept accept,
                                 const NetworkFaults& faults)
    : options_(std::move(options)),
      scheduler_(scheduler),
      random_(random),
      accept_(std::move(accept)),
      faults_(faults) {}

SimulatedDevice::~SimulatedDevice() {
  crash();
}

void SimulatedDevice::start() {
  ++life_;
  if (const auto copy = client::find_planned_recovery_copy(options_.file)) {
    client::make_planned_recovery_copy(options_.file);
    put_aside_.push_back(*copy);
  }
  store::EnvironmentOptions environment;
  environment.durability = store::Durability::kDeferred;
  environment.map_bytes = std::size_t{64} << 20;
  environment_ = store::Environment::open(options_.file, environment);
  replica_ = std::make_shared<client::StoreReplica>(environment_);

  sync::ConnectionOptions connection = options_.connection;
  connection.route.url = "ws://server/realm-sync";
  connection_ = std::make_unique<sync::ClientConnection>(
      std::move(connection), idents_, random_, null_logger());
  session_ = connection_->open_session(replica_, options_.session).key();
  write([&](store::RealmWriter& realm) {
    if (!realm.schema().classes.empty()) return false;
    realm.add_schema(options_.schema);
    return true;
  });
  session().activate(now());
  watch_reset_attempt();
  pump();
}

void SimulatedDevice::crash() {
  if (link_) link_->close(Link::Side::kClient, std::nullopt);
  link_.reset();
  connection_.reset();
  replica_.reset();
  environment_.reset();
  copy_session_.reset();
  copy_outcome_.reset();
  copy_replica_.reset();
  copy_.reset();
  waits_.clear();
  armed_.reset();
}

void SimulatedDevice::later(Duration delay, std::function<void()> task) {
  scheduler_.after(delay, [this, life = life_, task = std::move(task)] {
    if (is_up() && life == life_) task();
  });
}

void SimulatedDevice::write(const std::function<bool(store::RealmWriter&)>& edit) {
  store::WriteTransaction transaction = environment_->begin_write();
  store::RealmWriter& realm = transaction.realm();
  realm.set_recording(store::Recording::kOn);
  if (!edit(realm)) return;
  const auto since_epoch = std::chrono::duration_cast<std::chrono::milliseconds>(
      (now() + options_.clock_skew).time_since_epoch());
  transaction.commit(
      {.origin_timestamp = OriginTimestamp(static_cast<std::uint64_t>(since_epoch.count()))});
  session().local_change(now());
  pump();
}

void SimulatedDevice::wait_for_upload(WaitDone done) {
  add_wait(session_, session().wait_for_upload(now()), std::move(done));
  pump();
}

void SimulatedDevice::wait_for_download(WaitDone done) {
  add_wait(session_, session().wait_for_download(), std::move(done));
  pump();
}

void SimulatedDevice::pause() {
  session().pause(now());
  pump();
}

void SimulatedDevice::resume() {
  session().resume(now());
  watch_reset_attempt();
  pump();
}

void SimulatedDevice::cut() {
  if (link_) link_->cut();
}

void SimulatedDevice::reconnect() {
  connection_->reconnect(now());
  pump();
}

void SimulatedDevice::pump() {
  // What an event sets off may call back in here; the outer call goes on with it.
  if (std::exchange(is_pumping_, true)) return;
  for (bool is_idle = false; !is_idle && is_up();) {
    is_idle = true;
    while (auto event = connection_->next_event()) {
      handle(*event);
      is_idle = false;
    }
    while (link_ && link_->in_flight(Link::Side::kClient) < kMessagesInFlightMax) {
      auto message = connection_->take_output(now());
      if (!message) break;
      Bytes bytes = std::move(message->head);
      bytes.insert(bytes.end(), message->body.begin(), message->body.end());
      link_->send(Link::Side::kClient, std::move(bytes));
      is_idle = false;
    }
  }
  is_pumping_ = false;
  if (is_up()) arm_timer();
}

void SimulatedDevice::handle(const sync::Event& event) {
  if (const auto* open = std::get_if<sync::OpenTransport>(&event)) {
    connect(*open);
  } else if (const auto* close = std::get_if<sync::CloseTransport>(&event)) {
    if (link_ && close->transport == transport_) {
      link_->close(Link::Side::kClient, std::nullopt);
      link_.reset();
    }
  } else if (std::holds_alternative<sync::RefreshCredentials>(event)) {
    later(1ms, [this] {
      connection_->credentials_refreshed({.text = "token", .expires = {}}, std::nullopt, now());
      pump();
    });
  } else if (const auto* ident = std::get_if<sync::StoreFileIdent>(&event)) {
    later(between(random_, 0us, 2ms), [this, work = *ident] {
      sync::ClientSession* const of = connection_->find_session(work.session);
      if (of == nullptr) return;
      client::StoreReplica& replica = work.session == session_ ? *replica_ : *copy_replica_;
      of->file_ident_stored(replica.store_file_ident(work.file_ident), now());
      pump();
    });
  } else if (const auto* work = std::get_if<sync::IntegrateDownload>(&event)) {
    later(between(random_, 0us, 5ms), [this, work = *work] { integrate(work); });
  } else if (const auto* failed = std::get_if<sync::SessionFailed>(&event)) {
    if (failed->session != session_ || !failed->error.is_fatal) return;
    if (failed->error.error.code() != ErrorCode::kClientReset) {
      return fatal_errors_.push_back(failed->error.error.describe());
    }
    static_cast<void>(client::plan_recovery_copy(options_.file));
    later(between(random_, 0us, 5ms), [this] { begin_anew(); });
  } else if (const auto* settled = std::get_if<sync::WaitSettled>(&event)) {
    const auto wait = waits_.extract({settled->session, settled->wait});
    if (!wait.empty()) wait.mapped()(settled->outcome);
  } else if (const auto* wanted = std::get_if<sync::DownloadFreshCopy>(&event)) {
    reset_cause_ = wanted->cause;
    // One that was given up may still be on its way out.
    if (!copy_session_) later(between(random_, 0us, 2ms), [this] { download_copy(); });
  } else if (std::holds_alternative<sync::ResetFile>(event)) {
    later(between(random_, 0us, 5ms), [this] { reset_file(); });
  } else if (const auto* changed = std::get_if<sync::SessionStateChanged>(&event)) {
    const bool is_given_up = changed->session == session_ && copy_session_ &&
                             changed->current != sync::SessionState::kResetting;
    if (is_given_up) connection_->find_session(*copy_session_)->close(now());
  } else if (const auto* closed = std::get_if<sync::SessionClosed>(&event)) {
    if (copy_session_ == closed->session) copy_closed();
  }
}

// Client reset, as `client::ClientReset` and `client::SyncSession` do it.

std::filesystem::path SimulatedDevice::copy_file() const {
  return options_.file.string() + ".fresh";
}

bool SimulatedDevice::is_resetting() {
  return session().state() == sync::SessionState::kResetting ||
         client::read_reset_attempt(read().realm().metadata());
}

void SimulatedDevice::download_copy() {
  if (session().state() != sync::SessionState::kResetting || copy_session_) return;
  is_copy_continued_ = std::filesystem::exists(copy_file());
  copy_ = store::Environment::open(copy_file(), environment_->options());
  copy_replica_ = std::make_shared<client::StoreReplica>(copy_);
  sync::SessionOptions options = options_.session;
  options.client_reset = sync::ClientResetMode::kManual;
  options.is_fresh_copy = true;
  sync::ClientSession& session = connection_->open_session(copy_replica_, std::move(options));
  copy_session_ = session.key();
  session.activate(now());
  add_wait(session.key(), session.wait_for_download(), [this](const Result<void>& outcome) {
    copy_outcome_ = outcome;
    connection_->find_session(*copy_session_)->close(now());
  });
  pump();
}

void SimulatedDevice::copy_closed() {
  copy_session_.reset();
  copy_replica_.reset();
  const auto outcome = std::exchange(copy_outcome_, std::nullopt);
  if (outcome && *outcome) return session().reset_file(now());  // Unless it was given up.
  copy_.reset();
  const bool is_given_up = outcome && outcome->error().code() == ErrorCode::kClosed;
  if (outcome && !is_given_up) {
    client::remove_store_file(copy_file());
    if (!is_copy_continued_) {
      return session().reset_failed(
          {.error =
               Error::caused_by(ErrorCode::kClientReset, "the fresh copy failed", outcome->error()),
           .is_fatal = true},
          now());
    }
  }
  later(1ms, [this] { download_copy(); });
}

void SimulatedDevice::begin_anew() {
  crash();
  start();
}

void SimulatedDevice::reset_file() {
  const auto outcome =
      client::reset_file(*environment_,
                         *copy_,
                         client::make_reset_request(options_.session.client_reset, *reset_cause_));
  copy_.reset();
  client::remove_store_file(copy_file());
  std::optional<sync::SyncError> failure;
  if (outcome) {
    ++resets_;
    if (outcome->method == sync::ResetMethod::kDiscardLocal) ++discards_;
  } else {
    failure = sync::SyncError{
        .error = Error::caused_by(ErrorCode::kClientReset, "the reset failed", outcome.error()),
        .is_fatal = true};
  }
  session().file_reset(failure, now());
  watch_reset_attempt();
  pump();
}

void SimulatedDevice::watch_reset_attempt() {
  if (!client::read_reset_attempt(read().realm().metadata())) return;
  const auto open = std::make_shared<int>(2);
  const auto done = [this, open](const Result<void>& outcome) {
    if (outcome && --*open == 0) client::clear_reset_attempt(*environment_);
  };
  add_wait(session_, session().wait_for_upload(now()), done);
  add_wait(session_, session().wait_for_download(), done);
}

void SimulatedDevice::integrate(const sync::IntegrateDownload& work) {
  sync::ClientSession* const of = connection_->find_session(work.session);
  if (of == nullptr) return;
  client::StoreReplica& replica = work.session == session_ ? *replica_ : *copy_replica_;
  of->integrated(replica.integrate(*work.batch, work.first_entry), now());
  pump();
}

void SimulatedDevice::connect(const sync::OpenTransport& open) {
  later(between(random_, 200us, faults_.delay_max), [this, open] {
    auto link = std::make_shared<Link>(scheduler_, random_, faults_);
    std::optional<std::string> subprotocol;
    if (!happens(random_, faults_.connect_failure_chance)) {
      attach(link, open.transport);
      subprotocol = accept_(link, open.sub_protocols);
    }
    if (subprotocol) {
      link_ = std::move(link);
      transport_ = open.transport;
      connection_->transport_opened(open.transport, *subprotocol, now());
    } else {
      connection_->transport_failed(open.transport, {}, now());
    }
    pump();
  });
}

void SimulatedDevice::attach(const std::shared_ptr<Link>& link, sync::TransportId transport) {
  const auto guarded = [this, life = life_](const std::function<void()>& call) {
    if (!is_up() || life != life_) return;
    call();
    pump();
  };
  const auto on_message = [this, guarded, transport](Bytes message) {
    guarded([&] { connection_->receive(transport, std::move(message), now()); });
  };
  const auto on_closed = [this, guarded, transport](StreamEnd end) {
    guarded([&] {
      if (transport == transport_) link_.reset();
      connection_->transport_closed(transport, {.close_code = end.close_code, .reason = ""}, now());
    });
  };
  const auto on_room = [guarded] { guarded([] {}); };
  link->attach(Link::Side::kClient, {on_message, on_closed, on_room});
}

void SimulatedDevice::arm_timer() {
  const auto deadline = connection_->deadline();
  if (armed_ == deadline) return;
  armed_ = deadline;
  if (!deadline) return;
  scheduler_.at(*deadline, [this, deadline, life = life_] {
    if (!is_up() || life != life_ || armed_ != deadline) return;
    armed_.reset();
    connection_->advance(now());
    pump();
  });
}

}  // namespace tombolo::sim
