#include "protocol/message_reader.h"

#include <algorithm>
#include <cmath>

#include "protocol/error_code.h"

namespace tombolo::protocol {
namespace {

constexpr bool is_name_character(char character) noexcept {
  return (character >= 'a' && character <= 'z') || character == '_';
}

/// Longer than any name, so that a hostile one is neither scanned nor quoted whole.
constexpr std::ptrdiff_t kNameMax = 32;

}  // namespace

MessageReader::MessageReader(BytesView message) noexcept
    : first_(as_text(message).data()),
      position_(first_),
      last_(first_ + message.size()) {
  position_ =
      std::find_if_not(first_, first_ + std::min(last_ - first_, kNameMax), is_name_character);
  name_ = std::string_view(first_, static_cast<std::size_t>(position_ - first_));
}

std::uint64_t MessageReader::number(std::string_view field, std::uint64_t min) {
  std::uint64_t value = 0;
  if (!take_separator(field)) return 0;
  if (!take_number(field, parse_decimal(position_, last_, value))) return 0;
  if (value >= min) return value;
  fail(field, "is below its domain");
  return 0;
}

std::int64_t MessageReader::signed_number(std::string_view field) {
  std::int64_t value = 0;
  if (!take_separator(field)) return 0;
  return take_number(field, parse_signed_decimal(position_, last_, value)) ? value : 0;
}

std::size_t MessageReader::size(std::string_view field, std::size_t max) {
  const std::uint64_t value = number(field);
  if (value <= max) return static_cast<std::size_t>(value);
  if (!error_) error_.emplace(ErrorCode::kLimitExceeded, describe(field, "is over its limit"));
  return 0;
}

std::uint16_t MessageReader::fraction(std::string_view field) {
  if (!take_separator(field)) return 0;
  double value = 0;
  const auto [end, error] = std::from_chars(position_, last_, value);
  if (!take_number(field, error == std::errc{} ? end : nullptr)) return 0;
  if (!(value >= 0 && value <= 1)) {
    fail(field, "is not between 0 and 1");
    return 0;
  }
  // A ten-thousandth that binary cannot hold exactly must not fall to the one below it.
  constexpr double kRounding = 1e-9;
  return static_cast<std::uint16_t>(std::floor(value * 10'000 + kRounding));
}

void MessageReader::end_head() {
  if (error_) return;
  if (position_ == last_ || *position_ != '\n')
    fail("line feed", "is missing");
  else
    ++position_;
}

std::string_view MessageReader::text(std::string_view field, std::size_t size) {
  if (error_) return {};
  if (size > static_cast<std::size_t>(last_ - position_)) {
    fail(field, "is longer than the message");
    return {};
  }
  const std::string_view taken(position_, size);
  position_ += size;
  return taken;
}

void MessageReader::end_message() {
  if (!error_ && position_ != last_) fail("end", "is followed by more bytes");
}

void MessageReader::fail(std::string_view field, std::string_view problem) {
  if (!error_) error_ = bad_message(SyncErrorCode::kBadSyntax, name_, describe(field, problem));
}

bool MessageReader::take_separator(std::string_view field) {
  if (error_) return false;
  if (position_ == last_ || *position_ != ' ') {
    fail(field, "is missing");
    return false;
  }
  ++position_;
  return true;
}

bool MessageReader::take_number(std::string_view field, const char* end) {
  if (end == nullptr) {
    fail(field, "is not a number in its domain");
    return false;
  }
  position_ = end;
  return true;
}

std::string MessageReader::describe(std::string_view field, std::string_view problem) const {
  std::string text(name_);
  text.append(": ").append(field).append(" ").append(problem);
  return text.append(" (byte ").append(std::to_string(position_ - first_)).append(")");
}

}  // namespace tombolo::protocol
