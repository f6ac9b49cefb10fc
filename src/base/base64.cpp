#include "base/base64.h"

#include <algorithm>

#include "base/base64url.h"

namespace tombolo {

std::string to_base64(BytesView bytes) {
  std::string text = to_base64url(bytes);
  std::ranges::replace(text, '-', '+');
  std::ranges::replace(text, '_', '/');
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

std::optional<Bytes> parse_base64(std::string_view text) {
  if (text.find_first_of("-_") != text.npos) return std::nullopt;
  if (text.size() % 4 == 0) {
    for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  }
  std::string url_safe(text);
  std::ranges::replace(url_safe, '+', '-');
  std::ranges::replace(url_safe, '/', '_');
  return parse_base64url(url_safe);
}

}  // namespace tombolo
