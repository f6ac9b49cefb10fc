#include "query/printer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/base64.h"
#include "base/utf8.h"

namespace tombolo::query {
namespace {

template <typename T>
std::string shortest(T value) {
  std::array<char, 64> buffer{};
  const auto written = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  std::string text(buffer.data(), written.ptr);
  if (text.find_first_not_of("-0123456789") == text.npos) text += ".0";
  return text;
}

/// Appends a query piece by piece.
class Printer {
 public:
  explicit Printer(std::span<const Constant> arguments) : arguments_(arguments) {}

  [[nodiscard]] std::string take() { return std::move(text_); }

  void query(const Ast& query) {
    predicate(query.predicate);
    for (const DescriptorNode& node : query.descriptors) {
      text_ += ' ';
      std::visit([&](const auto& descriptor) { print(descriptor); }, node);
    }
  }

  void predicate(const PredicateNode& node) {
    std::visit([&](const auto& content) { print(content); }, node.data);
  }

 private:
  void print(const FixedNode& node) { text_ += node.value ? "TRUEPREDICATE" : "FALSEPREDICATE"; }

  void print(const NotNode& node) {
    text_ += "!(";
    predicate(*node.operand);
    text_ += ')';
  }

  void print(const GroupNode& node) {
    if (!node.is_and) text_ += '(';
    join(node.operands, node.is_and ? " and " : " or ", [&](const PredicateNode& operand) {
      predicate(operand);
    });
    if (!node.is_and) text_ += ')';
  }

  void print(const ComparisonNode& node) {
    constexpr std::string_view kNames[] = {"==",
                                           "!=",
                                           "IN",
                                           "<",
                                           "<=",
                                           ">",
                                           ">=",
                                           "BEGINSWITH",
                                           "ENDSWITH",
                                           "CONTAINS",
                                           "LIKE",
                                           "TEXT"};
    expression(node.left);
    text_.append(" ").append(kNames[static_cast<std::size_t>(node.op)]);
    if (node.ignore_case) text_ += "[c]";
    text_ += ' ';
    expression(node.right);
  }

  void print(const BetweenNode& node) {
    expression(node.value);
    text_ += " between ";
    print(node.limits);
  }

  void print(const GeoWithinNode& node) {
    expression(node.value);
    text_ += " geowithin ";
    if (const auto* argument = std::get_if<Constant::Argument>(&node.region)) {
      print(*argument);
    } else {
      print(std::get<RegionExpression>(node.region));
    }
  }

  void print(const RegionExpression& region) {
    const auto points = [&](const std::vector<RegionExpression::Point>& ring) {
      join(ring, ", ", [&](const RegionExpression::Point& point) {
        text_ += '[';
        print(point.longitude);
        text_ += ", ";
        print(point.latitude);
        if (point.altitude) text_.append(", ").append(shortest(*point.altitude));
        text_ += ']';
      });
    };
    switch (region.shape) {
      case GeoRegion::Shape::kBox:
        text_ += "geoBox(";
        points(region.rings[0]);
        break;
      case GeoRegion::Shape::kCircle:
        text_ += "geoCircle(";
        points(region.rings[0]);
        text_ += ", ";
        print(region.radius);
        break;
      case GeoRegion::Shape::kPolygon:
        text_ += "geoPolygon(";
        join(region.rings, ", ", [&](const auto& ring) {
          text_ += '{';
          points(ring);
          text_ += '}';
        });
        break;
    }
    text_ += ')';
  }

  void print(const RegionExpression::Coordinate& coordinate) {
    if (coordinate.argument) {
      print(Constant::Argument{*coordinate.argument});
    } else if (std::isinf(coordinate.value)) {
      text_ += coordinate.value < 0 ? "-1e999" : "1e999";
    } else {
      text_ += shortest(coordinate.value);
    }
  }

  void expression(const Expression& node) {
    std::visit([&](const auto& content) { print(content); }, node.data);
  }

