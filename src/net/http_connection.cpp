#include "net/http_connection.h"

#include <array>
#include <exception>
#include <utility>
#include <vector>

#include "net/lingering_close.h"
#include "net/web_socket_handshake.h"
#include "net/web_socket_impl.h"

namespace tombolo::net {
namespace {

constexpr std::size_t kReadBytes = std::size_t{16} << 10;
/// Reads in a row before other work of the strand gets its turn.
constexpr int kReadsPerTurn = 16;

std::string address_of(const std::string& remote) {
  const std::string address = remote.substr(0, remote.rfind(':'));
  return address.starts_with('[') ? address.substr(1, address.size() - 2) : address;
}

}  // namespace

/// The way back of one answer. What depends on the request is kept, so that the answer is encoded,
/// and a bad one refused, where it is given.
class HttpResponder::Target {
 public:
  Target(std::shared_ptr<HttpConnection> connection,
         const HttpResponseFraming& framing,
         bool head_only,
         std::string web_socket_accept)
      : connection_(std::move(connection)),
        framing_(framing),
        head_only_(head_only),
        web_socket_accept_(std::move(web_socket_accept)) {}
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;
  ~Target() { respond({500, {}, {}}); }

  void respond(HttpResponse response) {
    HttpConnection::Answer answer{
        encode_response_head(response, framing_), {}, framing_.keep_alive};
    if (!head_only_ && may_have_body(response.status)) answer.body = std::move(response.body);
    deliver(std::move(answer));
  }

  void accept(WebSocketAccept accept) {
    HttpHeaders headers{{"Upgrade", "websocket"},
                        {"Connection", "Upgrade"},
                        {"Sec-WebSocket-Accept", web_socket_accept_}};
    if (!accept.sub_protocol.empty()) {
      headers.push_back({"Sec-WebSocket-Protocol", std::move(accept.sub_protocol)});
    }
    for (HttpHeader& header : accept.headers) headers.push_back(std::move(header));
    deliver({encode_response_head({101, std::move(headers), {}}, framing_),
             {},
             false,
             std::move(accept.open)});
  }

 private:
  void deliver(HttpConnection::Answer answer) {
    if (answered_.exchange(true)) return;
    connection_->strand().post([connection = connection_, answer = std::move(answer)]() mutable {
      connection->answer(std::move(answer));
    });
  }

  std::shared_ptr<HttpConnection> connection_;
  HttpResponseFraming framing_;
  bool head_only_;
  std::string web_socket_accept_;
  std::atomic<bool> answered_ = false;
};

void HttpResponder::respond(HttpResponse response) const {
  target_->respond(std::move(response));
}
void UpgradeResponder::accept(WebSocketAccept accept) const {
  target_->accept(std::move(accept));
}
void UpgradeResponder::refuse(HttpResponse response) const {
  target_->respond(std::move(response));
}

void HttpServerContext::add(const std::shared_ptr<HttpConnection>& connection) {
  const std::lock_guard lock(mutex_);
  connections_.emplace(connection.get(), connection);
}

void HttpServerContext::remove(HttpConnection* connection) {
  const std::lock_guard lock(mutex_);
  connections_.erase(connection);
}

std::size_t HttpServerContext::connection_count() const {
  const std::lock_guard lock(mutex_);
  return connections_.size();
}

void HttpServerContext::close() {
  closing_ = true;
  std::vector<std::shared_ptr<HttpConnection>> connections;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [address, weak] : connections_) {
      if (auto connection = weak.lock()) connections.push_back(std::move(connection));
    }
  }
  for (const auto& connection : connections) {
    connection->strand().post([connection] { connection->close_if_idle(); });
  }
}

HttpConnection::HttpConnection(std::shared_ptr<HttpServerContext> server,
                               ByteStream stream,
                               const Strand& strand)
    : server_(std::move(server)),
      strand_(strand),
      stream_(std::move(stream)),
      timer_(strand) {}

HttpConnection::~HttpConnection() {
  server_->remove(this);
}

void HttpConnection::start() {
  server_->add(shared_from_this());
  arm(server_->options.header_timeout);
  if (server_->closing()) {
    close();
  } else if (server_->options.tls) {
    stream_->start_tls(*server_->options.tls, TlsSession::Role::kServer);
    handshake();
  } else {
    phase_ = Phase::kReading;
    read();
  }
}

void HttpConnection::handshake() {
  if (phase_ != Phase::kHandshake) return;
  const IoResult result = stream_->handshake();
  if (result.must_wait()) {
    stream_->wait_for(result, [self = shared_from_this()] { self->handshake(); });
  } else if (result.status == IoResult::Status::kDone) {
    phase_ = Phase::kReading;
    read();
  } else {
    if (result.error) {
      server_->logger.debug("tls_handshake_failed remote=" + stream_->remote() + " error=\"" +
                            result.error->describe() + "\"");
    }
    close();
  }
}

void HttpConnection::await_request() {
  phase_ = Phase::kReading;
  progress_ = Progress::kNothing;
  if (input_.empty()) input_ = Bytes();  // Gives its memory back.
  arm(server_->options.idle_timeout);
  // In a turn of its own: a client may send any number of requests at once.
  strand_.post([self = shared_from_this()] { self->read(); });
}

