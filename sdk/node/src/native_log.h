#pragma once

#include <napi.h>

namespace tombolo::node {

/// Adds `setLogLevel` and `setLogger` to the addon's `exports`; `lib/native.ts` declares them.
void define_log(Napi::Env env, Napi::Object exports);

}  // namespace tombolo::node
