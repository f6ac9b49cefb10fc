#include <napi.h>

#include "js_thread.h"
#include "native_app.h"
#include "native_collection.h"
#include "native_log.h"
#include "native_realm.h"
#include "native_results.h"
#include "native_sorted_values.h"
#include "native_sync_session.h"
#include "native_user.h"

namespace {

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  using namespace tombolo::node;
  const auto thread = JsThread::of(env);
  const Napi::Function realm_class = NativeRealm::define(env);
  thread->realm_class = Napi::Persistent(realm_class);
  thread->results_class = Napi::Persistent(NativeResults::define(env));
  thread->collection_class = Napi::Persistent(NativeCollection::define(env));
  thread->sorted_values_class = Napi::Persistent(NativeSortedValues::define(env));
  thread->user_class = Napi::Persistent(NativeUser::define(env));
  thread->session_class = Napi::Persistent(NativeSyncSession::define(env));
  define_log(env, exports);
  exports.Set("NativeApp", NativeApp::define(env));
  exports.Set("NativeRealm", realm_class);
  return exports;
}

}  // namespace

NODE_API_MODULE(tombolo, initialise)
