#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/error.h"
#include "protocol/decimal.h"

namespace tombolo::protocol {

/// Reads one message from front to back: its name, the fields of its head, its body. The first
/// failure sticks and every later read gives a zero or an empty text, so a parser reads all fields
/// in order and asks once at the end.
///
/// Thread:  one thread; it views the message.
class MessageReader {
 public:
  /// Takes the name: the leading letters and underscores.
  explicit MessageReader(BytesView message) noexcept;

  [[nodiscard]] std::string_view name() const noexcept { return name_; }

  // Fields; each reads the space before it.

  [[nodiscard]] std::uint64_t number(std::string_view field, std::uint64_t min = 0);
  [[nodiscard]] std::int64_t signed_number(std::string_view field);
  /// Any integer; all but 0 are true.
  [[nodiscard]] bool flag(std::string_view field) { return signed_number(field) != 0; }
  /// A number of bytes; over `max` is `kLimitExceeded`.
  [[nodiscard]] std::size_t size(std::string_view field, std::size_t max);
  /// A fraction between 0 and 1 in 1/10,000, the rest cut off.
  [[nodiscard]] std::uint16_t fraction(std::string_view field);
  /// An id in its domain: `min` to 2^63 - 1.
  template <typename Id>
  [[nodiscard]] Id id(std::string_view field, std::uint64_t min = 0) {
    return Id(static_cast<typename Id::rep>(number(field, min)));
  }

  /// Takes the LF that ends the head.
  void end_head();
  /// Takes the next `size` bytes of the body.
  [[nodiscard]] std::string_view text(std::string_view field, std::size_t size);
  /// Requires that nothing is left.
  void end_message();

  /// Records that `field`, which ends where the reader stands, is wrong.
  void fail(std::string_view field, std::string_view problem);
  [[nodiscard]] bool has_failed() const noexcept { return error_.has_value(); }
  /// The first failure.
  [[nodiscard]] const std::optional<Error>& error() const noexcept { return error_; }

 private:
  [[nodiscard]] bool take_separator(std::string_view field);
  [[nodiscard]] bool take_number(std::string_view field, const char* end);
  [[nodiscard]] std::string describe(std::string_view field, std::string_view problem) const;

  const char* const first_;
  const char* position_;
  const char* const last_;
  std::string_view name_;
  std::optional<Error> error_;
};

}  // namespace tombolo::protocol
