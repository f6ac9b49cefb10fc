#include <algorithm>
#include <cctype>
#include <deque>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "merge/merge_step.h"

/// The rules of lists, pair by pair: docs/merge-rules.md, rules 16 to 25 and 32.

namespace tombolo::merge {
namespace {

/// An edit and the memory that it needs.
struct Noted {
  Edit edit;
  std::vector<PathElement> path;
};

/// Reads an edit of a list of numbers or of lists:
///
///     IN 2 p4        inserts at 2 into a list of 4        UP 1 p4    writes element 1
///     ER 1 p4        erases element 1                     MV 0>3 p4  moves 0 to 3
///     IN 1/0 p5      inserts at 0 into the list that is element 1
///     CL             empties the list                     CL 1       empties its element 1
///
/// `@3` at the end is the timestamp; without it, it is `timestamp`.
void read(const std::string& text, std::uint32_t timestamp, Noted& noted) {
  std::istringstream words(text);
  std::string kind;
  words >> kind;
  Edit& edit = noted.edit;
  edit.rank = {OriginTimestamp(timestamp), ClientFileIdent()};
  edit.opcode = kind == "IN"   ? Opcode::kArrayInsert
                : kind == "ER" ? Opcode::kArrayErase
                : kind == "MV" ? Opcode::kArrayMove
                : kind == "UP" ? Opcode::kUpdate
                               : Opcode::kClear;
  edit.collection = CollectionType::kList;
  edit.value.type = PayloadType::kInt;
  std::string word;
  while (words >> word) {
    if (word[0] == 'p') {
      edit.prior_size = static_cast<std::uint32_t>(std::stoul(word.substr(1)));
    } else if (word[0] == '@') {
      edit.rank = {OriginTimestamp(std::stoul(word.substr(1))), ClientFileIdent()};
    } else {
      std::istringstream numbers(word);
      std::uint32_t number = 0;
      while (numbers >> number) {
        noted.path.push_back(PathElement::index(number));
        const int separator = numbers.get();
        if (separator == '>') numbers >> edit.move_to;
      }
    }
  }
  edit.path = noted.path;
}

/// The same notation, without timestamp; "-" for a discarded edit.
std::string written(const Edit& edit) {
  if (edit.discarded) return "-";
  const char* const kind = edit.opcode == Opcode::kArrayInsert  ? "IN"
                           : edit.opcode == Opcode::kArrayErase ? "ER"
                           : edit.opcode == Opcode::kArrayMove  ? "MV"
                           : edit.opcode == Opcode::kUpdate     ? "UP"
                                                                : "CL";
  std::string text = kind;
  for (std::size_t i = 0; i < edit.path.size(); ++i) {
    text += (i == 0 ? " " : "/") + std::to_string(edit.path[i].position());
  }
  if (edit.opcode == Opcode::kArrayMove) text += ">" + std::to_string(edit.move_to);
  if (edit.opcode != Opcode::kClear) text += " p" + std::to_string(edit.prior_size);
  return text;
}

struct Outcomes {
  std::string local;
  std::string incoming;

