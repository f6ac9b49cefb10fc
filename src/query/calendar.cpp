#include "query/calendar.h"

#include <charconv>
#include <optional>

namespace tombolo::query {
namespace {

using Reason = Constant::BadTimestamp::Reason;

constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;

std::optional<std::int64_t> parse(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  std::int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc()) return std::nullopt;
  return value;
}

Constant bad(Reason reason, std::string text) {
  return {Constant::BadTimestamp{reason, std::move(text)}};
}

/// Days from 1970-01-01 to a date of the proleptic Gregorian calendar.
/// Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
constexpr std::int64_t days_from_civil(std::int64_t year, std::int64_t month) {
  year -= month <= 2 ? 1 : 0;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5;
  const std::int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

}  // namespace

Constant make_timestamp(std::string_view seconds, std::string_view nanoseconds) {
  const auto written = [&] { return "T" + std::string(seconds) + ":" + std::string(nanoseconds); };
  const auto whole = parse(seconds);
  const auto rest = parse(nanoseconds);
  if (!whole || !rest || *rest <= -kNanosecondsPerSecond || *rest >= kNanosecondsPerSecond) {
    return bad(Reason::kOutOfRange, written());
  }
  const Timestamp time{*whole, static_cast<std::int32_t>(*rest)};
  return is_valid(time) ? Constant{time} : bad(Reason::kMixedSigns, written());
}

Constant make_calendar_timestamp(const std::array<std::string_view, 7>& fields) {
  std::string written;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].empty()) continue;
    constexpr std::string_view kBefore[] = {"", "-", "-", "T", ":", ":", ":"};
    written.append(kBefore[i]).append(fields[i]);
  }
  std::array<std::int64_t, 7> values{};
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].empty()) continue;
    const auto value = parse(fields[i]);
    // Far beyond any date, and small enough that no sum below overflows.
    constexpr std::int64_t kFieldMax = 1'000'000'000'000;
    if (!value || *value > kFieldMax) return bad(Reason::kOutOfRange, std::move(written));
    values[i] = *value;
  }
  if (values[0] < 1900) return bad(Reason::kBefore1900, std::move(written));
  if (values[0] > 9999) return bad(Reason::kOutOfRange, std::move(written));

  const std::int64_t months = values[0] * 12 + values[1] - 1;
  const std::int64_t days = days_from_civil(months / 12, months % 12 + 1) + values[2] - 1;
  std::int64_t seconds = days * 86'400 + values[3] * 3'600 + values[4] * 60 + values[5];
  constexpr std::int64_t kEndOf9999 = 253'402'300'800;
  if (seconds >= kEndOf9999) return bad(Reason::kOutOfRange, std::move(written));
  // Before 1970 the nanoseconds count away from zero, as the seconds do.
  const std::int64_t sign = seconds < 0 ? -1 : 1;
  seconds += sign * (values[6] / kNanosecondsPerSecond);
  return {
      Timestamp{seconds, static_cast<std::int32_t>(sign * (values[6] % kNanosecondsPerSecond))}};
}

}  // namespace tombolo::query
