#include "net/tls_session.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdint>

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include "base/assertion.h"

namespace tombolo::net {
namespace {

Error tls_error(std::string what, std::string call) {
  const unsigned long code = ERR_get_error();
  if (code != 0) {
    std::array<char, 256> text{};
    ERR_error_string_n(code, text.data(), text.size());
    what += std::string(": ") + text.data();
  }
  ERR_clear_error();
  return Error(ErrorCode::kTlsFailure,
               std::move(what),
               ForeignError{"openssl", static_cast<long>(code), std::move(call)});
}

void check_openssl(long result, const std::string& what, const char* call) {
  if (result != 1) throw tls_error(what, call);
}

int socket_of(BIO* bio) {
  return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

template <typename Transfer>
int transfer(BIO* bio, Transfer move_bytes, int retry_flag) {
  BIO_clear_retry_flags(bio);
  const ssize_t moved = move_bytes(socket_of(bio));
  if (moved < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
    BIO_set_flags(bio, retry_flag | BIO_FLAGS_SHOULD_RETRY);
  }
  return static_cast<int>(moved);
}

int write_to_socket(BIO* bio, const char* data, int size) {
  return transfer(
      bio,
      [=](int socket) {
        return ::send(socket, data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
      },
      BIO_FLAGS_WRITE);
}

int read_from_socket(BIO* bio, char* data, int size) {
  return transfer(
      bio,
      [=](int socket) { return ::recv(socket, data, static_cast<std::size_t>(size), 0); },
      BIO_FLAGS_READ);
}

long control_socket(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

/// OpenSSL's own socket BIO raises SIGPIPE when the peer is gone, and a library must not change how
/// its process treats signals.
const BIO_METHOD* socket_method() {
  static const std::unique_ptr<BIO_METHOD, OpenSslDeleter<BIO_meth_free>> method = [] {
    std::unique_ptr<BIO_METHOD, OpenSslDeleter<BIO_meth_free>> made(
        BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket without SIGPIPE"));
    TOMBOLO_ASSERT(made != nullptr);
    BIO_meth_set_write(made.get(), write_to_socket);
    BIO_meth_set_read(made.get(), read_from_socket);
    BIO_meth_set_ctrl(made.get(), control_socket);
    return made;
  }();
  return method.get();
}

std::unique_ptr<TlsContext::Impl> make_context(const SSL_METHOD* method) {
  auto impl = std::make_unique<TlsContext::Impl>();
  impl->context.reset(SSL_CTX_new(method));
  SSL_CTX* const context = impl->context.get();
  if (context == nullptr) throw tls_error("no TLS context", "SSL_CTX_new");
  check_openssl(SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION),
                "TLS 1.2 cannot be made the oldest version",
                "SSL_CTX_set_min_proto_version");
  SSL_CTX_set_mode(context,
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                       SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_read_ahead(context, 1);
  return impl;
}

bool is_address(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> ignored{};
  return ::inet_pton(AF_INET, host.c_str(), ignored.data()) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), ignored.data()) == 1;
}

}  // namespace

TlsContext::TlsContext(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
TlsContext::~TlsContext() = default;

std::shared_ptr<const TlsContext> TlsContext::for_server(const TlsServerFiles& files) {
  auto impl = make_context(TLS_server_method());
  SSL_CTX* const context = impl->context.get();
  check_openssl(SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()),
                "cannot use the certificate in " + files.certificate.string(),
                "SSL_CTX_use_certificate_chain_file");
  check_openssl(SSL_CTX_use_PrivateKey_file(context, files.private_key.c_str(), SSL_FILETYPE_PEM),
                "cannot use the private key in " + files.private_key.string(),
                "SSL_CTX_use_PrivateKey_file");
  return std::make_shared<const TlsContext>(std::move(impl));
}

std::shared_ptr<const TlsContext> TlsContext::for_client(const TlsClientOptions& options) {
  auto impl = make_context(TLS_client_method());
  SSL_CTX* const context = impl->context.get();
  impl->verify_peer = options.verify_peer;
  if (options.verify_peer) {
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    if (options.ca_file.empty()) {
      check_openssl(SSL_CTX_set_default_verify_paths(context),
                    "cannot use the system's certificates",
                    "SSL_CTX_set_default_verify_paths");
    } else {
      check_openssl(SSL_CTX_load_verify_file(context, options.ca_file.c_str()),
                    "cannot use the certificates in " + options.ca_file.string(),
                    "SSL_CTX_load_verify_file");
    }
  }
  return std::make_shared<const TlsContext>(std::move(impl));
}

std::shared_ptr<const TlsContext> default_client_tls() {
  static const std::shared_ptr<const TlsContext> context = TlsContext::for_client({});
  return context;
}

TlsSession::TlsSession(const TlsContext& context, int socket, Role role, const std::string& host)
    : ssl_(SSL_new(context.impl().context.get())) {
  BIO* const bio = ssl_ ? BIO_new(socket_method()) : nullptr;
  if (bio == nullptr) throw tls_error("no TLS session", "SSL_new");
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(socket)));
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  if (role == Role::kServer) {
    SSL_set_accept_state(ssl_.get());
    return;
  }
  SSL_set_connect_state(ssl_.get());
  if (is_address(host)) {
    check_openssl(X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), host.c_str()),
                  "cannot verify for " + host,
                  "X509_VERIFY_PARAM_set1_ip_asc");
  } else {
    check_openssl(
        SSL_set1_host(ssl_.get(), host.c_str()), "cannot verify for " + host, "SSL_set1_host");
    check_openssl(SSL_set_tlsext_host_name(ssl_.get(), host.c_str()),
                  "cannot name " + host + " to the server",
                  "SSL_set_tlsext_host_name");
  }
}

