#include "net/tcp_listener.h"

#include <string>
#include <utility>

#include <boost/asio/basic_socket_acceptor.hpp>

#include "base/open_file_limit.h"
#include "net/socket_stream.h"

namespace tombolo::net {
namespace {

using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, StrandExecutor>;

/// How long to wait before accepting again when the system is out of descriptors or memory.
constexpr auto kExhaustedDelay = std::chrono::milliseconds(100);

asio::ip::tcp::endpoint find_endpoint(asio::io_context& context,
                                      const std::string& host,
                                      std::uint16_t port) {
  asio::ip::tcp::resolver resolver(context);
  error_code code;
  const auto results =
      resolver.resolve(host, std::to_string(port), asio::ip::tcp::resolver::passive, code);
  if (code) throw network_error(code, "cannot resolve " + host, "getaddrinfo");
  return results.begin()->endpoint();
}

}  // namespace

class TcpListener::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(EventLoop& loop,
       const std::string& host,
       std::uint16_t port,
       Logger& logger,
       OnAccept on_accept)
      : loop_(loop),
        strand_(loop.make_strand()),
        acceptor_(strand_.impl().executor),
        retry_(strand_),
        logger_(logger),
        on_accept_(std::move(on_accept)) {
    const auto endpoint = find_endpoint(loop.impl().context, host, port);
    const auto check = [&](const error_code& code, const char* call) {
      if (code) {
        throw network_error(
            code, "cannot listen on " + host + ", port " + std::to_string(port), call);
      }
    };
    error_code code;
    check(acceptor_.open(endpoint.protocol(), code), "socket");
    check(acceptor_.set_option(asio::socket_base::reuse_address(true), code), "setsockopt");
    check(acceptor_.bind(endpoint, code), "bind");
    check(acceptor_.listen(asio::socket_base::max_listen_connections, code), "listen");
    port_ = acceptor_.local_endpoint().port();
  }

  void accept() {
    const Strand connection = loop_.make_strand();
    acceptor_.async_accept(
        connection.impl().executor,
        [self = shared_from_this(), connection](const error_code& code, Socket socket) {
          self->accepted(code, std::move(socket), connection);
        });
  }

  void close() {
    strand_.post([self = shared_from_this()] {
      self->retry_.cancel();
      // What an acceptor's close may fail with leaves it closed all the same.
      error_code ignored;
      self->acceptor_.close(ignored);
    });
  }

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

 private:
  void accepted(const error_code& code, Socket socket, const Strand& connection) {
    if (!acceptor_.is_open()) return;
    if (code && code != asio::error::connection_aborted) {
      // One line says it, however often it is tried again.
      if (!std::exchange(is_failing_, true)) {
        std::string line = "accept_failed error=\"" + code.message() + "\"";
        if (code == asio::error::no_descriptors)
          line += " advice=\"" + describe_open_file_limit() + "\"";
        logger_.warn(line);
      }
      retry_.arm_after(kExhaustedDelay, [self = shared_from_this()] { self->accept(); });
      return;
    }
    if (!code) {
      is_failing_ = false;
      const auto stream =
          std::make_shared<ByteStream>(std::make_unique<ByteStream::Impl>(std::move(socket)));
      connection.post([self = shared_from_this(), stream, connection] {
        self->on_accept_(std::move(*stream), connection);
      });
    }
    accept();
  }

  EventLoop& loop_;
  Strand strand_;
  Acceptor acceptor_;
  Timer retry_;
  Logger& logger_;
  OnAccept on_accept_;
  std::uint16_t port_ = 0;
  bool is_failing_ = false;  ///< Since the last connection that was accepted.
};

TcpListener::TcpListener(EventLoop& loop,
                         const std::string& host,
                         std::uint16_t port,
                         Logger& logger,
                         OnAccept on_accept)
    : impl_(std::make_shared<Impl>(loop, host, port, logger, std::move(on_accept))) {
  impl_->accept();
}
TcpListener::~TcpListener() {
  close();
}

std::uint16_t TcpListener::port() const noexcept {
  return impl_->port();
}
void TcpListener::close() {
  impl_->close();
}

}  // namespace tombolo::net
