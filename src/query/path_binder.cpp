#include "query/path_binder.h"

#include <algorithm>
#include <cmath>

#include "query/parser.h"

namespace tombolo::query {
namespace {

using ElementKind = PathElement::Kind;
using StepKind = BoundStep::Kind;
using Values = BoundPath::Values;

bool is_length(std::string_view name) noexcept {
  return std::ranges::equal(name, std::string_view("length"), {}, [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
}

/// An element whose argument, if it has one, is put in its place.
PathElement resolve_argument(const BindContext& context, const PathElement& element) {
  if (element.kind != ElementKind::kArgument) return element;
  const Constant& argument =
      context.argument(static_cast<std::uint32_t>(element.index), element.position);
  PathElement resolved = element;
  if (const auto* key = argument.as<std::string>()) {
    resolved.kind = ElementKind::kKey;
    resolved.text = *key;
    return resolved;
  }
  std::optional<std::int64_t> index;
  if (const auto* integer = argument.as<std::int64_t>()) index = *integer;
  // JavaScript has no other numbers.
  constexpr double kIndexMax = 1e15;
  if (const auto* number = argument.as<Constant::Floating>();
      number != nullptr && std::abs(number->value) < kIndexMax &&
      std::trunc(number->value) == number->value) {
    index = static_cast<std::int64_t>(number->value);
  }
  if (!index || *index < 0) {
    fail_binding(element.position,
                 "Invalid index: argument $" + std::to_string(element.index) +
                     " is neither a key nor a position");
  }
  resolved.kind = ElementKind::kIndex;
  resolved.index = static_cast<std::uint64_t>(*index);
  return resolved;
}

/// Follows a path element by element.
class PathBinder {
 public:
  PathBinder(const BindContext& context, std::size_t class_index)
      : context_(context),
        class_index_(class_index) {}

  PathTarget bind(const std::vector<PathElement>& elements, std::size_t first) {
    for (std::size_t i = first; i < elements.size(); ++i) {
      const PathElement element = resolve_argument(context_, elements[i]);
      if (element.kind == ElementKind::kLinks) {
        if (target_.open_collection) enter();
        if (!class_index_) refuse(element);
        if (i + 1 == elements.size()) {
          target_.counts_backlinks = true;
          target_.type = {StaticType::Kind::kInt, {}};
          break;
        }
        if (i + 2 >= elements.size() || elements[i + 1].kind != ElementKind::kName ||
            elements[i + 2].kind != ElementKind::kName) {
          fail_binding(element.position, "'@links' is followed by a class and its property");
        }
        follow_backlinks(elements[i + 1], elements[i + 2]);
        i += 2;
      } else if (target_.open_collection) {
        follow_in_collection(element);
      } else if (class_index_) {
        follow_in_object(element);
      } else if (target_.type.is(StaticType::Kind::kMixed) ||
                 target_.type.is(StaticType::Kind::kLink)) {
        follow_in_mixed(element);
      } else {
        refuse(element);
      }
    }
    if (target_.ends_in_index && target_.type.is(StaticType::Kind::kLink) &&
        target_.last_collection) {
      fail_binding(elements.back().position,
                   "Comparing an object at an index of a list is not supported: name a property");
    }
    return std::move(target_);
  }

 private:
  [[noreturn]] void refuse(const PathElement& element) const {
    const std::string place = describe();
    if (element.kind == ElementKind::kName || element.kind == ElementKind::kLinks ||
        element.kind == ElementKind::kKeys || element.kind == ElementKind::kValues) {
      fail_binding(element.position,
                   place + " is no object and has no property '" + shown(element) + "'");
    }
    fail_binding(element.position, place + " does not support index '" + shown(element) + "'");
  }

  static std::string shown(const PathElement& element) {
    switch (element.kind) {
      case ElementKind::kLinks: return "@links";
      case ElementKind::kKeys: return "@keys";
      case ElementKind::kValues: return "@values";
      case ElementKind::kIndex: return std::to_string(element.index);
      case ElementKind::kFirst: return "FIRST";
      case ElementKind::kLast: return "LAST";
      case ElementKind::kEach: return "*";
      default: return excerpt(element.text);
    }
  }

  [[nodiscard]] std::string describe() const {
    if (target_.property == nullptr) return "An object";
    return "Property '" + target_.property->name + "' of type '" + target_.owner->name + "'";
  }

  BoundStep& step(StepKind kind) {
    BoundStep& added = target_.path.steps.emplace_back();
    added.kind = kind;
    return added;
  }

  void make_many() { target_.path.values = Values::kMany; }
  void enter() {
    target_.enter_collection();
    set_object_state();
  }
  /// After a step to a value of the current type: its properties can be named if it is an object.
  void set_object_state() {
    class_index_ =
        target_.type.is(StaticType::Kind::kLink) ? target_.type.class_index : std::nullopt;
  }

  void follow_in_object(const PathElement& element) {
    const QueryClass& owner = context_.class_at(*class_index_);
    if (element.kind != ElementKind::kName) {
      if (element.kind == ElementKind::kKeys || element.kind == ElementKind::kValues) {
        refuse(element);
      }
      fail_binding(element.position,
                   describe() + " does not support index '" + shown(element) + "'");
    }
    const QueryProperty* property = owner.find_property(element.text);
    if (property == nullptr) {
      fail_binding(element.position,
                   "'" + owner.name + "' has no property '" + excerpt(element.text) + "'");
    }
    target_.property = property;
    target_.owner = &owner;
    target_.ends_in_index = false;
    target_.ends_in_backlinks = false;
    target_.is_typed_key = false;
    if (property->origin) {
      add_backlinks(property->origin->class_index, property->origin->property_id);
      return;
    }
    step(StepKind::kProperty).property = property->id;
    target_.path.steps.back().class_id = owner.id;
    target_.type = {static_kind(property->type), property->target};
    if (property->collection != CollectionType::kSingle) {
      target_.open_collection = property->collection;
      class_index_.reset();
    } else {
      set_object_state();
    }
  }

  void follow_backlinks(const PathElement& class_name, const PathElement& name) {
    const auto origin = context_.schema.find_class(class_name.text);
    if (!origin) {
      fail_binding(class_name.position,
                   "No class '" + excerpt(class_name.text) + "' found for '@links'");
    }
    const QueryClass& owner = context_.class_at(*origin);
    const QueryProperty* property = owner.find_property(name.text);
    const bool links_here = property != nullptr && property->type == PropertyType::kLink &&
                            !property->origin && property->target == class_index_;
    if (!links_here) {
      fail_binding(name.position,
                   "No property '" + excerpt(name.text) + "' found in type '" + owner.name +
                       "' which links to type '" + context_.class_at(*class_index_).name + "'");
    }
    target_.property = nullptr;
    add_backlinks(*origin, property->id);
  }

  void add_backlinks(std::size_t origin_class, std::uint32_t property_id) {
    BoundStep& added = step(StepKind::kBacklinks);
    added.class_id = context_.class_at(origin_class).id;
    added.property = property_id;
    target_.type = {StaticType::Kind::kLink, origin_class};
    target_.ends_in_backlinks = true;
    target_.ends_in_index = false;
    target_.last_collection = CollectionType::kList;
    class_index_ = origin_class;
    make_many();
  }

  void follow_in_collection(const PathElement& element) {
    const CollectionType collection = *target_.open_collection;
    if (collection == CollectionType::kDictionary) return follow_in_dictionary(element);
    switch (element.kind) {
      case ElementKind::kEach: return enter();
      case ElementKind::kName:
        if (target_.type.is(StaticType::Kind::kLink)) {
          enter();
          if (!class_index_) return follow_in_mixed(element);
          return follow_in_object(element);
        }
        if (is_length(element.text) && target_.type.is_text()) {
          enter();
          target_.is_lengths = true;
          target_.type = {StaticType::Kind::kInt, {}};
          return;
        }
        refuse(element);
      case ElementKind::kIndex:
      case ElementKind::kFirst:
      case ElementKind::kLast:
        if (collection == CollectionType::kSet) refuse(element);
        return take_element(element);
      default: refuse(element);
    }
  }

  void take_element(const PathElement& element) {
    BoundStep& added =
        step(element.kind == ElementKind::kLast ? StepKind::kLast : StepKind::kIndex);
    added.index = element.kind == ElementKind::kIndex ? element.index : 0;
    added.needs_element = target_.type.is(StaticType::Kind::kLink);
    if (target_.path.values == Values::kOne) target_.path.values = Values::kListOfOne;
    target_.last_collection = target_.open_collection;
    target_.open_collection.reset();
    target_.ends_in_index = true;
    set_object_state();
  }

  void follow_in_dictionary(const PathElement& element) {
    switch (element.kind) {
      case ElementKind::kName:
      case ElementKind::kKey: {
        step(StepKind::kKey).key = element.text;
        target_.last_collection = target_.open_collection;
        target_.open_collection.reset();
        target_.is_typed_key =
            !target_.type.is(StaticType::Kind::kMixed) && !target_.type.is(StaticType::Kind::kLink);
        set_object_state();
        return;
      }
      case ElementKind::kKeys:
        step(StepKind::kKeys);
        make_many();
        target_.path.ends_in_keys = true;
        target_.last_collection = target_.open_collection;
        target_.open_collection.reset();
        target_.type = {StaticType::Kind::kString, {}};
        return;
      case ElementKind::kValues:
      case ElementKind::kEach: return enter();
      default: refuse(element);
    }
  }

  void follow_in_mixed(const PathElement& element) {
    target_.type = {StaticType::Kind::kMixed, {}};
    target_.ends_in_index = false;
    target_.is_typed_key = false;
    switch (element.kind) {
      case ElementKind::kName: step(StepKind::kMixedName).key = element.text; return;
      case ElementKind::kKey: step(StepKind::kMixedKey).key = element.text; return;
      case ElementKind::kIndex: step(StepKind::kMixedIndex).index = element.index; return;
      case ElementKind::kFirst: step(StepKind::kMixedIndex); return;
      case ElementKind::kLast: step(StepKind::kMixedLast); return;
      case ElementKind::kEach: step(StepKind::kMixedEach); return make_many();
      case ElementKind::kKeys:
        step(StepKind::kMixedKeys);
        target_.path.ends_in_keys = true;
        return make_many();
      default: refuse(element);
    }
  }

  const BindContext& context_;
  /// Set while the path stands at objects whose properties come next.
  std::optional<std::size_t> class_index_;
  PathTarget target_;
};

}  // namespace

void PathTarget::enter_collection() {
  if (!open_collection) return;
  path.steps.emplace_back().kind = StepKind::kElements;
  path.values = Values::kMany;
  last_collection = open_collection;
  open_collection.reset();
}

PathExpression resolve_path(const BindContext& context, const Path& path) {
  if (!path.argument) return {Quantifier::kUnwritten, path, PathExpression::Suffix::kNone};
  const auto* text = context.argument(*path.argument, path.position).as<std::string>();
  if (text == nullptr) {
    fail_binding(
        path.position,
        "Argument $K" + std::to_string(*path.argument) + " must be a key path in a string");
  }
  Result<PathExpression> parsed = parse_key_path(*text);
  if (!parsed) fail_binding(path.position, parsed.error().message());
  // Errors are about the place where the argument is used.
  for (PathElement& element : parsed->path.elements) {
    if (element.kind == ElementKind::kArgument) {
      fail_binding(path.position, "A key path in an argument holds no arguments");
    }
    element.position = path.position;
  }
  if (parsed->path.argument) {
    fail_binding(path.position, "A key path in an argument holds no arguments");
  }
  parsed->path.position = path.position;
  return std::move(*parsed);
}

PathTarget bind_path(const BindContext& context, const BindScope& scope, const Path& path) {
  const bool begins_with_variable = !scope.variable.empty() &&
                                    path.elements[0].kind == ElementKind::kName &&
                                    path.elements[0].text == scope.variable;
  if (begins_with_variable && path.elements.size() == 1) {
    fail_binding(path.position,
                 "The subquery variable '" + std::string(scope.variable) +
                     "' must be followed by a property");
  }
  PathBinder binder(context, scope.class_index);
  return binder.bind(path.elements, begins_with_variable ? 1 : 0);
}

std::optional<BoundPath> bind_order_path(const BindContext& context,
                                         std::size_t class_index,
                                         const Path& path,
                                         std::string_view clause) {
  std::optional<std::size_t> current = class_index;
  BoundPath bound;
  for (std::size_t i = 0; i < path.elements.size(); ++i) {
    const PathElement element = resolve_argument(context, path.elements[i]);
    const bool is_last = i + 1 == path.elements.size();
    if (element.kind != ElementKind::kName || !current) {
      fail_binding(element.position,
                   "Only properties, to-one links and a dictionary's key can stand in '" +
                       std::string(clause) + "'");
    }
    const QueryClass& owner = context.class_at(*current);
    const QueryProperty* property = owner.find_property(element.text);
    if (property == nullptr || property->origin) {
      fail_binding(element.position,
                   "No property '" + excerpt(element.text) + "' found on object type '" +
                       owner.name + "' specified in '" + std::string(clause) + "' clause");
    }
    BoundStep& step = bound.steps.emplace_back();
    step.property = property->id;
    step.class_id = owner.id;
    if (property->collection == CollectionType::kDictionary && !is_last) {
      const PathElement key = resolve_argument(context, path.elements[i + 1]);
      const bool is_key = key.kind == ElementKind::kName || key.kind == ElementKind::kKey;
      if (!is_key || i + 2 != path.elements.size()) {
        fail_binding(key.position,
                     "A dictionary in '" + std::string(clause) + "' is followed by one key");
      }
      BoundStep& key_step = bound.steps.emplace_back();
      key_step.kind = StepKind::kKey;
      key_step.key = key.text;
      return bound;
    }
    if (property->collection != CollectionType::kSingle) {
      // The rest of the path is checked all the same.
      if (!is_last && path.elements[i + 1].kind != ElementKind::kName) {
        fail_binding(path.elements[i + 1].position,
                     "No index can stand in '" + std::string(clause) + "'");
      }
      context.fail_reading(element.position,
                           is_last ? "Cannot sort on a collection property"
                                   : "All but last property must be a link");
      return std::nullopt;
    }
    current = property->type == PropertyType::kLink ? property->target : std::nullopt;
  }
  return bound;
}

}  // namespace tombolo::query
