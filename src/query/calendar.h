#pragma once

#include <array>
#include <string_view>

#include "query/constant.h"

namespace tombolo::query {

/// `T<seconds>:<nanoseconds>`, each digits with an optional sign: a `Timestamp`, or a
/// `BadTimestamp`.
[[nodiscard]] Constant make_timestamp(std::string_view seconds, std::string_view nanoseconds);

/// Year, month, day, hour, minute, second and nanoseconds (or ""), in digits; a field beyond its
/// range carries over to the next. UTC.
[[nodiscard]] Constant make_calendar_timestamp(const std::array<std::string_view, 7>& fields);

}  // namespace tombolo::query
