#pragma once

#include <string>
#include <string_view>

/// Texts compared byte by byte, or with the case of letters folded: the ASCII letters and those of
/// Latin-1, one to one. Folding keeps the number of bytes.

namespace tombolo::query {

[[nodiscard]] std::string fold_case(std::string_view text);

[[nodiscard]] bool equals_folded(std::string_view left, std::string_view right) noexcept;

[[nodiscard]] bool begins_with(std::string_view text, std::string_view needle, bool fold) noexcept;
[[nodiscard]] bool ends_with(std::string_view text, std::string_view needle, bool fold) noexcept;
[[nodiscard]] bool contains(std::string_view text, std::string_view needle, bool fold) noexcept;

/// Whether the whole text fits the pattern, in which `*` stands for any run and `?` for one
/// character of UTF-8.
[[nodiscard]] bool is_like(std::string_view text, std::string_view pattern, bool fold) noexcept;

}  // namespace tombolo::query
