#pragma once

#include <memory>
#include <span>
#include <string>

#include "base/bytes.h"
#include "net/event_loop.h"
#include "net/io_result.h"
#include "net/tls_session.h"

namespace tombolo::net {

/// One TCP connection, plain or with TLS, that is read and written without waiting and without a
/// buffer of its own: a connection with nothing to do costs its objects and no more. TCP_NODELAY is
/// on.
///
/// Destroying it closes the socket; tasks that wait for it are dropped then.
///
/// Thread:  its strand.
class ByteStream {
 public:
  struct Impl;
  explicit ByteStream(std::unique_ptr<Impl> impl) noexcept;
  ~ByteStream();
  ByteStream(ByteStream&&) noexcept;
  ByteStream& operator=(ByteStream&&) noexcept;

  /// From here on bytes are TLS; `handshake()` has to be repeated until it is done.
  void start_tls(const TlsContext& context, TlsSession::Role role, const std::string& host = {});
  [[nodiscard]] IoResult handshake();

  [[nodiscard]] IoResult read_some(std::span<std::byte> into);
  /// Writes from the front of `parts`. After "wait", the next call must begin with the same bytes.
  [[nodiscard]] IoResult write_some(std::span<const BytesView> parts);
  /// Tells the peer that no more will come; reading goes on.
  void end_writing();

  /// Runs `task` on the strand once `result`, that has to wait, can be tried again.
  void wait_for(const IoResult& result, Task task);

  [[nodiscard]] bool secure() const noexcept;
  [[nodiscard]] const std::string& remote() const noexcept;  ///< "192.0.2.7:50312"

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace tombolo::net
