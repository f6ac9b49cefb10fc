#include "net/byte_stream.h"

#include <array>
#include <cstring>
#include <utility>

#include <boost/asio/buffer.hpp>

#include "base/assertion.h"
#include "net/socket_stream.h"

namespace tombolo::net {
namespace {

/// Small parts are gathered up to the most that one TLS record holds. RFC 8446, 5.1.
constexpr std::size_t kTlsRecordBytesMax = 16384;
constexpr std::size_t kWritePartsMax = 64;

std::string text_of(const asio::ip::tcp::endpoint& endpoint) {
  const asio::ip::address address = endpoint.address();
  const std::string port = ':' + std::to_string(endpoint.port());
  if (address.is_v4()) return address.to_string() + port;
  if (address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string() + port;
  }
  return '[' + address.to_string() + ']' + port;
}

IoResult result_of(const error_code& code,
                   std::size_t bytes,
                   IoResult::Status wait,
                   const char* what,
                   const char* call) {
  if (!code) return {IoResult::Status::kDone, bytes};
  if (code == asio::error::would_block || code == asio::error::try_again) {
    return {wait};
  }
  if (code == asio::error::eof) return {IoResult::Status::kEnd};
  return {IoResult::Status::kFailed, 0, network_error(code, what, call)};
}

}  // namespace

ByteStream::Impl::Impl(Socket connected) : socket(std::move(connected)) {
  // A peer that is gone already shows at the first read or write.
  error_code ignored;
  socket.non_blocking(true, ignored);
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  const asio::ip::tcp::endpoint endpoint = socket.remote_endpoint(ignored);
  remote = text_of(endpoint);
}

ByteStream::ByteStream(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
ByteStream::~ByteStream() = default;
ByteStream::ByteStream(ByteStream&&) noexcept = default;
ByteStream& ByteStream::operator=(ByteStream&&) noexcept = default;

void ByteStream::start_tls(const TlsContext& context,
                           TlsSession::Role role,
                           const std::string& host) {
  impl_->tls.emplace(context, impl_->socket.native_handle(), role, host);
}

IoResult ByteStream::handshake() {
  return impl_->tls->handshake();
}

IoResult ByteStream::read_some(std::span<std::byte> into) {
  if (impl_->tls) return impl_->tls->read_some(into);
  error_code code;
  const std::size_t bytes = impl_->socket.read_some(asio::buffer(into.data(), into.size()), code);
  IoResult result = result_of(code, bytes, IoResult::Status::kWaitReadable, "cannot read", "recv");
  result.drained = result.status == IoResult::Status::kDone && bytes < into.size();
  return result;
}

IoResult ByteStream::write_some(std::span<const BytesView> parts) {
  if (impl_->tls) {
    if (!parts.empty() && parts.front().size() >= kTlsRecordBytesMax) {
      return impl_->tls->write_some(parts.front());
    }
    std::array<std::byte, kTlsRecordBytesMax> record;
    std::size_t filled = 0;
    for (const BytesView part : parts) {
      const std::size_t bytes = std::min(part.size(), record.size() - filled);
      if (bytes > 0) std::memcpy(record.data() + filled, part.data(), bytes);
      filled += bytes;
    }
    return impl_->tls->write_some(BytesView(record).first(filled));
  }
  std::array<asio::const_buffer, kWritePartsMax> buffers;
  const std::size_t count = std::min(parts.size(), buffers.size());
  for (std::size_t i = 0; i < count; ++i) {
    buffers[i] = asio::const_buffer(parts[i].data(), parts[i].size());
  }
  error_code code;
  const std::size_t bytes = impl_->socket.write_some(std::span(buffers.data(), count), code);
  return result_of(code, bytes, IoResult::Status::kWaitWritable, "cannot write", "sendmsg");
}

void ByteStream::end_writing() {
  if (impl_->tls) impl_->tls->send_end();
  // Fails only when the stream is over already, which is what is wanted.
  error_code ignored;
  impl_->socket.shutdown(asio::socket_base::shutdown_send, ignored);
}

void ByteStream::wait_for(const IoResult& result, Task task) {
  TOMBOLO_ASSERT(result.must_wait());
  const auto direction = result.status == IoResult::Status::kWaitReadable
                             ? asio::socket_base::wait_read
                             : asio::socket_base::wait_write;
  impl_->socket.async_wait(direction, [task = std::move(task)](const error_code& code) {
    // Other errors show again, with more to say, when the caller tries.
    if (code != asio::error::operation_aborted) task();
  });
}

bool ByteStream::secure() const noexcept {
  return impl_->tls.has_value();
}
const std::string& ByteStream::remote() const noexcept {
  return impl_->remote;
}

}  // namespace tombolo::net
