#pragma once

#include <nlohmann/json.hpp>

#include "changeset/changeset.h"

/// The JSON form in which the reference vectors give changesets: every field of every instruction
/// by name, 64-bit integers as decimal strings, bytes and floating-point bits in hexadecimal. Two
/// changesets mean the same exactly if their forms are equal, however their names are numbered.

namespace tombolo::test {

/// The bytes of a changeset, which the vectors give in hexadecimal.
[[nodiscard]] Bytes bytes_of(const nlohmann::json& hex);

/// The names of the string table in order.
[[nodiscard]] nlohmann::json strings_json(const changeset::Changeset& changeset);
/// The instructions in order.
[[nodiscard]] nlohmann::json instructions_json(const changeset::Changeset& changeset);

/// A text, or {"hex": ...} when it is not UTF-8.
[[nodiscard]] nlohmann::json text_json(std::string_view text);

/// "-15E-1", "NaN", "+Inf": coefficient and exponent as they stand, not normalised.
[[nodiscard]] std::string decimal_text(const Decimal128& value);

}  // namespace tombolo::test
