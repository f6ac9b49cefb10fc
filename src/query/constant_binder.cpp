#include "query/constant_binder.h"

#include <charconv>
#include <cmath>

#include "query/lexer.h"
#include "query/parser.h"
#include "query/printer.h"

namespace tombolo::query {
namespace {

using Kind = StaticType::Kind;

/// Turns one constant into a value beside values of one type.
class Conversion {
 public:
  Conversion(const BindContext& context,
             const PendingConstant& constant,
             const StaticType& target,
             bool in_list)
      : context_(context),
        constant_(constant),
        target_(target),
        in_list_(in_list) {}

  BoundValue run() {
    return std::visit([&](const auto& content) { return convert(content); }, constant_.value->data);
  }

 private:
  /// Whether nothing is known of the other side, so that the constant stays as it is.
  [[nodiscard]] bool is_free() const { return target_.is(Kind::kMixed) || target_.is(Kind::kNull); }

  BoundValue mismatch(Value as_it_stands) const {
    if (in_list_) return {as_it_stands, {}};
    refuse();
  }

  [[noreturn]] void refuse() const {
    const std::string_view type = to_string(target_.kind);
    if (constant_.argument) {
      const PredicateNode shown{ComparisonNode{
          CompareOperator::kEqual, false, {}, {ConstantExpression{{}, *constant_.value}, {}}, {}}};
      // "NULL == value": what follows is the value as the language writes it.
      const std::string text = print(shown);
      fail_binding(constant_.position,
                   "Cannot compare argument $" + std::to_string(*constant_.argument) +
                       " with value '" + excerpt(text.substr(text.find("== ") + 3)) + "' to a " +
                       std::string(type));
    }
    fail_binding(constant_.position,
                 "Unsupported comparison between type '" + std::string(type) + "' and type '" +
                     std::string(to_string(native_type(*constant_.value).kind)) + "'");
  }

  BoundValue convert(Constant::Null) const { return {}; }

  BoundValue convert(bool value) const {
    const Value result = Value::of_bool(value);
    return is_free() || target_.is(Kind::kBool) ? BoundValue{result, {}} : mismatch(result);
  }

  BoundValue convert(std::int64_t value) const {
    const Value result = Value::of_int(value);
    return is_free() || target_.is_number() ? BoundValue{result, {}} : mismatch(result);
  }

  BoundValue convert(const Constant::Floating& number) const {
    const double value = number.value;
    const Value result =
        number.is_single ? Value::of_float(static_cast<float>(value)) : Value::of_double(value);
    switch (target_.kind) {
      case Kind::kInt: {
        if (std::isinf(value) && !in_list_) refuse_infinity();
        constexpr double kTwoTo63 = 9'223'372'036'854'775'808.0;
        const bool is_int = value >= -kTwoTo63 && value < kTwoTo63 && std::trunc(value) == value;
        return {is_int ? Value::of_int(static_cast<std::int64_t>(value)) : result, {}};
      }
      case Kind::kFloat: return {Value::of_float(static_cast<float>(value)), {}};
      case Kind::kDecimal:
        // A literal is read again, so that no digit is lost.
        if (const auto exact = round_to_decimal128(number.text)) {
          return {Value::of_decimal(*exact), {}};
        }
        return {result, {}};
      case Kind::kDouble:
      case Kind::kMixed:
      case Kind::kNull: return {result, {}};
      default:
        if (std::isinf(value) && !in_list_) refuse_infinity();
        return mismatch(result);
    }
  }

  [[noreturn]] void refuse_infinity() const {
    fail_binding(constant_.position,
                 "Infinity not supported for " + std::string(to_string(target_.kind)));
  }

  BoundValue convert(const std::string& text) const {
    switch (target_.kind) {
      case Kind::kString:
      case Kind::kMixed:
      case Kind::kNull: return {Value::of_string(context_.keep(text)), {}};
      case Kind::kTypes:
        if (const auto types = parse_type_name(text)) return {Value::of_types(*types), {}};
        fail_binding(constant_.position,
                     "Unable to parse the type '" + excerpt(text) +
                         "'; the names of types are: " + std::string(type_names()));
      case Kind::kInt:
      case Kind::kFloat:
      case Kind::kDouble:
      case Kind::kDecimal:
        if (const auto number = convert_number(text)) return {*number, {}};
        return mismatch(Value::of_string(context_.keep(text)));
      default: return mismatch(Value::of_string(context_.keep(text)));
    }
  }

