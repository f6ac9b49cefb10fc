#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace tombolo {

/// `bytes` in base64 with padding. Source: RFC 4648, section 4.
[[nodiscard]] std::string to_base64(BytesView bytes);

/// The bytes that `text` spells, with padding or without; nullopt for anything else.
[[nodiscard]] std::optional<Bytes> parse_base64(std::string_view text);

}  // namespace tombolo
