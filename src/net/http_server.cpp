#include "net/http_server.h"

#include <utility>

#include "net/http_connection.h"
#include "net/tcp_listener.h"

namespace tombolo::net {

class HttpServer::Impl {
 public:
  Impl(EventLoop& loop, HttpServerOptions options, HttpHandler& handler, Logger& logger)
      : context_(std::make_shared<HttpServerContext>(std::move(options), handler, logger)),
        listener_(loop,
                  context_->options.host,
                  context_->options.port,
                  logger,
                  [context = context_](ByteStream stream, const Strand& strand) {
                    std::make_shared<HttpConnection>(context, std::move(stream), strand)->start();
                  }) {}

  [[nodiscard]] std::uint16_t port() const noexcept { return listener_.port(); }
  [[nodiscard]] std::size_t connection_count() const { return context_->connection_count(); }

  void close() {
    listener_.close();
    context_->close();
  }

 private:
  std::shared_ptr<HttpServerContext> context_;
  TcpListener listener_;
};

HttpServer::HttpServer(EventLoop& loop,
                       HttpServerOptions options,
                       HttpHandler& handler,
                       Logger& logger)
    : impl_(std::make_unique<Impl>(loop, std::move(options), handler, logger)) {}
HttpServer::~HttpServer() {
  close();
}

std::uint16_t HttpServer::port() const noexcept {
  return impl_->port();
}
void HttpServer::close() {
  impl_->close();
}
std::size_t HttpServer::connection_count() const {
  return impl_->connection_count();
}

}  // namespace tombolo::net
