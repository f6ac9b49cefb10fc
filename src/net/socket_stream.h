#pragma once

#include <optional>
#include <string>

#include "net/asio.h"
#include "net/byte_stream.h"

namespace tombolo::net {

/// How a `ByteStream` is made by those who have a connected socket.
struct ByteStream::Impl {
  /// `socket` is connected; its executor is the strand that the stream lives on.
  explicit Impl(Socket connected);

  Socket socket;
  std::optional<TlsSession> tls;
  std::string remote;
};

}  // namespace tombolo::net