IoResult TlsSession::handshake() {
  ERR_clear_error();
  return result_of(SSL_do_handshake(ssl_.get()), "SSL_do_handshake");
}

IoResult TlsSession::read_some(std::span<std::byte> into) {
  ERR_clear_error();
  const auto size = static_cast<int>(std::min<std::size_t>(into.size(), INT_MAX));
  return result_of(SSL_read(ssl_.get(), into.data(), size), "SSL_read");
}

IoResult TlsSession::write_some(BytesView bytes) {
  ERR_clear_error();
  const auto size = static_cast<int>(std::min<std::size_t>(bytes.size(), INT_MAX));
  return result_of(SSL_write(ssl_.get(), bytes.data(), size), "SSL_write");
}

void TlsSession::send_end() {
  ERR_clear_error();
  // 0 and 1: sent. Below: the session is broken or the socket full, and TCP's own end has to do.
  if (SSL_shutdown(ssl_.get()) < 0) ERR_clear_error();
}

IoResult TlsSession::result_of(int returned, const char* call) {
  using Status = IoResult::Status;
  if (returned > 0) return {Status::kDone, static_cast<std::size_t>(returned)};
  const int system_error = errno;
  switch (SSL_get_error(ssl_.get(), returned)) {
    case SSL_ERROR_WANT_READ: return {Status::kWaitReadable};
    case SSL_ERROR_WANT_WRITE: return {Status::kWaitWritable};
    case SSL_ERROR_ZERO_RETURN: return {Status::kEnd};
    case SSL_ERROR_SYSCALL:
      if (ERR_peek_error() == 0) {
        return {Status::kFailed,
                0,
                Error(ErrorCode::kNetwork,
                      "the TLS stream broke off",
                      ForeignError{"errno", system_error, call})};
      }
      break;
    default: break;
  }
  const long verified = SSL_get_verify_result(ssl_.get());
  const std::string why = verified == X509_V_OK ? "TLS failed"
                                                : std::string("the certificate is not trusted (") +
                                                      X509_verify_cert_error_string(verified) + ")";
  return {Status::kFailed, 0, tls_error(why, call)};
}

}  // namespace tombolo::net
