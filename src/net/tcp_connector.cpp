#include "net/tcp_connector.h"

#include <optional>
#include <utility>
#include <vector>

#include "net/socket_stream.h"

namespace tombolo::net {
namespace {

using Endpoint = asio::ip::tcp::endpoint;
using Resolver = asio::ip::basic_resolver<asio::ip::tcp, StrandExecutor>;

constexpr auto kNextAttemptDelay = std::chrono::milliseconds(250);  // RFC 8305, 8

/// Alternates between the families, beginning with that of the first endpoint. RFC 8305, 4.
std::vector<Endpoint> interleave(const std::vector<Endpoint>& endpoints) {
  std::vector<Endpoint> preferred;
  std::vector<Endpoint> other;
  for (const Endpoint& endpoint : endpoints) {
    (endpoint.protocol() == endpoints.front().protocol() ? preferred : other).push_back(endpoint);
  }
  std::vector<Endpoint> order;
  for (std::size_t i = 0; i < std::max(preferred.size(), other.size()); ++i) {
    if (i < preferred.size()) order.push_back(preferred[i]);
    if (i < other.size()) order.push_back(other[i]);
  }
  return order;
}

class TcpConnector final : public PendingOperation::Target,
                           public std::enable_shared_from_this<TcpConnector> {
 public:
  using Done = std::function<void(std::variant<ByteStream, ConnectFailure>)>;

  TcpConnector(const Strand& strand, std::string host, std::uint16_t port, Done done)
      : strand_(strand),
        resolver_(strand.impl().executor),
        next_attempt_(strand),
        host_(std::move(host)),
        port_(port),
        done_(std::move(done)) {}

  void start() {
    error_code code;
    const auto address = asio::ip::make_address(host_, code);
    if (!code) {
      strand_.post([self = shared_from_this(), address] {
        self->try_all({Endpoint(address, self->port_)});
      });
      return;
    }
    resolver_.async_resolve(
        host_,
        std::to_string(port_),
        [self = shared_from_this()](const error_code& resolved, Resolver::results_type results) {
          self->resolved(resolved, results);
        });
  }

  void cancel() override { finish(); }

 private:
  void resolved(const error_code& code, const Resolver::results_type& results) {
    if (!done_) return;
    if (code) {
      fail(ConnectStage::kResolve, network_error(code, "cannot resolve " + host_, "getaddrinfo"));
      return;
    }
    std::vector<Endpoint> found;
    for (const auto& entry : results) found.push_back(entry.endpoint());
    try_all(interleave(found));
  }

  void try_all(std::vector<Endpoint> endpoints) {
    endpoints_ = std::move(endpoints);
    sockets_.reserve(endpoints_.size());  // They must not move while they connect.
    attempt();
  }

  /// Starts on the next address, if there is one.
  void attempt() {
    if (!done_ || sockets_.size() == endpoints_.size()) return;
    const std::size_t index = sockets_.size();
    sockets_.emplace_back(std::in_place, strand_.impl().executor);
    sockets_[index]->async_connect(
        endpoints_[index],
        [self = shared_from_this(), index](const error_code& code) { self->tried(index, code); });
    next_attempt_.arm_after(kNextAttemptDelay, [self = shared_from_this()] { self->attempt(); });
  }

  void tried(std::size_t index, const error_code& code) {
    if (!done_) return;
    if (!code) {
      auto stream = std::make_unique<ByteStream::Impl>(std::move(*sockets_[index]));
      finish()(ByteStream(std::move(stream)));
      return;
    }
    sockets_[index].reset();
    if (++failed_ < endpoints_.size()) {
      attempt();
      return;
    }
    fail(ConnectStage::kConnect, network_error(code, "cannot connect to " + host_, "connect"));
  }

  void fail(ConnectStage stage, Error error) {
    finish()(ConnectFailure{stage, std::move(error), 0, {}});
  }

  /// Gives up everything that is under way.
  Done finish() {
    resolver_.cancel();
    next_attempt_.cancel();
    sockets_.clear();
    return std::exchange(done_, nullptr);
  }

  Strand strand_;
  Resolver resolver_;
  Timer next_attempt_;
  std::string host_;
  std::uint16_t port_;
  Done done_;
  std::vector<Endpoint> endpoints_;
  std::vector<std::optional<Socket>> sockets_;  ///< One per endpoint tried; empty: it failed.
  std::size_t failed_ = 0;
};

}  // namespace

PendingOperation connect_tcp(const Strand& strand,
                             const std::string& host,
                             std::uint16_t port,
                             std::function<void(std::variant<ByteStream, ConnectFailure>)> done) {
  auto connector = std::make_shared<TcpConnector>(strand, host, port, std::move(done));
  connector->start();
  return PendingOperation(std::move(connector));
}

}  // namespace tombolo::net
