#pragma once

#include <memory>
#include <span>
#include <string>

#include <openssl/ssl.h>

#include "base/bytes.h"
#include "net/io_result.h"
#include "net/tls.h"

namespace tombolo::net {

template <auto free_function>
struct OpenSslDeleter {
  template <typename T>
  void operator()(T* object) const noexcept {
    free_function(object);
  }
};

struct TlsContext::Impl {
  std::unique_ptr<SSL_CTX, OpenSslDeleter<SSL_CTX_free>> context;
  bool verify_peer = false;
};

/// The client context that verifies by the system's store, made on first use.
[[nodiscard]] std::shared_ptr<const TlsContext> default_client_tls();

/// TLS over a non-blocking socket. OpenSSL reads and writes the socket itself, so an idle session
/// holds no buffers of ours or of OpenSSL's.
///
/// Thread:  one at a time.
class TlsSession {
 public:
  enum class Role : unsigned char { kServer, kClient };

  /// `socket` stays open for the session's life. A client names the `host` that the certificate has
  /// to be for; a server passes none.
  TlsSession(const TlsContext& context, int socket, Role role, const std::string& host);

  [[nodiscard]] IoResult handshake();
  [[nodiscard]] IoResult read_some(std::span<std::byte> into);
  /// After "wait", the next call must begin with the same bytes.
  [[nodiscard]] IoResult write_some(BytesView bytes);
  /// Tells the peer that no more will come, unless the socket is full.
  void send_end();

 private:
  [[nodiscard]] IoResult result_of(int returned, const char* call);

  std::unique_ptr<SSL, OpenSslDeleter<SSL_free>> ssl_;
};

}  // namespace tombolo::net
