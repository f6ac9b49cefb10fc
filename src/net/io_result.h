#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/error.h"

namespace tombolo::net {

/// What an attempt at input or output that never waits came to.
struct IoResult {
  enum class Status : std::uint8_t {
    kDone,          ///< `bytes` moved.
    kWaitReadable,  ///< Nothing moved; try again when the socket can be read.
    kWaitWritable,  ///< Nothing moved; try again when the socket can be written.
    kEnd,           ///< The peer ended the stream in good order.
    kFailed,        ///< The stream is broken: `error`.
  };
  Status status = Status::kDone;
  std::size_t bytes = 0;
  std::optional<Error> error{};
  bool drained = false;  ///< Of a read: the stream had no more at that moment.

  [[nodiscard]] bool must_wait() const noexcept {
    return status == Status::kWaitReadable || status == Status::kWaitWritable;
  }
};

/// What to wait for when a read left nothing behind.
inline const IoResult kUntilReadable{IoResult::Status::kWaitReadable};

}  // namespace tombolo::net