  /// The number that a text spells, in the type of the other side.
  [[nodiscard]] std::optional<Value> convert_number(const std::string& text) const {
    const auto number = parse_floating(text);
    if (!number) return std::nullopt;
    if (target_.is(Kind::kFloat)) return Value::of_float(static_cast<float>(*number));
    if (target_.is(Kind::kDouble)) return Value::of_double(*number);
    if (target_.is(Kind::kDecimal)) {
      const auto decimal = round_to_decimal128(text);
      return decimal ? std::optional(Value::of_decimal(*decimal)) : std::nullopt;
    }
    // The whole number at the beginning of the text is what counts.
    const std::size_t sign = text.starts_with('+') ? 1 : 0;
    std::int64_t whole = 0;
    const auto read = std::from_chars(text.data() + sign, text.data() + text.size(), whole);
    if (read.ec == std::errc::invalid_argument) return std::nullopt;
    if (read.ec == std::errc::result_out_of_range) {
      whole = text.starts_with('-') ? INT64_MIN : INT64_MAX;
    }
    return Value::of_int(whole);
  }

  BoundValue convert(const Constant::Binary& value) const {
    const Value result = Value::of_binary(context_.keep(value.bytes));
    return is_free() || target_.is(Kind::kBinary) ? BoundValue{result, {}} : mismatch(result);
  }

  BoundValue convert(Timestamp value) const {
    const Value result = Value::of_timestamp(value);
    return is_free() || target_.is(Kind::kTimestamp) ? BoundValue{result, {}} : mismatch(result);
  }

  BoundValue convert(const Constant::BadTimestamp& value) const {
    using Reason = Constant::BadTimestamp::Reason;
    switch (value.reason) {
      case Reason::kMixedSigns:
        fail_binding(
            constant_.position,
            "Invalid timestamp format: the parts of '" + value.text + "' must have the same sign");
      case Reason::kBefore1900:
        fail_binding(constant_.position, "Conversion of dates before 1900 is not supported.");
      case Reason::kOutOfRange: break;
    }
    fail_binding(constant_.position, "Invalid timestamp format: '" + value.text + "' is too large");
  }

  BoundValue convert(const Decimal128& value) const {
    const Value result = Value::of_decimal(value);
    return is_free() || target_.is_number() ? BoundValue{result, {}} : mismatch(result);
  }

  BoundValue convert(const ObjectId& value) const {
    const Value result = Value::of_object_id(value);
    return is_free() || target_.is(Kind::kObjectId) ? BoundValue{result, {}} : mismatch(result);
  }

  BoundValue convert(const Uuid& value) const {
    const Value result = Value::of_uuid(value);
    return is_free() || target_.is(Kind::kUuid) ? BoundValue{result, {}} : mismatch(result);
  }

  BoundValue convert(const Constant::Object& value) const {
    std::string_view name = value.class_name;
    auto class_index = context_.schema.find_class(name);
    constexpr std::string_view kInternalPrefix = "class_";
    if (!class_index && name.starts_with(kInternalPrefix)) {
      class_index = context_.schema.find_class(name.substr(kInternalPrefix.size()));
    }
    if (!class_index) {
      fail_binding(constant_.position, "Unknown object type '" + excerpt(name) + "'");
    }
    if (!check_class(*class_index)) return {Value(), {}};
    return {Value(), find_key(*class_index, *value.key)};
  }

  /// The object with a primary key; a key of another type is nobody's.
  [[nodiscard]] std::optional<BoundConstant::Object> find_key(std::size_t class_index,
                                                              const Constant& key) const {
    const QueryClass& owner = context_.class_at(class_index);
    const QueryProperty* property = owner.find_property(owner.primary_key);
    const Constant* resolved = &key;
    if (const auto* argument = key.as<Constant::Argument>()) {
      resolved = &context_.argument(argument->index, constant_.position);
    }
    if (property == nullptr || resolved->as<Constant::Object>() != nullptr) return std::nullopt;
    const StaticType type{static_kind(property->type), {}};
    const BoundValue value =
        bind_constant(context_, {resolved, {}, constant_.position}, type, true);
    const bool fits =
        value.value.is_null() ? property->nullable : static_kind(value.value) == type.kind;
    if (!fits) return std::nullopt;
    return BoundConstant::Object{0, owner.id, value.value};
  }

  BoundValue convert(const ObjectHandle& object) const {
    for (std::size_t i = 0; i < context_.schema.classes.size(); ++i) {
      if (context_.schema.classes[i].id != object.class_id) continue;
      if (!check_class(i)) return {Value(), {}};
      return {Value::of_link(object), {}};
    }
    fail_binding(constant_.position, "The object is of a class that the schema does not have");
  }

  /// Whether an object of the class can be met on the other side.
  [[nodiscard]] bool check_class(std::size_t class_index) const {
    if (is_free()) return true;
    if (!target_.is(Kind::kLink)) {
      if (in_list_) return false;
      refuse();
    }
    if (!target_.class_index || *target_.class_index == class_index) return true;
    if (in_list_) return false;
    fail_binding(constant_.position,
                 "The relationship leads to objects of type '" +
                     context_.class_at(*target_.class_index).name +
                     "' and cannot be compared with an object of type '" +
                     context_.class_at(class_index).name + "'");
  }

