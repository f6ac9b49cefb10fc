#include "net/retry_after.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <string>

namespace tombolo::net {
namespace {

/// Longer than anybody waits, and short enough to be counted in nanoseconds.
constexpr std::uint64_t kSecondsMax = 366 * 24 * 60 * 60;

}  // namespace

std::optional<Duration> parse_retry_after(std::string_view value, WallTime now) {
  std::uint64_t seconds = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
  if (end == value.data() + value.size() && !value.empty()) {
    if (error == std::errc::result_out_of_range) seconds = kSecondsMax;
    return std::chrono::seconds(std::min(seconds, kSecondsMax));
  }

  std::tm date{};
  const std::string text(value);
  const char* const rest = strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date);
  if (rest == nullptr || *rest != '\0') return std::nullopt;
  const WallTime then{std::chrono::seconds(timegm(&date))};
  const auto wait = std::clamp<std::chrono::milliseconds>(
      then - now, std::chrono::milliseconds(0), std::chrono::seconds(kSecondsMax));
  return wait;
}

}  // namespace tombolo::net
