#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"

namespace tombolo::net {

/// How long a `Retry-After` header asks to wait from `now` on: seconds, or until a date. A date
/// that is past asks for nothing; nullopt: it is neither. Source: RFC 9110, 10.2.3.
[[nodiscard]] std::optional<Duration> parse_retry_after(std::string_view value, WallTime now);

}  // namespace tombolo::net
