#include "net/web_socket.h"

#include <array>
#include <utility>

#include "base/assertion.h"
#include "base/random.h"
#include "net/lingering_close.h"
#include "net/web_socket_impl.h"

namespace tombolo::net {
namespace {

/// Read in one go: several small messages, or a good piece of a large one, per system call.
constexpr std::size_t kReadBytes = std::size_t{64} << 10;
/// Reads in a row before other work of the strand gets its turn.
constexpr int kReadsPerTurn = 4;
/// Parts given to one write; a frame has up to three.
constexpr std::size_t kWriteParts = 60;
/// A queue that was longer gives its memory back when it is empty.
constexpr std::size_t kQueueKept = 8;

MaskKey make_mask_key() {
  MaskKey key{};
  fill_random(key);
  return key;
}

}  // namespace

WebSocketConnection::Impl::Impl(ByteStream stream,
                                const Strand& strand,
                                Role role,
                                const WebSocketOptions& options,
                                Bytes early)
    : strand_(strand),
      stream_(std::move(stream)),
      remote_(stream_->remote()),
      reader_(role == Role::kServer, options.message_bytes_max),
      role_(role),
      kept_input_(std::move(early)),
      close_timeout_(options.close_timeout) {}

void WebSocketConnection::Impl::start(WebSocketEvents& events) {
  TOMBOLO_ASSERT(events_ == nullptr && phase_ == Phase::kOpen);
  events_ = &events;
  schedule_read();
}

void WebSocketConnection::Impl::send(Bytes head, SharedBytes body) {
  if (phase_ != Phase::kOpen) return;
  queue(WebSocketOpcode::kBinary, std::move(head), std::move(body));
}

void WebSocketConnection::Impl::pause_reading() {
  paused_ = true;
}

void WebSocketConnection::Impl::resume_reading() {
  if (!paused_) return;
  paused_ = false;
  schedule_read();
}

void WebSocketConnection::Impl::close(std::uint16_t code, std::string_view reason) {
  if (phase_ == Phase::kOpen) begin_closing(code, reason);
}

void WebSocketConnection::Impl::abandon() {
  events_ = nullptr;
  if (phase_ == Phase::kOpen) drop_stream();
}

void WebSocketConnection::Impl::schedule_read() {
  if (read_pending_ || !stream_) return;
  read_pending_ = true;
  strand_.post([self = shared_from_this()] { self->read(); });
}

void WebSocketConnection::Impl::wait_to_read(const IoResult& result) {
  read_pending_ = true;
  stream_->wait_for(result, [self = shared_from_this()] { self->read(); });
}

void WebSocketConnection::Impl::read() {
  read_pending_ = false;
  if (!kept_input_.empty() && !paused_) {
    const Bytes early = std::exchange(kept_input_, {});
    take_input(early);
  }
  std::array<std::byte, kReadBytes> buffer;
  for (int i = 0; i < kReadsPerTurn; ++i) {
    // Once closing, the peer is read on, or it could be too busy writing to read.
    if (!stream_ || (paused_ && phase_ == Phase::kOpen)) return;
    IoResult result = stream_->read_some(buffer);
    if (result.must_wait()) {
      wait_to_read(result);
      return;
    }
    if (result.status != IoResult::Status::kDone) {
      drop_stream();
      report_closed({WebSocketClosure::Cause::kStreamEnded,
                     static_cast<std::uint16_t>(WebSocketCode::kAbnormal),
                     result.error ? result.error->message() : "the stream ended"});
      return;
    }
    if (phase_ == Phase::kOpen) {
      if (events_ != nullptr) events_->on_received(result.bytes);
      take_input(BytesView(buffer).first(result.bytes));
    }
    if (result.drained) {
      if (stream_ && !(paused_ && phase_ == Phase::kOpen)) wait_to_read(kUntilReadable);
      return;
    }
  }
  schedule_read();
}

/// Every event may pause, close or destroy the connection.
void WebSocketConnection::Impl::take_input(BytesView input) {
  while (phase_ == Phase::kOpen && events_ != nullptr) {
    if (paused_) {
      kept_input_.insert(kept_input_.end(), input.begin(), input.end());
      return;
    }
    std::optional<WebSocketInput> event = reader_.read(input);
    if (!event) {
      if (!reader_.unfinished().empty()) events_->on_unfinished(reader_.unfinished());
      return;
    }
    take_event(std::move(*event));
  }
}

void WebSocketConnection::Impl::take_event(WebSocketInput event) {
  using Cause = WebSocketClosure::Cause;
  switch (event.kind) {
    case WebSocketInput::Kind::kMessage: events_->on_message(std::move(event.payload)); return;
    case WebSocketInput::Kind::kPing:
      if (!std::exchange(pong_queued_, true)) {
        queue(WebSocketOpcode::kPong, std::move(event.payload), nullptr);
      }
      return;
    case WebSocketInput::Kind::kClose: {
      const std::string reason(as_text(event.payload));
      if (role_ == Role::kClient) {
        drop_stream();
      } else {
        const bool has_code = event.code != static_cast<std::uint16_t>(WebSocketCode::kNoStatus);
        begin_closing(has_code ? event.code : static_cast<std::uint16_t>(WebSocketCode::kNormal),
                      {});
      }
      report_closed({Cause::kPeerClosed, event.code, reason});
      return;
    }
    case WebSocketInput::Kind::kViolation: {
      const std::string why(as_text(event.payload));
      begin_closing(event.code, why);
      report_closed({Cause::kPeerBroke, event.code, why});
      return;
    }
  }
}

void WebSocketConnection::Impl::queue(WebSocketOpcode opcode, Bytes head, SharedBytes body) {
  std::optional<MaskKey> key;
  if (role_ == Role::kClient) {
    key = make_mask_key();
    if (body) head.insert(head.end(), body->begin(), body->end());
    body = nullptr;
    apply_mask(head, *key, 0);
  }
  const std::size_t payload_bytes = head.size() + (body ? body->size() : 0);
  Outgoing frame{encode_frame_header(opcode, payload_bytes, key), std::move(head), std::move(body)};
  queued_bytes_ += frame.size();
  queue_.push_back(std::move(frame));
  schedule_flush();
}

/// Writing in a later turn gathers all that this turn sends, and calls no event from inside
/// `send()`.
void WebSocketConnection::Impl::schedule_flush() {
  if (flush_pending_) return;
  flush_pending_ = true;
  strand_.post([self = shared_from_this()] { self->flush(); });
}

void WebSocketConnection::Impl::flush() {
  flush_pending_ = false;
  while (stream_ && queue_front_ < queue_.size()) {
    std::array<BytesView, kWriteParts> parts;
    std::size_t count = 0;
    std::size_t skip = front_written_;
    const auto add = [&](BytesView part) {
      const std::size_t skipped = std::min(skip, part.size());
      skip -= skipped;
      if (skipped < part.size()) parts[count++] = part.subspan(skipped);
    };
    for (std::size_t i = queue_front_; i < queue_.size() && count + 3 <= parts.size(); ++i) {
      add(BytesView(queue_[i].header.bytes).first(queue_[i].header.size));
      add(queue_[i].head);
      if (queue_[i].body) add(*queue_[i].body);
    }
    const IoResult result = stream_->write_some(std::span(parts).first(count));
    if (result.must_wait()) {
      flush_pending_ = true;
      stream_->wait_for(result, [self = shared_from_this()] { self->flush(); });
      return;
    }
    if (result.status != IoResult::Status::kDone) {
      drop_stream();
      report_closed({WebSocketClosure::Cause::kStreamEnded,
                     static_cast<std::uint16_t>(WebSocketCode::kAbnormal),
                     result.error ? result.error->message() : "the stream ended"});
      return;
    }
    forget_written(result.bytes);
    if (events_ != nullptr) events_->on_written(result.bytes);
  }
  if (!stream_) return;
  queue_.clear();
  if (queue_.capacity() > kQueueKept) queue_.shrink_to_fit();
  queue_front_ = 0;
  pong_queued_ = false;
  if (phase_ == Phase::kClosing) {
    end_stream();
  } else if (events_ != nullptr) {
    events_->on_drained();
  }
}

void WebSocketConnection::Impl::forget_written(std::size_t bytes) {
  queued_bytes_ -= bytes;
  front_written_ += bytes;
  while (queue_front_ < queue_.size() && front_written_ >= queue_[queue_front_].size()) {
    front_written_ -= queue_[queue_front_].size();
    queue_[queue_front_] = {};
    ++queue_front_;
  }
  // A queue that never runs empty still forgets what it wrote, at constant cost per frame.
  if (queue_front_ >= kWriteParts && queue_front_ * 2 >= queue_.size()) {
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(queue_front_));
    queue_front_ = 0;
  }
}

