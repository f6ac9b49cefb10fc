#pragma once

#include <atomic>
#include <cstddef>

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

/// Counts posted tasks, so that `stop()` can let them finish.
struct EventLoop::Impl {
  Impl() : work(asio::make_work_guard(context)) {}
  ~Impl() { closed = true; }

  std::atomic<std::size_t> posted_count = 0;
  std::atomic<bool> stopping = false;
  std::atomic<bool> closed = false;  ///< Being destroyed: what is posted now has no one to run it.
  asio::io_context context;
  asio::executor_work_guard<asio::io_context::executor_type> work;
};

struct Strand::Impl {
  explicit Impl(EventLoop::Impl& owner) : loop(owner), executor(asio::make_strand(owner.context)) {}

  EventLoop::Impl& loop;
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
