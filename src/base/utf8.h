#pragma once

#include <string_view>

namespace tombolo {

/// Whether `text` is well-formed UTF-8: no overlong form, no surrogate, nothing above U+10FFFF.
/// Source: Unicode, "Well-Formed UTF-8 Byte Sequences" (table 3-7).
[[nodiscard]] bool is_valid_utf8(std::string_view text) noexcept;

}  // namespace tombolo
