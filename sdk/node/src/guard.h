#pragma once

#include <exception>
#include <string>
#include <utility>

#include <napi.h>

#include "tombolo/realm.h"

namespace tombolo::node {

/// The JavaScript error for `error`: its message, and the code's public name as `code`. What the
/// App Services API answered keeps its own text and the number that SDKs show.
[[nodiscard]] inline Napi::Error to_js_error(Napi::Env env, const Error& error) {
  if (const auto& foreign = error.foreign(); foreign && foreign->domain == "app-services") {
    Napi::Error result = Napi::Error::New(env, error.message());
    result.Set("code", static_cast<double>(foreign->number));
    return result;
  }
  Napi::Error result = Napi::Error::New(env, error.describe());
  result.Set("code", std::string(error_code_name(error.code())));
  return result;
}

/// Runs the body of a native function; whatever C++ exception it throws becomes a JavaScript one.
template <typename Body>
auto guarded(Napi::Env env, Body&& body) -> decltype(body()) {
  try {
    return std::forward<Body>(body)();
  } catch (const Napi::Error&) {
    throw;
  } catch (const Error& error) {
    throw to_js_error(env, error);
  } catch (const std::exception& error) {
    throw Napi::Error::New(env, error.what());
  }
}

}  // namespace tombolo::node
