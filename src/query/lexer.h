#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "query/constant.h"

namespace tombolo::query {

enum class TokenKind : std::uint8_t {
  kEnd,
  kError,            ///< `text` says what is wrong.
  kName,             ///< An identifier or keyword; `text` is decoded.
  kAtWord,           ///< `@count`; `text` is without the `@`.
  kConstant,         ///< A number, string, date, id; in `constant`.
  kArgument,         ///< `$0`; `index`.
  kKeyPathArgument,  ///< `$K0`; `index`.
  kCaseFlag,         ///< `[c]`.
  kSymbol,           ///< `text` is one of the operators and brackets.
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::size_t offset = 0;
  std::size_t size = 0;
  std::string text;
  Constant constant;
  std::uint32_t index = 0;
  bool is_escaped = false;  ///< A name with escapes, which is never a keyword.
  bool is_natural = false;  ///< An integer of digits alone; `natural` is its decimal value.
  std::uint64_t natural = 0;
  bool is_plain_float = false;  ///< A floating-point number, but no infinity or NaN.

  [[nodiscard]] bool is_symbol(std::string_view symbol) const noexcept {
    return kind == TokenKind::kSymbol && text == symbol;
  }
  /// A keyword that may be written in any case of letters. `lower` is in lower case.
  [[nodiscard]] bool is_word(std::string_view lower) const noexcept;
  /// A keyword that is written in lower or in upper case as a whole.
  [[nodiscard]] bool is_cased_word(std::string_view lower) const noexcept;
};

/// Splits a text into tokens, the longest that fits each time.
///
/// Shape:  `text` outlives the lexer and is UTF-8.
class Lexer {
 public:
  explicit Lexer(std::string_view text) noexcept : text_(text) {}

  [[nodiscard]] Token next();

 private:
  [[nodiscard]] char at(std::size_t position) const noexcept {
    return position < text_.size() ? text_[position] : '\0';
  }
  [[nodiscard]] std::size_t skip_digits(std::size_t from) const noexcept;
  [[nodiscard]] std::string_view word_at(std::size_t from) const noexcept;
  [[nodiscard]] Token make(TokenKind kind, std::size_t end) const;
  [[nodiscard]] Token make_error(std::string what) const;
  [[nodiscard]] Token make_constant(Constant constant, std::size_t end) const;

  [[nodiscard]] bool read_timestamp(Token& token) const;
  [[nodiscard]] bool read_number(Token& token) const;
  [[nodiscard]] bool read_id(Token& token) const;
  [[nodiscard]] Token read_string(std::size_t quote, bool is_base64) const;
  [[nodiscard]] Token read_name() const;
  [[nodiscard]] Token read_symbol() const;

  std::string_view text_;
  std::size_t begin_ = 0;  ///< Of the token that is being read.
};

/// A double or float as the language writes it, or a name of infinity or NaN in any case of
/// letters; nullopt when `text` as a whole is none.
[[nodiscard]] std::optional<double> parse_floating(std::string_view text);

}  // namespace tombolo::query
