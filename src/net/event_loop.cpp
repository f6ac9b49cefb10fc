#include "net/event_loop.h"

#include <cstdint>
#include <utility>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>

#include "net/asio.h"

namespace tombolo::net {
namespace {

/// One task that was posted and has not finished; the last one to finish completes a `stop()`.
class PostedTask {
 public:
  explicit PostedTask(EventLoop::Impl& loop) noexcept : loop_(loop) {}
  PostedTask(const PostedTask&) = delete;
  PostedTask& operator=(const PostedTask&) = delete;
  ~PostedTask() {
    if (loop_.posted_count.fetch_sub(1) == 1 && loop_.stopping) loop_.context.stop();
  }

 private:
  EventLoop::Impl& loop_;
};

template <typename Executor>
void post_counted(EventLoop::Impl& loop, const Executor& executor, Task task) {
  if (loop.closed) return;
  loop.posted_count.fetch_add(1);
  asio::post(executor, [&loop, task = std::move(task)]() mutable {
    const PostedTask posted(loop);
    // The task goes before the count does: what it holds may post once more.
    const Task running = std::move(task);
    running();
  });
}

}  // namespace

EventLoop::EventLoop() : impl_(std::make_shared<Impl>()) {}
EventLoop::~EventLoop() {
  impl_->closed = true;
  impl_->context.give_up();
}

void EventLoop::run() {
  impl_->context.run();
}

void EventLoop::post(Task task) {
  post_counted(*impl_, impl_->context.get_executor(), std::move(task));
}

Strand EventLoop::make_strand() {
  return Strand(std::make_shared<Strand::Impl>(impl_));
}

void EventLoop::stop() {
  impl_->posted_count.fetch_add(1);
  const PostedTask posted(*impl_);
  impl_->stopping = true;
}

Strand::Strand(std::shared_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}

void Strand::post(Task task) const {
  post_counted(*impl_->loop, impl_->executor, std::move(task));
}

void Strand::dispatch(Task task) const {
  if (running_here()) {
    task();
  } else {
    post(std::move(task));
  }
}

bool Strand::running_here() const noexcept {
  return impl_->executor.running_in_this_thread();
}

struct Timer::Impl {
  explicit Impl(const Strand& owner) : strand(owner), timer(owner.impl().executor) {}

  Strand strand;  ///< Keeps what the timer lives in.

  asio::basic_waitable_timer<std::chrono::steady_clock,
                             asio::wait_traits<std::chrono::steady_clock>,
                             StrandExecutor>
      timer;
  std::uint64_t arming = 0;  ///< Tells a wait that is still wanted from one given up.
};

Timer::Timer(const Strand& strand) : impl_(std::make_shared<Impl>(strand)) {}
Timer::~Timer() {
  if (impl_) cancel();
}
Timer::Timer(Timer&&) noexcept = default;
Timer& Timer::operator=(Timer&& other) noexcept {
  if (this != &other) {
    if (impl_) cancel();
    impl_ = std::move(other.impl_);
  }
  return *this;
}

void Timer::arm_at(TimePoint deadline, Task callback) {
  const std::uint64_t arming = ++impl_->arming;
  impl_->timer.expires_at(deadline);
  impl_->timer.async_wait(
      [impl = impl_, arming, callback = std::move(callback)](const error_code&) {
        if (impl->arming == arming) callback();
      });
}

void Timer::arm_after(Duration delay, Task callback) {
  arm_at(std::chrono::steady_clock::now() + delay, std::move(callback));
}

void Timer::cancel() {
  ++impl_->arming;
  impl_->timer.cancel();
}

}  // namespace tombolo::net
