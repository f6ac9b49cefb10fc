#pragma once

#include <memory>
#include <utility>

namespace tombolo::net {

/// Something under way that ends with one callback. Destroying or `cancel()`ling it abandons the
/// operation; its callback does not run after that.
///
/// Thread:  the strand that the operation was started on.
class [[nodiscard]] PendingOperation {
 public:
  class Target {
   public:
    virtual ~Target() = default;
    virtual void cancel() = 0;
  };

  PendingOperation() = default;
  explicit PendingOperation(std::shared_ptr<Target> target) noexcept : target_(std::move(target)) {}
  ~PendingOperation() { cancel(); }
  PendingOperation(PendingOperation&&) noexcept = default;
  PendingOperation& operator=(PendingOperation&& other) noexcept {
    if (this != &other) {
      cancel();
      target_ = std::move(other.target_);
    }
    return *this;
  }

  void cancel() {
    if (const auto target = std::exchange(target_, nullptr)) target->cancel();
  }

 private:
  std::shared_ptr<Target> target_;
};

}  // namespace tombolo::net
