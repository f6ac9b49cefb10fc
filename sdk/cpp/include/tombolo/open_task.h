#pragma once

#include <functional>
#include <memory>

#include "base/result.h"
#include "tombolo/notification.h"
#include "tombolo/realm.h"
#include "tombolo/sync_session.h"

namespace tombolo {

/// The opening of a realm that waits for the server's data.
///
///     auto task = tombolo::Realm::open_async(configuration);
///     auto token = task.observe_progress([](auto& now) { std::cout << now.estimate << '\n'; });
///     tombolo::Realm realm = task.get().value();
///
/// When the last copy goes, a task that calls no function at its end is cancelled.
///
/// Errors:  the outcome is `kTimedOut`, `kCancelled`, or what ended the session.
/// Thread:  `cancel` from any thread; the rest on the one that the realm is for.
class OpenTask {
 public:
  /// Waits for the end; to be called once, of a task that calls no function at its end.
  [[nodiscard]] Result<Realm> get();

  /// Calls back whenever more has arrived; never for a local realm.
  NotificationToken observe_progress(std::function<void(const SyncProgress& progress)> callback);

  /// Gives up waiting; without effect after the end. What has arrived stays in the file.
  void cancel();

 private:
  friend class Realm;
  struct State;
  explicit OpenTask(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}

  std::shared_ptr<State> state_;
};

}  // namespace tombolo
