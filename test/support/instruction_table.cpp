#include "test/support/instruction_table.h"

#include <algorithm>

#include "changeset/changeset.h"
#include "changeset/printer.h"

namespace tombolo::test {

void InstructionTable::add_event(std::string_view who,
                                 std::string_view time,
                                 std::string_view what) {
  rows_.push_back({std::string(who), std::string(time), std::string(what)});
}

void InstructionTable::add(std::string_view who, std::string_view time, BytesView changeset) {
  const changeset::Changeset parsed = changeset::parse_view(changeset).value();
  if (parsed.empty()) return add_event(who, time, "(nothing)");
  for (const changeset::Instruction& instruction : parsed.instructions) {
    add_event(who, time, changeset::print(parsed, instruction));
    who = {};
    time = {};
  }
}

std::string InstructionTable::text() const {
  const Row head{"who", "time", "instruction"};
  std::size_t who_width = head.who.size();
  std::size_t time_width = head.time.size();
  for (const Row& row : rows_) {
    who_width = std::max(who_width, row.who.size());
    time_width = std::max(time_width, row.time.size());
  }
  std::string text;
  const auto print = [&](const Row& row) {
    text += row.who + std::string(who_width - row.who.size() + 2, ' ');
    text += row.time + std::string(time_width - row.time.size() + 2, ' ');
    text += row.what + "\n";
  };
  print(head);
  for (const Row& row : rows_) print(row);
  return text;
}

}  // namespace tombolo::test
