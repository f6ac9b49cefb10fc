#include "query/text_match.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "query/full_text.h"

namespace tombolo::query {
namespace {

using ::testing::ElementsAre;

TEST(TextMatch, FoldsAsciiAndLatin1LettersAlone) {
  EXPECT_TRUE(equals_folded("ÆRØ Þing", "ærø þING"));
  EXPECT_FALSE(equals_folded("×", "÷"));
  EXPECT_FALSE(equals_folded("Ω", "ω"));
  EXPECT_TRUE(contains("Ein Bär", "BÄR", true));
  EXPECT_FALSE(contains("Ein Bär", "BÄR", false));
  EXPECT_EQ(fold_case("ÀZß"), "àzß");
}

TEST(TextMatch, LikeTakesRunsAndSingleCharacters) {
  EXPECT_TRUE(is_like("Ærø", "?rø", false));
  EXPECT_TRUE(is_like("abcabd", "*ab?", false));
  EXPECT_TRUE(is_like("", "*", false));
  EXPECT_FALSE(is_like("", "?", false));
  EXPECT_FALSE(is_like("abc", "a*d", false));
  EXPECT_TRUE(is_like("ABC", "a**C", true));
}

TEST(TextMatch, WordsLoseTheirDiacritics) {
  EXPECT_THAT(split_words("Café-au lait, ÆRØ Çok №5"),
              ElementsAre("cafe", "au", "lait", "ærø", "cok", "5"));
}

TEST(TextMatch, AFullTextQueryTakesWordsPrefixesAndExclusions) {
  const FullTextQuery query = parse_full_text_query("red; la* -bike -").value();

  EXPECT_TRUE(query.matches("A lamp in red"));
  EXPECT_FALSE(query.matches("A lamp in red for the bike"));
  EXPECT_FALSE(query.matches("redder lamp"));
  EXPECT_TRUE(parse_full_text_query("-bike").value().matches("a car"));
  EXPECT_FALSE(parse_full_text_query("!!").value().matches("a car"));
  EXPECT_FALSE(parse_full_text_query("  "));
  EXPECT_FALSE(parse_full_text_query("bi*e"));
}

}  // namespace
}  // namespace tombolo::query