void HttpConnection::read() {
  if (phase_ != Phase::kReading) return;
  std::array<std::byte, kReadBytes> buffer;
  for (int i = 0; i < kReadsPerTurn; ++i) {
    if (!input_.empty()) {
      if (!parser_) {
        const HttpServerOptions& options = server_->options;
        parser_.emplace(HttpLimits{options.header_bytes_max, options.body_bytes_max});
      }
      switch (parser_->feed(input_)) {
        case HttpParseStatus::kComplete: handle(); return;
        case HttpParseStatus::kFailed: refuse(parser_->failure_status()); return;
        case HttpParseStatus::kNeedsMore:
          if (advance(parser_->header_done() ? Progress::kBody : Progress::kHeader)) return;
      }
    }
    const IoResult result = stream_->read_some(buffer);
    if (result.must_wait()) {
      stream_->wait_for(result, [self = shared_from_this()] { self->read(); });
      return;
    }
    if (result.status != IoResult::Status::kDone) {
      close();
      return;
    }
    input_.insert(
        input_.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(result.bytes));
  }
  strand_.post([self = shared_from_this()] { self->read(); });
}

/// Sets the deadline of the step that was reached. Returns whether something has to be written
/// before reading goes on.
bool HttpConnection::advance(Progress progress) {
  if (progress == progress_) return false;
  progress_ = progress;
  const HttpServerOptions& options = server_->options;
  arm(progress == Progress::kBody ? options.body_timeout : options.header_timeout);
  if (progress != Progress::kBody || !parser_->expects_continue()) return false;
  write({"HTTP/1.1 100 Continue\r\n\r\n", {}, true});
  return true;
}

void HttpConnection::handle() {
  HttpRequest request = parser_->take();
  request.remote_address = address_of(stream_->remote());
  request.is_tls = stream_->secure();
  const HttpResponseFraming framing{parser_->keeps_alive() && !server_->closing(),
                                    parser_->is_http_1_0()};
  parser_.reset();
  progress_ = Progress::kNothing;
  phase_ = Phase::kHandling;
  timer_.cancel();

  const bool upgrades = !framing.http_1_0 && asks_for_web_socket(request);
  const auto bad_upgrade = upgrades ? refuse_upgrade(request) : std::nullopt;
  const std::string accept = upgrades && !bad_upgrade
                                 ? accept_value(*find_header(request.headers, "Sec-WebSocket-Key"))
                                 : std::string();
  auto target = std::make_shared<HttpResponder::Target>(
      shared_from_this(), framing, request.method == "HEAD", accept);
  if (bad_upgrade) {
    target->respond(*bad_upgrade);
    return;
  }
  try {
    if (upgrades) {
      server_->handler.on_upgrade(std::move(request), UpgradeResponder(std::move(target)));
    } else {
      server_->handler.on_request(std::move(request), HttpResponder(std::move(target)));
    }
  } catch (const std::exception& error) {
    // One bad request must not stop the server; its responder has answered 500.
    server_->logger.error(std::string("request_handler_failed error=\"") + error.what() + "\"");
  }
}

void HttpConnection::refuse(unsigned status) {
  write({encode_response_head({status, {}, {}}, {false, false}), {}, false});
}

void HttpConnection::answer(Answer answer) {
  if (phase_ == Phase::kHandling) write(std::move(answer));
}

void HttpConnection::write(Answer answer) {
  phase_ = Phase::kWriting;
  answer_ = std::move(answer);
  written_ = 0;
  continue_writing();
}

void HttpConnection::continue_writing() {
  if (phase_ != Phase::kWriting) return;
  const std::size_t head_bytes = answer_.head.size();
  while (written_ < head_bytes + answer_.body.size()) {
    const std::array<BytesView, 2> parts{
        as_bytes(answer_.head).subspan(std::min(written_, head_bytes)),
        as_bytes(answer_.body).subspan(written_ - std::min(written_, head_bytes))};
    const IoResult result = stream_->write_some(parts);
    if (result.must_wait()) {
      arm(server_->options.write_timeout);
      stream_->wait_for(result, [self = shared_from_this()] { self->continue_writing(); });
      return;
    }
    if (result.status != IoResult::Status::kDone) {
      close();
      return;
    }
    written_ += result.bytes;
  }
  finish_writing();
}

void HttpConnection::finish_writing() {
  const bool stays = answer_.keep_alive;
  if (answer_.open) {
    become_web_socket();
  } else if (parser_ && stays) {
    // That was "100 Continue": on with the body.
    phase_ = Phase::kReading;
    arm(server_->options.body_timeout);
    strand_.post([self = shared_from_this()] { self->read(); });
  } else if (stays && !server_->closing()) {
    answer_ = {};
    await_request();
  } else {
    close_lingering(std::move(*stream_), strand_);
    close();
  }
}

void HttpConnection::become_web_socket() {
  const auto open = std::exchange(answer_, {}).open;
  WebSocketConnection connection(
      std::make_shared<WebSocketConnection::Impl>(std::move(*stream_),
                                                  strand_,
                                                  WebSocketConnection::Impl::Role::kServer,
                                                  server_->options.web_socket,
                                                  std::move(input_)));
  close();
  try {
    open(std::move(connection));
  } catch (const std::exception& error) {
    server_->logger.error(std::string("upgrade_handler_failed error=\"") + error.what() + "\"");
  }
}

void HttpConnection::close_if_idle() {
  if (phase_ == Phase::kHandshake ||
      (phase_ == Phase::kReading && progress_ == Progress::kNothing)) {
    close();
  }
}

void HttpConnection::arm(Duration timeout) {
  timer_.arm_after(timeout, [self = shared_from_this()] { self->time_out(); });
}

void HttpConnection::time_out() {
  if (phase_ == Phase::kReading && progress_ != Progress::kNothing) {
    refuse(408);
  } else {
    close();
  }
}

void HttpConnection::close() {
  phase_ = Phase::kClosed;
  timer_.cancel();
  stream_.reset();
  parser_.reset();
  server_->remove(this);
}

}  // namespace tombolo::net