  BoundValue convert(const Constant::Argument& argument) const {
    const Constant& value = context_.argument(argument.index, constant_.position);
    return Conversion(context_, {&value, argument.index, constant_.position}, target_, in_list_)
        .run();
  }

  BoundValue convert(const Constant::List&) const {
    fail_binding(constant_.position, "A list cannot stand where one value is expected");
  }
  BoundValue convert(const GeoRegion&) const {
    fail_binding(constant_.position, "A region can only stand beside GEOWITHIN");
  }

  const BindContext& context_;
  const PendingConstant constant_;
  const StaticType& target_;
  const bool in_list_;
};

double coordinate(const BindContext& context,
                  const RegionExpression::Coordinate& coordinate,
                  TextPosition position) {
  if (!coordinate.argument) return coordinate.value;
  const Constant& argument = context.argument(*coordinate.argument, position);
  if (const auto* integer = argument.as<std::int64_t>()) return static_cast<double>(*integer);
  if (const auto* number = argument.as<Constant::Floating>()) return number->value;
  fail_binding(position,
               "Argument $" + std::to_string(*coordinate.argument) + " must be a coordinate");
}

GeoRegion to_region(const BindContext& context,
                    const RegionExpression& written,
                    TextPosition position) {
  GeoRegion region;
  region.shape = written.shape;
  for (const auto& points : written.rings) {
    auto& ring = region.rings.emplace_back();
    for (const RegionExpression::Point& point : points) {
      ring.push_back({coordinate(context, point.longitude, position),
                      coordinate(context, point.latitude, position)});
    }
  }
  region.radius = coordinate(context, written.radius, position);
  return region;
}

}  // namespace

BoundValue bind_constant(const BindContext& context,
                         const PendingConstant& constant,
                         const StaticType& target,
                         bool in_list) {
  return Conversion(context, constant, target, in_list).run();
}

StaticType native_type(const Constant& constant) noexcept {
  struct Types {
    Kind operator()(Constant::Null) const { return Kind::kNull; }
    Kind operator()(bool) const { return Kind::kBool; }
    Kind operator()(std::int64_t) const { return Kind::kInt; }
    Kind operator()(const Constant::Floating& number) const {
      return number.is_single ? Kind::kFloat : Kind::kDouble;
    }
    Kind operator()(const std::string&) const { return Kind::kString; }
    Kind operator()(const Constant::Binary&) const { return Kind::kBinary; }
    Kind operator()(Timestamp) const { return Kind::kTimestamp; }
    Kind operator()(const Constant::BadTimestamp&) const { return Kind::kTimestamp; }
    Kind operator()(const Decimal128&) const { return Kind::kDecimal; }
    Kind operator()(const ObjectId&) const { return Kind::kObjectId; }
    Kind operator()(const Uuid&) const { return Kind::kUuid; }
    Kind operator()(const Constant::Object&) const { return Kind::kLink; }
    Kind operator()(const ObjectHandle&) const { return Kind::kLink; }
    Kind operator()(const Constant::Argument&) const { return Kind::kMixed; }
    Kind operator()(const Constant::List&) const { return Kind::kMixed; }
    Kind operator()(const GeoRegion&) const { return Kind::kMixed; }
  };
  return {std::visit(Types{}, constant.data), {}};
}

GeoShape bind_region(const BindContext& context, const GeoWithinNode& node) {
  const TextPosition position = node.region_position;
  if (const auto* written = std::get_if<RegionExpression>(&node.region)) {
    Result<GeoShape> shape = GeoShape::make(to_region(context, *written, position));
    if (shape) return std::move(*shape);
    fail_binding(position,
                 "Invalid region in GEOWITHIN query for parameter: " + shape.error().message());
  }
  const Constant& argument =
      context.argument(std::get<Constant::Argument>(node.region).index, position);
  std::optional<GeoRegion> region;
  if (const auto* given = argument.as<GeoRegion>()) region = *given;
  if (const auto* text = argument.as<std::string>()) {
    if (const Result<RegionExpression> parsed = parse_region(*text)) {
      region = to_region(context, *parsed, position);
    }
  }
  if (!region) {
    fail_binding(position,
                 "The right hand side of 'geoWithin' must be a geospatial constant value");
  }
  Result<GeoShape> shape = GeoShape::make(*region);
  if (shape) return std::move(*shape);
  fail_binding(position,
               "The Geospatial query argument region is invalid: " + shape.error().message());
}

}  // namespace tombolo::query
