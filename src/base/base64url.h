#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace tombolo {

/// `bytes` in the URL-safe base64 alphabet, without padding: the encoding inside JSON Web Tokens.
/// Source: RFC 4648, section 5.
[[nodiscard]] std::string to_base64url(BytesView bytes);

/// The bytes that `text` spells; nullopt for padding, characters outside the URL-safe alphabet, an
/// impossible length, and bits left over: every byte string has exactly one spelling.
[[nodiscard]] std::optional<Bytes> parse_base64url(std::string_view text);

}  // namespace tombolo
