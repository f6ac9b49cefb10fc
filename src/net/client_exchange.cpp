#include "net/client_exchange.h"

#include <array>
#include <utility>

#include "net/tcp_connector.h"

namespace tombolo::net {
namespace {

constexpr std::size_t kReadBytes = std::size_t{16} << 10;
constexpr std::size_t kAnswerHeaderBytesMax = std::size_t{64} << 10;

/// One strand-bound run through the stages of `ConnectStage`, in their order.
class ClientExchange final : public PendingOperation::Target,
                             public std::enable_shared_from_this<ClientExchange> {
 public:
  using Done = std::function<void(std::variant<ClientAnswer, ConnectFailure>)>;

  ClientExchange(const Strand& strand, ClientRequest request, Done done)
      : strand_(strand),
        timer_(strand),
        request_(std::move(request)),
        done_(std::move(done)) {}

  void start() {
    timer_.arm_after(request_.timeout, [self = shared_from_this()] {
      self->fail(self->stage_, Error(ErrorCode::kTimedOut, "no answer in the time given"));
    });
    const bool direct = !request_.proxy;
    // Weak, because the exchange owns the attempt; the timer keeps the exchange.
    connecting_ = connect_tcp(strand_,
                              direct ? request_.url.host : request_.proxy->host,
                              direct ? request_.url.port : request_.proxy->port,
                              [weak = weak_from_this()](auto result) {
                                if (const auto self = weak.lock())
                                  self->connected(std::move(result));
                              });
  }

  void cancel() override { finish(); }

 private:
  void connected(std::variant<ByteStream, ConnectFailure> result) {
    if (auto* const failure = std::get_if<ConnectFailure>(&result)) {
      fail(failure->stage, failure->error);
      return;
    }
    stream_ = std::move(*std::get_if<ByteStream>(&result));
    if (!request_.proxy) {
      secure();
      return;
    }
    stage_ = ConnectStage::kProxy;
    const std::string authority = request_.url.authority();
    transfer(encode_request_head("CONNECT", authority, {{"Host", authority}}),
             HttpResponseParser({kAnswerHeaderBytesMax, 0}, HttpResponseParser::Body::kNone),
             &ClientExchange::tunnelled);
  }

  void tunnelled(HttpResponse response) {
    if (response.status != 200 || !input_.empty()) {
      fail(ConnectStage::kProxy,
           Error(ErrorCode::kNetwork,
                 "the proxy answered CONNECT with status " + std::to_string(response.status)),
           std::move(response));
      return;
    }
    secure();
  }

  void secure() {
    if (!request_.url.secure()) {
      ask();
      return;
    }
    stage_ = ConnectStage::kTls;
    try {
      const auto tls = request_.tls ? request_.tls : default_client_tls();
      stream_->start_tls(*tls, TlsSession::Role::kClient, request_.url.host);
    } catch (const Error& error) {
      fail(stage_, error);
      return;
    }
    handshake();
  }

  void handshake() {
    if (!stream_) return;
    const IoResult result = stream_->handshake();
    if (result.must_wait()) {
      stream_->wait_for(result, [self = shared_from_this()] { self->handshake(); });
    } else if (result.status == IoResult::Status::kDone) {
      ask();
    } else {
      const Error ended(ErrorCode::kNetwork, "the stream ended");
      fail(stage_,
           Error::caused_by(ErrorCode::kTlsFailure,
                            "no TLS with " + request_.url.host,
                            result.error.value_or(ended)));
    }
  }

  void ask() {
    stage_ = ConnectStage::kAnswer;
    const HttpLimits limits{kAnswerHeaderBytesMax, request_.answer_body_bytes_max};
    transfer(std::exchange(request_.head, {}) + std::exchange(request_.body, {}),
             HttpResponseParser(limits, request_.answer_body),
             &ClientExchange::answered);
  }

  void answered(HttpResponse response) {
    ClientAnswer answer{std::move(response), std::move(*stream_), std::move(input_)};
    finish()(std::move(answer));
  }

  /// Writes `output`, reads one answer and passes it to `next`.
  void transfer(std::string output,
                HttpResponseParser parser,
                void (ClientExchange::*next)(HttpResponse response)) {
    output_ = std::move(output);
    written_ = 0;
    parser_.emplace(std::move(parser));
    next_ = next;
    write();
    read();
  }

  /// A server may answer before it has the whole request, so reading does not wait for writing.
  void write() {
    while (stream_ && parser_ && written_ < output_.size()) {
      const BytesView rest = as_bytes(output_).subspan(written_);
      const IoResult result = stream_->write_some({&rest, 1});
      if (result.must_wait()) {
        stream_->wait_for(result, [self = shared_from_this()] { self->write(); });
        return;
      }
      // A stream that takes no more may still hold an answer that says why; else its end is read.
      if (result.status != IoResult::Status::kDone) return;
      written_ += result.bytes;
    }
  }

  void read() {
    std::array<std::byte, kReadBytes> buffer;
    while (stream_ && parser_) {
      const IoResult result = stream_->read_some(buffer);
      if (result.must_wait()) {
        stream_->wait_for(result, [self = shared_from_this()] { self->read(); });
        return;
      }
      HttpParseStatus status = HttpParseStatus::kNeedsMore;
      if (result.status == IoResult::Status::kDone) {
        input_.insert(input_.end(),
                      buffer.begin(),
                      buffer.begin() + static_cast<std::ptrdiff_t>(result.bytes));
        has_input_ = true;
        status = parser_->feed(input_);
      } else if (has_input_ && result.status == IoResult::Status::kEnd &&
                 parser_->feed_end() == HttpParseStatus::kComplete) {
        status = HttpParseStatus::kComplete;
      }
      if (status == HttpParseStatus::kComplete) {
        HttpResponse response = parser_->take();
        parser_.reset();
        has_input_ = false;
        (this->*next_)(std::move(response));
        return;
      }
      if (status == HttpParseStatus::kFailed) {
        fail_to_parse();
        return;
      }
      if (result.status != IoResult::Status::kDone) {
        fail(stage_,
             result.error.value_or(
                 Error(ErrorCode::kNetwork, "the stream ended before a whole answer")));
        return;
      }
    }
  }

  void fail_to_parse() {
    const ConnectStage stage =
        stage_ == ConnectStage::kAnswer ? ConnectStage::kStatus : ConnectStage::kProxy;
    fail(stage,
         parser_->over_limit() ? Error(ErrorCode::kLimitExceeded, "the answer is too large")
                               : Error(ErrorCode::kNetwork, "the answer is not HTTP"));
  }

  void fail(ConnectStage stage, Error error, HttpResponse response = {0, {}, {}}) {
    ConnectFailure failure{stage, std::move(error), response.status, std::move(response.headers)};
    if (const Done done = finish()) done(std::move(failure));
  }

  Done finish() {
    timer_.cancel();
    connecting_.cancel();
    stream_.reset();
    parser_.reset();
    return std::exchange(done_, nullptr);
  }

  Strand strand_;
  Timer timer_;
  ClientRequest request_;
  Done done_;
  ConnectStage stage_ = ConnectStage::kConnect;
  PendingOperation connecting_;
  std::optional<ByteStream> stream_;
  std::string output_;
  std::size_t written_ = 0;
  Bytes input_;  ///< Read and not parsed.
  bool has_input_ = false;
  std::optional<HttpResponseParser> parser_;  ///< Exists while an answer is read.
  void (ClientExchange::*next_)(HttpResponse response) = nullptr;
};

}  // namespace

PendingOperation start_exchange(
    const Strand& strand,
    ClientRequest request,
    std::function<void(std::variant<ClientAnswer, ConnectFailure>)> done) {
  auto exchange = std::make_shared<ClientExchange>(strand, std::move(request), std::move(done));
  exchange->start();
  return PendingOperation(std::move(exchange));
}

}  // namespace tombolo::net
