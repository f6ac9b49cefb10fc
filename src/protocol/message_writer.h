#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "base/bytes.h"
#include "base/strong_id.h"

namespace tombolo::protocol {

/// Writes one message: its name, the fields of its head, its body.
///
/// Thread:  one thread.
class MessageWriter {
 public:
  explicit MessageWriter(std::string_view name) noexcept { put(name); }

  template <std::integral Integer>
  MessageWriter& field(Integer number) noexcept {
    *end_++ = ' ';
    end_ = std::to_chars(end_, head_.data() + head_.size(), +number).ptr;
    return *this;
  }
  template <typename Tag, std::integral Rep>
  MessageWriter& field(StrongId<Tag, Rep> id) noexcept {
    return field(id.value());
  }
  /// A fraction in 1/10,000 with the fewest decimals that say it.
  MessageWriter& fraction(std::uint16_t value) noexcept {
    if (value == 0 || value >= 10'000) return field(value / 10'000);
    put(" 0.");
    for (int divisor = 1'000; value != 0;
         value = static_cast<std::uint16_t>(value % divisor), divisor /= 10)
      *end_++ = static_cast<char>('0' + value / divisor);
    return *this;
  }

  /// The head alone, with its LF.
  [[nodiscard]] Bytes head() noexcept(false) {
    *end_++ = '\n';
    const auto* first = reinterpret_cast<const std::byte*>(head_.data());
    return {first, first + (end_ - head_.data())};
  }
  /// The whole message; the parts of the body follow each other.
  template <typename... Parts>
  [[nodiscard]] Bytes message(Parts... parts) {
    Bytes bytes = head();
    bytes.reserve(bytes.size() + (std::size_t{0} + ... + parts.size()));
    (append(bytes, parts), ...);
    return bytes;
  }

 private:
  void put(std::string_view text) noexcept {
    std::memcpy(end_, text.data(), text.size());
    end_ += text.size();
  }
  static void append(Bytes& bytes, std::string_view part) { append(bytes, as_bytes(part)); }
  static void append(Bytes& bytes, BytesView part) {
    bytes.insert(bytes.end(), part.begin(), part.end());
  }

  /// Room for the longest name and 13 fields of 21 characters.
  std::array<char, 320> head_;
  char* end_ = head_.data();
};

}  // namespace tombolo::protocol
