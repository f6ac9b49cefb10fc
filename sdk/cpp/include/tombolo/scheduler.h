#pragma once

#include <functional>

namespace tombolo {

/// How the library reaches the thread of a realm: it calls this from any thread, and the
/// application runs `task` later on the realm's thread, in the order given. With a scheduler,
/// changes made elsewhere arrive and observers are called by themselves, and what another realm of
/// the file commits on this thread is shown when that returns; without one, both happen inside
/// `refresh()`, `write()` and `commit_transaction()`.
using Scheduler = std::function<void(std::function<void()> task)>;

}  // namespace tombolo
