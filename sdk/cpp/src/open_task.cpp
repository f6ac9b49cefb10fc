#include "tombolo/open_task.h"

#include <atomic>
#include <future>
#include <string>
#include <utility>

#include "realm_core.h"

namespace tombolo {
namespace {

/// What `configuration` says for the file as it is now.
OpenBehavior behavior_of(const RealmConfiguration& configuration) {
  if (!configuration.sync) return {.type = OpenType::kImmediately};
  return std::filesystem::exists(configuration.path) ? configuration.sync->existing_file
                                                     : configuration.sync->new_file;
}

}  // namespace

/// Thread:  `settle` from any thread; the rest on the realm's.
struct OpenTask::State {
  State(Realm opened, OpenBehavior chosen) : realm(std::move(opened)), behavior(chosen) {}
  ~State() {
    // Nobody wants the realm any more: its download need not go on.
    if (const auto& session = realm.core()->session(); session && wait) session->cancel_wait(*wait);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  static std::shared_ptr<State> open(RealmConfiguration configuration) {
    const OpenBehavior behavior = behavior_of(configuration);
    return std::make_shared<State>(Realm::open(std::move(configuration)), behavior);
  }

  static void start(const std::shared_ptr<State>& state) {
    const auto& session = state->realm.core()->session();
    if (session == nullptr || state->behavior.type == OpenType::kImmediately) {
      state->settle({});
      return;
    }
    std::optional<Duration> timeout;
    if (state->behavior.timeout) timeout = *state->behavior.timeout;
    state->wait = session->wait_for_download(
        timeout,
        [weak = std::weak_ptr(state)](const Result<void>& outcome) {
          if (const auto waiting = weak.lock()) waiting->settle(outcome);
        },
        state->realm.core()->wait_group());
  }

  /// The first outcome counts.
  void settle(const Result<void>& outcome) {
    if (!is_settled.exchange(true)) std::exchange(settled, nullptr)(outcome);
  }

  /// What the task gives, once the wait has ended with `outcome`.
  Result<Realm> finish(const Result<void>& outcome) {
    const bool timed_out = !outcome && outcome.error().code() == ErrorCode::kTimedOut;
    if (outcome) realm.refresh();
    if (outcome || (timed_out && behavior.on_timeout == OpenTimeoutBehavior::kOpenLocalRealm)) {
      return realm;
    }
    const std::string path = realm.path().string();
    realm.close();
    if (!timed_out) return outcome.error();
    return Error::caused_by(ErrorCode::kTimedOut,
                            "realm '" + path + "' could not be downloaded in the allocated time",
                            outcome.error());
  }

  Realm realm;
  const OpenBehavior behavior;
  std::optional<client::SyncSession::WaitTicket> wait;
  std::atomic<bool> is_settled{false};
  std::function<void(const Result<void>& outcome)> settled;
  std::future<Result<void>> future;  ///< Of what `settled` is called with, if somebody waits.
};

OpenTask Realm::open_async(RealmConfiguration configuration) {
  const auto state = OpenTask::State::open(std::move(configuration));
  const auto promise = std::make_shared<std::promise<Result<void>>>();
  state->future = promise->get_future();
  state->settled = [promise](const Result<void>& outcome) { promise->set_value(outcome); };
  OpenTask::State::start(state);
  return OpenTask(state);
}

OpenTask Realm::open_async(RealmConfiguration configuration, OpenDone done) {
  const Scheduler scheduler = configuration.scheduler;
  if (!scheduler) {
    throw Error(ErrorCode::kInvalidArgument, "a realm that is given later needs a scheduler");
  }
  const auto state = OpenTask::State::open(std::move(configuration));
  // Until the end the state holds itself.
  state->settled = [state, scheduler, done = std::move(done)](const Result<void>& outcome) {
    scheduler([state, done, outcome] { done(state->finish(outcome)); });
  };
  OpenTask::State::start(state);
  return OpenTask(state);
}

Result<Realm> OpenTask::get() {
  return state_->finish(state_->future.get());
}

NotificationToken OpenTask::observe_progress(
    std::function<void(const SyncProgress& progress)> callback) {
  const auto session = state_->realm.sync_session();
  if (!session) return {};
  return SyncSession(*session).observe_progress(
      ProgressDirection::kDownload, ProgressMode::kReportIndefinitely, std::move(callback));
}

void OpenTask::cancel() {
  state_->settle(Error(ErrorCode::kCancelled, "the opening of the realm was cancelled"));
}

}  // namespace tombolo
