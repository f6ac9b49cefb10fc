#include "query/full_text.h"

#include <algorithm>

#include "base/error.h"

namespace tombolo::query {
namespace {

/// Calls `visit(letter)` with what each character of `text` becomes in a word: "" for a separator.
template <typename Visit>
void for_each_letter(std::string_view text, Visit&& visit) {
  // U+00E0 to U+00FF without diacritics; "." stands for a letter that is kept.
  constexpr std::string_view kBase = "aaaaa..ceeeeiiii.nooooo .uuuuy.y";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x80) {
      const bool is_upper = byte >= 'A' && byte <= 'Z';
      const bool is_word = is_upper || (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9');
      const char lower = is_upper ? static_cast<char>(byte + 32) : static_cast<char>(byte);
      visit(is_word ? std::string_view(&lower, 1) : std::string_view());
      continue;
    }
    const bool is_latin = byte == 0xC3 && i + 1 < text.size();
    if (!is_latin) {
      visit(std::string_view());
      continue;
    }
    auto second = static_cast<unsigned char>(text[++i]);
    const bool is_upper = second < 0xA0 && second != 0x9F;  // 0x9F ends ß, which has no upper case
    if (is_upper) second = static_cast<unsigned char>(second + 0x20);
    const bool is_sign = second == 0xB7;  // × and ÷
    if (second == 0x9F) {
      visit(std::string_view("\xC3\x9F"));
    } else if (is_sign || second < 0xA0 || second > 0xBF) {
      visit(std::string_view());
    } else if (const char base = kBase[second - 0xA0U]; base == '.') {
      const char kept[] = {'\xC3', static_cast<char>(second)};
      visit(std::string_view(kept, 2));
    } else {
      visit(std::string_view(&base, 1));
    }
  }
}

bool is_space(char c) noexcept {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

Error invalid(std::string what) {
  return {ErrorCode::kInvalidArgument, std::move(what)};
}

}  // namespace

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  bool is_inside = false;
  for_each_letter(text, [&](std::string_view letter) {
    if (!letter.empty()) {
      if (!is_inside) words.emplace_back();
      words.back() += letter;
    }
    is_inside = !letter.empty();
  });
  return words;
}

bool FullTextQuery::matches(std::string_view text) const {
  if (matches_nothing) return false;
  const std::vector<std::string> found = split_words(text);
  const auto has = [&](const std::string& word) {
    return std::ranges::find(found, word) != found.end();
  };
  const auto has_prefix = [&](const std::string& prefix) {
    return std::ranges::any_of(found, [&](const auto& word) { return word.starts_with(prefix); });
  };
  return std::ranges::all_of(words, has) && std::ranges::all_of(prefixes, has_prefix) &&
         std::ranges::none_of(excluded, has);
}

Result<FullTextQuery> parse_full_text_query(std::string_view text) {
  FullTextQuery query;
  bool is_empty = true;
  while (!text.empty()) {
    const auto begin = std::ranges::find_if_not(text, is_space);
    const auto end = std::find_if(begin, text.end(), is_space);
    std::string_view word(begin, end);
    text = std::string_view(end, text.end());
    if (word.empty()) break;
    is_empty = false;

    const bool is_excluded = word.starts_with('-');
    if (is_excluded) word.remove_prefix(1);
    const bool is_prefix = word.ends_with('*');
    if (is_prefix) word.remove_suffix(1);
    const std::vector<std::string> letters = split_words(word);
    if (letters.size() > 1) {
      return invalid("Non alphanumeric characters not allowed inside search word");
    }
    if (is_excluded) {
      if (!letters.empty() && !is_prefix) query.excluded.push_back(letters[0]);
    } else if (letters.empty()) {
      query.matches_nothing = true;
    } else {
      (is_prefix ? query.prefixes : query.words).push_back(letters[0]);
    }
  }
  if (is_empty) return invalid("Missing search token");
  for (const std::string& word : query.words) {
    if (std::ranges::find(query.excluded, word) != query.excluded.end()) {
      return invalid("You can't include and exclude the same token");
    }
  }
  return query;
}

}  // namespace tombolo::query
