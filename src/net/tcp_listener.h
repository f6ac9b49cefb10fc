#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/logging.h"
#include "net/byte_stream.h"
#include "net/event_loop.h"

namespace tombolo::net {

/// Accepts TCP connections on one address, each with a new strand of its own.
///
/// Thread:  callable from any thread.
class TcpListener {
 public:
  /// Called on `strand`, the connection's own.
  using OnAccept = std::function<void(ByteStream stream, Strand strand)>;

  /// Listens at once.
  ///
  /// Errors:  throws `Error{kNetwork}` when the address cannot be listened on.
  TcpListener(EventLoop& loop,
              const std::string& host,
              std::uint16_t port,
              Logger& logger,
              OnAccept on_accept);
  ~TcpListener();  ///< As `close()`.

  [[nodiscard]] std::uint16_t port() const noexcept;
  void close();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tombolo::net
