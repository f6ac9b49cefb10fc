#include "query/lexer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "base/base64.h"
#include "base/bytes.h"
#include "query/calendar.h"

namespace tombolo::query {
namespace {

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
bool is_hex_digit(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_letter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool begins_name(char c) noexcept {
  return is_letter(c) || c == '_' || c == '$' || (static_cast<unsigned char>(c) & 0x80U) != 0;
}
bool continues_name(char c) noexcept {
  return begins_name(c) || is_digit(c) || c == '-';
}
bool is_space(char c) noexcept {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}
char to_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
char to_upper(char c) noexcept {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
}
bool equals_ignoring_case(std::string_view text, std::string_view lower) noexcept {
  return std::ranges::equal(text, lower, {}, to_lower);
}

std::optional<double> named_floating(std::string_view word) noexcept {
  if (equals_ignoring_case(word, "inf") || equals_ignoring_case(word, "infinity")) {
    return std::numeric_limits<double>::infinity();
  }
  if (equals_ignoring_case(word, "nan")) return std::numeric_limits<double>::quiet_NaN();
  return std::nullopt;
}

/// The number that digits, point and exponent spell; what is too large is infinite.
template <typename T>
T to_floating(std::string_view text) noexcept {
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  T value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec == std::errc::result_out_of_range) {
    const std::size_t exponent = text.find_first_of("eE");
    const bool is_tiny = exponent != text.npos ? text.substr(exponent + 1).starts_with('-')
                                               : text.find_first_not_of("0.") > text.find('.');
    value = is_tiny ? T{0} : std::numeric_limits<T>::infinity();
  }
  return is_negative ? -value : value;
}

/// How long a number with point or exponent is at the front of `text`, which has no sign; 0: none.
std::size_t floating_size(std::string_view text) noexcept {
  std::size_t end = 0;
  const auto skip_digits = [&] {
    const std::size_t from = end;
    while (end < text.size() && is_digit(text[end])) ++end;
    return end - from;
  };
  std::size_t digits = skip_digits();
  bool is_floating = false;
  if (end < text.size() && text[end] == '.') {
    ++end;
    digits += skip_digits();
    is_floating = true;
  }
  if (digits == 0) return 0;
  if (end < text.size() && (text[end] == 'e' || text[end] == 'E')) {
    const std::size_t before = end++;
    if (end < text.size() && (text[end] == '+' || text[end] == '-')) ++end;
    if (skip_digits() == 0) {
      end = before;
    } else {
      is_floating = true;
    }
  }
  return is_floating ? end : 0;
}

std::int64_t to_integer(std::string_view text, int base) noexcept {
  const bool is_negative = text.starts_with('-');
  if (text.starts_with('+')) text.remove_prefix(1);
  std::int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (read.ec == std::errc::result_out_of_range) {
    return is_negative ? std::numeric_limits<std::int64_t>::min()
                       : std::numeric_limits<std::int64_t>::max();
  }
  return value;
}

}  // namespace

bool Token::is_word(std::string_view lower) const noexcept {
  return kind == TokenKind::kName && !is_escaped && equals_ignoring_case(text, lower);
}

bool Token::is_cased_word(std::string_view lower) const noexcept {
  return kind == TokenKind::kName && !is_escaped &&
         (text == lower || std::ranges::equal(text, lower, {}, {}, to_upper));
}

std::optional<double> parse_floating(std::string_view text) {
  std::string_view number = text;
  if (number.starts_with('+') || number.starts_with('-')) number.remove_prefix(1);
  if (const auto named = named_floating(number)) return text.starts_with('-') ? -*named : *named;
  const bool is_integer = !number.empty() && std::ranges::all_of(number, is_digit);
  if (!is_integer && (number.empty() || floating_size(number) != number.size())) {
    return std::nullopt;
  }
  return to_floating<double>(text);
}

std::size_t Lexer::skip_digits(std::size_t from) const noexcept {
  while (is_digit(at(from))) ++from;
  return from;
}

std::string_view Lexer::word_at(std::size_t from) const noexcept {
  std::size_t end = from;
  if (begins_name(at(end))) {
    while (continues_name(at(end))) ++end;
  }
  return text_.substr(from, end - from);
}

Token Lexer::make(TokenKind kind, std::size_t end) const {
  Token token;
  token.kind = kind;
  token.offset = begin_;
  token.size = end - begin_;
  return token;
}

Token Lexer::make_error(std::string what) const {
  Token token = make(TokenKind::kError, begin_);
  token.text = std::move(what);
  return token;
}

Token Lexer::make_constant(Constant constant, std::size_t end) const {
  Token token = make(TokenKind::kConstant, end);
  token.constant = std::move(constant);
  return token;
}

Token Lexer::next() {
  while (begin_ < text_.size() && is_space(text_[begin_])) ++begin_;
  Token token = make(TokenKind::kEnd, begin_);
  if (begin_ == text_.size()) return token;
  const char c = text_[begin_];
  if (c == '"' || c == '\'') {
    token = read_string(begin_, false);
  } else if (c == 'B' && (at(begin_ + 3) == '"' || at(begin_ + 3) == '\'') &&
             text_.substr(begin_, 3) == "B64") {
    token = read_string(begin_ + 3, true);
  } else if (!read_timestamp(token) && !read_number(token) && !read_id(token)) {
    token = begins_name(c) ? read_name() : read_symbol();
  }
  begin_ += token.size;
  return token;
}

bool Lexer::read_timestamp(Token& token) const {
  std::size_t end = begin_;
  std::array<std::string_view, 7> fields;
  const auto read_field = [&](std::size_t index, bool may_have_sign) {
    const std::size_t from = end;
    if (may_have_sign && (at(end) == '+' || at(end) == '-')) ++end;
    const std::size_t digits = end;
    end = skip_digits(end);
    fields[index] = text_.substr(from, end - from);
    return end != digits;
  };
  const auto skip = [&](char c) { return at(end) == c ? (++end, true) : false; };

  if (skip('T')) {
    if (!read_field(0, true) || !skip(':') || !read_field(1, true)) return false;
    token = make_constant(make_timestamp(fields[0], fields[1]), end);
    return true;
  }
  if (!read_field(0, false) || !skip('-') || !read_field(1, false) || !skip('-') ||
      !read_field(2, false) || !(skip('@') || skip('T')) || !read_field(3, false) || !skip(':') ||
      !read_field(4, false) || !skip(':') || !read_field(5, false)) {
    return false;
  }
  const std::size_t before = end;
  if (!skip(':') || !read_field(6, false)) {
    end = before;
    fields[6] = {};
  }
  token = make_constant(make_calendar_timestamp(fields), end);
  return true;
}

bool Lexer::read_number(Token& token) const {
  const bool has_sign = at(begin_) == '+' || at(begin_) == '-';
  const std::size_t from = begin_ + (has_sign ? 1 : 0);

  if (const std::string_view word = word_at(from); !word.empty()) {
    const auto named = named_floating(word);
    if (!named || at(from + word.size()) == '\\') return false;
    const double value = at(begin_) == '-' ? -*named : *named;
    const std::size_t end = from + word.size();
    token = make_constant(
        {Constant::Floating{value, false, std::string(text_.substr(begin_, end - begin_))}}, end);
    return true;
  }
  if (!has_sign && at(from) == '0' && (at(from + 1) == 'x' || at(from + 1) == 'X') &&
      is_hex_digit(at(from + 2))) {
    std::size_t end = from + 2;
    while (is_hex_digit(at(end))) ++end;
    token = make_constant({to_integer(text_.substr(from + 2, end - from - 2), 16)}, end);
    return true;
  }

  const std::size_t integer_end = skip_digits(from);
  const std::size_t floating_end = from + floating_size(text_.substr(from));
  std::size_t end = std::max(integer_end, floating_end);
  if (end == from) return false;
  const std::string_view text = text_.substr(begin_, end - begin_);
  const bool is_single = at(end) == 'f' && !continues_name(at(end + 1));
  if (floating_end > integer_end || is_single) {
    if (is_single) ++end;
    const double value =
        is_single ? static_cast<double>(to_floating<float>(text)) : to_floating<double>(text);
    token = make_constant({Constant::Floating{value, is_single, std::string(text)}}, end);
    token.is_plain_float = true;
    return true;
  }
  const std::string_view digits = text_.substr(from, end - from);
  const bool is_octal = digits.size() > 1 && digits.starts_with('0');
  if (is_octal && digits.find_first_of("89") != digits.npos) {
    token = make_error("'" + std::string(text) + "' begins with 0 and is no octal number");
    return true;
  }
  token = make_constant({to_integer(text, is_octal ? 8 : 10)}, end);
  token.is_natural = !has_sign;
  token.natural = static_cast<std::uint64_t>(to_integer(digits, 10));
  return true;
}

bool Lexer::read_id(Token& token) const {
  const std::string_view rest = text_.substr(begin_);
  const auto enclosed = [&](std::string_view before, std::size_t size) {
    const bool fits = rest.starts_with(before) && rest.size() > before.size() + size &&
                      rest[before.size() + size] == ')';
    return fits ? rest.substr(before.size(), size) : std::string_view();
  };
  if (const auto id = parse_object_id(enclosed("oid(", 24))) {
    token = make_constant({*id}, begin_ + 29);
    return true;
  }
  if (const auto uuid = parse_uuid(enclosed("uuid(", 36))) {
    token = make_constant({*uuid}, begin_ + 42);
    return true;
  }
  return false;
}

Token Lexer::read_string(std::size_t quote, bool is_base64) const {
  std::size_t end = quote + 1;
  while (end < text_.size() && text_[end] != text_[quote]) {
    if (text_[end] == '\\') {
      ++end;
      constexpr std::string_view kEscapes = "\"'/bfnrt0\\";
      if (at(end) == 'u') {
        for (int i = 0; i < 4; ++i) {
          if (!is_hex_digit(at(++end))) return make_error("\\u takes 4 hexadecimal digits");
        }
      } else if (end == text_.size() || kEscapes.find(text_[end]) == kEscapes.npos) {
        return make_error("a backslash in a string is followed by one of \" ' / b f n r t 0 \\ u");
      }
    }
    ++end;
  }
  if (end >= text_.size()) return make_error("the string does not end");
  const std::string_view content = text_.substr(quote + 1, end - quote - 1);
  if (!is_base64) return make_constant({std::string(content)}, end + 1);
  const auto decoded = parse_base64(content);
  if (!decoded) return make_error("B64 is followed by a string in base64");
  return make_constant({std::string(as_text(*decoded))}, end + 1);
}

Token Lexer::read_name() const {
  std::size_t end = begin_;
  std::string decoded;
  bool is_escaped = false;
  for (;;) {
    const char c = at(end);
    if (end < text_.size() && continues_name(c)) {
      decoded += c;
      ++end;
      continue;
    }
    if (c != '\\') break;
    const char escape = at(end + 1);
    if (escape == ' ')
      decoded += ' ';
    else if (escape == 'n')
      decoded += '\n';
    else if (escape == 'r')
      decoded += '\r';
    else if (escape == 't')
      decoded += '\t';
    else
      break;
    is_escaped = true;
    end += 2;
  }

  // `$0` and `$K0`; the longest match makes `$0a` a name.
  std::string_view number = decoded;
  TokenKind kind = TokenKind::kName;
  if (!is_escaped && number.starts_with('$')) {
    const bool is_path = number.starts_with("$K");
    number.remove_prefix(is_path ? 2 : 1);
    if (!number.empty() && std::ranges::all_of(number, is_digit)) {
      kind = is_path ? TokenKind::kKeyPathArgument : TokenKind::kArgument;
    }
  }
  Token token = make(kind, end);
  if (kind != TokenKind::kName) {
    const std::int64_t index = to_integer(number, 10);
    token.index = static_cast<std::uint32_t>(
        std::min<std::int64_t>(index, std::numeric_limits<std::uint32_t>::max()));
  }
  token.is_escaped = is_escaped;
  token.text = std::move(decoded);
  return token;
}

Token Lexer::read_symbol() const {
  if (text_.substr(begin_).starts_with("[c]")) return make(TokenKind::kCaseFlag, begin_ + 3);
  if (text_[begin_] == '@') {
    std::size_t end = begin_ + 1;
    while (is_letter(at(end))) ++end;
    Token token = make(TokenKind::kAtWord, end);
    token.text = std::string(text_.substr(begin_ + 1, end - begin_ - 1));
    return token;
  }
  constexpr std::string_view kSymbols[] = {"==", "!=", "<>", "<=", "=<", ">=", "=>", "&&", "||",
                                           "=",  "<",  ">",  "!",  "(",  ")",  "{",  "}",  "[",
                                           "]",  ",",  ".",  "+",  "-",  "*",  "/"};
  for (const std::string_view symbol : kSymbols) {
    if (!text_.substr(begin_).starts_with(symbol)) continue;
    Token token = make(TokenKind::kSymbol, begin_ + symbol.size());
    token.text = symbol;
    return token;
  }
  return make_error("unexpected character");
}

}  // namespace tombolo::query
