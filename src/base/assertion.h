#pragma once

/// Assertions state what no input can cause; input is checked and answered with values instead.
/// They stay on in release builds.
///
/// `TOMBOLO_ASSERT` throws `Error{kInternal}`. `TOMBOLO_ASSERT_FATAL` stops the process; it is kept
/// for places where going on could write wrong bytes or lose acknowledged data, because a guest in
/// someone else's process does not abort lightly. `TOMBOLO_UNREACHABLE` throws as well, where the
/// code before has dealt with every case.

namespace tombolo {

[[noreturn]] void throw_failed_assertion(const char* condition, const char* file, int line);
[[noreturn]] void abort_on_failed_assertion(const char* condition, const char* file, int line);

}  // namespace tombolo

#define TOMBOLO_ASSERT(condition) \
  (static_cast<bool>(condition)   \
       ? static_cast<void>(0)     \
       : ::tombolo::throw_failed_assertion(#condition, __FILE__, __LINE__))
#define TOMBOLO_ASSERT_FATAL(condition) \
  (static_cast<bool>(condition)         \
       ? static_cast<void>(0)           \
       : ::tombolo::abort_on_failed_assertion(#condition, __FILE__, __LINE__))
#define TOMBOLO_UNREACHABLE(why) ::tombolo::throw_failed_assertion(why, __FILE__, __LINE__)