  friend bool operator==(const Outcomes&, const Outcomes&) = default;
};
void PrintTo(const Outcomes& outcomes, std::ostream* out) {
  *out << outcomes.local << " and " << outcomes.incoming;
}

std::string without_timestamp(const std::string& text) {
  return text.substr(0, text.find(" @"));
}

/// Lets two edits meet; `local` is made at 1 and `incoming` at 2 unless they say otherwise.
Outcomes meet(const std::string& local, const std::string& incoming, bool swapped = false) {
  const DeployedRules deployed;
  Side nothing;
  SetErasePlaces places(Sides{nothing, nothing});
  std::deque<Edit> prepended;
  Meeting meeting{.deployed = deployed, .set_erase_places = places, .prepended = prepended};
  Noted left;
  Noted right;
  read(local, 1, left);
  read(incoming, 2, right);
  const Fault fault = swapped ? merge_step(right.edit, left.edit, meeting)
                              : merge_step(left.edit, right.edit, meeting);
  if (fault != Fault::kNone) return {"bad", "bad"};
  return {written(left.edit), written(right.edit)};
}

struct Vector {
  const char* local;
  const char* incoming;
  const char* local_after;
  const char* incoming_after;
};

constexpr Vector kVectors[] = {
    {"IN 2 p4", "IN 2 p4", "IN 2 p5", "IN 3 p5"},
    {"IN 2 p4 @2", "IN 2 p4 @1", "IN 3 p5", "IN 2 p5"},
    {"IN 1 p4", "IN 3 p4", "IN 1 p5", "IN 4 p5"},
    {"IN 4 p4", "IN 0 p4", "IN 5 p5", "IN 0 p5"},
    {"IN 2 p4", "UP 1 p4", "IN 2 p4", "UP 1 p5"},
    {"IN 2 p4", "UP 2 p4", "IN 2 p4", "UP 3 p5"},
    {"IN 2 p4", "ER 1 p4", "IN 1 p3", "ER 1 p5"},
    {"IN 2 p4", "ER 2 p4", "IN 2 p3", "ER 3 p5"},
    {"IN 2 p4", "ER 3 p4", "IN 2 p3", "ER 4 p5"},
    {"ER 1 p4", "ER 1 p4", "-", "-"},
    {"ER 1 p4", "ER 3 p4", "ER 1 p3", "ER 2 p3"},
    {"ER 1 p4", "UP 1 p4", "ER 1 p4", "-"},
    {"ER 1 p4", "UP 2 p4", "ER 1 p4", "UP 1 p3"},
    {"ER 1 p4", "UP 0 p4", "ER 1 p4", "UP 0 p3"},
    {"UP 1 p4", "UP 1 p4", "-", "UP 1 p4"},
    {"UP 1 p4 @3", "UP 1 p4 @2", "UP 1 p4", "-"},
    {"UP 1 p4", "UP 2 p4", "UP 1 p4", "UP 2 p4"},
    {"MV 0>3 p4", "UP 0 p4", "MV 0>3 p4", "UP 3 p4"},
    {"MV 0>3 p4", "UP 2 p4", "MV 0>3 p4", "UP 1 p4"},
    {"MV 3>0 p4", "UP 1 p4", "MV 3>0 p4", "UP 2 p4"},
    {"MV 1>2 p4", "UP 3 p4", "MV 1>2 p4", "UP 3 p4"},
    {"MV 0>3 p4", "IN 0 p4", "MV 1>4 p5", "IN 0 p4"},
    {"MV 0>3 p4", "IN 1 p4", "MV 0>4 p5", "IN 0 p4"},
    {"MV 0>3 p4", "IN 4 p4", "MV 0>4 p5", "IN 3 p4"},
    {"MV 0>3 p4 @3", "IN 4 p4 @2", "MV 0>3 p5", "IN 4 p4"},
    {"MV 3>0 p4", "IN 0 p4", "MV 4>1 p5", "IN 0 p4"},
    {"MV 3>0 p4 @3", "IN 0 p4 @2", "MV 4>0 p5", "IN 1 p4"},
    {"MV 2>1 p4", "IN 2 p4", "MV 3>1 p5", "IN 3 p4"},
    {"MV 1>2 p4", "IN 3 p4", "MV 1>3 p5", "IN 2 p4"},
    {"MV 1>2 p4 @3", "IN 3 p4 @2", "MV 1>2 p5", "IN 3 p4"},
    {"MV 0>3 p4", "ER 0 p4", "-", "ER 3 p4"},
    {"MV 0>3 p4", "ER 2 p4", "MV 0>2 p3", "ER 1 p4"},
    {"MV 3>0 p4", "ER 1 p4", "MV 2>0 p3", "ER 2 p4"},
    {"MV 0>1 p4", "ER 1 p4", "-", "ER 0 p4"},
    {"MV 1>0 p4", "ER 0 p4", "-", "ER 1 p4"},
    {"MV 0>3 p4", "MV 0>1 p4", "-", "MV 3>1 p4"},
    {"MV 0>3 p4 @3", "MV 0>1 p4 @2", "MV 1>3 p4", "-"},
    {"MV 0>2 p4", "MV 0>2 p4", "-", "-"},
    {"MV 0>3 p4", "MV 1>3 p4", "MV 0>2 p4", "MV 0>3 p4"},
    {"MV 0>3 p4 @3", "MV 1>3 p4 @2", "MV 0>3 p4", "MV 0>2 p4"},
    {"MV 0>2 p4", "MV 2>0 p4", "MV 1>2 p4", "MV 1>0 p4"},
    {"MV 0>2 p4", "MV 3>1 p4", "MV 0>3 p4", "MV 3>0 p4"},
    {"MV 1>0 p4", "MV 0>1 p4", "-", "-"},
    {"MV 0>1 p4", "MV 2>0 p4", "MV 1>2 p4", "MV 2>0 p4"},
    {"MV 3>2 p4", "MV 1>2 p4", "MV 3>1 p4", "MV 1>3 p4"},
    {"CL", "IN 1 p4", "CL", "-"},
    {"CL", "CL", "-", "CL"},
    {"CL @3", "CL @2", "CL", "-"},
    {"IN 1 p4", "IN 1/0 p5", "IN 1 p4", "IN 2/0 p5"},
    {"IN 2 p4", "IN 1/0 p5", "IN 2 p4", "IN 1/0 p5"},
    {"ER 1 p4", "IN 1/0 p5", "ER 1 p4", "-"},
    {"ER 0 p4", "IN 1/0 p5", "ER 0 p4", "IN 0/0 p5"},
    {"ER 2 p4", "IN 1/0 p5", "ER 2 p4", "IN 1/0 p5"},
    {"UP 1 p4", "IN 1/0 p5", "UP 1 p4", "-"},
    {"CL", "IN 1/0 p5", "CL", "-"},
    {"MV 0>3 p4", "IN 1/0 p5", "MV 0>3 p4", "IN 0/0 p5"},
    {"MV 0>3 p4", "IN 0/0 p5", "MV 0>3 p4", "IN 3/0 p5"},
    {"MV 1>0 p3", "IN 2/0 p5", "MV 1>0 p3", "IN 2/0 p5"},
    {"MV 2>0 p4", "IN 1/0 p5", "MV 2>0 p4", "IN 2/0 p5"},
    {"IN 1 p3", "CL 1", "IN 1 p3", "CL 2"},
    {"ER 1 p3", "CL 1", "ER 1 p3", "-"},
    {"ER 0 p3", "CL 1", "ER 0 p3", "CL 0"},
    {"MV 0>1 p3", "CL 1", "MV 0>1 p3", "CL 0"},
    {"MV 0>1 p3", "CL 2", "MV 0>1 p3", "CL 2"},
    {"IN 2 p4", "IN 2 p5", "bad", "bad"},
};

TEST(ListRules, EveryPairBecomesWhatTheTableSays) {
  for (const Vector& vector : kVectors) {
    SCOPED_TRACE(std::string(vector.local) + " meets " + vector.incoming);
    const Outcomes expected{vector.local_after, vector.incoming_after};

    EXPECT_EQ(meet(vector.local, vector.incoming), expected);
    EXPECT_EQ(meet(vector.local, vector.incoming, true), expected) << "with the sides swapped";
  }
}

/// A list of lists of names, which edits are executed on.
struct Element {
  std::string name;
  std::vector<std::string> inner;

