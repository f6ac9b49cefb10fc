#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace tombolo {

/// `bytes` as lower-case hexadecimal digits, two per byte.
[[nodiscard]] std::string to_hex(BytesView bytes);

/// The bytes that `text` spells (either case); nullopt when a character is no digit or one is left
/// over.
[[nodiscard]] std::optional<Bytes> parse_hex(std::string_view text);

}  // namespace tombolo
