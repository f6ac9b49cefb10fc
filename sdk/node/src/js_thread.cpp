#include "js_thread.h"

#include <utility>

#include "guard.h"

namespace tombolo::node {

std::shared_ptr<JsThread> JsThread::of(Napi::Env env) {
  auto* holder = env.GetInstanceData<std::shared_ptr<JsThread>>();
  if (holder == nullptr) {
    holder = new std::shared_ptr<JsThread>(std::make_shared<JsThread>(env));
    env.SetInstanceData(holder);  // Deleted with the environment, after its cleanup hooks.
    env.AddCleanupHook([](JsThread* thread) { thread->detach(); }, holder->get());
  }
  return *holder;
}

JsThread::JsThread(Napi::Env env) : env_(env) {
  function_ =
      Napi::ThreadSafeFunction::New(env,
                                    Napi::Function::New(env, [](const Napi::CallbackInfo&) {}),
                                    "tombolo",
                                    0,   // Any number of tasks may wait.
                                    1);  // Released by `detach`.
  function_.Unref(env);
}

JsThread::~JsThread() {
  detach();
}

void JsThread::detach() {
  const std::lock_guard lock(mutex_);
  if (std::exchange(is_detached_, true)) return;
  function_.Release();
}

void JsThread::post(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  if (is_detached_) return;
  auto* call = new Call(std::move(task));
  const napi_status status =
      function_.NonBlockingCall(call, [](Napi::Env, Napi::Function, Call* posted) {
        const std::unique_ptr<Call> owned(posted);
        (*owned)();
      });
  if (status != napi_ok) delete call;  // The environment is closing.
}

Scheduler JsThread::scheduler() {
  return [weak = weak_from_this()](std::function<void()> task) {
    if (const auto thread = weak.lock()) thread->post(std::move(task));
  };
}

JsThread::Callback JsThread::hold(const Napi::Function& function) {
  auto* reference = new Napi::FunctionReference(Napi::Persistent(function));
  return Callback(reference, [weak = weak_from_this()](Napi::FunctionReference* held) {
    if (const auto thread = weak.lock()) {
      thread->post([held] { delete held; });
    }
    // Without an environment there is nothing left to refer to.
  });
}

void JsThread::open_handle() {
  if (open_handles_++ == 0) function_.Ref(env_);
}

void JsThread::close_handle() {
  if (--open_handles_ == 0) function_.Unref(env_);
}

}  // namespace tombolo::node
