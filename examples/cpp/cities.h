#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>

#include "tombolo/tombolo.h"

/// The models that the examples share.

struct Country {
  static constexpr std::string_view class_name = "Country";
  static constexpr tombolo::Key<std::string> code{"_id"};
  static constexpr tombolo::Field<std::string> name{"name"};
  static constexpr auto properties = std::tuple(code, name);
};

struct City {
  static constexpr std::string_view class_name = "City";
  static constexpr tombolo::Key<std::int64_t> id{"_id"};
  static constexpr tombolo::Field<std::string> name{"name"};
  static constexpr tombolo::Field<std::int64_t> population{"population"};
  static constexpr tombolo::Field<std::optional<double>> elevation{"elevation"};
  static constexpr tombolo::Field<tombolo::Link<Country>> country{"country"};
  static constexpr tombolo::Field<tombolo::List<std::string>> aliases{"aliases"};
  static constexpr auto properties = std::tuple(id, name, population, elevation, country, aliases);
};