  void print(const ConstantExpression& node) {
    print(node.quantifier);
    constant(node.value);
  }

  void print(const ListExpression& node) {
    print(node.quantifier);
    list(node.elements);
  }

  void print(const PathExpression& node) {
    print(node.quantifier);
    print(node.path);
    constexpr std::string_view kSuffixes[] = {"", ".@count", ".@size", ".@type"};
    text_ += kSuffixes[static_cast<std::size_t>(node.suffix)];
  }

  void print(const AggregateExpression& node) {
    print(node.path);
    constexpr std::string_view kNames[] = {".@min", ".@max", ".@sum", ".@avg"};
    text_ += kNames[static_cast<std::size_t>(node.kind)];
    if (!node.property) return;
    text_ += '.';
    print(*node.property);
  }

  void print(const SubqueryExpression& node) {
    text_ += "SUBQUERY(";
    print(node.path);
    text_ += ", ";
    name(node.variable);
    text_ += ", ";
    predicate(*node.predicate);
    text_ += ").@count";
  }

  void print(const ArithmeticExpression& node) {
    constexpr std::string_view kNames[] = {" + ", " - ", " * ", " / "};
    text_ += '(';
    expression(*node.first);
    for (const ArithmeticExpression::Operand& operand : node.rest) {
      text_ += kNames[static_cast<std::size_t>(operand.op)];
      expression(operand.operand);
    }
    text_ += ')';
  }

  void print(Quantifier quantifier) {
    constexpr std::string_view kNames[] = {"", "ANY ", "ALL ", "NONE "};
    text_ += kNames[static_cast<std::size_t>(quantifier)];
  }

  void print(const Path& path) {
    if (path.argument) {
      const Constant* const given = find_argument(*path.argument);
      const auto* const written = given == nullptr ? nullptr : given->as<std::string>();
      text_ += written != nullptr ? *written : "$K" + std::to_string(*path.argument);
      return;
    }
    for (const PathElement& element : path.elements) {
      const bool is_first = &element == &path.elements.front();
      if (!is_first && element.kind <= PathElement::Kind::kValues) text_ += '.';
      print(element);
    }
  }

  void print(const PathElement& element) {
    switch (element.kind) {
      case PathElement::Kind::kName: return name(element.text);
      case PathElement::Kind::kLinks: text_ += "@links"; return;
      case PathElement::Kind::kKeys: text_ += "@keys"; return;
      case PathElement::Kind::kValues: text_ += "@values"; return;
      case PathElement::Kind::kIndex:
        text_.append("[").append(std::to_string(element.index)).append("]");
        return;
      case PathElement::Kind::kFirst: text_ += "[FIRST]"; return;
      case PathElement::Kind::kLast: text_ += "[LAST]"; return;
      case PathElement::Kind::kEach: text_ += "[*]"; return;
      case PathElement::Kind::kKey:
        text_ += '[';
        string(element.text);
        text_ += ']';
        return;
      case PathElement::Kind::kArgument:
        text_ += '[';
        print(Constant::Argument{static_cast<std::uint32_t>(element.index)});
        text_ += ']';
        return;
    }
  }

  void name(std::string_view name) {
    for (const char c : name) {
      switch (c) {
        case ' ': text_ += "\\ "; break;
        case '\n': text_ += "\\n"; break;
        case '\r': text_ += "\\r"; break;
        case '\t': text_ += "\\t"; break;
        default: text_ += c;
      }
    }
  }

  void string(std::string_view value) {
    const bool is_plain =
        is_valid_utf8(value) && std::ranges::none_of(value, [](char c) {
          const auto byte = static_cast<unsigned char>(c);
          return byte < 0x20 || byte == 0x7F || c == '"' || c == '\'' || c == '\\';
        });
    if (is_plain) {
      text_.append("\"").append(value).append("\"");
    } else {
      text_.append("B64\"").append(to_base64(as_bytes(value))).append("\"");
    }
  }

