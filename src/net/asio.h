#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/strand.hpp>

#include "base/error.h"
#include "net/event_loop.h"

/// What the few sources of net/ that touch Boost.Asio share. No other header includes it.
namespace tombolo::net {

namespace asio = boost::asio;
using boost::system::error_code;
using StrandExecutor = asio::strand<asio::io_context::executor_type>;
using Socket = asio::basic_stream_socket<asio::ip::tcp, StrandExecutor>;

/// An `io_context` that can be emptied before its end.
class LoopContext : public asio::io_context {
 public:
  /// Destroys all that waits, without a call. Sockets and timers may still be destroyed after this.
  void give_up() { shutdown(); }
};

/// Outlives the `EventLoop` for as long as there are strands, so that whoever owns a connection may
/// go later than the loop.
struct EventLoop::Impl {
  std::atomic<std::size_t> posted_count = 0;  ///< Tasks that `stop()` has to wait for.
  std::atomic<bool> stopping = false;
  std::atomic<bool> closed = false;  ///< Nothing runs any more: what is posted now is dropped.
  LoopContext context;
  asio::executor_work_guard<asio::io_context::executor_type> work = asio::make_work_guard(context);
};

struct Strand::Impl {
  explicit Impl(std::shared_ptr<EventLoop::Impl> owner)
      : loop(std::move(owner)),
        executor(asio::make_strand(loop->context)) {}

  std::shared_ptr<EventLoop::Impl> loop;
  StrandExecutor executor;
};

/// The one door for Asio's codes.
[[nodiscard]] inline Error network_error(const error_code& code,
                                         std::string what,
                                         std::string call) {
  return Error(ErrorCode::kNetwork,
               std::move(what) + ": " + code.message(),
               ForeignError{code.category().name(), code.value(), std::move(call)});
}

}  // namespace tombolo::net
