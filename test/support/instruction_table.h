#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/strong_id.h"

namespace tombolo::test {

/// What several files did, a row for each instruction: how a failing case of a random test is
/// shown.
///
///     who      time  instruction
///     left     @3    ArrayInsert T[1].l[0] = "x" (size 0)
///                    ArrayInsert T[1].l[1] = "y" (size 1)
///     right    @4    Clear T[1].l (list)
///     left'          (nothing)
class InstructionTable {
 public:
  /// A row without instruction, such as a crash.
  void add_event(std::string_view who, std::string_view time, std::string_view what);
  /// A transaction, which must be a changeset.
  void add(std::string_view who, std::string_view time, BytesView changeset);
  void add(std::string_view who, OriginTimestamp time, BytesView changeset) {
    add(who, "@" + std::to_string(time.value()), changeset);
  }

  [[nodiscard]] std::string text() const;

 private:
  struct Row {
    std::string who;
    std::string time;
    std::string what;
  };
  std::vector<Row> rows_;
};

}  // namespace tombolo::test