void WebSocketConnection::Impl::begin_closing(std::uint16_t code, std::string_view reason) {
  phase_ = Phase::kClosing;
  close_code_ = code;
  kept_input_ = {};
  queue(WebSocketOpcode::kClose, encode_close_payload(code, reason), nullptr);
  close_timer_.emplace(strand_);
  close_timer_->arm_after(close_timeout_, [self = shared_from_this()] { self->end_stream(); });
  schedule_read();
}

/// The close frame is written, or the peer did not take it in time.
void WebSocketConnection::Impl::end_stream() {
  if (!stream_) return;
  close_lingering(std::move(*stream_), strand_);
  drop_stream();
  report_closed({WebSocketClosure::Cause::kClosedHere, close_code_, {}});
}

void WebSocketConnection::Impl::drop_stream() {
  phase_ = Phase::kClosed;
  stream_.reset();
  close_timer_.reset();
  kept_input_ = {};
  queue_ = {};
  queue_front_ = 0;
  queued_bytes_ = 0;
}

void WebSocketConnection::Impl::report_closed(WebSocketClosure closure) {
  if (WebSocketEvents* const events = std::exchange(events_, nullptr)) events->on_closed(closure);
}

WebSocketConnection::WebSocketConnection(std::shared_ptr<Impl> impl) noexcept
    : impl_(std::move(impl)) {}
WebSocketConnection::WebSocketConnection() noexcept = default;
WebSocketConnection::~WebSocketConnection() {
  if (impl_) impl_->abandon();
}
WebSocketConnection::WebSocketConnection(WebSocketConnection&&) noexcept = default;
WebSocketConnection& WebSocketConnection::operator=(WebSocketConnection&& other) noexcept {
  if (this != &other) {
    if (impl_) impl_->abandon();
    impl_ = std::move(other.impl_);
  }
  return *this;
}

void WebSocketConnection::start(WebSocketEvents& events) {
  impl_->start(events);
}
void WebSocketConnection::send(Bytes head, SharedBytes body) {
  impl_->send(std::move(head), std::move(body));
}
std::size_t WebSocketConnection::queued_bytes() const noexcept {
  return impl_->queued_bytes();
}
void WebSocketConnection::pause_reading() {
  impl_->pause_reading();
}
void WebSocketConnection::resume_reading() {
  impl_->resume_reading();
}
void WebSocketConnection::close(std::uint16_t code, std::string_view reason) {
  impl_->close(code, reason);
}
const Strand& WebSocketConnection::strand() const noexcept {
  return impl_->strand();
}
const std::string& WebSocketConnection::remote() const noexcept {
  return impl_->remote();
}

}  // namespace tombolo::net
