#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

/// Full-text matching by words: which words a text has, and which a query asks for.

namespace tombolo::query {

/// The words of a text: runs of ASCII letters, digits and Latin-1 letters, in lower case, without
/// diacritics but for å, æ, ø, ð, þ and ß. Everything else separates words.
[[nodiscard]] std::vector<std::string> split_words(std::string_view text);

/// All of `words` and of `prefixes` have to be there, none of `excluded`.
struct FullTextQuery {
  std::vector<std::string> words;
  std::vector<std::string> prefixes;
  std::vector<std::string> excluded;
  bool matches_nothing = false;  ///< A word of the query has no letters.

  [[nodiscard]] bool matches(std::string_view text) const;
};

/// `word`, `-word` and `prefix*`, separated by spaces.
///
/// Errors:  `kInvalidArgument`.
[[nodiscard]] Result<FullTextQuery> parse_full_text_query(std::string_view text);

}  // namespace tombolo::query
