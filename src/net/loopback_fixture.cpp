#include "net/loopback_fixture.h"

#include <array>
#include <cerrno>
#include <system_error>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/web_socket_frame.h"

namespace tombolo::net {
namespace {

void check(bool good, const char* call) {
  if (!good) throw std::system_error(errno, std::generic_category(), call);
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

RawPeer RawPeer::connect_to(std::uint16_t port) {
  RawPeer peer(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = loopback(port);
  check(::connect(peer.socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0,
        "connect");
  return peer;
}

RawPeer::RawPeer(int socket) noexcept : socket_(socket) {
  const timeval patience{kPatience.count(), 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}
RawPeer::~RawPeer() {
  if (socket_ >= 0) ::close(socket_);
}

void RawPeer::send(std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::string RawPeer::read(std::size_t bytes) {
  std::string text(bytes, '\0');
  std::size_t filled = 0;
  while (filled < bytes) {
    const ssize_t got = ::recv(socket_, text.data() + filled, bytes - filled, 0);
    check(got >= 0 || errno == ECONNRESET, "recv");
    if (got <= 0) break;
    filled += static_cast<std::size_t>(got);
  }
  text.resize(filled);
  return text;
}

std::string RawPeer::read_until(std::string_view token) {
  std::string text;
  while (!text.ends_with(token)) {
    const std::string next = read(1);
    if (next.empty()) break;
    text += next;
  }
  return text;
}

std::string RawPeer::read_to_end() {
  std::string text;
  for (;;) {
    const std::string next = read(4096);
    text += next;
    if (next.size() < 4096) return text;
  }
}

void RawPeer::end_writing() {
  ::shutdown(socket_, SHUT_WR);
}

void RawPeer::reset() {
  const linger abortive{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &abortive, sizeof abortive);
  ::close(std::exchange(socket_, -1));
}

RawListener::RawListener() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  check(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), size) == 0, "bind");
  check(::listen(socket_, 16) == 0, "listen");
  check(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0, "getsockname");
  port_ = ntohs(address.sin_port);
}
RawListener::~RawListener() {
  ::close(socket_);
}

RawPeer RawListener::accept() {
  const int accepted = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
  check(accepted >= 0, "accept4");
  return RawPeer(accepted);
}

TestServer::TestServer(HttpServerOptions options, int threads) : loop_(threads) {
  request = [](const HttpRequest& given, const HttpResponder& responder) {
    responder.respond({200,
                       {{"Content-Type", "text/plain"}},
                       given.method + ' ' + given.target + ' ' + given.body});
  };
  upgrade = [this](const HttpRequest& given, const UpgradeResponder& responder) {
    const std::string* const offered = find_header(given.headers, "Sec-WebSocket-Protocol");
    const std::string tokens = offered == nullptr ? std::string() : *offered;
    const std::size_t last = tokens.rfind(' ');
    responder.accept({last == std::string::npos ? tokens : tokens.substr(last + 1),
                      {{"X-Test", "accepted"}},
                      [this](WebSocketConnection connection) {
                        auto endpoint = std::make_shared<Endpoint>();
                        {
                          const std::lock_guard lock(mutex_);
                          endpoints_.push_back(endpoint);
                        }
                        if (prepare) prepare(*endpoint);
                        endpoint->adopt(std::move(connection));
                        opened.put(endpoint);
                      }});
  };
  server_ = std::make_unique<HttpServer>(*loop_, std::move(options), *this, null_logger());
}

TestServer::~TestServer() {
  server_.reset();
  loop_.stop();
  endpoints_.clear();
}

void TestServer::on_request(HttpRequest given, HttpResponder responder) {
  request(std::move(given), std::move(responder));
}
void TestServer::on_upgrade(HttpRequest given, UpgradeResponder responder) {
  upgrade(std::move(given), std::move(responder));
}

std::string upgrade_request(std::string_view extra_headers) {
  return "GET /api/client/v2.0/app/dev/realm-sync?baas_at=a.b.c HTTP/1.1\r\n"
         "Host: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
         "Sec-WebSocket-Protocol: com.mongodb.realm-sync#14, com.mongodb.realm-sync#13\r\n" +
         std::string(extra_headers) + "\r\n";
}

std::string client_frame(std::uint8_t first_byte, std::string_view payload) {
  const MaskKey key{std::byte{0x37}, std::byte{0xFA}, std::byte{0x21}, std::byte{0x3D}};
  FrameHeader header = encode_frame_header(WebSocketOpcode::kBinary, payload.size(), key);
  header.bytes[0] = static_cast<std::byte>(first_byte);
  Bytes masked = to_bytes(as_bytes(payload));
  apply_mask(masked, key, 0);
  return std::string(as_text(BytesView(header.bytes).first(header.size))) +
         std::string(as_text(masked));
}

std::string test_file(std::string_view name) {
  return std::string(TOMBOLO_TEST_DATA) + "/net/" + std::string(name);
}

}  // namespace tombolo::net
