#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include <napi.h>

#include "tombolo/realm.h"

namespace tombolo::node {

/// Brings tasks of other threads to the JavaScript thread of one environment, in order.
///
/// It keeps the event loop alive only while `keep_alive` says that something is open. After the
/// environment has gone, tasks are dropped.
///
/// Thread:  `post` from any thread; everything else on the JavaScript thread.
class JsThread : public std::enable_shared_from_this<JsThread> {
 public:
  /// The one of `env`; made at the first call.
  static std::shared_ptr<JsThread> of(Napi::Env env);

  explicit JsThread(Napi::Env env);
  ~JsThread();
  JsThread(const JsThread&) = delete;
  JsThread& operator=(const JsThread&) = delete;

  void post(std::function<void()> task);
  [[nodiscard]] Scheduler scheduler();

  /// Counts what is open: the event loop lives while the count is not zero.
  void open_handle();
  void close_handle();

  /// A JavaScript function that other threads may hold and let go of; it is called and destroyed on
  /// the JavaScript thread alone.
  using Callback = std::shared_ptr<Napi::FunctionReference>;
  [[nodiscard]] Callback hold(const Napi::Function& function);

  /// Constructors of the classes that native code makes objects of.
  Napi::FunctionReference realm_class;
  Napi::FunctionReference results_class;
  Napi::FunctionReference collection_class;
  Napi::FunctionReference sorted_values_class;
  Napi::FunctionReference user_class;
  Napi::FunctionReference session_class;

 private:
  void detach();

  using Call = std::function<void()>;
  Napi::Env env_;
  std::mutex mutex_;
  Napi::ThreadSafeFunction function_;  ///< Guarded by `mutex_`; empty once detached.
  bool is_detached_ = false;           ///< Guarded by `mutex_`.
  std::size_t open_handles_ = 0;
};

}  // namespace tombolo::node