  void list(const std::vector<Constant>& elements) {
    text_ += '{';
    join(elements, ", ", [&](const Constant& element) { constant(element); });
    text_ += '}';
  }

  void constant(const Constant& value) {
    std::visit([&](const auto& content) { print(content); }, value.data);
  }

  void print(Constant::Null) { text_ += "NULL"; }
  void print(bool value) { text_ += value ? "true" : "false"; }
  void print(std::int64_t value) { text_ += std::to_string(value); }
  void print(const Constant::Floating& value) {
    if (!value.text.empty()) {
      text_ += value.text;
    } else if (std::isinf(value.value)) {
      text_ += value.value < 0 ? "-inf" : "inf";
      return;
    } else if (std::isnan(value.value)) {
      text_ += "nan";
      return;
    } else {
      text_ += value.is_single ? shortest(static_cast<float>(value.value)) : shortest(value.value);
    }
    if (value.is_single) text_ += 'f';
  }
  void print(const std::string& value) { string(value); }
  void print(const Constant::Binary& value) {
    text_ += "binary(";
    string(value.bytes);
    text_ += ')';
  }
  void print(const Timestamp& value) {
    text_.append("T").append(std::to_string(value.seconds));
    text_.append(":").append(std::to_string(value.nanoseconds));
  }
  void print(const Constant::BadTimestamp& value) { text_ += value.text; }
  void print(const Decimal128& value) { text_ += to_string(value); }
  void print(const ObjectId& value) { text_.append("oid(").append(to_string(value)).append(")"); }
  void print(const Uuid& value) { text_.append("uuid(").append(to_string(value)).append(")"); }
  void print(const Constant::Object& value) {
    text_ += "obj(";
    string(value.class_name);
    text_ += ", ";
    constant(*value.key);
    text_ += ')';
  }
  void print(const Constant::Argument& value) {
    if (const Constant* const given = find_argument(value.index)) {
      constant(*given);
    } else {
      text_.append("$").append(std::to_string(value.index));
    }
  }
  [[nodiscard]] const Constant* find_argument(std::uint32_t index) const {
    return index < arguments_.size() ? &arguments_[index] : nullptr;
  }
  void print(const ObjectHandle& value) {
    text_.append("L").append(std::to_string(value.class_id));
    text_.append(":").append(std::to_string(value.row));
  }
  void print(const Constant::List& value) { list(value); }
  void print(const GeoRegion& value) {
    RegionExpression region;
    region.shape = value.shape;
    region.radius.value = value.radius;
    for (const auto& ring : value.rings) {
      auto& points = region.rings.emplace_back();
      for (const GeoPoint point : ring) {
        points.push_back({{point.longitude, {}}, {point.latitude, {}}, {}});
      }
    }
    print(region);
  }

  void print(const SortNode& node) {
    text_ += "SORT(";
    join(node.keys, ", ", [&](const SortNode::Key& key) {
      print(key.path);
      text_ += key.ascending ? " ASC" : " DESC";
    });
    text_ += ')';
  }
  void print(const DistinctNode& node) {
    text_ += "DISTINCT(";
    join(node.paths, ", ", [&](const Path& path) { print(path); });
    text_ += ')';
  }
  void print(const LimitNode& node) {
    text_.append("LIMIT(").append(std::to_string(node.count)).append(")");
  }

  template <typename Range, typename PrintOne>
  void join(const Range& range, std::string_view separator, PrintOne&& print_one) {
    bool is_first = true;
    for (const auto& element : range) {
      if (!is_first) text_ += separator;
      is_first = false;
      print_one(element);
    }
  }

  std::span<const Constant> arguments_;
  std::string text_;
};

}  // namespace

std::string print(const Ast& query, std::span<const Constant> arguments) {
  Printer printer(arguments);
  printer.query(query);
  return printer.take();
}

std::string print(const PredicateNode& predicate, std::span<const Constant> arguments) {
  Printer printer(arguments);
  printer.predicate(predicate);
  return printer.take();
}

}  // namespace tombolo::query
