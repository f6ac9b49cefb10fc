#pragma once

#include <functional>

#include "server/connection.h"

namespace tombolo::server {

/// The way to a connection from other threads.
///
/// Thread:  callable from any thread.
class ConnectionPort {
 public:
  virtual ~ConnectionPort() = default;
  /// Runs `task` on the connection's strand, later, in the order of the calls; not at all once the
  /// connection is gone.
  virtual void post(std::function<void(Connection&)> task) = 0;
};

}  // namespace tombolo::server
