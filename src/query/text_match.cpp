#include "query/text_match.h"

#include <cstddef>
#include <cstring>

namespace tombolo::query {
namespace {

/// The folded form of the byte at `index`: of a letter, that of its lower case.
char folded_at(std::string_view text, std::size_t index) noexcept {
  const auto byte = static_cast<unsigned char>(text[index]);
  if (byte >= 'A' && byte <= 'Z') return static_cast<char>(byte + 32);
  // U+00C0 to U+00DE but for the multiplication sign, U+00D7: after 0xC3, 0x80 to 0x9E.
  if (byte >= 0x80 && byte <= 0x9E && byte != 0x97 && index > 0 && text[index - 1] == '\xC3') {
    return static_cast<char>(byte + 0x20);
  }
  return text[index];
}

bool equal_at(std::string_view text, std::size_t from, std::string_view needle) noexcept {
  for (std::size_t i = 0; i < needle.size(); ++i) {
    if (folded_at(text, from + i) != folded_at(needle, i)) return false;
  }
  return true;
}

/// How many bytes the character at `index` has.
std::size_t character_size(std::string_view text, std::size_t index) noexcept {
  std::size_t end = index + 1;
  while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) ++end;
  return end - index;
}

}  // namespace

std::string fold_case(std::string_view text) {
  std::string folded(text);
  for (std::size_t i = 0; i < text.size(); ++i) folded[i] = folded_at(text, i);
  return folded;
}

bool equals_folded(std::string_view left, std::string_view right) noexcept {
  return left.size() == right.size() && equal_at(left, 0, right);
}

bool begins_with(std::string_view text, std::string_view needle, bool fold) noexcept {
  if (!fold) return text.starts_with(needle);
  return text.size() >= needle.size() && equal_at(text, 0, needle);
}

bool ends_with(std::string_view text, std::string_view needle, bool fold) noexcept {
  if (!fold) return text.ends_with(needle);
  return text.size() >= needle.size() && equal_at(text, text.size() - needle.size(), needle);
}

bool contains(std::string_view text, std::string_view needle, bool fold) noexcept {
  if (needle.empty()) return true;
  if (!fold) return ::memmem(text.data(), text.size(), needle.data(), needle.size()) != nullptr;
  if (needle.size() > text.size()) return false;
  for (std::size_t from = 0; from + needle.size() <= text.size(); ++from) {
    if (equal_at(text, from, needle)) return true;
  }
  return false;
}

bool is_like(std::string_view text, std::string_view pattern, bool fold) noexcept {
  std::size_t at = 0;
  std::size_t in_pattern = 0;
  // Where to go on when what follows the last star does not fit: one character further.
  std::size_t star = pattern.npos;
  std::size_t star_text = 0;
  while (at < text.size()) {
    const bool is_inside = in_pattern < pattern.size();
    if (is_inside && pattern[in_pattern] == '*') {
      star = in_pattern++;
      star_text = at;
    } else if (is_inside && pattern[in_pattern] == '?') {
      at += character_size(text, at);
      ++in_pattern;
    } else if (is_inside && (fold ? folded_at(text, at) == folded_at(pattern, in_pattern)
                                  : text[at] == pattern[in_pattern])) {
      ++at;
      ++in_pattern;
    } else if (star != pattern.npos) {
      star_text += character_size(text, star_text);
      at = star_text;
      in_pattern = star + 1;
    } else {
      return false;
    }
  }
  while (in_pattern < pattern.size() && pattern[in_pattern] == '*') ++in_pattern;
  return in_pattern == pattern.size();
}

}  // namespace tombolo::query