  friend bool operator==(const Element&, const Element&) = default;
};
using List = std::vector<Element>;

/// Executes an edit; false when it does not fit. `author` marks what it writes.
bool execute(List& list, const std::string& text, const std::string& author) {
  if (text == "-") return true;
  Noted noted;
  read(text, 0, noted);
  const Edit& edit = noted.edit;
  const bool is_nested =
      edit.path.size() == 2 || (edit.opcode == Opcode::kClear && !edit.path.empty());
  if (is_nested) {
    if (edit.path[0].position() >= list.size()) return false;
    std::vector<std::string>& inner = list[edit.path[0].position()].inner;
    if (edit.opcode == Opcode::kClear) {  // Whatever was there becomes an empty list.
      list[edit.path[0].position()] = {"[]", {}};
      return true;
    }
    const std::uint32_t index = edit.path[1].position();
    if (edit.prior_size != inner.size()) return false;
    if (index > inner.size() || (index == inner.size() && edit.opcode != Opcode::kArrayInsert)) {
      return false;
    }
    if (edit.opcode == Opcode::kArrayInsert) inner.insert(inner.begin() + index, author);
    if (edit.opcode == Opcode::kArrayErase) inner.erase(inner.begin() + index);
    if (edit.opcode == Opcode::kUpdate) inner[index] = author;
    return true;
  }
  if (edit.opcode == Opcode::kClear) {
    list.clear();
    return true;
  }
  const std::uint32_t index = edit.path[0].position();
  if (edit.prior_size != list.size()) return false;
  if (index > list.size() || (index == list.size() && edit.opcode != Opcode::kArrayInsert)) {
    return false;
  }
  if (edit.opcode == Opcode::kArrayInsert) list.insert(list.begin() + index, {author, {}});
  if (edit.opcode == Opcode::kArrayErase) list.erase(list.begin() + index);
  if (edit.opcode == Opcode::kUpdate) list[index] = {author, {}};
  if (edit.opcode == Opcode::kArrayMove) {
    if (edit.move_to >= list.size() || edit.move_to == index) return false;
    const Element moved = list[index];
    list.erase(list.begin() + index);
    list.insert(list.begin() + edit.move_to, moved);
  }
  return true;
}

std::string show(const List& list) {
  std::string text;
  for (const Element& element : list) {
    text += element.name + "(";
    for (const std::string& name : element.inner) text += name;
    text += ") ";
  }
  return text;
}

/// Executes both in both orders; "" when that ends in one list.
std::string difference(const List& base, const std::string& local, const std::string& incoming) {
  const Outcomes after = meet(local, incoming);
  if (after.local == "bad") return "cannot be merged";
  List left = base;
  List right = base;
  const bool executed =
      execute(left, without_timestamp(local), "x") && execute(left, after.incoming, "y") &&
      execute(right, without_timestamp(incoming), "y") && execute(right, after.local, "x");
  if (!executed) return "becomes " + after.local + " and " + after.incoming + ", which do not fit";
  return left == right ? "" : "ends in " + show(left) + "and " + show(right);
}

/// Every single edit of a list of four.
std::vector<std::string> all_edits() {
  std::vector<std::string> edits;
  for (int i = 0; i <= 4; ++i) edits.push_back("IN " + std::to_string(i) + " p4");
  for (int i = 0; i < 4; ++i) edits.push_back("ER " + std::to_string(i) + " p4");
  for (int i = 0; i < 4; ++i) edits.push_back("UP " + std::to_string(i) + " p4");
  for (int from = 0; from < 4; ++from) {
    for (int to = 0; to < 4; ++to) {
      if (from != to) {
        edits.push_back("MV " + std::to_string(from) + ">" + std::to_string(to) + " p4");
      }
    }
  }
  return edits;
}

/// Every single edit inside of an element of that list, where each element is a list of two.
std::vector<std::string> all_nested_edits() {
  std::vector<std::string> edits;
  for (int element = 0; element < 4; ++element) {
    const std::string at = std::to_string(element);
    for (int i = 0; i <= 2; ++i) edits.push_back("IN " + at + "/" + std::to_string(i) + " p2");
    for (int i = 0; i < 2; ++i) edits.push_back("ER " + at + "/" + std::to_string(i) + " p2");
    for (int i = 0; i < 2; ++i) edits.push_back("UP " + at + "/" + std::to_string(i) + " p2");
    edits.push_back("CL " + at);
  }
  return edits;
}

const List kFour{{"a", {"1", "2"}}, {"b", {"3", "4"}}, {"c", {"5", "6"}}, {"d", {"7", "8"}}};

TEST(ListRules, AnyTwoEditsOfAListConvergeWhicheverIsLater) {
  for (const std::string& local : all_edits()) {
    for (const std::string& incoming : all_edits()) {
      for (const char* const later : {" @1", " @3"}) {
        EXPECT_EQ(difference(kFour, local + later, incoming + " @2"), "")
            << local << later << " and " << incoming << " @2";
      }
    }
  }
}

TEST(ListRules, AnEditOfAListAndOneInsideOfAnElementConvergeWhicheverIsLater) {
  std::vector<std::string> outer = all_edits();
  outer.push_back("CL");
  for (const std::string& local : outer) {
    for (const std::string& incoming : all_nested_edits()) {
      for (const char* const later : {" @1", " @3"}) {
        EXPECT_EQ(difference(kFour, local + later, incoming + " @2"), "")
            << local << later << " and " << incoming << " @2";
      }
    }
  }
}

TEST(ListRules, WhatDoesNotFitTheListIsRefused) {
  EXPECT_EQ(meet("IN 5 p4", "IN 0 p4"), (Outcomes{"bad", "bad"}));
  EXPECT_EQ(meet("ER 4 p4", "IN 0 p4"), (Outcomes{"bad", "bad"}));
  EXPECT_EQ(meet("MV 0>4 p4", "UP 0 p4"), (Outcomes{"bad", "bad"}));
  EXPECT_EQ(meet("UP 1 p4", "UP 1 p5"), (Outcomes{"bad", "bad"}));
}

}  // namespace
}  // namespace tombolo::merge
